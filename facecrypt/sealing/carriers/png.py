"""PNG with the payload in it.

The chunk is ``fcRP``: ancillary, private, *not* safe to copy, so that an editor
that does not know it drops it rather than carry it over to other pixels.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.media.png import MAX_LENGTH, read_chunk
from facecrypt.sealing.carriers.carrier import Opened, SealedFile, Source
from facecrypt.sealing.carriers.pixels import encode_pixels, open_picture, seal_picture
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.payload import Payload

__all__ = ["CHUNK", "Png"]

CHUNK = b"fcRP"


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
        sealed, picture = seal_picture(source, recipients, options, suffix)
        payload = Payload(sealed.header).to_bytes()
        data = encode_pixels(sealed, picture, suffix, payload, CHUNK)
        return SealedFile(sealed.header, data)

    def open(
        self,
        source: Source,
        payload: Payload,
        identities: Sequence[Unwraps | RegionKey],
        options: Open,
    ) -> Opened:
        return open_picture(source, payload, identities, options, strict=True)
