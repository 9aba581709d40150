"""A detector for pictures that were taken, or scanned, on their side."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from facecrypt.detector.protocol import Detector
from facecrypt.regions import Region

__all__ = ["QUARTERS", "Turned"]

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
    ValueError
        Another number of degrees.

    Examples
    --------
    >>> class Corner:
    ...     def detect(self, image):
    ...         return [Region(0, 0, 2, 1)]
    >>> Turned(Corner(), 90).detect(np.zeros((8, 6, 3), np.uint8))[0].box
    (0, 6, 1, 8)
    """

    def __init__(self, detector: Detector, degrees: int):
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
