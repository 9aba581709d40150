"""Regions cut out of a JPEG, put back, and the original file restored.

Of rectangles of cells ``(x0, y0, x1, y1)``, x1 and y1 not included, the first owns a cell that
several hold. They may overlap, be empty, and lie anywhere in the grid of :class:`Frame`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from facecrypt import _jpeg

__all__ = ["Cut", "Rect", "cut", "place", "restore", "tokens"]

Rect = tuple[int, int, int, int]
# Takes the tokens of the public coefficients piece by piece, as hashlib's update does. A piece
# is gone when the call returns.
Update = Callable[[memoryview], Any]


@dataclass(frozen=True)
class Cut:
    """What a JPEG comes apart into.

    Attributes
    ----------
    public : bytes
        DQT, SOF, (DRI, DHT, SOS, scan)*, EOI: a function of the public coefficients, the frame,
        the scan script and the restart intervals alone. SOI and all APPn segments are for the
        caller to put before it.
    regions : tuple of bytes
        Of each rectangle its coefficients: the mode, tables of its own or none, and one
        sequential scan, without padding.
    skeleton : bytes
        The file up to EOI without entropy-coded bytes.
    recipe : bytes
        How the scans were written: padding bits, runs, literal bytes after the last MCU.
    dummies : bytes
        Public blocks outside the picture that break the usual rule.
    tail : bytes
        What follows EOI.
    """

    public: bytes
    regions: tuple[bytes, ...]
    skeleton: bytes
    recipe: bytes
    dummies: bytes
    tail: bytes


def cut(data: bytes, rects: Sequence[Rect], update: Update | None = None) -> Cut:
    """Cut regions out of a JPEG.

    Whether :func:`restore` gives `data` back is not checked here. A file may be sound and yet be
    coded in a way that the recipe cannot describe: then `restore` gives other bytes, or raises
    ContainerError. The caller tries it.

    Parameters
    ----------
    data : bytes-like
        The original file.
    rects : sequence of (int, int, int, int)
        Cells, within the grid.
    update : callable, optional
        Is given the tokens of the public coefficients, piece by piece; ``sha256().update`` does.

    Raises
    ------
    UnsupportedJpegError
        The file is not a sound Huffman-coded JPEG, or one that the codec refuses.
    ValueError
        A rectangle outside the grid.

    Examples
    --------
    >>> import cv2, hashlib, numpy as np
    >>> data = cv2.imencode(".jpg", np.full((40, 100, 3), 7, np.uint8))[1].tobytes()
    >>> digest = hashlib.sha256()
    >>> parts = cut(data, [(1, 1, 3, 3)], digest.update)
    >>> sealed = b"\\xff\\xd8" + parts.public
    >>> again = hashlib.sha256()
    >>> restore(sealed, [(1, 1, 3, 3)], parts, again.update) == data
    True
    >>> again.digest() == digest.digest()
    True
    """
    return Cut(*_jpeg.cut(data, rects, update))


def tokens(data: bytes, rects: Sequence[Rect], update: Update, *, sealed: bool = True) -> None:
    """Give `update` the tokens of the public coefficients of a file.

    For each row of cells, each component, each row of blocks in it, from left to right, each block
    that is neither of a sealed cell nor outside the picture: a little-endian 64-bit mask of the
    non-zero coefficients in zigzag order, bit 0 always set, then those as 16-bit integers.

    Of a `sealed` file, in which sealed cells are empty, those of sealed cells that are not come
    between: so its tokens are others when somebody paints there.

    Other parameters and errors as for :func:`cut`.

    Examples
    --------
    >>> import cv2, numpy as np
    >>> data = cv2.imencode(".jpg", np.full((8, 16), 255, np.uint8))[1].tobytes()
    >>> tokens(data, [(0, 0, 1, 1)], lambda piece: print(piece.hex()), sealed=False)
    0100000000000000...
    """
    _jpeg.tokens(data, rects, update, sealed=sealed)


def restore(data: bytes, rects: Sequence[Rect], parts: Cut, update: Update | None = None) -> bytes:
    """The original file, from a sealed one and what was cut out of it.

    The sealed file may have been coded anew without loss: only its coefficients count. Nothing of
    the result may be given out before what `update` was given has been compared.

    Parameters
    ----------
    data : bytes-like
        The sealed file.
    rects : sequence of (int, int, int, int)
        As they were cut.
    parts : Cut
        Its `public` is not looked at; bytes at the end of a region are padding.
    update : callable, optional
        Is given the tokens of the sealed file `data`, as by :func:`tokens`.

    Raises
    ------
    UnsupportedJpegError
        `data` cannot be read.
    ContainerError
        The parts do not fit it, or are malformed.
    """
    return _jpeg.restore(
        data,
        rects,
        parts.regions,
        (parts.skeleton, parts.recipe, parts.dummies, parts.tail),
        update,
    )


def place(data: bytes, rects: Sequence[Rect], regions: Mapping[int, bytes]) -> bytes:
    """The public part of a sealed file with some of its regions put back.

    Parameters
    ----------
    data : bytes-like
        The sealed file.
    rects : sequence of (int, int, int, int)
        All of them, as they were cut.
    regions : mapping of int to bytes
        By index the regions to put back; the cells of all others are empty.

    Returns
    -------
    bytes
        DQT to EOI like ``Cut.public``, with optimal tables and the scan script of `data`.

    Raises
    ------
    UnsupportedJpegError
        `data` cannot be read.
    ContainerError
        A region does not fit its rectangle, or is malformed.
    IndexError
        There is no rectangle of that index.
    """
    return _jpeg.place(data, rects, regions)
