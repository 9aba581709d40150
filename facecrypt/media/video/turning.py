"""How stored frames are turned upright, and boxes back.

A display matrix, as ISO/IEC 14496-12 has it, maps a stored point to where it is shown. Of it
only quarter turns and mirroring count here, as in players.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Turn", "side_data", "turn_of"]

_ONE = 1 << 16
_PLAIN = (_ONE, 0, 0, 0, _ONE, 0, 0, 0, 1 << 30)


@dataclass(frozen=True)
class Turn:
    """From stored to shown: the axes change places, then each may be mirrored."""

    swap: bool = False
    flip_x: bool = False
    flip_y: bool = False
    matrix: tuple[int, ...] = _PLAIN

    @property
    def plain(self) -> bool:
        """Whether frames are shown as they are stored."""
        return not (self.swap or self.flip_x or self.flip_y)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Give the size of the upright picture."""
        return (height, width) if self.swap else (width, height)

    def upright(self, stored: np.ndarray) -> np.ndarray:
        """Turn a stored picture upright."""
        shown = stored.swapaxes(0, 1) if self.swap else stored
        shown = shown[:, ::-1] if self.flip_x else shown
        return np.ascontiguousarray(shown[::-1] if self.flip_y else shown)

    def stored(
        self, box: tuple[int, int, int, int], width: int, height: int
    ) -> tuple[int, int, int, int]:
        """Turn an upright box back; `width` and `height` are those of the upright picture."""
        x0, y0, x1, y1 = box
        if self.flip_x:
            x0, x1 = width - x1, width - x0
        if self.flip_y:
            y0, y1 = height - y1, height - y0
        return (y0, x0, y1, x1) if self.swap else (x0, y0, x1, y1)


# Cosine and sine of anticlockwise degrees, as PyAV gives them.
_QUARTERS = {0: (_ONE, 0), 90: (0, _ONE), 180: (-_ONE, 0), 270: (0, -_ONE)}


def turn_of(frame: Any) -> Turn:
    """Read how a decoded frame is to be turned."""
    raw = side_data(frame, "DISPLAYMATRIX")
    if raw is not None:
        matrix = struct.unpack("=9i", raw[:36])
    else:
        cosine, sine = _QUARTERS.get(frame.rotation % 360, (_ONE, 0))
        matrix = (cosine, -sine, 0, sine, cosine, 0, 0, 0, 1 << 30)
    a, b, c, d = (matrix[index] for index in (0, 1, 3, 4))
    if abs(a) >= abs(b):
        return Turn(swap=False, flip_x=a < 0, flip_y=d < 0, matrix=matrix)
    return Turn(swap=True, flip_x=c < 0, flip_y=b < 0, matrix=matrix)


def side_data(frame: Any, name: str) -> bytes | None:
    """Read side data of a frame; None where there is none, or PyAV cannot list what there is."""
    try:
        found = frame.side_data.get(name)
    except ValueError:
        # One of a kind that it does not know hides all others.
        return None
    return None if found is None else bytes(found)
