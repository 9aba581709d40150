"""Detectors for pictures that were taken, or scanned, on their side, or that show people lying."""

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from facecrypt.detector.cascade import suppress
from facecrypt.detector.joined import SAME, closest
from facecrypt.detector.presets import is_number
from facecrypt.detector.protocol import Detector
from facecrypt.regions import Region

__all__ = ["QUARTERS", "AnyRotation", "Turned"]

Number = TypeVar("Number", int, float)

QUARTERS = (90, 180, 270)


class Turned:
    """Shows a detector each picture turned clockwise, and says where the faces are in the picture.

    Parameters
    ----------
    detector : Detector
    degrees : {90, 180, 270}

    Raises
    ------
    TypeError
        No detector.
    ValueError
        Another number of degrees.

    Examples
    --------
    >>> import numpy as np
    >>> class Corner:
    ...     def detect(self, image):
    ...         return [Region(0, 0, 2, 1)]
    >>> Turned(Corner(), 90).detect(np.zeros((8, 6, 3), np.uint8))[0].box
    (0, 6, 1, 8)
    """

    def __init__(self, detector: Detector, degrees: int):
        _check(detector)
        if degrees not in QUARTERS:
            raise ValueError(f"degrees must be 90, 180 or 270, received {degrees!r}")
        self._detector = detector
        self._degrees = degrees

    @property
    def fingerprint(self) -> str | None:
        """That of the detector and the turn; None where the detector has none."""
        found = getattr(self._detector, "fingerprint", None)
        return None if found is None else f"{found} turned by {self._degrees}"

    def detect(self, image: np.ndarray) -> list[Region]:
        """The faces that the detector finds in the turned picture, best first as it says."""
        turned = np.ascontiguousarray(np.rot90(image, -(self._degrees // 90)))
        height, width = image.shape[:2]
        return [self._back(face, width, height) for face in self._detector.detect(turned)]

    def _back(self, face: Region, width: int, height: int) -> Region:
        xs, ys = zip(
            self._point(face.x0, face.y0, width, height),
            self._point(face.x1, face.y1, width, height),
            strict=True,
        )
        marks = face.landmarks and tuple(
            # Edges lie between pixels, and landmarks count the middle of the first as 0.
            self._point(x, y, width - 1, height - 1)
            for x, y in face.landmarks
        )
        return replace(face, x0=min(xs), y0=min(ys), x1=max(xs), y1=max(ys), landmarks=marks)

    def _point(self, x: Number, y: Number, width: int, height: int) -> tuple[Number, Number]:
        if self._degrees == 90:
            return y, height - x
        if self._degrees == 180:
            return width - x, height - y
        return width - y, x


class AnyRotation:
    """Shows a detector each picture as it is and turned by 90, 180 and 270 degrees.

    Takes four times as long.

    Parameters
    ----------
    detector : Detector
    least : float, default 0.97
        Score wanted of a face of a turned picture, where what looks like a face is more often
        none. Of the preset "recall" 0.75 is enough. Regions without a score all count.

    Raises
    ------
    TypeError
        No detector.
    ValueError
        `least` does not lie between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> class Corner:
    ...     def detect(self, image):
    ...         return [Region(0, 0, 2, 1)]
    >>> [face.box for face in AnyRotation(Corner()).detect(np.zeros((8, 6, 3), np.uint8))]
    [(0, 0, 2, 1), (0, 6, 1, 8), (4, 7, 6, 8), (5, 0, 6, 2)]
    """

    def __init__(self, detector: Detector, least: float = 0.97):
        if not is_number(least) or not 0 <= least <= 1:
            raise ValueError(f"least must lie between 0 and 1, received {least!r}")
        self._detector = detector
        self._turned = [Turned(detector, degrees) for degrees in QUARTERS]
        self._least = least

    @property
    def fingerprint(self) -> str | None:
        """That of the detector, and that it looks at turned pictures; None where it has none."""
        found = getattr(self._detector, "fingerprint", None)
        return None if found is None else f"{found} in any rotation from {self._least}"

    def detect(self, image: np.ndarray) -> list[Region]:
        """The faces of the upright picture, then those that only turned ones show, best first."""
        upright = self._detector.detect(image)
        found = [face for turned in self._turned for face in turned.detect(image)]
        found = [face for face in found if _score(face) >= self._least]
        known = closest(_boxes(found), _boxes(upright))[1] > SAME
        new = [face for face, seen in zip(found, known, strict=True) if not seen]
        scores = np.array([_score(face) for face in new], np.float32)
        return upright + [new[i] for i in suppress(_boxes(new), scores, SAME)]


def _check(detector: Any) -> None:
    if isinstance(detector, type) or not callable(getattr(detector, "detect", None)):
        raise TypeError(
            f"detector must be an object with a method detect(image), received {detector!r}"
        )


def _score(face: Region) -> float:
    return 1.0 if face.score is None else face.score


def _boxes(faces: list[Region]) -> np.ndarray:
    return np.array([face.box for face in faces], np.float32).reshape(-1, 4)
