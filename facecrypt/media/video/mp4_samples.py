"""How many samples an MP4 file claims without listing them.

FFmpeg keeps some 70 bytes for each when it opens a file, before it reads any: a file of a
kilobyte may ask for gigabytes. Samples that a file lists are as many as it has bytes for.

Specification: ISO/IEC 14496-12, 8.6.1.2 (stts), 8.7.3 (stsz) and 8.8.8 (trun).
"""

import struct
from collections import defaultdict
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from facecrypt.errors import ContainerError
from facecrypt.media.video.mp4 import walk
from facecrypt.media.video.place import MAX_WALKED, size_of

__all__ = ["claimed_samples"]

# What FFmpeg reads boxes in, wherever it meets it.
_HOLDERS = {
    *(b"moov", b"trak", b"mdia", b"minf", b"stbl", b"dinf", b"edts", b"mvex", b"moof", b"traf"),
    *(b"mfra", b"udta", b"tref", b"ipro", b"sinf", b"schi", b"wave", b"iprp", b"gmhd", b"ilst"),
}
_READ = (b"hdlr", b"stts", b"stsz", b"trun")
_NO_TRACK = 0
_DEEPEST = 12  # FFmpeg gives up at 10
# Of a run: whether each sample has a duration, a size, flags, an offset of its own.
_LISTED = 0xF00


class _Found(NamedTuple):
    """A box that matters: the number of the track that it is in, and how it begins."""

    track: int
    kind: bytes
    body: bytes


def claimed_samples(file: BinaryIO) -> int:
    """Of all tracks and fragments together; none of sound whose samples are single values.

    Raises
    ------
    ContainerError
        It has too many boxes to look at them all, or its head is compressed.
    """
    claimed, tracks = 0, defaultdict[int, list[_Found]](list)
    for one in _Boxes(file).within(0, size_of(file)):
        if one.kind == b"trun":
            claimed += _of_run(one.body)
        else:
            tracks[one.track].append(one)
    for track, found in tracks.items():
        if track == _NO_TRACK or not _is_single_sound(found):
            claimed += sum(_of_sizes(one.body) for one in found if one.kind == b"stsz")
    return claimed


class _Boxes:
    """The boxes of a file; of all together so many are looked at."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left, self._tracks = file, MAX_WALKED, _NO_TRACK

    def within(self, at: int, end: int, track: int = _NO_TRACK, depth: int = 0) -> Iterator[_Found]:
        for box in walk(self._file, end, at):
            self._left -= 1
            if self._left < 0:
                raise ContainerError(
                    f"has more than {MAX_WALKED} boxes; remux it first, as with ffmpeg -c copy"
                )
            stop = min(box.end, end)
            if box.kind == b"cmov":
                raise ContainerError(
                    "has a compressed head; remux it first, as with ffmpeg -c copy"
                )
            if box.kind in _READ:
                self._file.seek(box.body)
                yield _Found(track, box.kind, self._file.read(min(16, stop - box.body)))
            elif box.kind in _HOLDERS and depth < _DEEPEST:
                inner = track
                if box.kind == b"trak":
                    self._tracks += 1
                    inner = self._tracks
                yield from self.within(box.body, stop, inner, depth + 1)


def _is_single_sound(found: list[_Found]) -> bool:
    """Whether FFmpeg keeps a track in chunks: sound each sample of which takes a tick."""
    handlers = {one.body[8:12] for one in found if one.kind == b"hdlr"}
    times = [one.body for one in found if one.kind == b"stts"]
    # Of its handlers one is of the track, and others of what holds its data.
    single = len(times) == 1 and times[0][4:8] == b"\0\0\0\1" and times[0][12:16] == b"\0\0\0\1"
    return single and b"soun" in handlers and b"vide" not in handlers


def _of_sizes(body: bytes) -> int:
    size, count = struct.unpack(">II", body[4:12].ljust(8, b"\0"))
    return count if size else 0


def _of_run(body: bytes) -> int:
    flags, count = struct.unpack(">II", body[:8].ljust(8, b"\0"))
    return 0 if flags & _LISTED else count
