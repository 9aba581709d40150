"""The three stages of MTCNN: networks and the arithmetic between them.

Boxes are those of :mod:`facecrypt.detector.cascade`. A picture made of faces could keep the
networks busy for hours, so what each stage looks at is bounded. Beyond it a stage ends in an
error, never in part of the faces: the others would stay in the clear.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple, TypeVar

import numpy as np

from facecrypt.detector import cascade
from facecrypt.detector.networks import OUTPUTS, SIDES, Networks
from facecrypt.detector.presets import Settings
from facecrypt.errors import WHERE_FACES_ARE, TooManyFacesError
from facecrypt.limits import MAX_CANDIDATES

__all__ = ["Stages", "check_candidates"]

Item = TypeVar("Item")
Done = TypeVar("Done")

# R-Net and O-Net are fastest on batches that stay in the cache; the kernels take 12 or 24 crops
# through the dense layers together.
CHUNK = 48
# No boxes, scores, shifts and landmarks.
NOTHING = ((0, 4), (0,), (0, 4), (0, 10))


def check_candidates(name: str, count: int, shape: tuple[int, int]) -> None:
    """:class:`TooManyFacesError` where a stage would have more to look at than its bound."""
    least, pixels = MAX_CANDIDATES[name]
    most = max(least, shape[0] * shape[1] // pixels)
    if count > most:
        raise TooManyFacesError(
            f"{count:,} places or more of this picture of {shape[1]} x {shape[0]} pixels look like "
            f"faces ({name}), and at most {most:,} are looked at: faces would be missed",
            hint=WHERE_FACES_ARE,
        )


class Stages(NamedTuple):
    """What each stage finds in a picture, given what the one before it passed on."""

    networks: Networks
    settings: Settings
    threads: int = 1

    def propose(self, sampler: cascade.AreaSampler) -> np.ndarray:
        """P-Net on every level: squares that may hold a face."""
        scales = cascade.pyramid(*sampler.shape, self.settings.min_face_size, self.settings.factor)
        if not scales:
            return np.empty((0, 4), np.float32)
        found, count = [], 0
        for scale in scales:
            cells = self._cells(sampler, scale, count)
            count += len(cells[0])
            keep = cascade.suppress(cells[0], cells[1], 0.5)
            found.append([part[keep] for part in cells])
        boxes, scores, shifts = (np.concatenate(part) for part in zip(*found, strict=True))
        keep = cascade.suppress(boxes, scores, 0.7)
        return cascade.square(cascade.shift(boxes[keep], shifts[keep], 0))

    def _cells(self, sampler: cascade.AreaSampler, scale: float, count: int) -> list[np.ndarray]:
        """Boxes, scores and shifts that P-Net finds at one scale, after `count` at others."""
        height, width = (int(side * scale + 1) for side in sampler.shape)

        def look(strip: cascade.Strip) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            pixels = sampler.rows((height, width), strip.start, strip.stop)
            logit, shifts = self.networks.pnet.run(OUTPUTS["pnet"], {"pixels": pixels})
            return cascade.cells(logit[0, 0], shifts[0], strip, scale, self.settings.thresholds[0])

        found = []
        for cells in self._each(look, cascade.strips(height, width)):
            found.append(cells)
            count += len(cells[0])
            check_candidates("pnet", count, sampler.shape)
        return [np.concatenate(part) for part in zip(*found, strict=True)]

    def refine(self, sampler: cascade.AreaSampler, boxes: np.ndarray) -> np.ndarray:
        """R-Net: squares that probably hold a face."""
        boxes, scores, shifts = self._judge("rnet", sampler, boxes, self.settings.thresholds[1])
        keep = cascade.suppress(boxes, scores, 0.7)
        return cascade.square(cascade.shift(boxes[keep], shifts[keep], 1))

    def finish(
        self, sampler: cascade.AreaSampler, boxes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """O-Net: boxes, scores and landmarks of faces, as ``Detections`` has them."""
        boxes, scores, shifts, landmarks = self._judge(
            "onet", sampler, boxes, self.settings.thresholds[2]
        )
        sides = boxes[:, 2:] - boxes[:, :2] + np.float32(1)
        landmarks = landmarks.reshape(-1, 5, 2)
        # Counted from 0, unlike the boxes: so does facenet-pytorch.
        landmarks = sides[:, None] * landmarks + boxes[:, None, :2] - np.float32(1)
        boxes = cascade.shift(boxes, shifts, 1)
        keep = cascade.suppress_nested(boxes, scores, 0.7)
        return boxes[keep], scores[keep], landmarks[keep]

    def _judge(
        self, name: str, sampler: cascade.AreaSampler, boxes: np.ndarray, threshold: float
    ) -> list[np.ndarray]:
        """The boxes that a network takes for faces, their scores, and all else it gives."""
        network, side, outputs = getattr(self.networks, name), SIDES[name], OUTPUTS[name]
        whole, visible = cascade.inside(boxes, sampler.shape)
        boxes, whole = boxes[visible], whole[visible]
        check_candidates(name, len(boxes), sampler.shape)

        def look(first: int) -> list[np.ndarray]:
            pixels = sampler.crops(whole[first : first + CHUNK], side)
            logit, *rest = network.run(outputs, {"pixels": pixels})
            scores = cascade.probability(logit[:, 0])
            parts = boxes[first : first + CHUNK], scores, *rest
            return [part[scores > threshold] for part in parts]

        nothing = [np.empty(shape, np.float32) for shape in NOTHING[: len(outputs) + 1]]
        found = [nothing, *self._each(look, range(0, len(boxes), CHUNK))]
        return [np.concatenate(part) for part in zip(*found, strict=True)]

    def _each(self, look: Callable[[Item], Done], items: Iterable[Item]) -> Iterator[Done]:
        """What `look` makes of each item, in order; so many at a time as there are threads."""
        if self.threads == 1:
            yield from map(look, items)
            return
        waiting = iter(items)
        with ThreadPoolExecutor(self.threads) as pool:
            # No more at once: what they find is counted, and bounded, in between.
            while group := list(islice(waiting, self.threads)):
                yield from pool.map(look, group)
