"""What goes into a detector and comes out of it, whatever its networks."""

from typing import NamedTuple

import numpy as np

from facecrypt.regions import Region

__all__ = ["Detections", "as_regions", "as_rgb"]


class Detections(NamedTuple):
    """Faces as arrays, best score first.

    Attributes
    ----------
    boxes : (N, 4) float32 array
        ``x0, y0, x1, y1`` in pixels, unrounded; may reach outside the picture.
    scores : (N,) float32 array
        The confidence of the network that found the face, 0 to 1.
    landmarks : (N, 5, 2) float32 array
        ``x, y`` of left eye, right eye, nose, left and right corner of the mouth.
    """

    boxes: np.ndarray
    scores: np.ndarray
    landmarks: np.ndarray

    def pick(self, which: np.ndarray) -> "Detections":
        """Some of the faces, by their indices or a mask."""
        return Detections(*(part[which] for part in self))

    def ranked(self) -> "Detections":
        """All, best score first; of equal ones the first stays first."""
        return self.pick(np.argsort(-self.scores, kind="stable"))


def as_regions(found: Detections, height: int, width: int) -> list[Region]:
    """The whole pixels that each face's box touches, within a picture of that size."""
    regions = []
    for box, score, landmarks in zip(*found, strict=True):
        region = Region.around(
            *box.tolist(),
            score=float(score),
            landmarks=tuple(map(tuple, landmarks.tolist())),
        ).clip(height, width)
        if region is not None:
            regions.append(region)
    return regions


def as_rgb(image: np.ndarray) -> np.ndarray:
    """The picture as (H, W, 3) uint8."""
    if not isinstance(image, np.ndarray):
        raise TypeError(f"image must be a NumPy array, received {type(image).__name__}")
    if image.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        raise TypeError(
            f"image must be uint8 or uint16, received {image.dtype}; scale it to 0..255 and convert"
        )
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise ValueError(
            "image must be (height, width) or (height, width, 1, 3 or 4 channels), "
            f"received shape {image.shape}"
        )
    if not image.size:
        raise ValueError(f"image must have at least one pixel, received shape {image.shape}")
    if image.dtype.itemsize == 2:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2:
        image = image[:, :, None]
    channels = np.broadcast_to(image[:, :, :3], (*image.shape[:2], 3))
    return np.ascontiguousarray(channels)
