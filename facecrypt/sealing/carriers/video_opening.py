"""A sealed video opened: the original file, or some people on the public video; and checked."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir
from typing import BinaryIO, NamedTuple

from facecrypt.errors import ALLOW_EDITED, AuthenticationError, ContainerError, Hint, MediaError
from facecrypt.files import already_exists, named, prepared
from facecrypt.keys import RegionKey, Unwraps
from facecrypt.media.video import Clip, Spool, lay_over
from facecrypt.sealing.carriers.carrier import OpenedFile
from facecrypt.sealing.carriers.video_parts import Original, read_clip
from facecrypt.sealing.carriers.video_places import Found, find_videos, opened
from facecrypt.sealing.carriers.video_room import check_room
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Open
from facecrypt.sealing.parts import Unlocked, stream_key, unlock
from facecrypt.sealing.streams import plain_size

__all__ = ["check_video", "holds_original", "open_video"]

_Holders = Sequence[Unwraps | RegionKey]
_TMPDIR = "TMPDIR names another folder"
_ELSEWHERE = Hint(_TMPDIR, _TMPDIR)
_EDITED = "the public video was changed after sealing"


class _Unlocked(NamedTuple):
    found: Found
    keys: Unlocked

    @property
    def header(self) -> Header:
        return self.found.payload.header

    @property
    def whole(self) -> bool:
        """Whether the original can be opened."""
        return self.header.parts - 1 in self.keys.keys

    def chunks(self, file: BinaryIO, index: int, backend: str) -> Iterator[memoryview]:
        """The plaintext of a part, out of the file that holds the payload."""
        key = stream_key(self.header, self.keys.keys[index], backend)
        return self.found.payload.open_part(file, index, key)

    def opened(self, path: Path, *, edited: bool) -> OpenedFile:
        regions = self.keys.regions(self.header)
        return OpenedFile(self.header, path, edited, regions, self.keys.whole)


def open_video(
    src: Path, dst: Path, identities: _Holders, options: Open, *, exact: bool = True
) -> OpenedFile:
    """Write the original to a file, or the public video with those people who can be opened.

    Parameters
    ----------
    src, dst : Path
    identities : sequence
    options : Open
    exact : bool
        Refuse a name that has not the suffix of the original, rather than give it that.

    Raises
    ------
    AuthenticationError
        No identity opens it, it was changed, or people are wanted on a public video that was.
    ContainerError
        It is damaged.
    """
    unlocked = _unlock(src, identities, options)
    if unlocked.whole:
        path = _restore(unlocked, dst, options, exact=exact)
        # The original comes back whatever became of the public video.
        return unlocked.opened(path, edited=unlocked.found.edited)
    edited = unlocked.found.edited
    if edited and not options.allow_edited:
        raise AuthenticationError(_EDITED, hint=ALLOW_EDITED)
    _show(unlocked, dst, options)
    return unlocked.opened(dst, edited=edited)


def check_video(src: Path, identities: _Holders) -> OpenedFile:
    """Check the public video and all parts that the identities can open; nothing is written.

    Raises
    ------
    AuthenticationError
        No identity opens it, or something was changed.
    """
    unlocked = _unlock(src, identities, Open())
    if unlocked.found.edited:
        raise AuthenticationError(_EDITED)
    with opened(unlocked.found.holder) as file:
        for index in unlocked.keys.keys:
            chunks = unlocked.chunks(file, index, "auto")
            if index < len(unlocked.header.regions):
                deque(chunks, maxlen=0)
            else:
                head, chunks = Original.open(chunks)
                head.check(chunks)
    return unlocked.opened(src, edited=False)


def holds_original(src: Path, dst: Path, identities: _Holders, options: Open) -> OpenedFile:
    """What :func:`open_video` would give, if a file is the original of a sealed video.

    Raises
    ------
    MediaError
        It is something else.
    """
    unlocked = _unlock(src, identities, options)
    if not unlocked.whole:
        raise already_exists(dst)
    with opened(unlocked.found.holder) as file:
        head, _ = Original.open(unlocked.chunks(file, unlocked.header.parts - 1, "auto"))
    path = _restored_name(dst, head.suffix)
    with opened(path) as there:
        if Original.of(there, head.suffix) != head:
            raise already_exists(path, " and is not this video opened")
    return unlocked.opened(path, edited=unlocked.found.edited)


def _unlock(src: Path, identities: _Holders, options: Open) -> _Unlocked:
    """The payload that opens most, of several beside a video; errors are those of the last."""
    # One may be changed already where a run was killed that changes all.
    *others, last = sorted(find_videos(src), key=lambda one: len(one.payload.header.forgotten))
    for found in others:
        with suppress(AuthenticationError):
            return _Unlocked(found, unlock(found.payload.header, identities, options.regions))
    return _Unlocked(last, unlock(last.payload.header, identities, options.regions))


def _restore(unlocked: _Unlocked, dst: Path, options: Open, *, exact: bool) -> Path:
    with opened(unlocked.found.holder) as file:
        part = unlocked.chunks(file, unlocked.header.parts - 1, options.backend)
        head, chunks = Original.open(part)
        path = dst if exact else _restored_name(dst, head.suffix)
        if path.suffix.lower() != head.suffix.lower():
            raise MediaError(
                f"{path}: the original is a {head.suffix or 'file without a suffix'}; "
                f"name it {path.with_suffix(head.suffix).name}"
            )
        if path != dst and options.renamed is not None:
            options.renamed(path)
        if options.watch is not None:
            chunks = _watched(chunks, unlocked, options)

        def write(target: BinaryIO, _: Path) -> None:
            for chunk in chunks:
                target.write(chunk)

        like = unlocked.found.path
        with prepared(path, write, overwrite=options.overwrite, like=like) as written:
            named(written)
    return path


def _restored_name(name: Path, suffix: str) -> Path:
    """``clip.mp4`` -> ``clip.avi``, and ``clip.avi.mp4`` as well, which stood beside another."""
    stem = name.with_suffix("")
    return stem if stem.suffix.lower() == suffix.lower() != "" else name.with_suffix(suffix)


def _watched(
    chunks: Iterator[memoryview], unlocked: _Unlocked, options: Open
) -> Iterator[memoryview]:
    total, done = plain_size(unlocked.found.payload.private[0].size) >> 20, 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        assert options.watch is not None
        options.watch(unlocked.found.path, done >> 20, total)


def _show(unlocked: _Unlocked, dst: Path, options: Open) -> None:
    """The public video with the people whose keys there are, encoded anew."""
    watch, found = options.watch, unlocked.found
    frames = getattr(unlocked.header.content, "frames", 0)
    needed = sum(found.payload.regions[index].size for index in unlocked.keys.keys)
    check_room(Path(gettempdir()), needed, _ELSEWHERE)
    with Spool() as spool:
        clips = list(_clips(unlocked, spool, options))

        def write(_: BinaryIO, place: Path) -> None:
            on_frame = None if watch is None else lambda done: watch(found.path, done, frames)
            lay_over(found.path, clips, place, named=dst, progress=on_frame)

        with prepared(dst, write, overwrite=options.overwrite, like=found.path) as written:
            named(written)


def _clips(unlocked: _Unlocked, spool: Spool, options: Open) -> Iterator[Clip]:
    with opened(unlocked.found.holder) as file:
        for index in sorted(unlocked.keys.keys):
            if not unlocked.found.payload.regions[index].size:
                raise ContainerError(
                    "the video was sealed without clips of people: only the whole original opens"
                )
            yield read_clip(unlocked.chunks(file, index, options.backend), spool)
