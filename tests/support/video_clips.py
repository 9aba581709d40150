"""Short videos of every kind, made with PyAV when a test wants them; no file is stored.

Two coloured squares stand for persons: one red, which moves to the right, and one blue, which
comes from the right and meets it.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

WIDTH, HEIGHT, FRAMES = 192, 128, 30
SIDE = 40
RATE = 30
RED, BLUE = (230, 20, 20), (20, 20, 230)
# What a phone writes, and no public part may tell.
SECRETS = {
    "title": "secret-title",
    "location": "+48.1375+011.5755/",
    "com.apple.quicktime.location.ISO6709": "+48.1375+011.5755+519/",
    "com.apple.quicktime.make": "secret-make",
    "creation_time": "2001-02-03T04:05:06.000000Z",
    "comment": "secret-comment",
}


def red_at(frame: int, width: int = WIDTH) -> tuple[int, int, int, int]:
    """Where the red square is: x0, y0, x1, y1."""
    x = 8 + 3 * frame % (width - SIDE - 8)
    return x, 30, x + SIDE, 30 + SIDE


def blue_at(frame: int, width: int = WIDTH) -> tuple[int, int, int, int]:
    """Where the blue square is; in the middle of the clip it overlaps the red one."""
    x = width - SIDE - 8 - 3 * frame % (width - SIDE - 8)
    return x, 50, x + SIDE, 50 + SIDE


def boxes(frames: int = FRAMES, width: int = WIDTH) -> list[list[tuple[int, int, int, int, int]]]:
    """Both persons of every frame: the red one is track 1, the blue one track 2."""
    return [[(1, *red_at(n, width)), (2, *blue_at(n, width))] for n in range(frames)]


def picture(frame: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """One frame as it is shown: a green pattern that moves, and the two squares."""
    y, x = np.mgrid[:height, :width]
    shown = np.zeros((height, width, 3), np.uint8)
    shown[..., 1] = 90 + 60 * np.sin((x + 2 * frame) / 9) * np.cos(y / 7)
    for colour, (x0, y0, x1, y1) in ((RED, red_at(frame, width)), (BLUE, blue_at(frame, width))):
        shown[y0:y1, x0:x1] = colour
    return shown


def write_lossless(path: Path, pictures: Sequence[np.ndarray], pix_fmt: str) -> Path:
    """Write pictures to Matroska without any loss but that of the layout of their samples."""
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream("rawvideo" if pix_fmt == "yuyv422" else "ffv1", rate=RATE)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        for number, pixels in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format=pix_fmt)
            frame.pts = number
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@dataclass(frozen=True)
class Look:
    """How pictures are written: `size` upright, stored turned so that `turn` degrees
    anticlockwise, and then mirroring where `mirrored`, show them upright.

    `pts` are times of frames in `time_base`; `colours` are primaries, curve, matrix and range in
    the numbers of ITU-T H.273 and FFmpeg; the first `hidden` frames, and their sound, lie before
    time 0, which an edit list hides.
    """

    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (WIDTH, HEIGHT)
    frames: int = FRAMES
    pts: Sequence[int] | None = None
    time_base: Fraction = Fraction(1, RATE * 512)
    turn: int = 0
    mirrored: bool = False
    hidden: int = 0
    colours: tuple[int, int, int, int] | None = None
    aspect: Fraction | None = None
    options: dict[str, str] | None = None


def write_clip(
    path: Path,
    *,
    audio: str | None = "aac",
    audio_first: bool = False,
    subtitles: str | None = None,
    attachment: bool = False,
    chapters: Sequence[tuple[int, int, str]] = (),
    cover: bool = False,
    places: bool = False,
    second_video: bool = False,
    metadata: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    **how: object,
) -> Path:
    """Write a clip; `how` are fields of :class:`Look`.

    `chapters` are start and end in milliseconds and a title; `places` is a data track, as cameras
    write GPS.
    """
    import av

    look = Look(**how)
    with av.open(path, "w", container_options=container_options or {}) as out:
        out.metadata.update(SECRETS if metadata is None else metadata)
        sound = _add_sound(out, audio) if audio and audio_first else None
        video = _add_video(out, path, look)
        if audio and not audio_first:
            sound = _add_sound(out, audio)
        wanted = (
            (second_video, _second_video),
            (subtitles, lambda out: _subtitles(out, subtitles)),
            (places, _places),
            (cover, _cover),
        )
        packets = [add(out) for want, add in wanted if want]
        if attachment:
            out.add_attachment("secret-font.ttf", "font/ttf", b"secret-attachment" * 9)
        _add_chapters(out, chapters)
        out.start_encoding()
        if sound:
            packets.append(_sound_packets(sound, look))
        for packet in itertools.chain(*packets, _video_packets(video, look)):
            out.mux(packet)
    return path


def _add_video(out, path: Path, look: Look):
    video = out.add_stream(look.codec, rate=RATE, options=_options(look.codec, look.options))
    video.width, video.height = look.size if look.turn % 180 == 0 else look.size[::-1]
    video.pix_fmt = look.pix_fmt
    context = video.codec_context
    context.time_base = video.time_base = look.time_base
    if look.codec == "libx265" and path.suffix in {".mp4", ".mov"}:
        context.codec_tag = "hvc1"
    if look.aspect:
        context.sample_aspect_ratio = look.aspect
    if look.colours:
        context.color_primaries, context.color_trc, context.colorspace = look.colours[:3]
        context.color_range = look.colours[3]
    if look.turn or look.mirrored:
        video.set_display_rotation(look.turn, hflip=look.mirrored)
    return video


def _add_chapters(out, chapters: Sequence[tuple[int, int, str]]) -> None:
    out.set_chapters(
        [
            {
                "id": number,
                "start": start,
                "end": end,
                "time_base": Fraction(1, 1000),
                "metadata": {"title": title},
            }
            for number, (start, end, title) in enumerate(chapters)
        ]
    )


def _options(codec: str, options: dict[str, str] | None) -> dict[str, str]:
    if options is not None:
        return options
    if codec == "libx264":
        return {"preset": "ultrafast", "crf": "12"}
    if codec == "libx265":
        return {"preset": "ultrafast", "crf": "14", "x265-params": "log-level=none"}
    if codec == "libvpx-vp9":
        return {"deadline": "realtime", "cpu-used": "8", "crf": "15", "b": "0"}
    return {"qmin": "1", "qmax": "3"}


def _video_packets(video, look: Look) -> Iterator:
    import av

    step = int(Fraction(1, RATE) / look.time_base)
    for number in range(look.frames):
        shown = picture(number, *look.size)
        shown = shown[:, ::-1] if look.mirrored else shown
        stored = np.ascontiguousarray(np.rot90(shown, -look.turn // 90))
        frame = av.VideoFrame.from_ndarray(stored, "rgb24")
        matrix = look.colours[2] if look.colours else None
        frame = frame.reformat(format=video.pix_fmt, dst_colorspace=matrix)
        if look.colours:
            frame.color_primaries, frame.color_trc, frame.colorspace = look.colours[:3]
            frame.color_range = look.colours[3]
        frame.pts = (number - look.hidden) * step if look.pts is None else look.pts[number]
        frame.time_base = look.time_base
        yield from video.encode(frame)
    yield from video.encode()


def _add_sound(out, codec: str):
    rate = 48000
    sound = out.add_stream(codec, rate=rate, layout="mono")
    sound.time_base = Fraction(1, rate)
    return sound


def _sound_packets(sound, look: Look) -> Iterator:
    import av

    rate, block = 48000, 960
    start = -look.hidden * rate // RATE
    if look.pts is None:
        seconds = look.frames / RATE
    else:
        seconds = float(look.pts[-1] * look.time_base) + 1 / RATE
    context = sound.codec_context
    kind = context.format.name if context.format else "fltp"
    for number in range(max(1, int(seconds * rate / block))):
        at = np.arange(number * block, (number + 1) * block) / rate
        wave = (8000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(wave, "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = (
            rate,
            number * block + start,
            Fraction(1, rate),
        )
        resampled = av.AudioResampler(kind, "mono", rate).resample(frame)
        for one in resampled:
            yield from sound.encode(one)
    yield from sound.encode()


def _second_video(out) -> Iterator:
    video = out.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
    video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"

    def packets() -> Iterator:
        import av

        for number in range(5):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 99, np.uint8), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            yield from video.encode(frame)
        yield from video.encode()

    return packets()


def _subtitles(out, codec: str) -> Iterator:
    import av

    stream = out.add_mux_stream(codec)
    stream.time_base = Fraction(1, 1000)
    stream.metadata["language"] = "ger"

    def packets() -> Iterator:
        for number, text in enumerate((b"one", b"two")):
            body = len(text).to_bytes(2) + text if codec == "mov_text" else text
            packet = av.Packet(body)
            packet.pts = packet.dts = 400 * number
            packet.duration, packet.time_base = 300, Fraction(1, 1000)
            packet.stream = stream
            yield packet

    return packets()


def _places(out) -> Iterator:
    import av

    stream = out.add_data_stream("bin_data")

    def packets() -> Iterator:
        packet = av.Packet(b"secret-place 48.1375 11.5755")
        packet.pts = packet.dts = 0
        packet.duration, packet.time_base = 1, Fraction(1, 1)
        packet.stream = stream
        yield packet

    return packets()


def _cover(out) -> Iterator:
    import av

    stream = out.add_stream("mjpeg", rate=1)
    stream.width = stream.height = 48
    stream.pix_fmt = "yuvj420p"
    stream.disposition = av.stream.Disposition.attached_pic

    def packets() -> Iterator:
        frame = av.VideoFrame.from_ndarray(np.full((48, 48, 3), (20, 20, 230), np.uint8), "rgb24")
        frame.pts, frame.time_base = 0, Fraction(1, 1)
        yield from stream.encode(frame.reformat(format="yuvj420p"))
        yield from stream.encode()

    return packets()
