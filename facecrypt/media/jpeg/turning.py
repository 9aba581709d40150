"""How a sealed JPEG was turned without loss, as far as its empty cells show it."""

from collections.abc import Iterable, Sequence

import numpy as np

from facecrypt.media.jpeg.cutting import Rect
from facecrypt.media.jpeg.frame import Frame, read_coefficients

__all__ = ["how_turned"]

# Of each move the option of jpegtran that undoes it, and the steps of rows and columns.
_MOVES = (
    ("mirrored", "-flip horizontal", (1, -1)),
    ("flipped upside down", "-flip vertical", (-1, 1)),
    ("turned upside down", "-rotate 180", (-1, -1)),
)


def how_turned(data: bytes, rects: Sequence[Rect]) -> tuple[str, str] | None:
    """What was done to a sealed JPEG, and the option of jpegtran that undoes it.

    None where its sealed cells are where they were, or are nowhere to be found.

    Parameters
    ----------
    data : bytes-like
        A JPEG of the frame that was sealed.
    rects : sequence of (int, int, int, int)
        The cells that were sealed, which are empty.

    Raises
    ------
    UnsupportedJpegError
        `data` cannot be read.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> pixels = np.full((16, 32), 7, np.uint8)
    >>> pixels[:8, :8] = 128
    >>> data = cv2.imencode(".jpg", pixels)[1].tobytes()
    >>> how_turned(data, [(3, 0, 4, 1)])
    ('mirrored', '-flip horizontal')
    """
    frame, planes = read_coefficients(data)
    empty = _empty_cells(frame, planes)
    if _all_empty(empty, rects):
        return None
    # Cells that the border cuts stay where they are.
    whole = slice(frame.height // frame.cell[1]), slice(frame.width // frame.cell[0])
    for done, undo, (down, across) in _MOVES:
        back = empty.copy()
        back[whole[0]] = back[whole[0]][::down]
        back[:, whole[1]] = back[:, whole[1]][:, ::across]
        if _all_empty(back, rects):
            return done, undo
    return None


def _empty_cells(frame: Frame, planes: Iterable[np.ndarray]) -> np.ndarray:
    """Of each cell, by row and column, whether it has no coefficients."""
    across, down = frame.grid
    empty = np.ones((down, across), bool)
    for (h, v, _), plane in zip(frame.components, planes, strict=True):
        empty &= ~plane.any(2).reshape(down, v, across, h).any((1, 3))
    return empty


def _all_empty(empty: np.ndarray, rects: Sequence[Rect]) -> bool:
    return all(bool(empty[y0:y1, x0:x1].all()) for x0, y0, x1, y1 in rects)
