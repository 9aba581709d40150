"""PNG with the header in it.

The chunk is ``fcRP``: ancillary, private, *not* safe to copy, so that an editor
that does not know it drops it rather than carry it over to other pixels.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.limits import MAX_HEADER_BYTES
from facecrypt.media.png import read_chunk
from facecrypt.sealing.carriers.carrier import Opened, SealedFile, Source
from facecrypt.sealing.carriers.pixels import encode_pixels, open_picture, seal_picture
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Open, Seal

__all__ = ["CHUNK", "Png"]

CHUNK = b"fcRP"


class Png:
    """The carrier of every picture for which no other is asked."""

    name = "png"
    suffixes: tuple[str, ...] = (".png",)
    beside = False

    def find_headers(self, file: BinaryIO, path: Path | None) -> list[bytes]:
        chunk = read_chunk(file, CHUNK, limit=MAX_HEADER_BYTES)
        return [] if chunk is None else [chunk]

    def seal(
        self, source: Source, recipients: Sequence[RecipientLike], options: Seal, suffix: str
    ) -> SealedFile:
        sealed, picture = seal_picture(source, recipients, options, suffix)
        header = sealed.header.to_bytes()
        return SealedFile(sealed.header, encode_pixels(sealed, picture, suffix, ((CHUNK, header),)))

    def open(
        self,
        source: Source,
        header: Header,
        identities: Sequence[Unwraps | RegionKey],
        options: Open,
    ) -> Opened:
        return open_picture(source, header, identities, options, strict=True)
