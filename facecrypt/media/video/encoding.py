"""Which encoder writes a video, and with which options."""

import os
import struct
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from facecrypt.errors import BackendUnavailableError, MediaError
from facecrypt.media.video.library import THREADS, load
from facecrypt.media.video.model import Public
from facecrypt.media.video.source import Source
from facecrypt.media.video.turning import side_data

__all__ = ["CODECS", "SPEEDS", "Look", "Recipe", "add_video", "for_clips", "look_of", "recipe"]

CODECS = {"h264": "libx264", "hevc": "libx265", "vp9": "libvpx-vp9", "av1": "libsvtav1"}
# Where H.264 is not asked for by name: a PyAV may be built without x264, whose licence is the GPL.
_FALLBACK = ("h264", "av1", "vp9")
SPEEDS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow"),
)
_MAX_RATE = 1000
# So that an encoder of a person's clip keeps few frames: every person in sight has one. The better
# way to place frames made from two others, that of the slowest presets, looks far ahead.
_CLIP_KEEPS = {"rc-lookahead": "6", "b_strategy": "1"}
_FULL_RANGE, _BT709, _LIMITED = 2, 1, 1


@dataclass(frozen=True)
class Look:
    """How samples are to be understood: what every encoder is told, and every frame."""

    primaries: int
    curve: int
    matrix: int
    full: bool
    aspect: Fraction | None
    mastering: str = ""
    light: str = ""


@dataclass(frozen=True)
class Recipe:
    """An encoder with its options and the layout of its samples."""

    codec: str
    encoder: str
    pix_fmt: str
    options: dict[str, str] = field(default_factory=dict)
    tag: str = ""

    @property
    def step(self) -> int:
        """How many luma samples share one of colour, along either axis."""
        return 1 if "444" in self.pix_fmt else 2

    @property
    def bits(self) -> int:
        """Of a sample."""
        return 10 if self.pix_fmt.endswith("10le") else 8


def look_of(source: Source) -> Look:
    """Read colours, the shape of pixels and static HDR of a video off its first frame."""
    frame = source.first
    rgb = frame.format.is_rgb
    return Look(
        primaries=frame.color_primaries,
        curve=frame.color_trc,
        # RGB is converted, and has no matrix to keep.
        matrix=_BT709 if rgb else frame.colorspace,
        full=not rgb and (frame.color_range == _FULL_RANGE or "yuvj" in frame.format.name),
        aspect=source.video.sample_aspect_ratio or None,
        mastering=_mastering(side_data(frame, "MASTERING_DISPLAY_METADATA")),
        light=_light(side_data(frame, "CONTENT_LIGHT_LEVEL")),
    )


def recipe(source: Source, muxer: str, options: Public) -> Recipe:
    """Choose the encoder for a video, and say what it is to do.

    Raises
    ------
    MediaError
        The container does not take the codec.
    BackendUnavailableError
        There is no such encoder.
    """
    deep = max(part.bits for part in source.first.format.components) > 8
    codec = _codec(options.codec, muxer, deep=deep)
    odd = source.first.width % 2 or source.first.height % 2
    # H.264 and HEVC have no odd sizes but where every pixel has its own colour.
    chroma = "444" if odd and codec in {"h264", "hevc"} else "420"
    pix_fmt = f"yuv{chroma}p" + ("10le" if deep else "")
    tag = "hvc1" if codec == "hevc" and muxer in {"mp4", "mov"} else ""
    return Recipe(codec, CODECS[codec], pix_fmt, _options(codec, options), tag)


def for_clips(chosen: Recipe, crf: int, speed: str) -> Recipe:
    """Give the recipe of persons' clips: H.264 where it can be had, samples as in `chosen`."""
    codec = "h264" if _has("h264") else chosen.codec
    options = _options(codec, Public(crf=crf, speed=speed))
    if codec == "h264":
        options |= _CLIP_KEEPS
    return Recipe(
        codec, CODECS[codec], chosen.pix_fmt, options, chosen.tag if codec == "hevc" else ""
    )


def add_video(
    container: Any,
    chosen: Recipe,
    look: Look,
    size: tuple[int, int],
    *,
    rate: Fraction | None,
    base: Fraction,
) -> Any:
    """Add a stream of pictures to an output, ready to be told how it is turned.

    Parameters
    ----------
    container : PyAV's output
    chosen : Recipe
    look : Look
    size : tuple of int
        Width and height as stored.
    rate : fractions.Fraction or None
        Frames a second, about.
    base : fractions.Fraction
        The unit of its times.
    """
    options = dict(chosen.options)
    if look.mastering or look.light:
        _tell_hdr(chosen.codec, options, look)
    rate = rate if rate and 0 < rate <= _MAX_RATE else Fraction(30)
    stream = container.add_stream(chosen.encoder, rate=rate, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = chosen.pix_fmt
    stream.time_base = stream.codec_context.time_base = base
    context = stream.codec_context
    context.color_primaries, context.color_trc = look.primaries, look.curve
    context.colorspace = look.matrix
    context.color_range = _FULL_RANGE if look.full else _LIMITED
    context.thread_count = THREADS
    if look.aspect:
        context.sample_aspect_ratio = look.aspect
    if chosen.tag:
        context.codec_tag = chosen.tag
    return stream


def _codec(wanted: str | None, muxer: str, *, deep: bool) -> str:
    if wanted is not None:
        if wanted not in CODECS:
            raise ValueError(f"codec is one of {', '.join(CODECS)}, not {wanted!r}")
        if not _has(wanted):
            raise BackendUnavailableError(
                f"this PyAV has no encoder {CODECS[wanted]} for {wanted}; choose another codec, "
                "or pip install -U 'facecrypt[video]' for one that has"
            )
        if muxer == "webm" and wanted not in {"vp9", "av1"}:
            raise MediaError(f"WebM holds no {wanted}; choose vp9 or av1")
        if muxer == "mov" and wanted not in {"h264", "hevc"}:
            raise MediaError(f"QuickTime holds no {wanted}; choose h264 or hevc")
        return wanted
    usual = ("vp9",) if muxer == "webm" else ("hevc", *_FALLBACK) if deep else _FALLBACK
    found = next((codec for codec in usual if _has(codec)), None)
    if found is None:
        raise BackendUnavailableError(
            "this PyAV has no encoder for the public part; pip install -U 'facecrypt[video]'"
        )
    return found


def _has(codec: str) -> bool:
    return CODECS[codec] in load().codecs_available


def _options(codec: str, options: Public) -> dict[str, str]:
    if options.speed not in SPEEDS:
        raise ValueError(f"speed is one of {', '.join(SPEEDS)}, not {options.speed!r}")
    if not 0 <= options.crf <= 51:
        raise ValueError(f"crf is a number from 0 to 51, not {options.crf}")
    effort = SPEEDS.index(options.speed)
    if codec == "h264":
        # Closed captions would come along from the source's frames.
        return {"preset": options.speed, "crf": str(options.crf), "a53cc": "0"}
    if codec == "hevc":
        # x265 counts so that 3 more look alike, and writes to the terminal unless told not to.
        crf = str(min(51, options.crf + 3))
        return {"preset": options.speed, "crf": crf, "x265-params": "log-level=none"}
    # These count to 63.
    crf = str(min(63, round(options.crf * 1.5)))
    if codec == "vp9":
        speed = {"deadline": "realtime", "cpu-used": str(max(0, 8 - max(0, effort - 2)))}
        return {**speed, "crf": crf, "b": "0", "row-mt": "1", "auto-alt-ref": "0"}
    # It writes pages to the terminal unless the environment forbids it.
    os.environ.setdefault("SVT_LOG", "1")
    return {"preset": str(10 - effort), "crf": crf}


def _tell_hdr(codec: str, options: dict[str, str], look: Look) -> None:
    if codec == "hevc":
        told = [options["x265-params"]]
        told += [f"master-display={look.mastering}"] if look.mastering else []
        told += [f"max-cll={look.light}"] if look.light else []
        options["x265-params"] = ":".join(told)
    elif codec == "h264":
        told = [f"mastering-display={look.mastering}"] if look.mastering else []
        told += [f"cll={look.light}"] if look.light else []
        options["x264-params"] = ":".join(told)


def _mastering(raw: bytes | None) -> str:
    """FFmpeg's AVMasteringDisplayMetadata, in the words of x265."""
    if raw is None or len(raw) < 88:
        return ""
    numbers = struct.unpack("=22i", raw[:88])
    has_primaries, has_luminance = numbers[20:]
    if not (has_primaries and has_luminance) or 0 in numbers[1:20:2]:
        return ""
    values = [
        Fraction(top, bottom) for top, bottom in zip(numbers[:20:2], numbers[1:20:2], strict=True)
    ]
    red, green, blue, white = (
        tuple(round(value * 50000) for value in values[at : at + 2]) for at in (0, 2, 4, 6)
    )
    low, high = (round(value * 10000) for value in values[8:10])
    colours = *red, *green, *blue, *white
    if min(colours) < 0 or max(colours) > 50000 or not 0 <= low < high < 1 << 31:
        return ""
    chosen = zip(("G", "B", "R", "WP"), (green, blue, red, white), strict=True)
    return "".join(f"{name}({x},{y})" for name, (x, y) in chosen) + f"L({high},{low})"


def _light(raw: bytes | None) -> str:
    """FFmpeg's AVContentLightMetadata: the brightest pixel, the brightest frame."""
    if raw is None or len(raw) < 8:
        return ""
    brightest, average = struct.unpack("=2I", raw[:8])
    return f"{brightest},{average}" if max(brightest, average) < 1 << 16 else ""
