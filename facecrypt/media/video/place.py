"""Where a payload lies in a file, and what the file is without it."""

import os
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from facecrypt.errors import ContainerError

__all__ = [
    "MAX_WALKED",
    "Place",
    "cut_off",
    "fill_with",
    "public_chunks",
    "size_of",
    "the_only_one",
]

# Boxes and elements that are looked at: one of each second of ten days.
MAX_WALKED = 1 << 20
_CHUNK = 1 << 20


class Place(NamedTuple):
    """A payload in a file.

    The payload is ``size`` bytes from ``offset`` on. What carries it, head and all, lies from
    ``start`` up to ``end``. A field that counts the carrier in lies at ``field_at``: without it,
    it has the bytes ``field``.
    """

    offset: int
    size: int
    start: int
    end: int
    field_at: int = 0
    field: bytes = b""


def public_chunks(file: BinaryIO, place: Place | None = None) -> Iterator[bytes]:
    """Give the public file: every byte but the payload's carrier.

    It is the same file whether its payload lies in it or beside it. In Matroska the size of the
    Segment is what it is without the payload.

    Parameters
    ----------
    file : binary file
        Seekable.
    place : Place, optional
        What ``find_payload`` gave; None where the payload lies elsewhere.

    Returns
    -------
    iterator of bytes
        To hash or to write, of 1 MiB at most each.

    Examples
    --------
    >>> import io
    >>> from facecrypt.media.video import append_payload, find_payload
    >>> file = io.BytesIO(b"\\0\\0\\0\\x10ftypisom\\0\\0\\0\\0")
    >>> _ = append_payload(file, 3, [b"abc"])
    >>> b"".join(public_chunks(file, find_payload(file)))
    b'\\x00\\x00\\x00\\x10ftypisom\\x00\\x00\\x00\\x00'
    """
    end = size_of(file)
    if place is None:
        yield from _between(file, 0, end)
        return
    after_field = place.field_at + len(place.field)
    yield from _between(file, 0, place.field_at)
    if place.field:
        yield place.field
    yield from _between(file, after_field, place.start)
    yield from _between(file, place.end, end)


def _between(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        file.seek(start)
        chunk = file.read(min(_CHUNK, end - start))
        if not chunk:
            raise ContainerError("the file was cut off while it was read")
        yield chunk
        start += len(chunk)


def size_of(file: BinaryIO) -> int:
    """Give the length of a file in bytes."""
    return file.seek(0, os.SEEK_END)


def fill_with(file: BinaryIO, size: int, chunks: Iterator[bytes]) -> None:
    """Write chunks, which must be `size` bytes together; ValueError where they are not."""
    left = size
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            break
        file.write(chunk)
    if left:
        raise ValueError(f"a payload of {size} bytes was announced, and {size - left} came")


def cut_off(present: int, size: int) -> ContainerError:
    """The error for a payload of `size` bytes of which `present` are there."""
    return ContainerError(
        f"the sealed part is cut off after {max(0, present)} of {size} bytes; get the whole file"
    )


def the_only_one(found: list[Place]) -> Place | None:
    """The place of the payload, of which there may be one."""
    if len(found) > 1:
        raise ContainerError("holds two sealed parts, and which one counts nobody can tell")
    return found[0] if found else None
