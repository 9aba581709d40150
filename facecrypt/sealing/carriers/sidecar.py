"""Any lossless picture, with the payload in a file beside it.

``NAME.ID.fcrypt`` holds the payload, and ID is the first half of the picture id in its header. So
no order of writes, no race and no kill pairs a picture with the payload of another: each sealing
has a name of its own. Digest and tags in the header bind it to the pixels, and any program that
keeps these may re-save the picture.
"""

import errno
import os
import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import ContainerError
from facecrypt.files import PathLike, media_error, read_small
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.limits import MAX_PAYLOAD_BYTES
from facecrypt.media.pictures import read_bounded
from facecrypt.sealing.carriers.carrier import Opened, SealedFile, Source
from facecrypt.sealing.carriers.pixels import (
    decode_sealed,
    encode_pixels,
    open_picture,
    seal_picture,
    with_header,
)
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.payload import Payload

__all__ = ["Sidecar", "is_sidecar", "sidecar_path", "sidecars_of"]

_NAME = re.compile(r"(.+)\.([0-9a-f]{16})\.fcrypt", re.DOTALL)
# Each costs a digest of the picture. More come together only by force.
_MOST = 16
# Where there is no folder, or none whose list may be read, no sidecar is seen.
_NO_LIST = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENAMETOOLONG)
# A folder can change twice at one reading of its clock; later than this it did not.
_SETTLED_NS = 2 * 10**9


def sidecar_path(path: PathLike, header: Header) -> Path:
    """``photo.png`` -> ``photo.png.0123456789abcdef.fcrypt``."""
    path = Path(path)
    return path.with_name(_name(path.name, header.picture_id[:8].hex()))


def sidecars_of(path: PathLike) -> list[Path]:
    """The files beside a picture that may hold its header; there need be no such picture."""
    path = Path(path)
    try:
        digits = _listed(path.parent).get(_folded(path.name), ())
    except OSError as error:
        if error.errno in _NO_LIST:
            return []
        raise media_error(path.parent, error) from error
    # Whether names of other spelling are the same, the file system knows.
    found = (path.with_name(_name(path.name, id_)) for id_ in digits)
    return [beside for beside in found if os.path.lexists(beside)]


def is_sidecar(path: Path) -> bool:
    """Whether a file holds the header of the picture beside it, with which it comes."""
    return _NAME.fullmatch(path.name) is not None


class Sidecar:
    """The carrier where a payload beside the picture is asked for."""

    name = "sidecar"
    suffixes: tuple[str, ...] = (".png", ".tif", ".tiff")
    beside = True

    def find_payloads(self, file: BinaryIO, path: Path | None) -> list[bytes]:
        found = [] if path is None else sidecars_of(path)
        if path is None or not found:
            return []
        if len(found) > _MOST:
            raise ContainerError(
                f"{path}: {len(found)} sidecars lie beside it, and {_MOST} may at most; "
                "move those of other pictures away"
            )
        payloads = {beside: read_small(beside, MAX_PAYLOAD_BYTES) for beside in found}
        if len(payloads) == 1:
            [(beside, data)] = payloads.items()
            _check_name(path, beside, data)
            return [data]
        return _fitting(path, read_bounded(file), payloads)

    def seal(
        self, source: Source, recipients: Sequence[RecipientLike], options: Seal, suffix: str
    ) -> SealedFile:
        sealed, picture = seal_picture(source, recipients, options, suffix)
        payload = Payload(sealed.header).to_bytes()
        data = encode_pixels(sealed, picture, suffix, payload)
        return SealedFile(sealed.header, data, payload)

    def open(
        self,
        source: Source,
        payload: Payload,
        identities: Sequence[Unwraps | RegionKey],
        options: Open,
    ) -> Opened:
        return open_picture(source, payload, identities, options, strict=False)


def _name(name: str, digits: str) -> str:
    return f"{name}.{digits}.fcrypt"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _listed(folder: Path) -> Mapping[str, Sequence[str]]:
    """The sidecars of a folder: folded name of the picture -> digits.

    A list is kept as long as the folder does not change, for a job asks once for each picture.
    """
    found = folder.stat()
    settled = time.time_ns() - found.st_mtime_ns > _SETTLED_NS
    read = _read_list if settled else _read_list.__wrapped__
    return read(os.fspath(folder), found.st_dev, found.st_ino, found.st_mtime_ns)


@lru_cache(maxsize=8)
def _read_list(folder: str, *_: int) -> Mapping[str, Sequence[str]]:
    result: dict[str, list[str]] = defaultdict(list)
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.endswith(".fcrypt"))
    for match in filter(None, map(_NAME.fullmatch, names)):
        result[_folded(match[1])].append(match[2])
    return dict(result)


def _check_name(path: Path, beside: Path, data: bytes) -> None:
    try:
        wanted = sidecar_path(path, Payload.from_bytes(data).header).name
    except ContainerError:
        return  # whoever reads it says why
    if beside.name != wanted:
        raise ContainerError(f"{beside}: its name is not that of its header, which is {wanted}")


def _fitting(path: Path, data: bytes, payloads: Mapping[Path, bytes]) -> list[bytes]:
    """The payloads of those whose public pixels are this picture's: another sealing, or a killed
    one, may have left its own."""
    picture = decode_sealed(Source(data, path), strict=False)

    def fits(beside: Path, data: bytes) -> bool:
        try:
            _check_name(path, beside, data)
            return not with_header(picture, Payload.from_bytes(data).header).edited
        except ContainerError:
            return False

    found = [data for beside, data in payloads.items() if fits(beside, data)]
    if not found:
        names = ", ".join(beside.name for beside in payloads)
        raise ContainerError(
            f"{path}: of the sidecars beside it none fits the picture as it is now: {names}; "
            "move those of other pictures away"
        )
    return found
