"""What a reader gives: a picture whose header was read, and whose pixels were not."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["STILL", "Chunks", "Source"]

Chunks = tuple[tuple[bytes, bytes], ...]

STILL = "is animated, and all frames but one would be lost; extract the frames as PNG first"


class Source(NamedTuple):
    """A picture whose header was read.

    ``load`` gives gray, RGB or RGBA pixels. ``turn`` is the EXIF orientation they still
    need, ``exif`` the raw block, ``colour`` the colour chunks of a PNG. ``alpha``: the file
    is known to have transparency. ``left_out`` names what else the file holds, and no
    output will.
    """

    width: int
    height: int
    load: Callable[[], np.ndarray]
    icc: bytes | None = None
    exif: bytes | None = None
    turn: int = 1
    alpha: bool = False
    colour: Chunks = ()
    left_out: tuple[str, ...] = ()
