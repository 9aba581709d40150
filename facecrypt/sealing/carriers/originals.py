"""The private part of a picture that is sealed in its pixels: the file that was sealed.

Pixels do not tell which file they were read from. So it is kept, as it is or deflated; of a file
whose rows lie in it uncompressed, as in BMP, PNM and most TIFF, only what is around them is.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from facecrypt.errors import ContainerError

__all__ = ["pack", "unpack"]

_STORED, _DEFLATED, _AROUND = 0, 1, 2
_HEAD = struct.Struct(">BQ")  # which of them, size of the file
_PLACE = struct.Struct(">BQI")  # layout, where the first row begins, bytes between two rows
_SWAPPED, _UPWARDS, _HIGH_FIRST = 1, 2, 4  # layout: B, G, R; last row first; 16-bit samples
# Beyond 16 bytes a pixel, files are kept as they are: what is inflated has a bound.
_SPARE = 1 << 24
_PIECES, _PIECE = 8, 1 << 13


class _Rows(NamedTuple):
    """Where the rows of a picture lie in its file."""

    layout: int
    first: int
    gap: int


def pack(data: bytes, pixels: np.ndarray) -> bytes:
    """What gives a file back.

    Parameters
    ----------
    data : bytes
    pixels : array
        As they are sealed, upright; those of the file, if nothing turned or scaled them.

    Returns
    -------
    bytes
        Not padded.
    """
    rows = _find_rows(data, pixels)
    if rows is not None:
        rest = _deflated(_around(data, rows, *_size(pixels)))
        return _HEAD.pack(_AROUND, len(data)) + _PLACE.pack(*rows) + rest
    if len(data) <= _most(pixels) and _is_loose(data):
        packed = _deflated(data)
        if len(packed) < len(data):
            return _HEAD.pack(_DEFLATED, len(data)) + packed
    return _HEAD.pack(_STORED, len(data)) + data


def unpack(text: bytes | memoryview, pixels: np.ndarray) -> bytes:
    """The file that was sealed; the inverse of :func:`pack`.

    Parameters
    ----------
    text : bytes-like
        Zeros at its end are passed over.
    pixels : array
        All opened.

    Raises
    ------
    ContainerError
        It is malformed.
    """
    text = memoryview(text)
    if len(text) < _HEAD.size:
        raise _damaged()
    mode, size = _HEAD.unpack_from(text)
    rest = text[_HEAD.size :]
    if mode == _STORED and size <= len(rest):
        return bytes(rest[:size])
    if mode == _DEFLATED and size <= _most(pixels):
        return _inflated(rest, size)
    if mode == _AROUND and len(rest) >= _PLACE.size:
        rows = _Rows(*_PLACE.unpack_from(rest))
        return _filled_in(rest[_PLACE.size :], size, rows, pixels)
    raise _damaged()


def _find_rows(data: bytes, pixels: np.ndarray) -> _Rows | None:
    """Where the rows of some pixels lie uncompressed in a file; None where they do not."""
    view = np.frombuffer(data, np.uint8)
    for rows in _guesses(data, pixels):
        height, row = _size(pixels)
        stride = row + rows.gap
        if not 0 <= rows.first <= len(data) - height * stride + rows.gap:
            continue
        found = np.lib.stride_tricks.as_strided(view[rows.first :], (height, row), (stride, 1))
        if np.array_equal(found, _lines(pixels, rows.layout)):
            return rows
    return None


def _guesses(data: bytes, pixels: np.ndarray) -> Iterator[_Rows]:
    height, row = _size(pixels)
    behind = len(data) - height * row
    if behind < 0:
        return
    if data[:2] == b"BM":
        gap = -row % 4
        first = int.from_bytes(data[10:14], "little")
        for layout in (_SWAPPED | _UPWARDS, _SWAPPED):
            yield _Rows(layout, first, gap)
    elif data[:2] in (b"P5", b"P6"):
        yield _Rows(_HIGH_FIRST, behind, 0)
    elif data[:4] in (b"II*\0", b"MM\0*"):
        layout = 0 if data[:2] == b"II" else _HIGH_FIRST
        begins = _lines(pixels, layout)[0].tobytes()
        # Of libtiff, of Pillow, and where a first row that is unlike all else lies.
        for first in (8, behind, data.find(begins)):
            yield _Rows(layout, first, 0)


def _size(pixels: np.ndarray) -> tuple[int, int]:
    """Rows, and bytes in each."""
    return len(pixels), pixels[0].nbytes


def _lines(pixels: np.ndarray, layout: int) -> np.ndarray:
    """The rows of a picture as bytes, in a layout."""
    if layout & _SWAPPED and pixels.shape[2:] in ((3,), (4,)):
        pixels = pixels[..., [2, 1, 0, *range(3, pixels.shape[2])]]
    if layout & _UPWARDS:
        pixels = pixels[::-1]
    order = pixels.dtype.newbyteorder(">" if layout & _HIGH_FIRST else "<")
    return np.ascontiguousarray(pixels, order).reshape(len(pixels), -1).view(np.uint8)


def _around(data: bytes, rows: _Rows, height: int, row: int) -> bytes:
    """A file without its rows."""
    stride = row + rows.gap
    end = rows.first + height * stride - rows.gap
    gaps = b""
    if rows.gap:
        inner = np.frombuffer(data, np.uint8)[rows.first : end - row]
        gaps = inner.reshape(height - 1, stride)[:, row:].tobytes()
    return data[: rows.first] + gaps + data[end:]


def _filled_in(packed: memoryview, size: int, rows: _Rows, pixels: np.ndarray) -> bytes:
    """The inverse of `_around`, deflated."""
    height, row = _size(pixels)
    known = size - height * row
    if not rows.first + (height - 1) * rows.gap <= known <= _most(pixels) or rows.layout > 7:
        raise _damaged()
    rest = np.frombuffer(_inflated(packed, known), np.uint8)
    stride, last = row + rows.gap, rows.first + (height - 1) * rows.gap
    lines = np.empty((height, stride), np.uint8)
    lines[:, :row] = _lines(pixels, rows.layout)
    lines[: height - 1, row:] = rest[rows.first : last].reshape(height - 1, rows.gap)
    body = lines.reshape(-1)[: height * stride - rows.gap]
    return b"".join((rest[: rows.first].data, body.data, rest[last:].data))


def _most(pixels: np.ndarray) -> int:
    height, width = pixels.shape[:2]
    return 16 * height * width + _SPARE


def _is_loose(data: bytes) -> bool:
    """Whether deflating takes a tenth off some pieces of a file: most are packed already."""
    step = max(1, len(data) // _PIECES)
    pieces = b"".join(data[at : at + _PIECE] for at in range(0, len(data), step))
    return len(_deflated(pieces)) < 0.9 * len(pieces)


def _deflated(data: bytes) -> bytes:
    from isal import isal_zlib

    packer = isal_zlib.compressobj(1, wbits=-15)
    return packer.compress(data) + packer.flush()


def _inflated(packed: memoryview, size: int) -> bytes:
    """So many bytes of a deflate stream, which then ends; zeros may follow."""
    inflater = zlib.decompressobj(-15)
    try:
        # One byte more, for at the end of what is wanted the end of the stream may not be seen.
        data = inflater.decompress(packed, size + 1)
    except zlib.error:
        raise _damaged() from None
    if not inflater.eof or len(data) != size:
        raise _damaged()
    return data


def _damaged() -> ContainerError:
    return ContainerError("the private part with the original is damaged")
