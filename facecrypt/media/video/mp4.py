"""A payload in MP4 and QuickTime: the last top-level box, of the type ``uuid``.

Specification: ISO/IEC 14496-12. Only the heads of top-level boxes are read.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from facecrypt.errors import ContainerError
from facecrypt.media.video.place import (
    MAX_WALKED,
    Place,
    cut_off,
    fill_with,
    size_of,
    the_only_one,
)

__all__ = ["USERTYPE", "Box", "append_box", "find_box", "said_end", "walk"]

USERTYPE = b"facecrypt sealed"
_HEAD = struct.Struct(">I4sQ16s")  # 1, type, size, usertype: always with a 64-bit size


class Box(NamedTuple):
    """Where a box lies in a file, and its type."""

    start: int
    body: int
    end: int
    kind: bytes


def append_box(file: BinaryIO, size: int, chunks: Iterable[bytes]) -> Place:
    """Write a payload behind all boxes of a finished file.

    Parameters
    ----------
    file : binary file
        Open for reading and writing; it must end where its last box ends.
    size : int
        Of the payload.
    chunks : iterable of bytes
        The payload.

    Returns
    -------
    Place

    Raises
    ------
    ContainerError
        The file does not end with a box of known size, or has a payload already.
    ValueError
        The chunks are not `size` bytes.
    """
    end = size_of(file)
    last = None
    for box in walk(file, end):
        if box.kind == b"uuid" and _is_ours(file, box):
            raise ContainerError("holds a sealed part already")
        last = box
    if last is None or last.end != end or _runs_to_the_end(file, last):
        raise ContainerError("does not end where its last box ends; write the video anew")
    file.seek(end)
    file.write(_HEAD.pack(1, b"uuid", _HEAD.size + size, USERTYPE))
    fill_with(file, size, iter(chunks))
    offset = end + _HEAD.size
    return Place(offset, size, end, offset + size)


def find_box(file: BinaryIO) -> Place | None:
    """Find the payload of a file by walking its top-level boxes; None where there is none.

    Raises
    ------
    ContainerError
        There are two, or the one is cut off.
    """
    end = size_of(file)
    found = []
    for box in walk(file, end):
        if box.kind == b"uuid" and _is_ours(file, box):
            offset = box.body + len(USERTYPE)
            if box.end > end:
                raise cut_off(end - offset, box.end - offset)
            found.append(Place(offset, box.end - offset, box.start, box.end))
    return the_only_one(found)


def said_end(file: BinaryIO) -> int:
    """Where the last of the boxes that a video is made of is to end; others may be anything."""
    boxes = walk(file, size_of(file))
    return max((box.end for box in boxes if box.kind in {b"moov", b"moof", b"mdat"}), default=0)


def walk(file: BinaryIO, end: int, at: int = 0) -> Iterator[Box]:
    """The boxes that lie side by side from a place on; what is no box ends the walk."""
    for _ in range(MAX_WALKED):
        if at + 8 > end:
            return
        file.seek(at)
        head = file.read(16)
        length, kind = struct.unpack_from(">I4s", head)
        body = at + 8
        if length == 1 and len(head) == 16:
            (length,) = struct.unpack_from(">Q", head, 8)
            body += 8
        elif length == 0:
            length = end - at
        if length < body - at:
            return
        yield Box(at, body, at + length, kind)
        at += length
    raise ContainerError(
        f"has more than {MAX_WALKED} boxes; remux it first, as with ffmpeg -c copy"
    )


def _is_ours(file: BinaryIO, box: Box) -> bool:
    file.seek(box.body)
    return box.end - box.body >= len(USERTYPE) and file.read(len(USERTYPE)) == USERTYPE


def _runs_to_the_end(file: BinaryIO, box: Box) -> bool:
    file.seek(box.start)
    return file.read(4) == bytes(4)
