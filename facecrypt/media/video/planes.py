"""Samples of frames: copied, cut out, filled. Sizes and boxes are those of stored frames.

Only layouts that are encoded come here: planar, with one sample of colour for each pixel or for
four of them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from facecrypt.media.video.encoding import Look, Recipe
from facecrypt.media.video.library import load

__all__ = ["Area", "Planes", "converted", "keeps_layout", "new_frame"]

Area = tuple[int, int, int, int]
"""Stored x0, y0, x1, y1, on even numbers where four pixels share a colour."""

# Columns and rows of a mosaic: 6 cells a face.
_CELLS = 2, 3
_FULL_RANGE, _LIMITED = 2, 1


class Planes:
    """The samples of one frame as arrays that can be written."""

    def __init__(self, frame: Any, chosen: Recipe) -> None:
        kind = np.uint8 if chosen.bits == 8 else np.uint16
        self._middle = 1 << (chosen.bits - 1)
        self._step = chosen.step
        self.arrays = [
            # A line may be longer than the picture is wide.
            np.frombuffer(plane, kind).reshape(plane.height, -1)[:, : plane.width]
            for plane in frame.planes
        ]

    def copy_from(self, other: "Planes") -> None:
        """Take all samples of a frame of the same size."""
        for mine, theirs in zip(self.arrays, other.arrays, strict=True):
            mine[:] = theirs

    def fill(self, area: Area) -> None:
        """Make an area gray."""
        for part in self._parts(area):
            part[:] = self._middle

    def mosaic(self, area: Area) -> None:
        """Make an area a mosaic of at most 6 cells, each of its mean colour."""
        for part in self._parts(area):
            for rows in np.array_split(part, _CELLS[1]):
                for cell in np.array_split(rows, _CELLS[0], axis=1):
                    if cell.size:
                        cell[:] = round(float(cell.mean()))

    def paste(self, other: "Planes", area: Area, left: int, top: int) -> None:
        """Take an area over from a canvas that lies at `left`, `top` of this frame."""
        x0, y0, x1, y1 = area
        within = (x0 - left, y0 - top, x1 - left, y1 - top)
        for mine, theirs in zip(self._parts(area), other._parts(within), strict=True):
            mine[:] = theirs

    def _parts(self, area: Area) -> Sequence[np.ndarray]:
        x0, y0, x1, y1 = area
        parts = []
        for number, plane in enumerate(self.arrays):
            step = self._step if number else 1
            ends = slice(y0 // step, -(-y1 // step)), slice(x0 // step, -(-x1 // step))
            parts.append(plane[ends])
        return parts


def new_frame(chosen: Recipe, look: Look, size: tuple[int, int]) -> Any:
    """Make a frame with nothing on it but the tags of its colours."""
    frame = load().VideoFrame(*size, chosen.pix_fmt)
    frame.color_primaries, frame.color_trc = look.primaries, look.curve
    frame.colorspace = look.matrix
    frame.color_range = _FULL_RANGE if look.full else _LIMITED
    return frame


def keeps_layout(frame: Any, chosen: Recipe) -> bool:
    """Whether a decoded frame has the layout that is encoded."""
    return bool(frame.format.name.replace("yuvj", "yuv") == chosen.pix_fmt)


def converted(frame: Any, chosen: Recipe, look: Look) -> Any:
    """Give a decoded frame the layout that is encoded; its samples mean what they meant."""
    if keeps_layout(frame, chosen):
        return frame
    ends = _FULL_RANGE if look.full else _LIMITED
    if frame.format.is_rgb:
        return frame.reformat(
            format=chosen.pix_fmt, dst_colorspace=look.matrix, dst_color_range=ends
        )
    return frame.reformat(
        format=chosen.pix_fmt,
        src_colorspace=look.matrix,
        dst_colorspace=look.matrix,
        src_color_range=ends,
        dst_color_range=ends,
    )
