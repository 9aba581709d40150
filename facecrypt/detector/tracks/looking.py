"""Who looks at the frames of a video where nothing else is named: two networks in turn.

What one of them misses again and again, the other finds; what either finds is followed on both
sides, so that together they cost what one does.
"""

import os
from collections.abc import Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from facecrypt.detector.centerface import CenterFace
from facecrypt.detector.mtcnn import MTCNN
from facecrypt.detector.protocol import Detector
from facecrypt.detector.tracks.flow import load_cv2
from facecrypt.regions import Region

__all__ = ["InTurn", "looking_in_turn"]

# MTCNN alone takes hands and engines for faces, below this again and again.
_THRESHOLDS = (0.6, 0.7, 0.9)
# CenterFace, whose cost grows with the pixels, finds as much in frames of this side as in larger
# ones; it is unsure below the first of these scores, and its boxes are exact from the second on.
_LONGEST, _LEAST = 640, 0.3
_SURER = 0.35


class InTurn(Sequence[Detector]):
    """Detectors of which each looks at every so many-th frame."""

    def __init__(self, *detectors: Detector) -> None:
        self._detectors = detectors

    def __len__(self) -> int:
        return len(self._detectors)

    def __getitem__(self, number: Any) -> Any:
        return self._detectors[number]

    @property
    def fingerprint(self) -> str | None:
        """Those of all; None where one has none."""
        found = [getattr(detector, "fingerprint", None) for detector in self]
        return None if None in found else " in turn with ".join(map(str, found))


def looking_in_turn(device: str = "auto") -> InTurn:
    """CenterFace and MTCNN, for :class:`facecrypt.detector.FaceTracker`; all share those there are.

    They are closed when nobody has them any more: encoders, which come after them, need the memory.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}

    Raises
    ------
    BackendUnavailableError
        onnxruntime, or CUDA when asked for, is missing.
    """
    # What a card holds for one process is of no use to a process forked from it.
    key = os.getpid(), device
    found = _opened.get(key)
    if found is None:
        found = InTurn(_Small(device), MTCNN(thresholds=_THRESHOLDS, device=device))
        _opened[key] = found
    return found


_opened: WeakValueDictionary[tuple[int, str], InTurn] = WeakValueDictionary()


class _Small:
    """CenterFace on smaller frames, with scores that mean what those of MTCNN do."""

    def __init__(self, device: str):
        self._network = CenterFace(threshold=_LEAST, device=device)

    @property
    def fingerprint(self) -> str:
        return f"{self._network.fingerprint} at {_LONGEST}"

    def detect(self, image: np.ndarray) -> list[Region]:
        height, width = image.shape[:2]
        scale = min(1.0, _LONGEST / max(height, width))
        if scale < 1:
            cv2 = load_cv2()
            size = max(1, round(width * scale)), max(1, round(height * scale))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        found = []
        for face in self._network.detect(image):
            assert face.score is not None
            edges = (edge / scale for edge in face.box)
            whole = Region.around(*edges, score=min(1.0, face.score + _SURER))
            if shown := whole.clip(height, width):
                found.append(shown)
        return found
