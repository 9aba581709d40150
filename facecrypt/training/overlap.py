"""Boxes against faces, and boxes as small squares: what samples cost, in the native kernels."""

import numpy as np
from numpy.typing import NDArray

from facecrypt import _native

__all__ = ["best_overlaps", "crops"]


def best_overlaps(
    boxes: NDArray[np.int32], faces: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The face that each box overlaps most.

    Parameters
    ----------
    boxes : (N, 4) int32 array
        ``x1 < x2, y1 < y2``.
    faces : (M, 4) int32 array

    Returns
    -------
    best : (N,) float64 array
        Intersection over union; 0 where there are no faces. Sides count as
        ``x2 - x1 + 1``, as in the published scripts.
    which : (N,) int32 array
        The row of that face, the first of several; -1 where there are no faces.

    Raises
    ------
    TypeError, ValueError
        Other arrays; a box that is empty or further than 2**22 pixels away.

    Notes
    -----
    O(N M) time, no memory beside the results. Releases the GIL.

    Examples
    --------
    >>> boxes = np.array([[0, 0, 9, 9], [20, 20, 29, 29]], np.int32)
    >>> faces = np.array([[0, 5, 9, 14]], np.int32)
    >>> [values.tolist() for values in best_overlaps(boxes, faces)]
    [[0.3333333333333333, 0.0], [0, 0]]
    """
    best = np.empty(len(boxes))
    which = np.empty(len(boxes), np.int32)
    _native.overlaps(boxes, faces, best, which)
    return best, which


def crops(
    image: NDArray[np.uint8],
    boxes: NDArray[np.int32],
    size: int,
    *,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Parts of a picture, each resampled to a square.

    Parameters
    ----------
    image : (H, W, 3) uint8 array
        C-contiguous.
    boxes : (N, 4) int32 array
        Half-open, not empty, inside the picture.
    size : {12, 24, 48}
    out : (N, size, size, 3) uint8 array, optional

    Returns
    -------
    (N, size, size, 3) uint8 array

    Raises
    ------
    TypeError, ValueError
        Other arrays, or a box outside the picture.

    Notes
    -----
    Bilinear as OpenCV's INTER_LINEAR, which rounds its weights to 11 bits: here they are
    exact, so samples differ by at most 1. O(N size**2). Releases the GIL.

    Examples
    --------
    >>> crops(np.full((30, 30, 3), 7, np.uint8), np.array([[2, 3, 17, 18]], np.int32), 12).shape
    (1, 12, 12, 3)
    """
    if out is None:
        out = np.empty((len(boxes), size, size, 3), np.uint8)
    _native.crops(image, boxes, out)
    return out
