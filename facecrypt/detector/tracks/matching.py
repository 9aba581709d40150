"""Which of the faces just found is which of the people followed so far."""

import numpy as np

from facecrypt.detector.tracks.flow import Boxes

__all__ = ["match", "overlaps"]

# A pair with less overlap than the first and further apart, in sides, than the second is none.
_OVERLAP, _APART = 0.1, 0.7


def overlaps(first: Boxes, second: Boxes) -> np.ndarray:
    """Intersection over union of every box of one list with every box of the other."""
    a, b = first[:, None], second[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    both = np.maximum(sides, 0).prod(-1)
    return both / np.maximum(_area(a) + _area(b) - both, 1e-6)


def match(expected: Boxes, found: Boxes) -> list[tuple[int, int]]:
    """Pairs of (expected, found) boxes, the likeliest first, each box in one pair at most."""
    if not len(expected) or not len(found):
        return []
    overlap = overlaps(expected, found)
    a, b = expected[:, None], found[None]
    middles = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    sides = (a[..., 2:] - a[..., :2] + b[..., 2:] - b[..., :2]).sum(-1) / 4
    apart = np.hypot(middles[..., 0], middles[..., 1]) / np.maximum(sides, 1e-6)
    cost = 1 - overlap + apart / 2
    cost[(overlap < _OVERLAP) & (apart > _APART)] = np.inf
    pairs = []
    for place in np.argsort(cost, axis=None, kind="stable"):
        row, column = divmod(int(place), len(found))
        if cost[row, column] < np.inf:
            pairs.append((row, column))
            cost[row, :] = cost[:, column] = np.inf
    return pairs


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2:] - boxes[..., :2]).prod(-1)
