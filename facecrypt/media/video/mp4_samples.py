"""How many samples an MP4 file claims without listing them.

FFmpeg keeps some 70 bytes for each when it opens a file, before it reads any: a file of a
kilobyte may ask for gigabytes. Samples that a file lists are as many as it has bytes for.

Specification: ISO/IEC 14496-12, 8.6.1.2 (stts), 8.7.3 (stsz) and 8.8.8 (trun).
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from facecrypt.media.video.mp4 import Box, walk
from facecrypt.media.video.place import size_of

__all__ = ["claimed_samples"]

# Of a run: whether each sample has a duration, a size, flags, an offset of its own.
_LISTED = 0xF00


def claimed_samples(file: BinaryIO) -> int:
    """Of all tracks and fragments together; none of sound whose samples are single values.

    Raises
    ------
    ContainerError
        It has too many boxes to look at them all.
    """
    claimed = 0
    for box in walk(file, size_of(file)):
        if box.kind == b"moov":
            claimed += sum(_of_track(file, trak) for trak in _inside(file, box, b"trak"))
        elif box.kind == b"moof":
            claimed += sum(map(_of_run, _contents(file, box, b"traf", b"trun")))
    return claimed


def _of_track(file: BinaryIO, trak: Box) -> int:
    sizes = _contents(file, trak, b"mdia", b"minf", b"stbl", b"stsz")
    same = sum(count for size, count in map(_two_numbers, sizes) if size)
    if not same:
        return 0
    handler = next(_contents(file, trak, b"mdia", b"hdlr"), b"")[8:12]
    times = next(_contents(file, trak, b"mdia", b"minf", b"stbl", b"stts"), b"")
    # One entry, each sample of which takes a tick: FFmpeg keeps such sound in chunks.
    single = times[4:8] == b"\0\0\0\1" and times[12:16] == b"\0\0\0\1"
    return 0 if handler == b"soun" and single else same


def _two_numbers(body: bytes) -> tuple[int, int]:
    return struct.unpack(">II", body[4:12].ljust(8, b"\0"))


def _of_run(body: bytes) -> int:
    flags, count = struct.unpack(">II", body[:8].ljust(8, b"\0"))
    return 0 if flags & _LISTED else count


def _contents(file: BinaryIO, box: Box, *path: bytes) -> Iterator[bytes]:
    """How the boxes begin to which a path leads, from box to box."""
    if path:
        for inner in _inside(file, box, path[0]):
            yield from _contents(file, inner, *path[1:])
    else:
        file.seek(box.body)
        yield file.read(min(16, box.end - box.body))


def _inside(file: BinaryIO, box: Box, kind: bytes) -> Iterator[Box]:
    end = min(box.end, size_of(file))
    return (inner for inner in walk(file, end, box.body) if inner.kind == kind)
