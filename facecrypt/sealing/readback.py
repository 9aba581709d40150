"""What was encoded is read back before it gets a name: a sealed picture has to open again."""

from collections.abc import Iterator
from io import BytesIO

import numpy as np

from facecrypt.errors import MediaError
from facecrypt.media import decode_image
from facecrypt.media.pictures import same_pixels
from facecrypt.media.png import MAX_LENGTH, SIGNATURE, UP, png_chunks, png_header, read_chunk

__all__ = ["DIFFERS", "check_encoded"]

DIFFERS = (
    "the encoded {} is not what was to be written; nothing was written. Try again; "
    "if it fails again, the memory is faulty or this is a defect of facecrypt: please report it"
)
_BLOCK_BYTES = 1 << 22


def check_encoded(data: bytes, pixels: np.ndarray, chunk: tuple[bytes, bytes] | None) -> None:
    """Read a picture back from the bytes that are to be its file, and compare.

    Parameters
    ----------
    data : bytes
        As :func:`facecrypt.media.encode_image` gave them.
    pixels : array
        What was encoded.
    chunk : (type, payload), optional
        The PNG chunk that carries the payload.

    Raises
    ------
    MediaError
        They differ, or the reader refuses them.

    Notes
    -----
    O(n) time. A PNG is not decoded but inflated and compared row by row, in blocks of
    4 MiB: about 40 % of a decoder's time, and no second copy of the pixels.
    """
    if not data.startswith(SIGNATURE):
        if not same_pixels(decode_image(data).pixels, pixels):
            raise MediaError(DIFFERS.format("picture"))
        return
    if chunk and read_chunk(BytesIO(data), chunk[0], limit=MAX_LENGTH) != chunk[1]:
        raise MediaError(DIFFERS.format("header"))
    if not _png_holds(data, pixels):
        raise MediaError(DIFFERS.format("picture"))


def _png_holds(data: bytes, pixels: np.ndarray) -> bool:
    """Whether a PNG as :func:`facecrypt.png.encode_png` writes them is one of these pixels."""
    chunks = list(png_chunks(data))
    if chunks[0][1] != png_header(pixels):
        return False
    height, row_bytes = len(pixels), pixels[0].nbytes
    step = max(1, _BLOCK_BYTES // row_bytes)
    blocks = _inflated([body for kind, body in chunks if kind == b"IDAT"], step * (row_bytes + 1))
    above = np.zeros((1, row_bytes), np.uint8)
    for y in range(0, height, step):
        rows = pixels[y : y + step]
        rows = rows.astype(rows.dtype.newbyteorder(">"), copy=False)
        rows = rows.reshape(len(rows), -1).view(np.uint8)
        block = np.frombuffer(next(blocks, b""), np.uint8)
        if block.size != len(rows) * (row_bytes + 1):
            return False
        lines = block.reshape(len(rows), -1)
        # Each line is the difference to the row above it, which is right if all before were.
        sums = np.empty_like(rows)
        np.add(lines[:1, 1:], above, out=sums[:1])
        np.add(lines[1:, 1:], rows[:-1], out=sums[1:])
        if (lines[:, 0] != UP).any() or not np.array_equal(sums, rows):
            return False
        above = rows[-1:]
    return next(blocks, b"") == b""


def _inflated(parts: list[memoryview], size: int) -> Iterator[bytes]:
    """What the parts of a deflate stream hold, in blocks of one size; the last may be shorter."""
    from isal import isal_zlib

    inflater = isal_zlib.decompressobj()
    block = b""
    pieces: list[bytes | memoryview] = [*parts, b""]
    for piece in pieces:
        rest = piece
        while True:
            block += inflater.decompress(rest, size - len(block))
            rest = inflater.unconsumed_tail
            if len(block) < size:
                break
            yield block
            block = b""
    # Without the checksum at its end the stream is not whole.
    if not inflater.eof or inflater.unused_data:
        raise MediaError(DIFFERS.format("picture"))
    if block:
        yield block
