"""What a video says of itself, and its frames as they are shown."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from facecrypt.files import PathLike
from facecrypt.media.video.library import said_of
from facecrypt.media.video.model import Stream, Video
from facecrypt.media.video.source import Source

__all__ = ["probe", "read_frames", "streams_of"]

# ITU-T H.273's number of the curve of SMPTE ST 2084.
_PQ = 16


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
        Upright RGB of 8 bits, ``(height, width, 3)``. HDR whose samples stand for absolute
        brightness (PQ) is brought to that of a usual screen, without which faces are dark and flat.

    Raises
    ------
    MediaError
        A frame in the middle cannot be decoded: its number is named. A file that is cut off in
        its last frame ends before that.
    BackendUnavailableError
        PyAV is not installed.
    """
    with Source(path) as source:
        absolute = source.first.color_trc == _PQ
        for frame in source.frames():
            with said_of(path, "cannot be shown as RGB"):
                shown = frame.to_ndarray(format="rgb24")
            if absolute:
                shown = _usual_screen().take(shown)
            yield source.turn.upright(shown)


def streams_of(source: Source) -> tuple[Stream, ...]:
    """List all streams of an opened video."""
    return tuple(
        Stream(stream.index, stream.type, _codec(stream), stream.metadata.get("language", ""))
        for stream in source.container.streams
    )


@cache
def _usual_screen() -> np.ndarray:
    """Of every sample of PQ (ITU-R BT.2100) the sRGB of as bright a point; white are 203 cd/m2."""
    root = np.linspace(0, 1, 256) ** (32 / 2523)
    bright = np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)
    light = np.minimum(10000 / 203 * bright ** (8192 / 1305), 1)
    coded = np.where(light < 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(255 * coded).astype(np.uint8)


def _codecs(source: Source) -> str:
    sounds = [_codec(stream) for stream in source.container.streams.audio]
    return " + ".join([_codec(source.video), *dict.fromkeys(sounds)])


def _codec(stream: Any) -> str:
    context = stream.codec_context
    if context is not None:
        return str(context.codec.canonical_name)
    # Streams of unknown codecs have names only where they are data.
    return str(getattr(stream, "name", None) or "unknown")
