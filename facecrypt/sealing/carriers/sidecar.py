"""A JPEG or a lossless picture, with the payload in a file beside it.

``NAME.ID.fcrypt`` holds the payload, and ID is the first half of the picture id in its header. So
no order of writes, no race and no kill pairs a picture with the payload of another: each sealing
has a name of its own. Digest and tags in the header bind it to the pixels or coefficients, and any
program that keeps these may re-save the picture, and drop all its metadata.
"""

from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import ContainerError, MediaError
from facecrypt.files import open_regular, read_at_most
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.limits import MAX_PAYLOAD_BYTES
from facecrypt.media.pictures import read_bounded
from facecrypt.sealing.carriers.carrier import Opened, Rewritten, SealedFile, Source
from facecrypt.sealing.carriers.jpeg import SUFFIXES, check_jpeg
from facecrypt.sealing.carriers.jpeg_sealing import (
    has_public,
    is_edited_jpeg,
    is_hidden_jpeg,
    open_jpeg,
    seal_jpeg,
)
from facecrypt.sealing.carriers.pixels import (
    decode_sealed,
    encode_pixels,
    erase_pixels,
    is_edited_picture,
    is_hidden_picture,
    open_picture,
    seal_picture,
    with_header,
)
from facecrypt.sealing.carriers.sidecar_names import (
    check_name,
    few_sidecars,
    naming_sidecar,
    none_fits,
)
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.payload import Payload, read_header

__all__ = ["Sidecar", "is_hidden"]


class Sidecar:
    """The carrier where a payload beside the picture is asked for."""

    name = "sidecar"
    suffixes: tuple[str, ...] = (".png", ".tif", ".tiff", *SUFFIXES)
    beside = True

    def claims(self, head: bytes) -> bool:
        return True

    def find_payloads(self, file: BinaryIO, path: Path | None) -> list[bytes]:
        found = [] if path is None else few_sidecars(path, "picture")
        if path is None or not found:
            return []
        if len(found) > 1:
            return _fitting(path, read_bounded(file), found)
        [beside] = found
        data = _read(beside, MAX_PAYLOAD_BYTES)
        with naming_sidecar(beside):
            header = Payload.from_bytes(data).header
        check_name(path, beside, header)
        return [data]

    def seal(
        self, source: Source, recipients: Sequence[RecipientLike], options: Seal, suffix: str
    ) -> SealedFile:
        if suffix.lower() in SUFFIXES:
            check_jpeg(source)
            whole = seal_jpeg(source, recipients, options)
            return SealedFile(whole.payload.header, whole.file(embedded=False), whole.packed)
        made = seal_picture(source, recipients, options, suffix)
        beside = made.payload.to_bytes()
        data = encode_pixels(made.sealed, made.like, suffix, beside)
        return SealedFile(made.payload.header, data, beside)

    def open(
        self,
        source: Source,
        payload: Payload,
        identities: Sequence[Unwraps | RegionKey],
        options: Open,
    ) -> Opened:
        if payload.header.carrier == "jpeg":
            return open_jpeg(source.data, payload, identities, options)
        return open_picture(source, payload, identities, options)

    def is_edited(self, source: Source, header: Header) -> bool:
        if header.carrier == "jpeg":
            return is_edited_jpeg(source.data, header)
        return is_edited_picture(source, header)

    def rewrite(self, file: BinaryIO, payload: Payload) -> Rewritten:
        return Rewritten(payload.header, None, payload.to_bytes())

    def erase(self, file: BinaryIO, payload: Payload) -> Rewritten:
        made = self.rewrite(file, payload)
        if payload.header.carrier == "jpeg":
            return made
        return made._replace(data=erase_pixels(Source(read_bounded(file)), payload))


def is_hidden(source: Source, header: Header) -> bool:
    """Whether what was sealed is hidden in the picture beside a sidecar, whatever became of the
    rest; errors as of :meth:`Sidecar.open`."""
    if header.carrier == "jpeg":
        return is_hidden_jpeg(source.data, header)
    return is_hidden_picture(source, header)


def _fitting(path: Path, data: bytes, beside: Sequence[Path]) -> list[bytes]:
    """The payloads of those whose public pixels are this picture's: another sealing, or a killed
    one, may have left its own. Of these, where there are some, those whose encrypted pixels are
    this picture's, too. Of the others no more than the header is read."""
    source = Source(data, path)
    decoded = lru_cache(maxsize=1)(lambda: decode_sealed(source))

    def fit(one: Path) -> _Fit:
        with open_regular(one) as file:
            header = read_header(file)
        check_name(path, one, header)
        if header.carrier == "jpeg":
            # Of coefficients that are encrypted nothing is left in the picture.
            return _Fit.WHOLE if has_public(source.data, header) else _Fit.NOT
        sealed = with_header(decoded(), header)
        if not sealed.has_public():
            return _Fit.NOT
        return _Fit.WHOLE if sealed.has_sealed() else _Fit.PUBLIC

    found: dict[_Fit, list[bytes]] = {_Fit.WHOLE: [], _Fit.PUBLIC: []}
    left = MAX_PAYLOAD_BYTES
    for one in beside:
        with suppress(ContainerError):
            if (how := fit(one)) is not _Fit.NOT:
                # What fits is public, so that many can be made: together they are as large as one.
                payload = _read(one, left)
                Payload.from_bytes(payload)
                found[how].append(payload)
                left -= len(payload)
    best = found[_Fit.WHOLE] or found[_Fit.PUBLIC]
    if not best:
        raise none_fits(path, beside, "picture")
    return best


class _Fit(Enum):
    """How much of a picture is as a header says."""

    NOT, PUBLIC, WHOLE = range(3)


def _read(beside: Path, most: int) -> bytes:
    with open_regular(beside) as file:
        data = read_at_most(file, most)
    if data is None:
        raise MediaError(f"{beside}: larger than a payload may be, or those of all sidecars are")
    return data
