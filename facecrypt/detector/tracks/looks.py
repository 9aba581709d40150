"""Whether what is in a box still looks as it did."""

from typing import NamedTuple

import numpy as np

from facecrypt.detector.tracks.flow import Boxes

__all__ = ["Look", "likeness", "look_at"]

_GRID = 12
# Points in both frames, of those of a box; with fewer there is nothing to compare.
_ENOUGH = _GRID * _GRID // 4
_STEPS = (np.arange(_GRID) + 0.5) / _GRID


class Look(NamedTuple):
    """Luma at the points of a box, and which of them lie in the frame."""

    luma: np.ndarray
    inside: np.ndarray


def look_at(luma: np.ndarray, box: Boxes, scale: float) -> Look:
    """What is in a box; `scale` is how much smaller than the frame its luma is."""
    x0, y0, x1, y1 = (float(edge) * scale for edge in box)
    columns, across = _places(x0, x1, luma.shape[1])
    rows, down = _places(y0, y1, luma.shape[0])
    seen = luma[rows[:, None], columns].astype(np.float32)
    return Look(seen, down[:, None] & across)


def _places(start: float, end: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    places = np.floor(start + _STEPS * (end - start)).astype(int)
    return places.clip(0, size - 1), (places >= 0) & (places < size)


def likeness(first: Look, second: Look) -> float:
    """The correlation of two looks, -1 to 1; 0 where they share too little or have no contrast."""
    both = first.inside & second.inside
    if np.count_nonzero(both) < _ENOUGH:
        return 0.0
    a, b = first.luma[both], second.luma[both]
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else 0.0
