"""A video sealed: who is in it, the public video, and all that only keys open."""

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import gettempdir
from threading import BoundedSemaphore
from typing import Any, BinaryIO, Self, cast

from facecrypt._version import __version__
from facecrypt.detector import default_detector
from facecrypt.errors import AuthenticationError, ContainerError, Hint, MediaError
from facecrypt.files import already_exists
from facecrypt.keys import RecipientLike
from facecrypt.machine import cores, give_memory_back
from facecrypt.media.video import Public, Spool, Written, append_payload, probe, write_public
from facecrypt.sealing.carriers.sidecar_names import sidecar_path
from facecrypt.sealing.carriers.video_journal import journal_for
from facecrypt.sealing.carriers.video_parts import Original, seal_clip
from facecrypt.sealing.carriers.video_people import (
    Looking,
    People,
    find_people,
    tracking_detector,
)
from facecrypt.sealing.carriers.video_places import opened, public_digest
from facecrypt.sealing.carriers.video_room import check_room, share_a_disk
from facecrypt.sealing.content_video import Video
from facecrypt.sealing.header import Header, check_counts
from facecrypt.sealing.options import Seal
from facecrypt.sealing.pairs import place_pair, write_alone
from facecrypt.sealing.parts import Sealer, start
from facecrypt.sealing.payload_file import PayloadWriter, StoredPayload
from facecrypt.sealing.streams import Plain, Span

__all__ = ["seal_video"]

# The public video and the original, in sizes of the original.
_ROOM = 2
# Clips of people, in parts of that size: more than most videos have (`bench/VIDEO.md`).
_CLIPS = 2
_LESS = Hint(
    "TMPDIR names another folder, VideoOptions(tracks=False) leaves clips out",
    "TMPDIR names another folder, --no-tracks leaves clips out",
)
# Each uses several threads, and memory like several pictures.
_AT_ONCE = BoundedSemaphore(max(1, cores() // 4))


def seal_video(src: Path, dst: Path, recipients: Sequence[RecipientLike], options: Seal) -> Header:
    """Seal a video into a file, or into one and a sidecar where that is asked for.

    Raises
    ------
    MediaError
        It cannot be decoded, was changed meanwhile, or there is no room. Nothing was written.
    ContainerError
        More people or recipients than a reader takes.
    """
    with _AT_ONCE, _Work(src, dst, recipients, options) as work:
        looking = work.looking()
        with journal_for(dst, work.about(looking)) as journal:
            work.people = find_people(src, looking, options, journal, work.on_frame())
            # The encoders want the memory that the networks have.
            del looking
            give_memory_back()
            work.write()
        return work.header


class _Work:
    """One video on its way."""

    people: People
    _written: Written
    _sealer: Sealer
    header: Header

    def __init__(
        self, src: Path, dst: Path, recipients: Sequence[RecipientLike], options: Seal
    ) -> None:
        if options.cipher == "logistic":
            raise ValueError("cipher='logistic' is for research and seals no videos; use another")
        self._src, self._dst, self._recipients, self._options = src, dst, recipients, options
        if os.path.lexists(dst) and not options.overwrite:
            raise already_exists(dst)
        with opened(src) as file:
            self._found = os.fstat(file.fileno())
            self._check_rooms()
            self._video = probe(src)
            check_counts((self._video.height, self._video.width), (), len(recipients))
            self._original = Original.of(file, src.suffix, self.on_frame())
        # Clips show faces until they are sealed: without names nobody opens or finds them.
        self._spool = Spool()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._spool.close()

    def _check_rooms(self) -> None:
        """For all that is written, before anything is: it may take hours."""
        folder, clips = self._dst.parent, Path(gettempdir())
        output = _ROOM * self._found.st_size
        nobody = self._options.regions is not None and not len(self._options.regions)
        wanted = self._options.video.tracks and not nobody
        needed = self._found.st_size // _CLIPS if wanted else 0
        check_room(folder, output)
        check_room(clips, needed + (output if share_a_disk(folder, clips) else 0), _LESS)

    def looking(self) -> Looking | None:
        """Who is to look for faces; None where boxes are given."""
        if self._options.regions is not None:
            return None
        return tracking_detector(self._options.detector or default_detector())

    def about(self, detector: Looking | None) -> dict[str, Any] | None:
        """What the journal has to be of; None where detections cannot be told from others."""
        fingerprint = getattr(detector, "fingerprint", None)
        if fingerprint is None:
            return None
        return {
            "software": f"facecrypt {__version__}",
            "sha256": self._original.sha256.hex(),
            "detector": fingerprint,
            "every": self._options.video.every,
        }

    def on_frame(self, earlier: int = 0) -> Callable[[int], None]:
        """What is called after each frame of a pass; of the second, how many frames there are.

        Each pass does half of every frame.
        """
        watch = self._options.watch
        if watch is None:
            return lambda _: None
        total = earlier or self._video.frames or 0
        return lambda done: watch(self._src, (earlier + done) // 2, total)

    def write(self) -> None:
        """Write the file, and the one beside it."""
        overwrite = self._options.overwrite
        if self._options.sidecar:
            place_pair(
                self._dst,
                self._write_public,
                self._write_beside,
                lambda: sidecar_path(self._dst, self.header),
                overwrite=overwrite,
                like=self._src,
            )
        else:
            write_alone(self._dst, self._write_both, overwrite=overwrite, like=self._src)

    def _write_both(self, file: BinaryIO, place: Path) -> None:
        self._write_public(file, place)
        payload = PayloadWriter(self._sealer, self._parts())
        found = append_payload(file, payload.size, self._chunks(payload))
        self._finish(file, payload, Span(found.offset, found.size))

    def _write_beside(self, file: BinaryIO, _: Path) -> None:
        payload = PayloadWriter(self._sealer, self._parts())
        for chunk in self._chunks(payload):
            file.write(chunk)
        self._finish(file, payload, Span(0, payload.size))

    def _write_public(self, file: BinaryIO, place: Path) -> None:
        asked = self._options.video
        clips = range(len(self.people.tracks)) if asked.tracks else ()
        self._written = write_public(
            self._src,
            place,
            self.people,
            Public(
                fill=asked.fill,
                crf=asked.crf,
                speed=asked.speed,
                codec=asked.codec,
                mute=asked.mute,
                keep_metadata=self._options.keep_metadata,
            ),
            clips=dict.fromkeys(clips, self._spool),
            named=self._dst,
            progress=self.on_frame(len(self.people)),
        )
        for note in self._written.notes:
            warnings.warn(f"{self._src}: {note}", stacklevel=2)
        duration = max(self._written.duration_ms, 1)
        self._sealer = start(
            Video(self._video.width, self._video.height, self._written.frames, duration),
            self.people.persons(duration),
            self._recipients,
            self._options,
            public_digest=public_digest(file, None),
            private=("original",),
        )

    def _chunks(self, payload: PayloadWriter) -> Iterator[bytes]:
        count = len(self.people)
        on_frame = self.on_frame(count)
        for chunk in cast("Iterator[bytes]", payload.chunks()):
            yield chunk
            on_frame(count)  # which ends the work if nobody waits for it

    def _parts(self) -> list[Plain]:
        clips = self._written.clips
        people = [
            seal_clip(clips[number]) if number in clips else Plain([], 0)
            for number in range(len(self.people.tracks))
        ]
        return [*people, self._original.plain(self._src, self._found.st_size)]

    def _finish(self, file: BinaryIO, payload: PayloadWriter, span: Span) -> None:
        """Write the header that is now known, and read all of it back."""
        file.seek(span.start)
        file.write(payload.start())
        self.header = payload.header
        now = self._src.stat()
        if (now.st_size, now.st_mtime_ns) != (self._found.st_size, self._found.st_mtime_ns):
            raise MediaError(
                f"{self._src}: was changed while it was sealed; try again when it is at rest"
            )
        try:
            stored = StoredPayload.read(file, span)
            if stored.header != self.header:
                raise ContainerError("another header")
            for index in range(self.header.parts):
                chunks = stored.open_part(file, index, self._sealer.stream_key(index))
                self._read_back(index, chunks)
        except (AuthenticationError, ContainerError):
            raise MediaError(
                f"{self._src}: what was sealed does not read back as it was; nothing was written. "
                "Try again; if it fails again, the memory is faulty or this is a defect of "
                "facecrypt: please report it"
            ) from None

    def _read_back(self, index: int, chunks: Iterator[memoryview]) -> None:
        if index < len(self.header.regions):
            deque(chunks, maxlen=0)
            return
        found, chunks = Original.open(chunks)
        if found != self._original:
            raise ContainerError("another original")
        found.check(chunks)
