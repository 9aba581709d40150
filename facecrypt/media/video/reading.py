"""What a video says of itself, and its frames as they are shown."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from facecrypt.files import PathLike
from facecrypt.media.video.library import said_of
from facecrypt.media.video.model import Stream, Video
from facecrypt.media.video.source import Source

__all__ = ["probe", "read_frames", "streams_of"]


def probe(path: PathLike) -> Video:
    """Read what a video says of itself; no frame but the first is decoded.

    Parameters
    ----------
    path : path of the file

    Returns
    -------
    Video

    Raises
    ------
    MediaError
        No video, one without a picture, or one beyond the limits.
    BackendUnavailableError
        PyAV is not installed.
    """
    with Source(path) as source:
        duration = source.container.duration
        return Video(
            width=source.width,
            height=source.height,
            frames=source.video.frames or None,
            duration_ms=None if duration is None else duration // 1000,
            container=source.kind,
            codecs=_codecs(source),
            streams=streams_of(source),
            bits=max(part.bits for part in source.first.format.components),
        )


def read_frames(path: PathLike) -> Iterator[np.ndarray]:
    """Decode the first video stream, frame by frame, in the order in which they are shown.

    Cover art is no video stream. Frames that an edit list hides are not shown.

    Parameters
    ----------
    path : path of the file

    Yields
    ------
    numpy.ndarray
        Upright RGB of 8 bits, ``(height, width, 3)``.

    Raises
    ------
    MediaError
        A frame in the middle cannot be decoded: its number is named. A file that is cut off in
        its last frame ends before that.
    BackendUnavailableError
        PyAV is not installed.
    """
    with Source(path) as source:
        for frame in source.frames():
            with said_of(path, "cannot be shown as RGB"):
                shown = frame.to_ndarray(format="rgb24")
            yield source.turn.upright(shown)


def streams_of(source: Source) -> tuple[Stream, ...]:
    """List all streams of an opened video."""
    return tuple(
        Stream(stream.index, stream.type, _codec(stream), stream.metadata.get("language", ""))
        for stream in source.container.streams
    )


def _codecs(source: Source) -> str:
    sounds = [_codec(stream) for stream in source.container.streams.audio]
    return " + ".join([_codec(source.video), *dict.fromkeys(sounds)])


def _codec(stream: Any) -> str:
    context = stream.codec_context
    name = context.codec.canonical_name if context is not None else stream.name
    return str(name or "unknown")
