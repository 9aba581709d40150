"""PNG: the chunks of a file, and a fast encoder that takes extra ones.

Specification: W3C, Portable Network Graphics, third edition (2025), sections 5
(structure), 9 (filtering) and 11 (chunks).
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from facecrypt.errors import ContainerError, MediaError
from facecrypt.files import PathLike

__all__ = [
    "MAX_LENGTH",
    "PROFILE_NAME",
    "SIGNATURE",
    "UP",
    "checked_pixels",
    "encode_png",
    "find_chunk",
    "png_chunks",
    "png_header",
    "read_chunk",
    "replace_chunk",
    "walk",
]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_LENGTH = 2**31 - 1
COLOUR_TYPES = {1: 0, 3: 2, 4: 6}
UP = 2
# And that it is deflated.
PROFILE_NAME = b"ICC profile\0\0"
# Each block takes the GIL three times, for which a busy Python thread makes one wait 5 ms:
# few blocks for a photo, and yet no second copy of the largest pictures.
_BLOCK_BYTES = 1 << 22
_IDAT_BYTES = 1 << 30


def walk(data: bytes | memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """As :func:`png_chunks`, but bytes after IEND are passed over: the wild is full of them."""
    view = memoryview(data).cast("B")
    if view[:8] != SIGNATURE:
        raise ContainerError("not a PNG file: the signature is missing")
    at, seen = 8, b""
    while seen != b"IEND":
        kind, payload = _chunk_at(view, at)
        if (kind == b"IHDR") != (at == 8):
            raise ContainerError(
                f"PNG chunk {_text(kind)} at byte {at}: IHDR is the first, and once"
            )
        if kind == b"IEND" and len(payload):
            raise ContainerError(f"PNG chunk IEND at byte {at} must be empty")
        yield kind, payload
        at, seen = at + 12 + len(payload), kind


def png_chunks(data: bytes | memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Walk the chunks of a PNG file and check all that can be checked without inflating.

    Signature, lengths, names, the CRC of every chunk, IHDR first and once, IEND last,
    empty, and nothing after it. So a file cut short anywhere is an error, as is any
    single changed bit. Time O(n), 1 to 3 GB/s.

    Parameters
    ----------
    data : bytes-like
        The whole file.

    Yields
    ------
    type : bytes
        Four letters.
    payload : memoryview
        Into ``data``; nothing is copied.

    Raises
    ------
    ContainerError
        When the walk comes to the damage; chunks before it have been yielded.

    Examples
    --------
    >>> png = encode_png(np.zeros((2, 3), np.uint8), chunks=[(b"fcRP", b"header")])
    >>> [(kind.decode(), len(payload)) for kind, payload in png_chunks(png)]
    [('IHDR', 13), ('fcRP', 6), ('IDAT', 16), ('IEND', 0)]
    """
    end = 8
    for kind, payload in walk(data):
        end += 12 + len(payload)
        yield kind, payload
    if end != len(data):
        raise ContainerError(f"{len(data) - end} bytes follow the end of the PNG picture")


def read_chunk(source: PathLike | BinaryIO, kind: bytes, *, limit: int = 1 << 24) -> bytes | None:
    """Read one chunk that stands before the pixels, without loading the file.

    Parameters
    ----------
    source : path, or binary file at the beginning of a PNG
    kind : bytes
        The four letters of its type.
    limit : int
        Largest payload to load, in bytes.

    Returns
    -------
    bytes or None
        The first such payload; None where there is none before the first IDAT, or the
        file is no PNG.

    Raises
    ------
    ContainerError
        The file is cut short or damaged before or in that chunk, or the chunk is larger.
    MediaError
        The file cannot be opened.
    """
    if not isinstance(source, (str, os.PathLike)):
        return _find(source, kind, limit)
    try:
        with Path(source).open("rb") as file:
            return _find(file, kind, limit)
    except OSError as error:
        raise MediaError(f"{source}: {error.strerror or error}") from error


def find_chunk(file: BinaryIO, kind: bytes) -> int | None:
    """Go to the payload of a chunk before the pixels, and give its length; nothing is checked.

    Parameters and None as of :func:`read_chunk`.

    Raises
    ------
    ContainerError
        The file is cut short or damaged before it.
    """
    found = _seek(file, kind)
    return None if found is None else found[1]


def replace_chunk(data: bytes, kind: bytes, payload: bytes) -> bytes:
    """The same PNG file with another payload in its one chunk of that type.

    Raises
    ------
    ContainerError
        The file is damaged, or has no such chunk or several.

    Examples
    --------
    >>> png = encode_png(np.zeros((2, 3), np.uint8), chunks=[(b"fcRP", b"header")])
    >>> png == replace_chunk(replace_chunk(png, b"fcRP", b"other"), b"fcRP", b"header")
    True
    """
    at, places = 8, []
    for found, old in png_chunks(data):
        if found == kind:
            places.append((at, at + 12 + len(old)))
        at += 12 + len(old)
    if len(places) != 1:
        raise ContainerError(f"the PNG has {len(places)} chunks {_text(kind)}; expected one")
    [(start, end)] = places
    view = memoryview(data)
    return b"".join((view[:start], *_chunk(kind, payload), view[end:]))


def encode_png(
    pixels: np.ndarray,
    *,
    icc: bytes | None = None,
    exif: bytes | None = None,
    chunks: Iterable[tuple[bytes, bytes]] = (),
) -> bytes:
    """Encode pixels losslessly.

    Rows are UP-filtered by NumPy and deflated by ISA-L at level 1, both without the GIL:
    six times the speed of libpng at its size, at every depth and channel count. fpng is
    faster still on one thread, but holds the GIL and takes 8-bit colour only (``bench/PNG.md``).

    Parameters
    ----------
    pixels : (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) array, uint8 or uint16
        Gray, RGB or RGBA.
    icc : bytes, optional
        Colour profile.
    exif : bytes, optional
        EXIF block that begins with its byte order mark.
    chunks : iterable of (type, payload)
        Ancillary chunks, written in this order before the pixels.

    Returns
    -------
    bytes

    Raises
    ------
    TypeError, ValueError
        An array of another dtype or shape; a chunk that is critical, misnamed or too long.

    Notes
    -----
    O(n) time; besides the result about 8 MiB of memory.
    """
    pixels = checked_pixels(pixels)
    out = [SIGNATURE, *_chunk(b"IHDR", png_header(pixels))]
    if icc is not None:
        out += _chunk(b"iCCP", PROFILE_NAME + zlib.compress(icc))
    if exif is not None:
        out += _chunk(b"eXIf", exif)
    for kind, payload in chunks:
        if len(kind) != 4 or not kind.isalpha() or not kind.isascii() or not kind[0] & 0x20:
            raise ValueError(
                f"an extra PNG chunk needs four letters, the first a small one; received {kind!r}"
            )
        out += _chunk(kind, payload)
    stream = memoryview(_deflate(pixels))
    for start in range(0, len(stream), _IDAT_BYTES):
        out += _chunk(b"IDAT", stream[start : start + _IDAT_BYTES])
    return b"".join((*out, *_chunk(b"IEND", b"")))


def png_header(pixels: np.ndarray) -> bytes:
    """The payload of IHDR for pixels as :func:`encode_png` takes them."""
    height, width = pixels.shape[:2]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    depth = 8 * pixels.itemsize
    return struct.pack(">IIBBBBB", width, height, depth, COLOUR_TYPES[channels], 0, 0, 0)


def checked_pixels(pixels: np.ndarray) -> np.ndarray:
    """The pixels in C order, if they are such as PNG and TIFF hold."""
    if not isinstance(pixels, np.ndarray) or pixels.dtype not in (np.uint8, np.uint16):
        kind = getattr(pixels, "dtype", type(pixels).__name__)
        raise TypeError(
            f"pixels must be a uint8 or uint16 array, received {kind}; convert it first"
        )
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim not in (2, 3) or channels not in COLOUR_TYPES or pixels.size == 0:
        raise ValueError(
            f"pixels must be (H, W), or (H, W, C) with 1, 3 or 4 channels, and not empty; "
            f"received {pixels.shape}"
        )
    return np.ascontiguousarray(pixels)


def _deflate(pixels: np.ndarray) -> bytes:
    """Filter and compress in blocks of rows."""
    from isal import isal_zlib

    height = len(pixels)
    rows = pixels.astype(pixels.dtype.newbyteorder(">"), copy=False).view(np.uint8)
    rows = rows.reshape(height, -1)
    step = max(1, _BLOCK_BYTES // rows.shape[1])
    lines = np.empty((min(step, height), rows.shape[1] + 1), np.uint8)
    lines[:, 0] = UP
    packer = isal_zlib.compressobj(1)
    out = []
    for y in range(0, height, step):
        block = rows[y : y + step]
        filtered = lines[: len(block)]
        if y:
            np.subtract(block, rows[y - 1 : y - 1 + len(block)], out=filtered[:, 1:])
        else:
            filtered[0, 1:] = block[0]
            np.subtract(block[1:], block[:-1], out=filtered[1:, 1:])
        out.append(packer.compress(filtered))
    out.append(packer.flush())
    return b"".join(out)


def _chunk(kind: bytes, payload: bytes | memoryview) -> tuple[bytes, bytes | memoryview, bytes]:
    if len(payload) > MAX_LENGTH:
        raise ValueError(f"a PNG chunk holds at most {MAX_LENGTH} bytes, received {len(payload)}")
    crc = zlib.crc32(payload, zlib.crc32(kind))
    return struct.pack(">I", len(payload)) + kind, payload, struct.pack(">I", crc)


def _chunk_at(view: memoryview, at: int) -> tuple[bytes, memoryview]:
    head = view[at : at + 8]
    if len(head) < 8:
        raise ContainerError(f"PNG file cut short at byte {len(view)}")
    length, kind = _head(bytes(head), at)
    payload = view[at + 8 : at + 8 + length]
    crc = view[at + 8 + length : at + 12 + length]
    if len(crc) < 4:
        raise ContainerError(f"PNG file cut short at byte {len(view)}, in chunk {_text(kind)}")
    _check_crc(kind, payload, bytes(crc), at)
    return kind, payload


def _find(file: BinaryIO, kind: bytes, limit: int) -> bytes | None:
    found = _seek(file, kind)
    if found is None:
        return None
    at, length = found
    if length > limit:
        raise ContainerError(f"PNG chunk {_text(kind)} has {length} bytes; at most {limit} may be")
    payload, crc = file.read(length), file.read(4)
    if len(crc) < 4:
        raise ContainerError(f"PNG file cut short in chunk {_text(kind)}")
    _check_crc(kind, payload, crc, at)
    return payload


def _seek(file: BinaryIO, kind: bytes) -> tuple[int, int] | None:
    """Where a chunk begins, and the length of its payload, at which the file then stands."""
    if file.read(8) != SIGNATURE:
        return None
    at = 8
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise ContainerError(f"PNG file cut short at byte {at + len(head)}")
        length, found = _head(head, at)
        if found in (b"IDAT", b"IEND"):
            return None
        if found == kind:
            return at, length
        file.seek(length + 4, os.SEEK_CUR)
        at += 12 + length


def _head(head: bytes, at: int) -> tuple[int, bytes]:
    length, kind = struct.unpack(">I4s", head)
    if length > MAX_LENGTH or not (kind.isalpha() and kind.isascii()):
        raise ContainerError(f"damaged PNG: no chunk begins at byte {at}")
    return length, kind


def _check_crc(kind: bytes, payload: bytes | memoryview, crc: bytes, at: int) -> None:
    if zlib.crc32(payload, zlib.crc32(kind)) != int.from_bytes(crc, "big"):
        raise ContainerError(f"damaged PNG: chunk {_text(kind)} at byte {at} fails its checksum")


def _text(kind: bytes) -> str:
    return kind.decode("ascii")
