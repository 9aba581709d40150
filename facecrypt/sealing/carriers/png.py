"""PNG with the payload in it.

The chunk is ``fcRP``: ancillary, private, *not* safe to copy, so that an editor
that does not know it drops it rather than carry it over to other pixels.
"""

import zlib
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import AuthenticationError
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.media import Picture
from facecrypt.media.colour import COLOUR_SIZES
from facecrypt.media.pictures import read_bounded
from facecrypt.media.png import (
    MAX_LENGTH,
    PROFILE_NAME,
    png_chunks,
    png_header,
    read_chunk,
    replace_chunk,
)
from facecrypt.sealing.carriers.carrier import Opened, Rewritten, SealedFile, Source
from facecrypt.sealing.carriers.pixels import (
    encode_pixels,
    erase_pixels,
    is_edited_picture,
    open_picture,
    seal_picture,
)
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.payload import Payload

__all__ = ["CHUNK", "Png"]

CHUNK = b"fcRP"
_Chunks = Sequence[tuple[bytes, memoryview]]
# In the order in which they are written.
_WRITTEN = (b"IHDR", b"iCCP", b"eXIf", *COLOUR_SIZES, CHUNK, b"IDAT", b"IEND")
_BLOCK_BYTES = 1 << 22


class Png:
    """The carrier of every picture for which no other is asked."""

    name = "png"
    suffixes: tuple[str, ...] = (".png",)
    beside = False

    def claims(self, head: bytes) -> bool:
        return True

    def find_payloads(self, file: BinaryIO, path: Path | None) -> list[bytes]:
        chunk = read_chunk(file, CHUNK, limit=MAX_LENGTH)
        return [] if chunk is None else [chunk]

    def seal(
        self, source: Source, recipients: Sequence[RecipientLike], options: Seal, suffix: str
    ) -> SealedFile:
        made = seal_picture(source, recipients, options, suffix)
        payload = made.payload.to_bytes()
        data = encode_pixels(made.sealed, made.like, suffix, payload, CHUNK)
        return SealedFile(made.payload.header, data)

    def open(
        self,
        source: Source,
        payload: Payload,
        identities: Sequence[Unwraps | RegionKey],
        options: Open,
    ) -> Opened:
        # Also refuses what a decoder forgives: wrong checksums, a tail after the end.
        chunks = list(png_chunks(source.data))
        if [kind for kind, _ in chunks].count(CHUNK) > 1:
            raise _changed(CHUNK, "is there twice")
        opened = open_picture(source, payload, identities, options)
        if options.pristine:
            _check_written(chunks, opened.picture)
        return opened

    def is_edited(self, source: Source, header: Header) -> bool:
        return is_edited_picture(source, header)

    def rewrite(self, file: BinaryIO, payload: Payload) -> Rewritten:
        data = replace_chunk(read_bounded(file), CHUNK, payload.to_bytes())
        return Rewritten(payload.header, data)

    def erase(self, file: BinaryIO, payload: Payload) -> Rewritten:
        source = Source(read_bounded(file))
        deque(png_chunks(source.data), maxlen=0)  # refuses what a decoder forgives
        data = erase_pixels(source, payload, CHUNK)
        if data is None:
            data = replace_chunk(source.data, CHUNK, payload.to_bytes())
        return Rewritten(payload.header, data)


def _check_written(chunks: _Chunks, picture: Picture) -> None:
    """AuthenticationError for what most viewers pass over, and no writer of a sealed PNG wrote."""
    expected = {b"IHDR": png_header(picture.pixels), b"eXIf": picture.exif}
    expected |= dict.fromkeys(COLOUR_SIZES) | dict(picture.colour)
    last = -1
    for kind, payload in chunks:
        if kind not in _WRITTEN:
            raise _changed(kind, "was added")
        place = _WRITTEN.index(kind)
        if place < last or (place == last and kind != b"IDAT"):
            raise _changed(kind, "is there twice, or not in its place")
        last = place
        if payload != expected.get(kind, payload):
            raise _changed(kind, "was changed")
        if kind == b"iCCP" and not _holds_profile(payload, picture.icc or b""):
            raise _changed(kind, "was changed")
    pixels = picture.pixels
    stream = [payload for kind, payload in chunks if kind == b"IDAT"]
    if not _is_whole(stream, pixels.nbytes + len(pixels)):
        raise _changed(b"IDAT", "holds more than the picture")


def _holds_profile(payload: memoryview, icc: bytes) -> bool:
    name, packed = payload[: len(PROFILE_NAME)], payload[len(PROFILE_NAME) :]
    return name == PROFILE_NAME and _is_whole([packed], len(icc)) and zlib.decompress(packed) == icc


def _is_whole(parts: Sequence[memoryview], size: int) -> bool:
    """Whether a deflate stream gives so many bytes, and nothing lies behind it."""
    inflater, found = zlib.decompressobj(), 0
    for part in parts:
        if inflater.eof:
            return False
        rest: bytes | memoryview = part
        block = _BLOCK_BYTES
        while block == _BLOCK_BYTES and found <= size:
            block = len(inflater.decompress(rest, _BLOCK_BYTES))
            rest, found = inflater.unconsumed_tail, found + block
    return inflater.eof and not inflater.unused_data and found == size


def _changed(kind: bytes, how: str) -> AuthenticationError:
    return AuthenticationError(f"the chunk {kind.decode()} of the sealed PNG {how} after sealing")
