"""Boxes of upright pictures as areas of stored frames, and the canvases of persons' clips."""

import math
from collections.abc import Iterable

from facecrypt.media.video.encoding import Recipe
from facecrypt.media.video.planes import Area, keeps_layout
from facecrypt.media.video.source import Source

__all__ = ["Canvas", "Mapper"]

_BLOCK = 16  # what encoders work in
# Of FFmpeg's filter, in pixels, where colours of twice the number become half of them.
_REACH = 6


class Mapper:
    """From upright boxes to stored areas that no sample of colour straddles.

    Where samples of colour are made anew, each of several pixels, areas are wider by as far as
    colour gets.
    """

    def __init__(self, source: Source, chosen: Recipe) -> None:
        step = chosen.step
        self._margin = 0 if keeps_layout(source.first, chosen) else _REACH
        self._turn, self._upright = source.turn, (source.width, source.height)
        self._stored = source.first.width, source.first.height
        self._across = step
        # A field's samples of colour belong to every other line.
        self._down = 2 * step if step > 1 and source.first.interlaced_frame else step

    def areas(self, boxes: Iterable[tuple[int, int, int, int, int]]) -> list[tuple[int, Area]]:
        """Give the area of each box with its track; boxes outside the picture have none."""
        found = []
        for track, *ends in boxes:
            x0, y0, x1, y1 = self._turn.stored(_whole(ends), *self._upright)
            x0, x1 = self._widened(x0, x1, self._across, self._stored[0])
            y0, y1 = self._widened(y0, y1, self._down, self._stored[1])
            if x0 < x1 and y0 < y1:
                found.append((track, (x0, y0, x1, y1)))
        return found

    def _widened(self, start: int, end: int, step: int, length: int) -> tuple[int, int]:
        start, end = start - self._margin, end + self._margin
        length = -(-length // step) * step
        return max(0, start // step * step), min(length, -(-end // step) * step)


class Canvas:
    """How large a person's clip is, and from which frame to which it goes."""

    def __init__(self, frame: int) -> None:
        self.first = self.last = frame
        self.width = self.height = _BLOCK

    def hold(self, area: Area, frame: int) -> None:
        """Grow so that an area fits on it."""
        x0, y0, x1, y1 = area
        self.width = max(self.width, -(-(x1 - x0) // _BLOCK) * _BLOCK)
        self.height = max(self.height, -(-(y1 - y0) // _BLOCK) * _BLOCK)
        self.last = frame

    def corner(self, area: Area, stored: tuple[int, int]) -> tuple[int, int]:
        """Give the place of its left upper corner so that it holds `area`, in the middle if it can.

        It goes beyond the frame only where the frame is smaller.
        """
        x0, y0, x1, y1 = area
        return (
            _start((x0 + x1) // 2 - self.width // 2, self.width, stored[0]),
            _start((y0 + y1) // 2 - self.height // 2, self.height, stored[1]),
        )


def _whole(ends: Iterable[float]) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = ends
    return math.floor(x0), math.floor(y0), math.ceil(x1), math.ceil(y1)


def _start(start: int, size: int, length: int) -> int:
    room = length + length % 2 - size
    return max(0, min(start, room)) // 2 * 2
