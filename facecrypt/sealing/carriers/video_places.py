"""Where the payload of a sealed video lies: in the file, or in one beside it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from facecrypt.errors import ContainerError
from facecrypt.files import media_error, open_regular
from facecrypt.media.video import Place, find_payload, public_chunks
from facecrypt.sealing.carriers.sidecar_names import (
    check_name,
    few_sidecars,
    naming_sidecar,
    none_fits,
)
from facecrypt.sealing.payload_file import StoredPayload
from facecrypt.sealing.streams import Span

__all__ = ["Found", "find_videos", "opened", "public_digest"]


class Found(NamedTuple):
    """A payload of a video.

    Attributes
    ----------
    path : Path
        The public video.
    payload : StoredPayload
    holder : Path
        The file that the payload is in.
    place : Place, optional
        Where in the public video it is; None where it lies beside it.
    """

    path: Path
    payload: StoredPayload
    holder: Path
    place: Place | None

    @property
    def edited(self) -> bool:
        """Whether the public video is not the one that was sealed; it is read for that."""
        with opened(self.path) as file:
            return public_digest(file, self.place) != self.payload.header.public_digest


def find_videos(path: Path) -> list[Found]:
    """The payloads of a video; several only where without a key nothing tells which is its own.

    Raises
    ------
    ContainerError
        One is damaged, or cut off.
    """
    with opened(path) as file:
        place = find_payload(file)
        if place is not None:
            payload = StoredPayload.read(file, Span(place.offset, place.size))
            return [Found(path, payload, path, place)]
    beside = few_sidecars(path, "video")
    if len(beside) <= 1:
        return [_beside(path, one) for one in beside]
    return _fitting(path, beside)


def public_digest(file: BinaryIO, place: Place | None) -> bytes:
    """SHA-256 of a public video, without the payload that lies in it."""
    digest = hashlib.sha256(b"facecrypt v2 public video")
    for chunk in public_chunks(file, place):
        digest.update(chunk)
    return digest.digest()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to read; MediaError where that fails."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise media_error(path, error) from error
    with file:
        yield file


def _beside(path: Path, beside: Path) -> Found:
    with open_regular(beside) as file, naming_sidecar(beside):
        payload = StoredPayload.read(file, Span(0, os.fstat(file.fileno()).st_size))
    check_name(path, beside, payload.header)
    return Found(path, payload, beside, None)


def _fitting(path: Path, beside: list[Path]) -> list[Found]:
    """Those whose public video this is: another sealing, or a killed one, may have left its own."""
    with opened(path) as file:
        digest = public_digest(file, None)
    found = []
    for one in beside:
        try:
            candidate = _beside(path, one)
        except ContainerError:
            continue
        if candidate.payload.header.public_digest == digest:
            found.append(candidate)
    if not found:
        raise none_fits(path, beside, "video")
    return found
