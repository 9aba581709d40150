"""What a header says of the picture itself: one class a kind of sealing."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from facecrypt import keys, limits
from facecrypt.media.colour import COLOUR_SIZES
from facecrypt.media.jpeg.frame import cell_of
from facecrypt.media.readers import FILE_SUFFIXES
from facecrypt.regions import PIXEL, Grid, Region
from facecrypt.sealing.wire import Reader, damaged

__all__ = ["Content", "Jpeg", "Pixels"]

# What is shown beside the pixels: profile, EXIF, and the chunks of PNG that change colours; of a
# JPEG also what its colours are, and which way up it is.
_COLOUR = (kind.decode() for kind in COLOUR_SIZES)
_SHOWN = ("adobe", "colours", "exif", "icc", "turn", *_COLOUR)


class Content(Protocol):
    """What a picture is for one kind of carrier.

    Attributes
    ----------
    kind : str
        The header's ``carrier``.
    called : str
        What messages call it.
    carried : bool
        Whether the regions' ciphertext is in the payload, and not in the pixels.
    streamed : bool
        Whether it is too long for memory: its parts are STREAMs, and its regions are no places but
        spans of time (`Person`).
    private : tuple of str
        Names of the parts that only the content key opens, those that there can be.
    """

    kind: ClassVar[str]
    called: ClassVar[str]
    carried: ClassVar[bool]
    streamed: ClassVar[bool]
    private: ClassVar[tuple[str, ...]]

    @property
    def shape(self) -> tuple[int, ...]:
        """``(H, W)`` or ``(H, W, C)``."""

    @property
    def dtype(self) -> str:
        """``"uint8"`` or ``"uint16"``."""

    def fields(self) -> dict[str, Any]:
        """Its keys in the header."""

    @classmethod
    def parse(cls, read: Reader) -> Self:
        """The inverse of :meth:`fields`; ContainerError where something is wrong."""

    def region_fields(self, region: Any) -> dict[str, Any]:
        """A region as the header holds it."""

    def parse_region(self, item: Any) -> Any:
        """The inverse of :meth:`region_fields`."""


@dataclass(frozen=True)
class Pixels:
    """A picture that is sealed in its pixels.

    Parameters
    ----------
    shape : tuple of int
    dtype : {"uint8", "uint16"}
    grid : Grid
        Ellipses own whole cells of it.
    shown : mapping of str to bytes
        SHA-256 of each thing that changes what viewers show: see docs/format.md.
    original : str
        The suffix of the file that was sealed, one of `FILE_SUFFIXES`, where that file is in the
        private part ``original``.
    """

    shape: tuple[int, ...]
    dtype: str
    grid: Grid = PIXEL
    shown: Mapping[str, bytes] = field(default_factory=dict)
    original: str = ""

    kind: ClassVar[str] = "pixels"
    called: ClassVar[str] = "picture"
    carried: ClassVar[bool] = False
    streamed: ClassVar[bool] = False
    private: ClassVar[tuple[str, ...]] = ("original",)

    def fields(self) -> dict[str, Any]:
        image: dict[str, Any] = {"shape": list(self.shape), "dtype": self.dtype}
        image |= {"grid": list(self.grid)} | ({"original": self.original} if self.original else {})
        return {"image": image | _shown_fields(self.shown)}

    @classmethod
    def parse(cls, read: Reader) -> Self:
        image = Reader(read.object("image"))
        shape = tuple(image.integers("shape", (2, 3), 1, limits.MAX_PIXELS))
        if len(shape) == 3 and shape[2] not in (1, 3, 4):
            raise damaged(f"image.shape names {shape[2]} channels; 1, 3 or 4 exist")
        cell, x, y = image.integers("grid", (3,), 0, 64)
        if cell < 1 or max(x, y) >= cell:
            raise damaged("grid is not a cell and an origin within it")
        return cls(
            shape=shape,
            dtype=image.choice("dtype", ("uint8", "uint16")),
            grid=Grid(cell, x, y),
            shown=_parse_shown(image),
            original=image.choice("original", FILE_SUFFIXES) if "original" in image else "",
        )

    def region_fields(self, region: Region) -> dict[str, Any]:
        return {region.shape: list(region.box)}

    def parse_region(self, item: Any) -> Region:
        read = Reader(item)
        shape = "ellipse" if "ellipse" in read else "box"
        x0, y0, x1, y1 = read.integers(shape, (4,), 0, limits.MAX_SIDE)
        try:
            return Region(x0, y0, x1, y1, shape=shape)
        except ValueError as error:
            raise damaged(str(error)) from None


@dataclass(frozen=True)
class Jpeg:
    """A JPEG that is sealed in its coefficients.

    Parameters
    ----------
    precision : int
        8 or 12 bits a sample.
    width, height : int
        As they are stored; EXIF may say that the picture is to be turned.
    components : tuple of (int, int, int)
        Of each the horizontal and vertical sampling factor and the number of its quantisation
        table.
    quant : tuple of bytes
        The tables that components use, by rising number: 64 big-endian 16-bit integers each, in
        zigzag order.
    exact : bool
        Whether the sealed coefficients are those of the original; else it was decoded and coded
        anew, because its own way of coding cannot be taken apart.
    shown : mapping of str to bytes
        As of :class:`Pixels`.
    """

    precision: int
    width: int
    height: int
    components: tuple[tuple[int, int, int], ...]
    quant: tuple[bytes, ...]
    exact: bool = True
    shown: Mapping[str, bytes] = field(default_factory=dict)

    kind: ClassVar[str] = "jpeg"
    called: ClassVar[str] = "picture"
    carried: ClassVar[bool] = True
    streamed: ClassVar[bool] = False
    private: ClassVar[tuple[str, ...]] = ("original",)

    @property
    def shape(self) -> tuple[int, ...]:
        size = self.height, self.width
        return size if len(self.components) == 1 else (*size, 3)

    @property
    def dtype(self) -> str:
        return "uint8" if self.precision == 8 else "uint16"

    @property
    def cell(self) -> tuple[int, int]:
        """Width and height in pixels of a cell, the unit of regions."""
        return cell_of(self.components)

    def frame(self) -> dict[str, Any]:
        """The keys ``frame`` and ``quant``, which the hash of the public coefficients covers."""
        parts = [list(component) for component in self.components]
        return {
            "frame": [self.precision, self.width, self.height, parts],
            "quant": [base64.b64encode(table).decode() for table in self.quant],
        }

    def cells(self, region: Region) -> tuple[int, int, int, int]:
        """A region of whole cells, counted in them."""
        across, down = self.cell
        return (
            region.x0 // across,
            region.y0 // down,
            -(-region.x1 // across),
            -(-region.y1 // down),
        )

    def region_of(self, cells: tuple[int, int, int, int]) -> Region:
        """The inverse of :meth:`cells`: what they cover of the picture."""
        (across, down), (x0, y0, x1, y1) = self.cell, cells
        right, bottom = min(x1 * across, self.width), min(y1 * down, self.height)
        return Region(x0 * across, y0 * down, right, bottom)

    def fields(self) -> dict[str, Any]:
        coding = "exact" if self.exact else "transcoded"
        return self.frame() | {"coding": coding} | _shown_fields(self.shown)

    @classmethod
    def parse(cls, read: Reader) -> Self:
        frame = read.items("frame")
        if len(frame) != 4 or not isinstance(frame[3], list) or not 1 <= len(frame[3]) <= 4:
            raise damaged("frame is not precision, width, height and 1 to 4 components")
        precision, width, height = Reader({"frame": frame[:3]}).integers("frame", (3,), 1, 0xFFFF)
        components = tuple(_component(part) for part in frame[3])
        if precision not in (8, 12) or any(not 1 <= n <= 4 for c in components for n in c[:2]):
            raise damaged("frame has a precision or a sampling that there is not")
        tables = len({component[2] for component in components})
        quant = [Reader({"quant": text}) for text in read.items("quant")]
        if len(quant) != tables or max(component[2] for component in components) > 3:
            raise damaged("quant does not hold the tables of the components")
        return cls(
            precision,
            width,
            height,
            components=components,
            quant=tuple(keys.unb64(text.base64("quant", 128)) for text in quant),
            exact=read.choice("coding", ("exact", "transcoded")) == "exact",
            shown=_parse_shown(read),
        )

    def region_fields(self, region: Region) -> dict[str, Any]:
        return {"cells": list(self.cells(region))}

    def parse_region(self, item: Any) -> Region:
        cells = Reader(item).integers("cells", (4,), 0, 0xFFFF)
        try:
            return self.region_of((cells[0], cells[1], cells[2], cells[3]))
        except ValueError as error:
            raise damaged(str(error)) from None


def _shown_fields(shown: Mapping[str, bytes]) -> dict[str, Any]:
    return {"shown": {name: digest.hex() for name, digest in shown.items()}} if shown else {}


def _parse_shown(read: Reader) -> dict[str, bytes]:
    shown = Reader(read.object("shown") if "shown" in read else {})
    return {name: shown.hex(name, 32) for name in _SHOWN if name in shown}


def _component(part: Any) -> tuple[int, int, int]:
    across, down, table = Reader({"component": part}).integers("component", (3,), 0, 4)
    return across, down, table
