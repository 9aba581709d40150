"""Whether a file is sealed, by which carrier, and what its header says."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from facecrypt.errors import ContainerError, MediaError
from facecrypt.files import PathLike, media_error
from facecrypt.sealing.carriers import (
    Carrier,
    FileCarrier,
    PayloadLike,
    Source,
    file_carrier,
    find_payloads,
    not_sealed,
)
from facecrypt.sealing.carriers.sidecar import is_hidden
from facecrypt.sealing.carriers.sidecar_names import several_fit
from facecrypt.sealing.header import Header
from facecrypt.sealing.payload import Payload

__all__ = [
    "checked_path",
    "find_sealed",
    "found_in",
    "is_edited",
    "is_sealed",
    "is_surely_sealed",
    "open_binary",
    "opened_sealed",
    "read_payload",
    "sealed_large",
]


def find_sealed(path: PathLike) -> tuple[Carrier | FileCarrier, list[Header]]:
    """The carrier of a sealed file and its header, read from the picture or from beside it.

    Beside it there may be several that fit, of which only a key can tell its own.

    Raises
    ------
    NotSealedError
        There is no header.
    ContainerError
        The header is damaged.
    """
    large = file_carrier(checked_path(path))
    if large is not None:
        headers = large.find_headers(Path(path))
        if not headers:
            raise not_sealed(Path(path))
        return large, headers
    carrier, payloads = _payloads(path)
    return carrier, [payload.header for payload in payloads]


def is_sealed(path: PathLike) -> bool:
    """Whether there is a sealed file that is sound, as far as shows without a key."""
    return _sound(path) is not None


def is_surely_sealed(path: Path) -> bool:
    """:func:`is_sealed`, where a sidecar does not count that the file does not belong to.

    Raises
    ------
    MediaError
        What was sealed with the sidecar beside a file is not hidden in it, as far as shows.
    """
    found = _sound(path)
    if found is None:
        return False
    carrier, headers = found
    large = file_carrier(path)
    beside = carrier.beside if large is None else large.is_beside(path)
    if beside and not any(_hidden(path, large, headers)):
        raise MediaError(
            f"{path}: is not what was sealed with the sidecar beside it, and may be plain; look: "
            "if it is, move the sidecar away, and if it is not, move both out of the folder"
        )
    return True


def is_edited(path: Path, carrier: Carrier | FileCarrier, header: Header) -> bool:
    """Whether what is public of a sealed file was changed; a picture is decoded for that.

    Raises
    ------
    ContainerError
        The file is damaged, or the header is that of another.
    """
    large = file_carrier(path)
    if large is not None:
        return large.is_edited(path, header)
    return cast("Carrier", carrier).is_edited(Source.read(path), header)


def _sound(path: PathLike) -> tuple[Carrier | FileCarrier, list[Header]] | None:
    try:
        return find_sealed(path)
    except (ContainerError, MediaError):
        return None


def _hidden(path: Path, large: FileCarrier | None, headers: list[Header]) -> Iterator[bool]:
    """Of each header beside a file whether what it was made for is hidden in that."""
    source = Source.read(path) if large is None else None
    for header in headers:
        with suppress(ContainerError):
            if source is not None:
                yield is_hidden(source, header)
            elif large is not None:
                # Of a video that was edited nobody can tell what it shows.
                yield not large.is_edited(path, header)


def sealed_large(path: Path) -> FileCarrier | None:
    """The carrier of a sealed file that is too large for memory; NotSealedError of a plain one."""
    large = file_carrier(path)
    if large is not None and not large.find_headers(path):
        raise not_sealed(path)
    return large


def read_payload(src: PathLike) -> PayloadLike:
    """The payload of a sealed picture; errors as of :func:`find_sealed`."""
    large = sealed_large(checked_path(src))
    if large is not None:
        return large.find_payload(Path(src))
    payloads = _payloads(src)[1]
    if len(payloads) > 1:
        raise several_fit(src, len(payloads), "picture")
    return payloads[0]


def _payloads(path: PathLike) -> tuple[Carrier, list[Payload]]:
    with opened_sealed(path) as (_, carrier, payloads):
        return carrier, payloads


@contextmanager
def opened_sealed(path: PathLike) -> Iterator[tuple[BinaryIO, Carrier, list[Payload]]]:
    """A sealed file, at its beginning, with its carrier and payload; of the latter there may be
    several, as :func:`find_sealed` says."""
    path = checked_path(path)
    with open_binary(path) as file:
        carrier, found = found_in(file, path)
        payloads = list(map(Payload.from_bytes, found))
        file.seek(0)
        yield file, carrier, payloads


def found_in(file: BinaryIO, path: Path | None) -> tuple[Carrier, list[bytes]]:
    """The carrier and the payloads, as bytes; sidecars are looked for beside `path`."""
    found = find_payloads(file, path)
    if found is None:
        raise not_sealed(path)
    return found


def checked_path(path: PathLike) -> Path:
    """The path; TypeError where it is none, a picture in memory above all."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"expected the path of a sealed picture, received {type(path).__name__}; decrypt_image "
            "opens one in memory"
        )
    return Path(path)


@contextmanager
def open_binary(path: Path) -> Iterator[BinaryIO]:
    """The file, to be read; a MediaError names it where it cannot be."""
    try:
        with path.open("rb") as file:
            yield file
    except MediaError:
        raise
    except OSError as error:
        raise media_error(path, error) from error
