"""Any lossless picture, with the payload in a file beside it.

``NAME.fcrypt.json`` holds the bytes of the payload; the digest and the tags in them bind it
to the picture, which may then be re-saved by any program that keeps its pixels.
"""

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from facecrypt.files import PathLike, read_small
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.limits import MAX_PAYLOAD_BYTES
from facecrypt.sealing.carriers.carrier import Opened, SealedFile, Source
from facecrypt.sealing.carriers.pixels import encode_pixels, open_picture, seal_picture
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.payload import Payload

__all__ = ["SUFFIX", "Sidecar", "sidecar_path"]

SUFFIX = ".fcrypt.json"


def sidecar_path(path: PathLike) -> Path:
    """``photo.png`` -> ``photo.png.fcrypt.json``."""
    path = Path(path)
    return path.with_name(path.name + SUFFIX)


class Sidecar:
    """The carrier where a payload beside the picture is asked for."""

    name = "sidecar"
    suffixes: tuple[str, ...] = (".png", ".tif", ".tiff")
    beside = True

    def find_payload(self, file: BinaryIO, path: Path | None) -> bytes | None:
        if path is None or not _is_there(beside := sidecar_path(path)):
            return None
        return read_small(beside, MAX_PAYLOAD_BYTES)

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


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        # The picture's own name may be as long as there can be one.
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise
