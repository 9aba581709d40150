"""The public part of videos of every kind, compared with the clips they were made of."""

import gc
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.video_clips import (
    FRAMES,
    HEIGHT,
    RATE,
    SECRETS,
    WIDTH,
    blue_at,
    boxes,
    picture,
    red_at,
    write_clip,
    write_lossless,
)
from support.video_views import complaints, heard, kinds, planes, shown, times

from facecrypt import MediaError
from facecrypt.media.video import (
    Public,
    append_payload,
    find_payload,
    output_suffix,
    probe,
    public_chunks,
    read_frames,
    write_public,
)

av = pytest.importorskip("av", reason="videos need the extra facecrypt[video]")

GRAY = 130  # 128 of the limited range
CHAPTERS = [(0, 400, "secret-chapter"), (400, 1000, "secret-other")]
UNEVEN = [int(512 * (1.3 * n + 0.4 * (n % 3))) for n in range(FRAMES)]
TS = {"codec": "mpeg2video", "audio": "mp2", "time_base": Fraction(1, RATE)}
WEBM = {"codec": "libvpx-vp9", "audio": "libopus"}
HLG = {"codec": "libx265", "pix_fmt": "yuv420p10le", "colours": (9, 18, 9, 1)}
VIDEO, AUDIO = "video: encoded anew as", "audio: copied"
DATA = "data: left out: data, which may tell places"

# File, how it is written, what becomes of its streams, and those of the public part.
CLIPS = {
    "plain.mp4": ({}, f"{VIDEO} h264, {AUDIO}", "video h264, audio aac"),
    "uneven.mov": ({"pts": UNEVEN}, f"{VIDEO} h264, {AUDIO}", "video h264, audio aac"),
    "turned.mp4": ({"turn": -90}, f"{VIDEO} h264, {AUDIO}", "video h264, audio aac"),
    "hlg.mov": (HLG, f"{VIDEO} hevc, {AUDIO}", "video hevc, audio aac"),
    "silent.mp4": ({"audio": None}, f"{VIDEO} h264", "video h264"),
    "sound-first.mp4": (
        {"audio_first": True},
        f"{AUDIO}, {VIDEO} h264",
        "video h264, audio aac",
    ),
    "hidden.mp4": ({"hidden": 9}, f"{VIDEO} h264, {AUDIO}", "video h264, audio aac"),
    "odd.mp4": (
        {"size": (WIDTH + 1, HEIGHT + 1), "pix_fmt": "yuv444p"},
        f"{VIDEO} h264, {AUDIO}",
        "video h264, audio aac",
    ),
    "broadcast.ts": (TS, f"{VIDEO} h264, {AUDIO}", "video h264, audio mp3"),
    "old.avi": (
        {"codec": "mpeg4", "audio": "mp3"},
        f"{VIDEO} h264, {AUDIO}",
        "video h264, audio mp3",
    ),
    "older.avi": (
        {"codec": "mjpeg", "pix_fmt": "yuvj420p", "audio": "pcm_s16le"},
        f"{VIDEO} h264, audio: encoded anew as AAC",
        "video h264, audio aac",
    ),
    "web.webm": (WEBM, f"{VIDEO} vp9, {AUDIO}", "video vp9, audio opus"),
    "odd.webm": (
        {**WEBM, "size": (WIDTH + 1, HEIGHT + 1)},
        f"{VIDEO} vp9, {AUDIO}",
        "video vp9, audio opus",
    ),
    "cover.mp4": (
        {"cover": True},
        f"{VIDEO} h264, {AUDIO}, video: left out: cover art",
        "video h264, audio aac",
    ),
    "text.mp4": (
        {"subtitles": "mov_text", "chapters": CHAPTERS},
        f"{VIDEO} h264, {AUDIO}, subtitle: copied, {DATA}",
        # Chapters are text, too.
        "video h264, audio aac, subtitle mov_text, data bin_data",
    ),
    "text.mkv": (
        {"subtitles": "subrip", "chapters": CHAPTERS, "attachment": True},
        f"{VIDEO} h264, {AUDIO}, subtitle: copied, attachment: left out: attachment",
        "video h264, audio aac, subtitle subrip",
    ),
    "two.mp4": (
        {"second_video": True},
        f"{VIDEO} h264, {AUDIO}, video: left out: further video",
        "video h264, audio aac",
    ),
    "places.mp4": (
        {"places": True},
        f"{VIDEO} h264, {AUDIO}, {DATA}",
        "video h264, audio aac",
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def clip(folder):
    """A clip of the table, written when it is first wanted."""

    def make(name: str) -> Path:
        path = folder / name
        return path if path.exists() else write_clip(path, **CLIPS[name][0])

    return make


@pytest.fixture(scope="module")
def public(clip, folder):
    """The public part of a clip of the table, with what is said of it."""
    made = {}

    def make(name: str):
        if name not in made:
            source = clip(name)
            target = folder / f"public-{name}{output_suffix(source.read_bytes()[:1024])}"
            made[name] = target, write_public(source, target, hidden(name), Public(crf=10))
        return made[name]

    return make


def hidden(name: str) -> list[list[tuple[int, int, int, int, int]]]:
    how = CLIPS[name][0]
    first, width = how.get("hidden", 0), how.get("size", (WIDTH,))[0]
    return boxes(FRAMES, width)[first:]


def patch(frame: np.ndarray, box: tuple[int, ...], inside: int = 0) -> np.ndarray:
    x0, y0, x1, y1 = box[-4:]
    return frame[y0 + inside : y1 - inside, x0 + inside : x1 - inside].astype(int)


@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_keeps_its_time(name, clip, public):
    before, after = times(clip(name)), times(public(name)[0])
    assert len(before) == len(after) == len(hidden(name))
    # Times of broadcasts begin anywhere.
    start = before[0] - after[0] if name.endswith(".ts") else 0
    assert [time - start for time in before] == after


@pytest.mark.parametrize("name", CLIPS)
def test_streams_are_copied_or_left_out(name, public):
    target, written = public(name)
    told = ", ".join(f"{fate.stream.kind}: {fate.became}" for fate in written.streams)
    assert told == CLIPS[name][1]
    assert ", ".join(kinds(target)) == CLIPS[name][2]


def is_gray(frame: np.ndarray, box: tuple[int, ...]) -> bool:
    """Whether nothing but an encoder's rounding is in a box; what was there is 100 from gray."""
    face = patch(frame, box)
    return bool(
        abs(face[4:-4, 4:-4] - GRAY).max() <= 24
        # In 4:2:0 colours of the square get over its edge before anything is hidden.
        and abs(face[2:-2, 2:-2, 0] - face[2:-2, 2:-2, 2]).max() <= 40
        and abs(face.mean(axis=(0, 1)) - GRAY).max() <= 4
    )


@pytest.mark.parametrize("name", CLIPS)
def test_faces_are_gray(name, clip, public):
    assert not is_gray(shown(clip(name))[0], hidden(name)[0][0])
    for frame, hides in zip(shown(public(name)[0]), hidden(name), strict=True):
        assert all(is_gray(frame, box) for box in hides)


@pytest.mark.parametrize("turn", [0, -90])
def test_what_is_encoded_is_gray_to_the_last_sample_and_else_untouched(turn, tmp_path):
    # x264 loses nothing at crf 0.
    lossless = {"preset": "ultrafast", "qp": "0"}
    source = write_clip(tmp_path / "a.mp4", options=lossless, turn=turn, audio=None)
    only = [[(1, 9, 31, 48, 72), (2, 45, 60, 90, 99)]] * FRAMES
    areas = [(8, 30, 48, 72), (44, 60, 90, 100)]
    write_public(source, tmp_path / "b.mp4", only, Public(crf=0))
    for before, after in zip(planes(source, turn), planes(tmp_path / "b.mp4", turn), strict=True):
        for step, want, got in zip((1, 2, 2), before, after, strict=True):
            for x0, y0, x1, y1 in areas:
                want[y0 // step : y1 // step, x0 // step : x1 // step] = 128
            assert np.array_equal(want, got)


@pytest.mark.parametrize(
    "pix_fmt", ["yuv420p", "yuv422p", "yuv444p", "gbrp10le", "yuyv422", "bgra"]
)
@pytest.mark.parametrize("shift", [0, 1])
def test_what_is_shown_does_not_depend_on_what_is_hidden(pix_fmt, shift, tmp_path):
    x0, y0, x1, y1 = 40 + shift, 30 + shift, 81 + shift, 70 + shift
    # What samples of colour the source shares over the edge is not meant here.
    inset = 0 if pix_fmt in {"yuv444p", "gbrp10le", "bgra"} else 2
    results = []
    for colour in ((255, 0, 0), (0, 0, 255)):
        pictures = [picture(number) for number in range(2)]
        for pixels in pictures:
            pixels[y0 + inset : y1 - inset, x0 + inset : x1 - inset] = colour
        source = write_lossless(tmp_path / f"{colour[0]}.mkv", pictures, pix_fmt)
        only = [[(1, x0, y0, x1, y1)]] * 2
        write_public(source, tmp_path / "a.mkv", only, Public(crf=0, codec="h264"))
        results.append(planes(tmp_path / "a.mkv"))
    for one, other in zip(*results, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", CLIPS)
def test_the_rest_of_the_picture_stays(name, clip, public):
    for before, after, hides in zip(
        shown(clip(name)), shown(public(name)[0]), hidden(name), strict=True
    ):
        assert before.shape == after.shape
        seen = np.ones(before.shape[:2], bool)
        for _, x0, y0, x1, y1 in hides:
            seen[max(0, y0 - 12) : y1 + 12, max(0, x0 - 12) : x1 + 12] = False
        error = (before[seen].astype(float) - after[seen]) ** 2
        assert 10 * np.log10(255**2 / error.mean()) > 33


@pytest.mark.parametrize("name", [name for name in CLIPS if name != "silent.mp4"])
def test_sound_is_what_it_was(name, clip, public):
    before, after = heard(clip(name)), heard(public(name)[0])
    if CLIPS[name][1].endswith("AAC"):
        assert len(after) >= len(before)
    elif name == "broadcast.ts":
        # FFmpeg reads the same packets as samples of other types.
        assert len(after) == len(before)
    elif name == "hidden.mp4":
        # Its first block overlaps one that is hidden, which is left out.
        assert len(after) == len(before)
        assert abs(before[1024:] - after[1024:]).max() < 0.002
    else:
        assert np.array_equal(before, after)


@pytest.mark.parametrize("name", CLIPS)
def test_nothing_that_tells_of_people_or_places_is_left(name, clip, public):
    source, target = clip(name).read_bytes(), public(name)[0].read_bytes()
    if not name.endswith(".ts"):
        assert b"secret-title" in source
    secrets = {*SECRETS.values(), "secret", "2001-02-03", "48.1", "Lavf62"}
    for secret in secrets:
        assert secret.encode() not in target
        assert secret.encode("utf-16-be") not in target
    with av.open(str(public(name)[0])) as container:
        told = {
            **container.metadata,
            **{k: v for s in container.streams for k, v in s.metadata.items()},
        }
    named = {"major_brand", "minor_version", "compatible_brands", "language", "handler_name"}
    assert set(told) <= named | {"vendor_id", "encoder", "DURATION"}
    assert told.get("encoder", "Lavf") == "Lavf"


@pytest.mark.parametrize("name", CLIPS)
def test_ffmpeg_reads_the_result_without_a_warning(name, public, tmp_path):
    target = public(name)[0]
    assert complaints(target) == []
    sealed = tmp_path / target.name
    sealed.write_bytes(target.read_bytes())
    with sealed.open("r+b") as file:
        place = append_payload(file, 3 << 20, [bytes(range(256)) * (12 << 10)])
        assert find_payload(file) == place
        assert b"".join(public_chunks(file, place)) == target.read_bytes()
    assert complaints(sealed) == []
    assert len(times(sealed)) == len(times(target))


def test_ffmpeg_sees_the_payload_of_matroska_as_an_attachment(public, tmp_path):
    sealed = tmp_path / "sealed.mkv"
    sealed.write_bytes(public("text.mkv")[0].read_bytes())
    with sealed.open("r+b") as file:
        append_payload(file, 7, [b"payload"])
    data = sealed.read_bytes()
    # It stands at the end, where FFmpeg looks only when it is told that the file is no stream.
    assert data.endswith(b"payload")
    assert complaints(sealed) == []


def test_rotation_is_kept_and_not_done_twice(clip, public):
    target = public("turned.mp4")[0]
    with av.open(str(target)) as container:
        assert container.streams.video[0].width == HEIGHT
        assert next(container.decode(video=0)).rotation == -90
    assert shown(target)[0].shape == (HEIGHT, WIDTH, 3)
    assert probe(target).width == WIDTH


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turn", [0, 90, 180, -90])
def test_frames_are_read_upright_and_boxes_lie_where_they_are_seen(turn, mirrored, tmp_path):
    source = write_clip(tmp_path / "a.mp4", turn=turn, mirrored=mirrored, frames=3, audio=None)
    frames = list(read_frames(source))
    for number, frame in enumerate(frames):
        assert frame.shape == (HEIGHT, WIDTH, 3)
        assert frame.flags.c_contiguous
        assert abs(frame.astype(int) - picture(number)).mean() < 4
    assert (probe(source).width, probe(source).height) == (WIDTH, HEIGHT)
    write_public(source, tmp_path / "b.mp4", boxes(3), Public(crf=10))
    for number, frame in enumerate(read_frames(tmp_path / "b.mp4")):
        assert is_gray(frame, red_at(number))
        assert is_gray(frame, blue_at(number))
        assert abs(frame[96:].astype(int) - picture(number)[96:]).mean() < 5


def test_colours_and_depth_are_kept(public):
    with av.open(str(public("hlg.mov")[0])) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.pix_fmt, stream.codec_context.codec_tag) == (
            "yuv420p10le",
            "hvc1",
        )
        frame = next(container.decode(video=0))
    tags = frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range
    assert tags == (9, 18, 9, 1)


@pytest.mark.parametrize("codec", [None, "h264"])
def test_static_hdr_is_kept(codec, tmp_path):
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    told = f"log-level=none:master-display={display}:max-cll=1000,400"
    source = write_clip(
        tmp_path / "a.mp4",
        **{**HLG, "colours": (9, 16, 9, 1)},
        frames=4,
        audio=None,
        options={"preset": "ultrafast", "x265-params": told},
    )
    write_public(source, tmp_path / "b.mp4", boxes(4), Public(codec=codec))

    def told_of(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
        names = "MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"
        return [bytes(frame.side_data[name]) for name in names]

    assert told_of(tmp_path / "b.mp4") == told_of(source)


def test_hdr_is_as_bright_as_on_a_usual_screen(tmp_path):
    # ITU-R BT.2408: 58 % of PQ are white, 203 cd/m2; 51 % are 100, 186 of sRGB; and 38 % are 26.
    curve = {0: 0, 97: 101, 130: 186, 148: 255, 255: 255}
    source = write_clip(
        tmp_path / "a.mkv", codec="ffv1", pix_fmt="gbrp10le", options={}, frames=1, audio=None
    )
    plain = next(read_frames(source))
    told = write_clip(
        tmp_path / "b.mkv",
        codec="ffv1",
        pix_fmt="gbrp10le",
        options={},
        frames=1,
        audio=None,
        colours=(9, 16, 0, 2),
    )
    bright = next(read_frames(told))
    assert bright.shape == plain.shape
    for sample, want in curve.items():
        found = bright[plain == sample]
        assert len(found) == 0 or abs(found.astype(int) - want).max() <= 3
    seen = plain.ravel().astype(int), bright.ravel().astype(int)
    order = np.argsort(seen[0], kind="stable")
    assert (np.diff(seen[1][order]) >= 0).all()
    assert sum(bool((plain == sample).any()) for sample in curve) >= 3


LAYOUTS = [
    ("a.mov", "prores_ks", "yuv422p10le", "hevc"),
    ("b.mkv", "libx264rgb", "rgb24", "h264"),
    ("c.avi", "mjpeg", "yuvj422p", "h264"),
    ("d.mkv", "ffv1", "gray", "h264"),
    ("e.mkv", "ffv1", "yuv411p", "h264"),
    ("f.mkv", "ffv1", "gbrp10le", "hevc"),
    ("g.mkv", "ffv1", "yuv420p16le", "hevc"),
    ("h.mkv", "ffv1", "bgra", "h264"),
    ("i.avi", "rawvideo", "yuyv422", "h264"),
    ("j.mkv", "ffv1", "ya8", "h264"),
    ("k.flv", "flv1", "yuv420p", "h264"),
    ("l.wmv", "wmv2", "yuv420p", "h264"),
    ("m.mpg", "mpeg1video", "yuv420p", "h264"),
    ("n.mxf", "mpeg2video", "yuv422p", "h264"),
    ("o.ivf", "libvpx", "yuv420p", "h264"),
]


@pytest.mark.parametrize(("name", "codec", "pix_fmt", "becomes"), LAYOUTS)
def test_samples_of_every_layout(name, codec, pix_fmt, becomes, tmp_path):
    source = write_clip(
        tmp_path / name,
        codec=codec,
        pix_fmt=pix_fmt,
        audio=None,
        options={},
        time_base=Fraction(1, RATE),
        frames=6,
    )
    target = tmp_path / f"public{output_suffix(source.read_bytes()[:1024])}"
    assert write_public(source, target, boxes(6), Public(crf=8)).codec == becomes
    before, after = times(source), times(target)
    assert [time - before[0] for time in before] == [time - after[0] for time in after]
    for number, (old, new) in enumerate(zip(shown(source), shown(target), strict=True)):
        assert is_gray(new, red_at(number))
        assert is_gray(new, blue_at(number))
        assert abs(old[100:].astype(int) - new[100:]).mean() < 3
    assert complaints(target) == []


def test_closed_captions_of_frames_are_left_out(clip, tmp_path):
    # H.264's user data of ATSC A/53: two letters of a caption in each frame.
    told = b"\xb5\x00\x31GA94\x03\x41\xff\xfc\xd4\xc5\xff"
    message = b"\x06\x04" + bytes([len(told)]) + told + b"\x80"
    source = tmp_path / "a.mp4"
    with av.open(str(clip("plain.mp4"))) as old, av.open(str(source), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.size:
                more = av.Packet(len(message).to_bytes(4) + message + bytes(packet))
                more.pts, more.dts, more.time_base = packet.pts, packet.dts, packet.time_base
                more.is_keyframe, more.stream = packet.is_keyframe, stream
                new.mux(more)

    def captions(path: Path) -> int:
        with av.open(str(path)) as container:
            return sum("A53_CC" in frame.side_data for frame in container.decode(video=0))

    assert captions(source) == FRAMES
    for codec in ("h264", "hevc"):
        target = tmp_path / codec
        write_public(source, target, boxes(), Public(codec=codec))
        assert captions(target) == 0
        assert b"GA94" not in target.read_bytes()


def test_full_range_stays_full(public):
    with av.open(str(public("older.avi")[0])) as container:
        frame = next(container.decode(video=0))
    assert frame.color_range == 2


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_shape_of_pixels_is_kept(suffix, tmp_path):
    source = write_clip(tmp_path / f"a{suffix}", aspect=Fraction(4, 3), frames=3, audio=None)
    write_public(source, tmp_path / f"b{suffix}", boxes(3))
    with av.open(str(tmp_path / f"b{suffix}")) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


@pytest.mark.parametrize("name", ["text.mp4", "text.mkv"])
def test_chapters_keep_their_times_and_lose_their_titles(name, public):
    with av.open(str(public(name)[0])) as container:
        found = [
            (one["start"] * one["time_base"], one["end"] * one["time_base"], one["metadata"])
            for one in container.chapters()
        ]
        assert container.streams.subtitles[0].metadata["language"] == "ger"
    half, end = Fraction(2, 5), Fraction(1)
    assert found == [(0, half, {"title": "1"}), (half, end, {"title": "2"})]


def test_hidden_frames_are_in_no_packet(public):
    with av.open(str(public("hidden.mp4")[0])) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert len(packets) == FRAMES - 9
    assert not any(packet.is_discard for packet in packets)


def test_metadata_is_kept_where_that_is_asked_for(clip, tmp_path):
    target = tmp_path / "a.mp4"
    write_public(clip("text.mp4"), target, boxes(), Public(keep_metadata=True))
    with av.open(str(target)) as container:
        assert container.metadata["title"] == "secret-title"
        assert container.metadata["location"] == SECRETS["location"]
        assert container.chapters()[0]["metadata"] == {"title": "secret-chapter"}


def test_sound_is_left_out_where_that_is_asked_for(clip, tmp_path):
    target = tmp_path / "a.mp4"
    written = write_public(clip("plain.mp4"), target, boxes(), Public(mute=True))
    assert kinds(target) == ["video h264"]
    assert [fate.became for fate in written.streams][1] == "left out: sound"


@pytest.mark.parametrize(
    ("rate", "layout", "becomes"),
    [
        (8000, "mono", (8000, "mono")),
        (11025, "stereo", (11025, "stereo")),
        (37800, "mono", (48000, "mono")),
        (96000, "stereo", (48000, "stereo")),
        (48000, "5.1", (48000, "5.1")),
        (48000, "16 channels", (48000, "stereo")),
    ],
)
def test_sound_of_old_files_becomes_aac(rate, layout, becomes, tmp_path):
    source = tmp_path / "a.avi"
    with av.open(str(source), "w") as out:
        video = out.add_stream("mpeg4", rate=RATE)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=rate)
        sound.layout = layout
        count = sound.layout.nb_channels * (rate // 2)
        frame = av.AudioFrame.from_ndarray(np.full((1, count), 99, np.int16), "s16", layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        out.mux(sound.encode(frame))
        for number in range(15):
            frame = av.VideoFrame.from_ndarray(picture(number), "rgb24")
            frame.pts = number
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        out.mux(sound.encode(None))
    write_public(source, tmp_path / "b.mp4", boxes(15))
    with av.open(str(tmp_path / "b.mp4")) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "aac"
        assert (stream.rate, stream.layout.name) == becomes
        assert 0.49 < stream.duration * stream.time_base < 0.6


def test_a_mosaic_has_six_cells_a_face(clip, tmp_path):
    target = tmp_path / "a.mp4"
    only = [[(1, 8, 60, 48, 120)] for _ in range(FRAMES)]
    write_public(clip("plain.mp4"), target, only, Public(fill="mosaic", crf=4))
    face, before = (
        patch(shown(target)[5], only[0][0]),
        patch(shown(clip("plain.mp4"))[5], only[0][0]),
    )
    for rows in (slice(0, 20), slice(20, 40), slice(40, 60)):
        for columns in (slice(0, 20), slice(20, 40)):
            cell = face[rows, columns][3:-3, 3:-3]
            assert np.ptp(cell, axis=(0, 1)).max() <= 6
            mean = before[rows, columns].mean(axis=(0, 1))
            assert abs(cell.mean(axis=(0, 1)) - mean).max() < 6


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("plain.mp4", "hevc", "yuv420p"),
        ("plain.mp4", "vp9", "yuv420p"),
        ("plain.mp4", "av1", "yuv420p"),
        ("text.mkv", "av1", "yuv420p"),
        ("web.webm", "av1", "yuv420p"),
        ("hlg.mov", "h264", "yuv420p10le"),
        ("odd.mp4", "vp9", "yuv420p"),
        ("odd.mp4", "av1", "yuv420p"),
        ("odd.mp4", "hevc", "yuv444p"),
    ],
)
def test_the_codec_can_be_chosen(name, codec, pix_fmt, clip, *, tmp_path, capfd):
    source = clip(name)
    target = tmp_path / f"a{output_suffix(source.read_bytes()[:1024])}"
    written = write_public(source, target, hidden(name), Public(codec=codec, crf=10))
    assert written.codec == codec
    with av.open(str(target)) as container:
        context = container.streams.video[0].codec_context
        assert (context.codec.canonical_name, context.pix_fmt) == (codec, pix_fmt)
    assert times(target) == times(source)
    assert shown(target)[3].shape == shown(source)[3].shape
    assert all(is_gray(shown(target)[7], box) for box in hidden(name)[7])
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize(
    ("name", "codec"), [("web.webm", "h264"), ("web.webm", "hevc"), ("uneven.mov", "vp9")]
)
def test_a_codec_that_the_container_does_not_hold_is_refused(name, codec, clip, tmp_path):
    with pytest.raises(MediaError, match=f"holds no {codec}; choose"):
        write_public(clip(name), tmp_path / "a", hidden(name), Public(codec=codec, crf=10))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [{"fill": "blur"}, {"codec": "mpeg2"}, {"crf": 52}, {"crf": -1}, {"speed": "fastest"}],
)
def test_options_that_are_none_are_refused(options, clip, tmp_path):
    with pytest.raises(ValueError, match=f"^{next(iter(options))} is"):
        write_public(clip("plain.mp4"), tmp_path / "a", boxes(), Public(**options))


def test_quality_and_speed_are_the_encoders(clip, tmp_path):
    sizes = {}
    for crf, speed in ((12, "veryfast"), (21, "veryfast"), (30, "veryfast"), (21, "slow")):
        target = tmp_path / f"{crf}-{speed}.mp4"
        write_public(clip("plain.mp4"), target, boxes(), Public(crf=crf, speed=speed))
        sizes[crf, speed] = target.stat().st_size
    assert sizes[12, "veryfast"] > sizes[21, "veryfast"] > sizes[30, "veryfast"]
    assert sizes[21, "slow"] != sizes[21, "veryfast"]


def test_a_video_says_what_it_is(clip):
    told = probe(clip("text.mkv"))
    assert (told.width, told.height, told.bits, told.container) == (WIDTH, HEIGHT, 8, "mkv")
    assert told.codecs == "h264 + aac"
    assert 990 <= told.duration_ms <= 1030
    assert [one.kind for one in told.streams] == ["video", "audio", "subtitle", "attachment"]
    assert told.streams[2].language == "ger"
    assert probe(clip("plain.mp4")).frames == FRAMES
    assert probe(clip("hlg.mov")).bits == 10
    assert probe(clip("broadcast.ts")).container == "ts"


def test_progress_is_told_frame_by_frame(clip, tmp_path):
    done = []
    written = write_public(clip("plain.mp4"), tmp_path / "a", boxes(), progress=done.append)
    assert done == [*range(1, FRAMES + 1)]
    assert (written.frames, written.duration_ms, written.notes) == (FRAMES, 1000, ())


def test_boxes_beyond_the_picture_and_between_pixels(clip, tmp_path):
    only = [[(1, -30, -9, 21.5, 33.5), (2, 180.2, 120.1, 999, 999), (3, 300, 5, 400, 9)]] * FRAMES
    write_public(clip("plain.mp4"), tmp_path / "a", only)
    frame = shown(tmp_path / "a")[9]
    assert abs(patch(frame, (0, 0, 18, 30)) - GRAY).max() <= 32
    assert abs(patch(frame, (184, 124, WIDTH, HEIGHT)) - GRAY).max() <= 32
    assert abs(frame[80:, :160].astype(int) - picture(9)[80:, :160]).mean() < 5


@pytest.mark.parametrize("count", [0, FRAMES - 1, FRAMES + 1])
def test_other_frames_than_were_looked_at_are_an_error(count, clip, tmp_path):
    paths = {1: tmp_path / "one", 2: tmp_path / "two"}
    with pytest.raises(MediaError, match=f"had {count} when faces were looked for"):
        write_public(clip("plain.mp4"), tmp_path / "a", boxes(count), clips=paths)
    assert list(tmp_path.iterdir()) == []


def test_interlaced_chroma_is_hidden_with_its_field(tmp_path):
    flags = {"flags": "+ilme+ildct", "qmin": "1", "qmax": "2"}
    source = write_clip(tmp_path / "a.ts", **TS, options=flags)
    write_public(source, tmp_path / "b.mp4", [[(1, 10, 34, 50, 70)]] * FRAMES, Public(crf=0))
    for luma, *colours in planes(tmp_path / "b.mp4"):
        # Lines 32 and 34 have the same sample of colour, and so have 69 and 71.
        assert (luma[32:72, 10:50] == 128).all()
        assert luma[30:32, 10:50].std() > 0
        assert all((colour[16:36, 5:25] == 128).all() for colour in colours)


def test_frames_are_let_go_of(clip, tmp_path):
    # Cycles would hold them until a collection: gigabytes of pictures are few objects.
    def alive() -> int:
        return sum(isinstance(one, av.VideoFrame) for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        for _ in read_frames(clip("plain.mp4")):
            assert alive() < 15
        paths = {1: tmp_path / "1", 2: tmp_path / "2"}
        counts = []
        write_public(
            clip("plain.mp4"),
            tmp_path / "a",
            boxes(),
            clips=paths,
            progress=lambda _: counts.append(alive()),
        )
        assert max(counts) < 15
    finally:
        gc.enable()


def test_videos_do_not_load_ffmpeg_before_it_is_wanted():
    code = "import sys, facecrypt.media.video; print('av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
