"""Regions of a picture: boxes and ellipses, and which pixels are theirs.

A region is geometry and nothing else: it knows no picture and no model.
Ellipses are rasterised in integer arithmetic, so that every platform agrees on
the last pixel.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, isfinite
from typing import Any, NamedTuple, Self

import numpy as np

__all__ = [
    "PIXEL",
    "SHAPES",
    "Claim",
    "Grid",
    "Grown",
    "Region",
    "claims",
    "clip_given",
    "turn_back",
    "turned_grid",
]

SHAPES = ("box", "ellipse")
# Their squares, and the sums of two of them, are exact in 64 bits.
_MOST_MASKED = 1 << 30
# Far more than anybody wants, and little enough that edges stay numbers.
_MOST_GROWN = 100


class Grid(NamedTuple):
    """Cells of ``side`` pixels, of which one begins at (``x``, ``y``)."""

    side: int
    x: int
    y: int


PIXEL = Grid(1, 0, 0)


@dataclass(frozen=True, slots=True)
class Region:
    """A half-open box ``[x0, x1) x [y0, y1)`` in pixels, or the ellipse inscribed in it.

    Parameters
    ----------
    x0, y0, x1, y1 : int
        Left, top, right (exclusive) and bottom (exclusive) edge.
    shape : {"box", "ellipse"}
    score : float, optional
        The detector's confidence, 0 to 1.
    landmarks : tuple of five (x, y) pairs, optional
        Left eye, right eye, nose, left and right corner of the mouth, in pixels.

    Raises
    ------
    TypeError
        An edge is not an integer.
    ValueError
        The box is empty, or the shape is unknown.

    Examples
    --------
    >>> Region(10, 10, 20, 30).grow(0.5)
    Region(x0=5, y0=0, x1=25, y1=40, shape='box', score=None, landmarks=None)
    """

    x0: int
    y0: int
    x1: int
    y1: int
    shape: str = "box"
    score: float | None = None
    landmarks: tuple[tuple[float, float], ...] | None = None

    def __post_init__(self) -> None:
        for name in ("x0", "y0", "x1", "y1"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
                raise TypeError(f"{name} must be an integer number of pixels, received {value!r}")
            object.__setattr__(self, name, int(value))
        if self.x0 >= self.x1 or self.y0 >= self.y1:
            raise ValueError(
                f"a region needs x0 < x1 and y0 < y1, received {self.box}; boxes are half-open"
            )
        if self.shape not in SHAPES:
            raise ValueError(f"shape must be 'box' or 'ellipse', received {self.shape!r}")

    @property
    def box(self) -> tuple[int, int, int, int]:
        """``(x0, y0, x1, y1)``."""
        return self.x0, self.y0, self.x1, self.y1

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    @classmethod
    def around(cls, x0: float, y0: float, x1: float, y1: float, **rest: Any) -> Self:
        """The smallest region of whole pixels that covers a box of real numbers."""
        if not all(isfinite(v) for v in (x0, y0, x1, y1)):
            raise ValueError(f"a box needs finite edges, received {(x0, y0, x1, y1)}")
        return cls(floor(x0), floor(y0), ceil(x1), ceil(y1), **rest)

    def grow(self, ratio: float) -> Self:
        """Move every side outward by ``ratio`` of the box's width or height.

        Detected boxes end at brow and chin; what identifies a person does not.
        """
        if not 0 <= ratio <= _MOST_GROWN:
            raise ValueError(f"grow must lie between 0 and {_MOST_GROWN}, received {ratio}")
        dx, dy = round(self.width * ratio), round(self.height * ratio)
        return replace(self, x0=self.x0 - dx, y0=self.y0 - dy, x1=self.x1 + dx, y1=self.y1 + dy)

    def clip(self, height: int, width: int) -> Self | None:
        """The part of the box inside a picture, or None where nothing is.

        An ellipse that is cut becomes a box: the ellipse of the cut box would leave out what
        the one of the whole box had.
        """
        x0, y0 = max(self.x0, 0), max(self.y0, 0)
        x1, y1 = min(self.x1, width), min(self.y1, height)
        if x0 >= x1 or y0 >= y1:
            return None
        if (x0, y0, x1, y1) == self.box:
            return self
        return replace(self, x0=x0, y0=y0, x1=x1, y1=y1, shape="box")

    def snap(self, grid: Grid) -> Self:
        """The smallest box of whole cells round a region.

        Pixels beside an edge that cuts a block of a JPEG tell those beyond it. An ellipse stays
        one where the cells of the new one (:func:`claims`) cover it, and becomes a box elsewhere.

        Examples
        --------
        >>> Region(10, 10, 20, 30).snap(Grid(16, 0, 4)).box
        (0, 4, 32, 36)
        """
        side, x, y = grid
        wide = replace(
            self,
            x0=self.x0 - (self.x0 - x) % side,
            y0=self.y0 - (self.y0 - y) % side,
            x1=self.x1 + (x - self.x1) % side,
            y1=self.y1 + (y - self.y1) % side,
        )
        if self.shape == "box":
            return wide
        left, top = self.x0 - wide.x0, self.y0 - wide.y0
        cells = _whole_cells(wide, grid)[top : top + self.height, left : left + self.width]
        return wide if cells[self.mask()].all() else replace(wide, shape="box")

    def mask(self) -> np.ndarray:
        """Which pixels of the box belong to the region.

        Returns
        -------
        (height, width) bool array

        Notes
        -----
        A pixel is in the ellipse where its centre is: with doubled coordinates
        relative to the centre, ``(dx*h)**2 + (dy*w)**2 <= (w*h)**2`` in exact integers.
        """
        w, h = self.width, self.height
        if self.shape == "box":
            return np.ones((h, w), dtype=bool)
        if w * h > _MOST_MASKED:
            raise ValueError(
                f"an ellipse of {w}x{h} pixels is not drawn; clip it to the picture first"
            )
        dx, dy = (np.abs(2 * np.arange(side) + 1 - side) for side in (w, h))
        # How far each row reaches: a guess in doubles, then corrected by exact integers.
        bound = (w * h) ** 2 - (dy * w) ** 2
        reach = np.sqrt(bound).astype(np.int64) // h
        reach += ((reach + 1) * h) ** 2 <= bound
        reach -= (reach * h) ** 2 > bound
        return dx.astype(np.int32) <= reach.astype(np.int32)[:, None]


@dataclass(frozen=True, slots=True)
class Grown(Region):
    """A box that was moved out: it lies outside of a picture where the one that was given does."""

    given: tuple[int, int, int, int] = (0, 0, 1, 1)

    def clip(self, height: int, width: int) -> Self | None:
        x0, y0, x1, y1 = self.given
        if x0 >= width or y0 >= height or x1 <= 0 or y1 <= 0:
            return None
        return Region.clip(self, height, width)


def clip_given(regions: Iterable[object], height: int, width: int) -> list[Region]:
    """Clip regions that somebody chose to a picture.

    Raises
    ------
    TypeError
        One is no region.
    ValueError
        One lies wholly outside: left out in silence, what it was meant for would stay in the clear.

    Examples
    --------
    >>> clip_given([Region(10, 10, 99, 99)], 48, 64)[0].box
    (10, 10, 64, 48)
    """
    inside = []
    for index, region in enumerate(regions):
        if not isinstance(region, Region):
            raise TypeError(
                f"region {index} must be a facecrypt.Region, received {type(region).__name__}; "
                "Region(x0, y0, x1, y1) makes one"
            )
        clipped = region.clip(height, width)
        if clipped is None:
            box = region.given if isinstance(region, Grown) else region.box
            raise ValueError(
                f"region {index} {box} lies wholly outside the {width}x{height} picture; "
                "boxes are x0, y0, x1, y1 in pixels of the upright picture, its EXIF orientation "
                "applied"
            )
        inside.append(clipped)
    return inside


def turned_grid(side: int, turn: int, height: int, width: int) -> Grid:
    """Cells of a raster, seen in the upright picture.

    Parameters
    ----------
    side : int
        Of a cell, in pixels; one begins in the raster's first corner.
    turn : int
        EXIF orientation of the raster.
    height, width : int
        Of the upright picture.

    Examples
    --------
    >>> turned_grid(16, 6, 100, 50)
    Grid(side=16, x=2, y=0)
    """
    x = width % side if turn in (2, 3, 6, 7) else 0
    y = height % side if turn in (3, 4, 7, 8) else 0
    return Grid(side, x, y)


def turn_back(
    box: tuple[int, int, int, int], turn: int, height: int, width: int
) -> tuple[int, int, int, int]:
    """A box of the upright picture in the raster whose EXIF orientation is `turn`.

    Parameters
    ----------
    box : (x0, y0, x1, y1)
    turn : int
    height, width : int
        Of the upright picture.

    Examples
    --------
    >>> turn_back((0, 0, 10, 20), 6, 100, 50)
    (0, 40, 20, 50)
    """
    x0, y0, x1, y1 = box
    if turn in (2, 3, 6, 7):
        x0, x1 = width - x1, width - x0
    if turn in (3, 4, 7, 8):
        y0, y1 = height - y1, height - y0
    return (y0, x0, y1, x1) if turn >= 5 else (x0, y0, x1, y1)


class Claim(NamedTuple):
    """The pixels one region owns: ``mask`` lies over ``[y0:y1, x0:x1]`` of the picture.

    ``mask`` is None where the region owns its whole box.
    """

    y0: int
    y1: int
    x0: int
    x1: int
    mask: np.ndarray | None


def claims(
    regions: Sequence[Region], height: int, width: int, grid: Grid = PIXEL
) -> Iterator[Claim]:
    """Give every pixel to the first region that covers it.

    Sealing region by region would seal the overlap of two boxes twice, which for
    an XOR restores the plain pixels there.

    Parameters
    ----------
    regions : sequence of Region, each inside the picture
    height, width : int
    grid : Grid
        An ellipse owns, of its box, every cell in which it has a pixel.

    Yields
    ------
    Claim
        One for each region, in order; a mask may be all False.

    Raises
    ------
    ValueError
        A region reaches outside the picture.
    """
    taken = None
    for index, region in enumerate(regions):
        if region.clip(height, width) != region:
            raise ValueError(
                f"region {index} {region.box} reaches outside the {width}x{height} picture; "
                "clip it first"
            )
        crop = np.s_[region.y0 : region.y1, region.x0 : region.x1]
        mask = None if region.shape == "box" else _whole_cells(region, grid)
        if len(regions) > 1:
            if taken is None:
                taken = np.zeros((height, width), dtype=bool)
            if taken[crop].any():
                mask = ~taken[crop] if mask is None else mask & ~taken[crop]
            taken[crop] |= True if mask is None else mask
        yield Claim(region.y0, region.y1, region.x0, region.x1, mask)


def _whole_cells(region: Region, grid: Grid) -> np.ndarray:
    """The mask of a region, widened to the cells it touches."""
    mask = region.mask()
    if grid.side == 1:
        return mask
    for axis, (low, high, origin) in enumerate(
        ((region.y0, region.y1, grid.y), (region.x0, region.x1, grid.x))
    ):
        cell = (np.arange(low, high) - origin) // grid.side
        starts = np.flatnonzero(np.diff(cell, prepend=cell[0] - 1))
        touched = np.logical_or.reduceat(mask, starts, axis=axis)
        mask = np.repeat(touched, np.diff(starts, append=high - low), axis=axis)
    return mask
