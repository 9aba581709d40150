"""JPEG that stays JPEG, with the payload in its APP11 segments."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import MediaError
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.media import jpeg
from facecrypt.media.pictures import read_bounded
from facecrypt.sealing.carriers.carrier import Opened, Rewritten, SealedFile, Source
from facecrypt.sealing.carriers.jpeg_sealing import is_edited_jpeg, open_jpeg, seal_jpeg
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.payload import START, Payload

__all__ = ["SUFFIXES", "Jpeg", "check_jpeg"]

_BEGIN = b"\xff\xd8\xff"
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp")


class Jpeg:
    """The carrier of JPEG files."""

    name = "jpeg"
    suffixes: tuple[str, ...] = SUFFIXES
    beside = False

    def claims(self, head: bytes) -> bool:
        return head[:3] == _BEGIN

    def find_payloads(self, file: BinaryIO, path: Path | None) -> list[bytes]:
        box = jpeg.find_box(file, b"jumb", START)
        return [] if box is None else [box]

    def seal(
        self, source: Source, recipients: Sequence[RecipientLike], options: Seal, suffix: str
    ) -> SealedFile:
        check_jpeg(source)
        sealed = seal_jpeg(source, recipients, options)
        return SealedFile(sealed.payload.header, sealed.file(embedded=True))

    def open(
        self,
        source: Source,
        payload: Payload,
        identities: Sequence[Unwraps | RegionKey],
        options: Open,
    ) -> Opened:
        return open_jpeg(source.data, payload, identities, options)

    def is_edited(self, source: Source, header: Header) -> bool:
        return is_edited_jpeg(source.data, header)

    def rewrite(self, file: BinaryIO, payload: Payload) -> Rewritten:
        data = jpeg.replace_box(read_bounded(file), b"jumb", START, payload.to_bytes())
        return Rewritten(payload.header, data)

    def erase(self, file: BinaryIO, payload: Payload) -> Rewritten:
        return self.rewrite(file, payload)  # the cells of regions are empty in any case


def check_jpeg(source: Source) -> None:
    """MediaError where a file that is to become a sealed JPEG is no JPEG."""
    if source.data[:3] != _BEGIN:
        raise MediaError(
            "is no JPEG, and JPEG does not keep every pixel exactly; name the output .png"
        )
