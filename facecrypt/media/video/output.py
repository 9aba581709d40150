"""A video that is written: pictures that are encoded, and streams that come along."""

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from facecrypt.errors import MediaError
from facecrypt.files import PathLike
from facecrypt.media.video.encoding import Look, Recipe, add_video
from facecrypt.media.video.library import load, said_of
from facecrypt.media.video.model import Fate, Public
from facecrypt.media.video.others import label, plan
from facecrypt.media.video.planes import Planes, converted, new_frame
from facecrypt.media.video.reading import streams_of
from facecrypt.media.video.source import Source
from facecrypt.media.video_kinds import MUXERS

__all__ = ["Output", "muxer_of"]

# Index first, so that players start before they have all; no versions, dates or random numbers.
_MP4 = {"movflags": "+faststart", "fflags": "+bitexact"}
_MATROSKA = {"fflags": "+bitexact"}
# What says how a file is written, and not what is in it.
_OF_THE_FILE = {"major_brand", "minor_version", "compatible_brands", "encoder", "ENCODER"}


def muxer_of(source: Source) -> str:
    """Name FFmpeg's muxer for the public part of a video."""
    return MUXERS.get(source.kind, "mp4")


class Output:
    """A video with the times, the turn and the look of its source; use it as a context.

    Where its body raises, the file is removed.
    """

    def __init__(
        self,
        source: Source,
        target: PathLike,
        chosen: Recipe,
        look: Look,
        options: Public,
        *,
        named: PathLike | None = None,
    ) -> None:
        self._source, self._target, self._chosen, self._look = source, Path(target), chosen, look
        self._named = target if named is None else named
        self._base: Fraction = source.video.time_base
        self._first = self._duration = 0
        self._last: int | None = None
        # Times of broadcasts begin anywhere, and mean nothing.
        moved = source.kind not in MUXERS and source.container.start_time
        self._start = Fraction(source.container.start_time, 1_000_000) if moved else Fraction(0)
        with said_of(self._named, "cannot be written"):
            self._container = self._open(muxer_of(source), options)
            try:
                self._add_streams(options)
            except BaseException:
                self._discard()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._discard()
            return
        try:
            with said_of(self._named, "cannot be written"):
                for follower in self._followers.values():
                    self._mux(follower.finish())
                self._mux(self._video.encode(None))
                self._container.close()
        except BaseException:
            self._discard()
            raise

    @property
    def _others(self) -> list[Any]:
        """The streams of the source whose packets come along."""
        return [self._source.container.streams[index] for index in self._followers]

    @property
    def fates(self) -> tuple[Fate, ...]:
        """What became of every stream of the source."""
        mine = streams_of(self._source)[self._source.video.index]
        fates = [*self._fates, Fate(mine, f"encoded anew as {self._chosen.codec}")]
        return tuple(sorted(fates, key=lambda fate: fate.stream.number))

    @property
    def duration_ms(self) -> int:
        """From the first picture to the end of the last."""
        ticks = 0 if self._last is None else self._last + self._duration - self._first
        return round(ticks * self._base * 1000)

    def write_all(
        self,
        change: Callable[[int, Any, Planes], None],
        progress: Callable[[int], None] | None = None,
    ) -> int:
        """Write all of the source, and give the number of its frames.

        Parameters
        ----------
        change : callable
            Is given each frame with its number and its samples, to change these.
        progress : callable, optional
            Called with the number of frames done so far, after each.
        """
        number, frame_type = 0, load().VideoFrame
        for item in self._source.items(self._others):
            if not isinstance(item, frame_type):
                self._follow(item)
                continue
            frame, planes = self._picture(item)
            change(number, frame, planes)
            self._write(frame)
            number += 1
            if progress:
                progress(number)
        return number

    def _follow(self, packet: Any) -> None:
        """Take a packet of another stream."""
        with said_of(self._named, "cannot be written"):
            self._mux(self._followers[packet.stream.index].take(packet))

    def _picture(self, decoded: Any) -> tuple[Any, Planes]:
        """Give a frame to change and then to write, with the samples of a decoded one.

        It is a new frame, for a decoded one has more than is seen: captions, and what cameras
        found out about faces.
        """
        with said_of(str(self._source.path), "cannot be converted"):
            told = converted(decoded, self._chosen, self._look)
        frame = new_frame(self._chosen, self._look, (decoded.width, decoded.height))
        planes = Planes(frame, self._chosen)
        planes.copy_from(Planes(told, self._chosen))
        frame.pts, frame.time_base = self._time(decoded), self._base
        if decoded.duration:
            frame.duration = decoded.duration
        return frame, planes

    def _write(self, frame: Any) -> None:
        with said_of(self._named, "cannot be written"):
            self._mux(self._video.encode(frame))

    def _time(self, decoded: Any) -> int:
        usual = decoded.duration or self._duration
        self._duration = usual or max(1, round(1 / (self._rate() or 30) / self._base))
        time: int | None = decoded.pts if decoded.pts is not None else decoded.dts
        if time is not None:
            time -= round(self._start / self._base)
        if self._last is None:
            self._first = time = time or 0
        elif time is None:
            time = self._last + self._duration
        elif self._last - self._duration < time <= self._last:
            # Several in one tick of a coarse clock.
            time = self._last + 1
        elif time < self._last:
            raise MediaError(
                f"{self._source.path}: its times go back by "
                f"{float((self._last - time) * self._base):.3f} s; cut it there into two files"
            )
        self._last = time
        return time

    def _rate(self) -> Fraction | None:
        video = self._source.video
        return video.average_rate or video.guessed_rate

    def _open(self, muxer: str, options: Public) -> Any:
        told = dict(_MP4 if muxer in {"mp4", "mov"} else _MATROSKA)
        if muxer in {"mp4", "mov"}:
            # Or a video that begins after its sound would begin at a whole millisecond.
            told["movie_timescale"] = str(self._base.denominator)
        if options.keep_metadata and muxer in {"mp4", "mov"}:
            told["movflags"] += "+use_metadata_tags"
        return load().open(str(self._target), "w", format=muxer, container_options=told)

    def _add_streams(self, options: Public) -> None:
        source = self._source
        first = source.first
        self._video = add_video(
            self._container,
            self._chosen,
            self._look,
            (first.width, first.height),
            rate=self._rate(),
            base=self._base,
        )
        if not source.turn.plain:
            self._video.set_display_matrix(source.turn.matrix)
        label(self._video, source.video, options)
        self._followers, self._fates = plan(source, self._container, options, self._start)
        if options.keep_metadata:
            told = source.container.metadata.items()
            self._container.metadata.update({k: v for k, v in told if k not in _OF_THE_FILE})
        self._container.set_chapters(list(_chapters(source, options)))

    def _mux(self, packets: Iterator[Any]) -> None:
        for packet in packets:
            self._container.mux(packet)

    def _discard(self) -> None:
        with contextlib.suppress(load().error.FFmpegError, OSError):
            self._container.close()
        # One without a name, given as /proc/self/fd/7, goes when it is closed.
        with contextlib.suppress(OSError):
            self._target.unlink()


def _chapters(source: Source, options: Public) -> Iterator[dict[str, Any]]:
    """The chapters at their times, with numbers instead of titles."""
    for number, chapter in enumerate(source.container.chapters(), 1):
        kept = chapter["metadata"] if options.keep_metadata else {"title": str(number)}
        yield {**chapter, "id": number, "metadata": kept}
