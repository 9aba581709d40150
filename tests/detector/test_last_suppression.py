"""Of two boxes that O-Net accepts, the weaker goes where they share over 0.7 of the smaller."""

import numpy as np
import pytest

from facecrypt.detector.cascade import AreaSampler
from facecrypt.detector.networks import Networks
from facecrypt.detector.presets import DEFAULT
from facecrypt.detector.stages import Stages


class Accepts:
    """Takes every box for a face, the first most surely, and moves none."""

    def run(self, outputs, feeds):
        count = len(feeds["pixels"])
        logit = np.linspace(6, 5, count, dtype=np.float32)[:, None]
        return [logit, np.zeros((count, 4), np.float32), np.zeros((count, 10), np.float32)]


@pytest.mark.parametrize(("step", "left"), [(10, 1), (11, 1), (13, 2)])  # share 0.75, 0.725, 0.675
def test_the_last_threshold_is_0_7(step, left):
    stages = Stages(Networks(None, None, Accepts(), "cpu"), DEFAULT)
    boxes = np.array([[10, 10, 49, 49], [10 + step, 10, 49 + step, 49]], np.float32)
    found, _, _ = stages.finish(AreaSampler(np.zeros((100, 100, 3), np.uint8)), boxes)
    assert len(found) == left
