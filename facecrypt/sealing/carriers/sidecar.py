"""Any lossless picture, with the header in a file beside it.

``NAME.ID.fcrypt.json`` holds the bytes of the header, and ID is the first half of the picture id
they give. So no order of writes, no race and no kill pairs a picture with the header of another:
each sealing has a name of its own. Digest and tags in the header bind it to the pixels, and any
program that keeps these may re-save the picture.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import ContainerError
from facecrypt.files import read_small
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.limits import MAX_HEADER_BYTES
from facecrypt.media.pictures import read_bounded
from facecrypt.sealing.carriers.carrier import Opened, SealedFile, Source
from facecrypt.sealing.carriers.pixels import (
    decode_sealed,
    encode_pixels,
    open_picture,
    seal_picture,
    with_header,
)
from facecrypt.sealing.carriers.sidecar_names import sidecar_path, sidecars_of
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Open, Seal

__all__ = ["Sidecar"]

# Each costs a digest of the picture. More come together only by force.
_MOST = 16


class Sidecar:
    """The carrier where a header beside the picture is asked for."""

    name = "sidecar"
    suffixes: tuple[str, ...] = (".png", ".tif", ".tiff")
    beside = True

    def find_headers(self, file: BinaryIO, path: Path | None) -> list[bytes]:
        found = [] if path is None else sidecars_of(path)
        if path is None or not found:
            return []
        if len(found) > _MOST:
            raise ContainerError(
                f"{path}: {len(found)} sidecars lie beside it, and {_MOST} may at most; "
                "move those of other pictures away"
            )
        headers = {beside: read_small(beside, MAX_HEADER_BYTES) for beside in found}
        if len(headers) == 1:
            [(beside, data)] = headers.items()
            _check_name(path, beside, data)
            return [data]
        return _fitting(path, read_bounded(file), headers)

    def seal(
        self, source: Source, recipients: Sequence[RecipientLike], options: Seal, suffix: str
    ) -> SealedFile:
        sealed, picture = seal_picture(source, recipients, options, suffix)
        data = encode_pixels(sealed, picture, suffix)
        return SealedFile(sealed.header, data, sealed.header.to_bytes())

    def open(
        self,
        source: Source,
        header: Header,
        identities: Sequence[Unwraps | RegionKey],
        options: Open,
    ) -> Opened:
        return open_picture(source, header, identities, options, strict=False)


def _check_name(path: Path, beside: Path, data: bytes) -> None:
    try:
        wanted = sidecar_path(path, Header.from_bytes(data)).name
    except ContainerError:
        return  # whoever reads it says why
    if beside.name != wanted:
        raise ContainerError(f"{beside}: its name is not that of its header, which is {wanted}")


def _fitting(path: Path, data: bytes, headers: Mapping[Path, bytes]) -> list[bytes]:
    """The headers of those whose public pixels are this picture's: another sealing, or a killed
    one, may have left its own."""
    picture = decode_sealed(Source(data, path), strict=False)

    def fits(beside: Path, data: bytes) -> bool:
        try:
            _check_name(path, beside, data)
            return not with_header(picture, Header.from_bytes(data)).edited
        except ContainerError:
            return False

    found = [data for beside, data in headers.items() if fits(beside, data)]
    if not found:
        names = ", ".join(beside.name for beside in headers)
        raise ContainerError(
            f"{path}: of the sidecars beside it none fits the picture as it is now: {names}; "
            "move those of other pictures away"
        )
    return found
