"""What a header says of the picture itself: one class a carrier kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, Self

from facecrypt import limits
from facecrypt.regions import PIXEL, Grid, Region
from facecrypt.sealing.wire import Reader, damaged

__all__ = ["COLOUR", "Content", "Pixels"]

# What is shown beside the pixels: profile, EXIF, and the chunks of PNG that change colours.
COLOUR = ("cHRM", "cICP", "cLLI", "gAMA", "mDCV", "sBIT", "sRGB")
_SHOWN = ("exif", "icc", *COLOUR)


class Content(Protocol):
    """What a picture is for one kind of carrier.

    Attributes
    ----------
    kind : str
        The header's ``carrier``.
    carried : bool
        Whether the regions' ciphertext is in the payload, and not in the pixels.
    private : tuple of str
        Names of the parts that only the content key opens, those that there can be.
    """

    kind: ClassVar[str]
    carried: ClassVar[bool]
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

    def region_fields(self, region: Region) -> dict[str, Any]:
        """A region as the header holds it."""

    def parse_region(self, item: Any) -> Region:
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
    """

    shape: tuple[int, ...]
    dtype: str
    grid: Grid = PIXEL
    shown: Mapping[str, bytes] = field(default_factory=dict)

    kind: ClassVar[str] = "pixels"
    carried: ClassVar[bool] = False
    private: ClassVar[tuple[str, ...]] = ("original",)

    def fields(self) -> dict[str, Any]:
        image: dict[str, Any] = {"shape": list(self.shape), "dtype": self.dtype}
        image["grid"] = list(self.grid)
        if self.shown:
            image["shown"] = {name: digest.hex() for name, digest in self.shown.items()}
        return {"image": image}

    @classmethod
    def parse(cls, read: Reader) -> Self:
        image = Reader(read.object("image"))
        shape = tuple(image.integers("shape", (2, 3), 1, limits.MAX_PIXELS))
        if len(shape) == 3 and shape[2] not in (1, 3, 4):
            raise damaged(f"image.shape names {shape[2]} channels; 1, 3 or 4 exist")
        cell, x, y = image.integers("grid", (3,), 0, 64)
        if cell < 1 or max(x, y) >= cell:
            raise damaged("grid is not a cell and an origin within it")
        shown = Reader(image.object("shown") if "shown" in image else {})
        return cls(
            shape=shape,
            dtype=image.choice("dtype", ("uint8", "uint16")),
            grid=Grid(cell, x, y),
            shown={name: shown.hex(name, 32) for name in _SHOWN if name in shown},
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
