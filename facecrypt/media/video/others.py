"""Streams other than the pictures: which of them go into a public part, and how."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from facecrypt.errors import MediaError
from facecrypt.media.video.library import load
from facecrypt.media.video.model import Fate, Public
from facecrypt.media.video.reading import streams_of
from facecrypt.media.video.source import Source, is_picture
from facecrypt.media.video.spool import Stored
from facecrypt.media.video_kinds import MUXERS

__all__ = ["Copied", "Follower", "Sounded", "label", "plan"]

_TEXT = {"ass", "mov_text", "ssa", "subrip", "text", "webvtt"}
# What players know in an mp4, of all that it may hold.
_USUAL_SOUND = {"aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"}
_AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}
_LEFT_OUT = {
    "data": "data, which may tell places",
    "attachment": "attachment",
    "subtitle": "subtitles made of pictures",
}

# Seconds by which packets of careless writers go back.
_JITTER = Fraction(1, 10)


class Follower(Protocol):
    """What takes packets of a stream, and gives those that are written."""

    def take(self, packet: Any) -> Iterator[Any]: ...
    def finish(self) -> Iterator[Any]: ...


class Copied:
    """A stream whose packets are written as they are, but for those that an edit list hides.

    One hidden packet of sound, at the very start, is what every encoder begins with: without it
    the first that is heard sounds otherwise. Where more are hidden, sound was cut off.
    """

    def __init__(self, stream: Any, start: Fraction, path: Path | Stored) -> None:
        self._stream, self._start, self._path = stream, start, path
        self._seen = 0
        self._last: int | None = None
        self._lead: Any = None

    def take(self, packet: Any) -> Iterator[Any]:
        """Give the packets to write: none for one that is hidden, empty, or of no time."""
        if not packet.size or (packet.dts is None and packet.pts is None):
            return
        self._seen += 1
        if packet.is_discard:
            self._lead = packet if self._seen == 1 and self._stream.type == "audio" else None
            return
        if self._lead is not None:
            yield self._moved(self._lead)
            self._lead = None
        yield self._moved(packet)

    def _moved(self, packet: Any) -> Any:
        if packet.dts is None:
            packet.dts = packet.pts
        shift = round(self._start / packet.time_base)
        packet.dts = self._later(packet.dts - shift, packet.time_base)
        if packet.pts is not None:
            packet.pts = max(packet.pts - shift, packet.dts)
        packet.stream = self._stream
        return packet

    def _later(self, time: int, base: Fraction) -> int:
        """A time, or where it is that of an earlier packet the next one."""
        if self._last is not None and time <= self._last:
            back = (self._last - time) * base
            if back > _JITTER:
                raise MediaError(
                    f"{self._path}: times of its {self._stream.type} go back by "
                    f"{float(back):.3f} s; cut it there into two files"
                )
            time = self._last + 1
        self._last = time
        return time

    def finish(self) -> Iterator[Any]:
        """There is nothing left."""
        yield from ()


class Sounded:
    """Sound of a codec that the container does not hold, encoded anew as AAC."""

    def __init__(self, source: Any, stream: Any, start: Fraction) -> None:
        self._stream, self._start = stream, start
        self._resampler = load().AudioResampler("fltp", _layout(source), stream.rate)

    def take(self, packet: Any) -> Iterator[Any]:
        """Give the packets of one that is decoded."""
        try:
            frames = packet.decode()
        except load().error.InvalidDataError:
            # Players are silent there, too.
            return
        for frame in frames:
            if frame.pts is not None:
                frame.pts -= round(self._start / frame.time_base)
            for one in self._resampler.resample(frame):
                yield from self._stream.encode(one)

    def finish(self) -> Iterator[Any]:
        """Give the last packets."""
        for one in self._resampler.resample(None):
            yield from self._stream.encode(one)
        yield from self._stream.encode(None)


def plan(
    source: Source, container: Any, options: Public, start: Fraction
) -> tuple[dict[int, Follower], list[Fate]]:
    """Add streams to an output; say of every stream of the source what becomes of it.

    Parameters
    ----------
    source : Source
    container : PyAV's output
    options : Public
    start : fractions.Fraction
        The time in seconds that becomes 0.

    Returns
    -------
    tuple of dict and list
        What takes the packets of each stream, by its index, and a :class:`Fate` of each but the
        pictures.
    """
    followers: dict[int, Follower] = {}
    fates = []
    holds, moved = container.supported_codecs, source.kind not in MUXERS
    for stream, told in zip(source.container.streams, streams_of(source), strict=True):
        if stream.index == source.video.index:
            continue
        became = _left_out(stream, options) or _unheld(stream, holds, moved=moved)
        if became == _AS_AAC:
            added = container.add_stream("aac", rate=_rate(stream))
            added.layout = _layout(stream)
            followers[stream.index] = Sounded(stream, added, start)
        elif not became:
            added = container.add_stream_from_template(stream)
            followers[stream.index] = Copied(added, start, source.path)
        if not became or became == _AS_AAC:
            label(added, stream, options)
        fates.append(Fate(told, became or "copied"))
    return followers, fates


def _rate(stream: Any) -> int:
    return int(stream.rate) if stream.rate in _AAC_RATES else 48000


def _layout(stream: Any) -> str:
    """Where its loudspeakers stand; of old files only their number is known."""
    name = str(stream.layout.name)
    if "channels" not in name:
        return name
    return "mono" if stream.layout.nb_channels == 1 else "stereo"


def label(added: Any, stream: Any, options: Public) -> None:
    """Give a stream the language and the use of its source, and no other metadata unasked."""
    kept = dict(stream.metadata) if options.keep_metadata else {}
    if "language" in stream.metadata:
        kept["language"] = stream.metadata["language"]
    added.metadata.clear()
    added.metadata.update(kept)
    added.disposition = stream.disposition


_AS_AAC = "encoded anew as AAC"


def _left_out(stream: Any, options: Public) -> str:
    """Why a stream is left out whatever the container; empty if it is not."""
    if stream.type == "audio":
        return "left out: sound" if options.mute else ""
    if stream.type == "video":
        return f"left out: {'cover art' if is_picture(stream) else 'further video'}"
    context = stream.codec_context
    if stream.type == "subtitle" and context is not None and context.codec.canonical_name in _TEXT:
        return ""
    return f"left out: {_LEFT_OUT.get(stream.type, 'of unknown use')}"


def _unheld(stream: Any, holds: set[str], *, moved: bool) -> str:
    """What becomes of a stream that the container does not hold; empty if it does."""
    context = stream.codec_context
    if context is None:
        return "left out: of a codec that FFmpeg does not know"
    names = {context.codec.name, context.codec.canonical_name}
    if names & (_USUAL_SOUND if moved and stream.type == "audio" else holds):
        return ""
    return _AS_AAC if stream.type == "audio" else "left out: text that the container does not hold"
