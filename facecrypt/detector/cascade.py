"""The arithmetic of the MTCNN cascade: pyramid, resampling, boxes, suppression.

The decisions are those of facenet-pytorch 2.6.0, operation by operation in float32, so
that the same faces come out; where it differs from the paper (Zhang, Zhang, Li, Qiao:
Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks, 2016)
facenet-pytorch holds. Boxes in here are its boxes: ``x0, y0, x1, y1`` as float32, the
first pixel of the picture being number 1, as in the Matlab original.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import log
from typing import NamedTuple

import numpy as np

from facecrypt import _native

__all__ = [
    "AreaSampler",
    "Strip",
    "cells",
    "inside",
    "probability",
    "pyramid",
    "shift",
    "square",
    "strips",
    "suppress",
    "suppress_nested",
]

CELL, STRIDE = 12, 2
# Pixels of one P-Net call: a large picture then costs no more memory than a small one, and
# where onnxruntime computes whole feature maps, they stay near the cache.
STRIP_PIXELS = 1 << 17


def pyramid(height: int, width: int, min_face_size: float, factor: float) -> list[float]:
    """The scales at which a face of at least ``min_face_size`` pixels fills a P-Net cell."""
    scale = CELL / min_face_size
    side = min(height, width) * scale
    scales = []
    while side >= CELL:
        scales.append(scale)
        scale *= factor
        side *= factor
    return scales


class Strip(NamedTuple):
    """Rows ``[start, stop)`` of a level, whose first row of cells is ``cell``."""

    start: int
    stop: int
    cell: int


def strips(height: int, width: int) -> Iterator[Strip]:
    """Cut a level into strips whose P-Net outputs, laid end to end, are the level's.

    A cell sees 12 rows and cells are 2 apart, so strips begin on even rows and share
    10. The last one keeps the odd row that the pooling's rounding up makes count.
    """
    rows = (height - 1) // STRIDE - 4
    count = -(-rows // max(8, STRIP_PIXELS // (STRIDE * width)))
    edges = [rows * i // count for i in range(count + 1)]
    for first, last in pairwise(edges):
        stop = height if last == rows else STRIDE * last + CELL - STRIDE
        yield Strip(STRIDE * first, stop, first)


class AreaSampler:
    """Shrinks a picture, or parts of it, as torch's ``interpolate(mode="area")`` does.

    An output pixel is the unweighted mean of all source pixels it touches, which is not
    OpenCV's INTER_AREA.

    Parameters
    ----------
    image : (H, W, 3) uint8 array, C order
    """

    def __init__(self, image: np.ndarray):
        self.shape: tuple[int, int] = image.shape[:2]
        self._image = image

    def rows(self, size: tuple[int, int], start: int, stop: int) -> np.ndarray:
        """Rows ``[start, stop)`` of the picture shrunk to ``size`` (height, width).

        Returns
        -------
        (1, 3, stop - start, width) float32 array, 0 to 255
        """
        means = np.empty((1, 3, stop - start, size[1]), np.float32)
        whole = np.array([[0, 0, *self.shape[::-1]]], np.int32)
        _native.area_means(self._image, whole, means, down=size[0], first=start)
        return means

    def crops(self, boxes: np.ndarray, size: int) -> np.ndarray:
        """Boxes of the picture, each resampled to a square.

        Parameters
        ----------
        boxes : (N, 4) int32 array
            Half-open, counted from 0, not empty, inside the picture.

        Returns
        -------
        (N, 3, size, size) float32 array, 0 to 255
        """
        means = np.empty((len(boxes), 3, size, size), np.float32)
        _native.area_means(self._image, boxes, means, down=size, first=0)
        return means


def probability(logit: np.ndarray) -> np.ndarray:
    """The score that belongs to a network's log odds.

    Not left to onnxruntime, whose sigmoid is too coarse near 1, where the best boxes of
    a face differ by the last bit and the suppression picks among them.
    """
    return 1 / (1 + np.exp(-logit))


def cells(
    logit: np.ndarray, shifts: np.ndarray, strip: Strip, scale: float, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes, scores and shifts of the P-Net cells at or above a threshold.

    Parameters
    ----------
    logit : (rows, columns) float32 array
    shifts : (4, rows, columns) float32 array
    """
    # Of the flat array: of one with two dimensions NumPy takes several times as long.
    found = np.flatnonzero(logit >= log(threshold / (1 - threshold)))
    y, x = np.divmod(found, logit.shape[1])
    corner = STRIDE * np.stack([x, y + strip.cell], axis=1).astype(np.float32)
    # The division in float32 is part of the definition: at a scale of 0.6 it rounds to
    # other whole pixels than one in float64.
    single = np.float32(scale)
    boxes = np.hstack([np.floor((corner + 1) / single), np.floor((corner + CELL) / single)])
    return boxes, probability(logit.ravel()[found]), shifts.reshape(4, -1)[:, found].T


def suppress(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """Greedy suppression by intersection over union.

    Returns
    -------
    (K,) int32 array
        What is kept, best first; of equal scores the first comes first.
    """
    return _suppressed(boxes, scores, threshold, nested=False)


def suppress_nested(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    """Greedy suppression by intersection over the smaller area, edges inclusive.

    Used once, on the faces left; a face inside another's box goes. Of equal scores the last
    comes first, as in facenet-pytorch, which takes them from the end of a sorted list.
    """
    return _suppressed(boxes, scores, threshold, nested=True)


def _suppressed(
    boxes: np.ndarray, scores: np.ndarray, threshold: float, *, nested: bool
) -> np.ndarray:
    kept = np.empty(len(boxes), np.int32)
    corners, ranks = (np.ascontiguousarray(array, np.float32) for array in (boxes, scores))
    count = _native.suppress(corners, ranks, kept, threshold=threshold, nested=nested)
    return kept[:count]


def shift(boxes: np.ndarray, shifts: np.ndarray, extra: int) -> np.ndarray:
    """Move each edge by its share of the box's side; ``extra`` is 1 where edges are inclusive."""
    sides = boxes[:, 2:] - boxes[:, :2] + np.float32(extra)
    return boxes + shifts * np.hstack([sides, sides])


def square(boxes: np.ndarray) -> np.ndarray:
    """Boxes widened about their centres to squares of the longer side."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longest = sides.max(axis=1, keepdims=True)
    half = np.float32(0.5)
    corner = boxes[:, :2] + sides * half - longest * half
    return np.hstack([corner, corner + longest])


def inside(boxes: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The whole pixels of each box within the picture, and which boxes have any.

    Returns
    -------
    (N, 4) int32 array
        Half-open and counted from 0. Nothing is padded: the nets see what is left,
        stretched.
    (N,) bool array
    """
    whole = np.trunc(boxes).astype(np.int32)
    whole[:, :2] = np.maximum(whole[:, :2], 1) - 1
    whole[:, 2:] = np.minimum(whole[:, 2:], shape[::-1])
    return whole, (whole[:, 2:] > whole[:, :2]).all(axis=1)
