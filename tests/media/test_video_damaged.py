"""Videos that are cut off, damaged, hostile, or none; and machines without FFmpeg."""

import contextlib
import hashlib
import io
import resource
import signal
import struct
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from support.video_clips import FRAMES, RATE, boxes, write_clip
from support.video_views import complaints, times

from facecrypt import BackendUnavailableError, ContainerError, MediaError
from facecrypt.limits import MAX_FRAMES
from facecrypt.media.video import (
    lay_over,
    library,
    mp4_samples,
    others,
    probe,
    read_frames,
    source,
    write_public,
)
from facecrypt.media.video.mp4_samples import claimed_samples

TS = {"codec": "mpeg2video", "audio": "mp2", "time_base": Fraction(1, RATE)}
FAST = {"container_options": {"movflags": "+faststart"}}


@pytest.fixture
def av():
    return pytest.importorskip("av", reason="videos need the extra facecrypt[video]")


def count(path) -> int:
    return sum(1 for _ in read_frames(path))


@pytest.mark.usefixtures("av")
@pytest.mark.parametrize("left", [0.4, 0.7, 0.95])
@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.mp4", FAST),
        ("a.mkv", {}),
        ("a.webm", {"codec": "libvpx-vp9", "audio": "libopus"}),
        ("a.ts", TS),
    ],
)
def test_a_file_that_is_cut_off_ends_before_its_last_frame(name, how, left, tmp_path):
    path = write_clip(tmp_path / name, frames=90, **how)
    data = path.read_bytes()
    path.write_bytes(data[: int(left * len(data))])
    frames = count(path)
    assert 0.2 * 90 < frames < 90
    assert count(path) == frames
    written = write_public(path, tmp_path / "b", boxes(frames))
    assert written.frames == frames == len(times(tmp_path / "b"))
    assert complaints(tmp_path / "b") == []
    note = "the file is cut off, and the public part ends with the last frames that are whole"
    # A broadcast does not say how long it is.
    assert written.notes == (() if name == "a.ts" else (note,))


@pytest.mark.usefixtures("av")
@pytest.mark.parametrize("left", [0.5, 0.62, 0.74, 0.86, 0.98])
def test_frames_that_waited_for_what_is_cut_off_are_shown(left, tmp_path):
    """Of H.264 later frames are sent before those between them, and shown after them."""
    path = write_clip(tmp_path / "a.mp4", frames=90, audio=None, options={"bf": "3"}, **FAST)
    data = path.read_bytes()
    path.write_bytes(data[: int(left * len(data))])
    frames = count(path)
    assert 0.2 * 90 < frames < 90
    written = write_public(path, tmp_path / "b", boxes(frames))
    assert written.frames == frames == len(times(tmp_path / "b"))
    assert len(written.notes) == 1


@pytest.mark.usefixtures("av")
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.mov"])
def test_a_file_that_is_all_there_is_not_said_to_be_cut(name, tmp_path):
    codec = "mpeg4" if name == "a.avi" else "libx264"
    path = write_clip(tmp_path / name, frames=20, audio=None, codec=codec)
    for more in b"", b"garbage that follows, of a camera or a download":
        path.write_bytes(path.read_bytes() + more)
        assert write_public(path, tmp_path / "b", boxes(20)).notes == ()
        (tmp_path / "b").unlink()
    path.write_bytes(path.read_bytes()[:-500])
    if name in {"a.mkv", "a.avi"}:
        assert len(write_public(path, tmp_path / "b", boxes(count(path))).notes) == 1


@pytest.mark.usefixtures("av")
def test_a_frame_in_the_middle_that_cannot_be_decoded_ends_the_work(tmp_path):
    path = write_clip(tmp_path / "a.mp4", frames=90, audio=None, **FAST)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 6000] = bytes(6000)
    path.write_bytes(data)
    with pytest.raises(MediaError, match=r"frame \d+ cannot be decoded") as error:
        count(path)
    number = int(str(error.value).split("frame ")[1].split()[0])
    assert 20 < number < 70
    with pytest.raises(MediaError, match=f"frame {number} cannot be decoded"):
        write_public(path, tmp_path / "b", boxes(90), clips={1: tmp_path / "1"})
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("av")
def test_what_is_repaired_is_the_same_in_both_passes(tmp_path):
    path = write_clip(tmp_path / "a.mp4", frames=90, audio=None, **FAST)
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 2, len(data) // 2 + 40):
        data[at] ^= 0x15
    path.write_bytes(data)
    seen = {
        hashlib.sha256(b"".join(frame.tobytes() for frame in read_frames(path))).digest()
        for _ in range(4)
    }
    assert len(seen) == 1


@pytest.mark.usefixtures("av")
def test_a_broadcast_that_begins_within_a_picture_begins_with_the_next(tmp_path):
    path = write_clip(tmp_path / "a.ts", frames=90, **TS)
    data = path.read_bytes()
    path.write_bytes(data[188 * (len(data) // 188 // 3) :])
    frames = count(path)
    assert 20 < frames < 70
    assert write_public(path, tmp_path / "b", boxes(frames)).frames == frames


@pytest.mark.usefixtures("av")
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_video_without_frames_says_so(name, tmp_path):
    path = write_clip(tmp_path / name, frames=0)
    for work in (probe, count, lambda path: write_public(path, tmp_path / "b", [])):
        with pytest.raises(MediaError, match=r"no frame that can be decoded|no video stream"):
            work(path)
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.usefixtures("av")
def test_sound_alone_is_no_video(av, tmp_path):
    path = tmp_path / "a.mp4"
    write_clip(path)
    with av.open(str(path)) as old, av.open(str(tmp_path / "b.mp4"), "w") as new:
        stream = new.add_stream_from_template(old.streams.audio[0])
        for packet in old.demux(audio=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    with pytest.raises(MediaError, match=r"b\.mp4: has no video stream"):
        probe(tmp_path / "b.mp4")


@pytest.mark.usefixtures("av")
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no video that facecrypt reads; it reads MP4"),
        (b"GIF89a" + bytes(99), "no video that facecrypt reads"),
        # What names other files is never opened.
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n", "no video that facecrypt reads"),
        (b"ffconcat version 1.0\nfile a.mp4\n", "no video that facecrypt reads"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isommp41", "damaged"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + bytes(2000), "damaged|no video stream"),
        (b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska" + bytes(999), "damaged|no video stream"),
        (b"RIFF\xff\xff\xff\xffAVI " + bytes(999), "damaged|cannot be opened|no video stream"),
    ],
    ids=["empty", "gif", "playlist", "list", "head", "zeros", "matroska", "avi"],
)
def test_what_is_no_video_is_refused(data, said, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    for work in (probe, count, lambda path: write_public(path, tmp_path / "b", [])):
        with pytest.raises(MediaError, match=said) as error:
            work(path)
        assert str(error.value).startswith(f"{path}: ")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("av")
def test_files_that_are_missing_or_special_are_refused(tmp_path):
    with pytest.raises(MediaError, match="no such file"):
        probe(tmp_path / "none.mp4")
    with pytest.raises(MediaError, match="is a folder"):
        probe(tmp_path)
    with pytest.raises(MediaError, match="is a pipe"):
        probe("/dev/null")


@pytest.mark.usefixtures("av")
def test_a_target_that_cannot_be_written_is_named(tmp_path):
    path = write_clip(tmp_path / "a.mp4", frames=3)
    with pytest.raises(MediaError, match=r"none/b\.mp4: no such file or folder"):
        write_public(path, tmp_path / "none/b.mp4", boxes(3))


@contextlib.contextmanager
def largest_file(size: int):
    """No file grows larger, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.usefixtures("av")
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
@pytest.mark.parametrize("missing", [0, 3000, 9000])
def test_a_full_disk_is_noticed_to_the_last_byte(name, missing, tmp_path):
    path = write_clip(tmp_path / name, frames=10)
    write_public(path, tmp_path / "whole", boxes(10))
    size = (tmp_path / "whole").stat().st_size
    paths = {1: tmp_path / "1"}
    # x264 may need some bytes more or less another time.
    with pytest.raises(MediaError, match="File too large"), largest_file(size - 200 - missing):
        write_public(path, tmp_path / "b", boxes(10), clips=paths)
    assert {one.name for one in tmp_path.iterdir()} == {name, "whole"}


@pytest.mark.usefixtures("av")
def test_frames_of_several_sizes_are_refused(tmp_path):
    one = write_clip(tmp_path / "a.ts", **TS).read_bytes()
    other = write_clip(tmp_path / "b.ts", size=(128, 96), **TS).read_bytes()
    (tmp_path / "c.ts").write_bytes(one + other)
    with pytest.raises(MediaError, match=r"frame \d+ is 128x96, those before it are 192x128"):
        count(tmp_path / "c.ts")


@pytest.mark.usefixtures("av")
def test_times_that_go_back_are_refused(tmp_path):
    data = write_clip(tmp_path / "a.ts", **TS).read_bytes()
    (tmp_path / "b.ts").write_bytes(data + data)
    assert count(tmp_path / "b.ts") == 2 * FRAMES
    with pytest.raises(MediaError, match=r"times .*go back by 0\.\d+ s; cut it there"):
        write_public(tmp_path / "b.ts", tmp_path / "c.mp4", boxes(2 * FRAMES))
    assert not (tmp_path / "c.mp4").exists()


@pytest.mark.usefixtures("av")
def test_frames_in_one_tick_of_the_clock_follow_each_other(tmp_path):
    pts = [n // 3 * 4 for n in range(FRAMES)]
    pts = [time + (n % 3 > 0) + (n % 3 > 1) for n, time in enumerate(pts)]
    fine = write_clip(tmp_path / "a.mkv", pts=pts, time_base=Fraction(1, 4000), audio=None)
    before = times(fine)
    assert len(set(before)) < len(before)
    write_public(fine, tmp_path / "b.mkv", boxes())
    after = times(tmp_path / "b.mkv")
    assert len(set(after)) == FRAMES
    assert max(abs(x - y) for x, y in zip(before, after, strict=True)) <= Fraction(30, 1000)


@pytest.mark.usefixtures("av")
@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("MAX_STREAMS", 1, "has 2 streams, more than the 1"),
        ("MAX_VIDEO_PIXELS", 192 * 128 - 1, "frames of 192x128 are more"),
        ("MAX_SIDE", 191, "frames of 192x128 are more"),
        ("MAX_FRAMES", 29, "has more than 29 frames"),
    ],
)
def test_limits(limit, value, said, tmp_path, monkeypatch):
    path = write_clip(tmp_path / "a.mp4")
    monkeypatch.setattr(source, limit, value + 1)
    assert count(path) == FRAMES
    monkeypatch.setattr(source, limit, value)
    with pytest.raises(MediaError, match=said):
        count(path)


@pytest.mark.usefixtures("av")
def test_sound_of_an_unknown_codec_is_left_out(tmp_path):
    # As phones write beside AAC what only their maker reads.
    path = write_clip(tmp_path / "a.mp4", frames=5)
    data = path.read_bytes()
    assert data.count(b"mp4a") == 1
    path.write_bytes(data.replace(b"mp4a", b"zzzz").replace(b"esds", b"free"))
    told = probe(path)
    assert told.codecs == "h264 + unknown"
    written = write_public(path, tmp_path / "b.mp4", boxes(5))
    assert written.streams[1].became == "left out: of a codec that FFmpeg does not know"


@pytest.mark.usefixtures("av")
def test_frames_grow_no_larger_than_their_head_says(tmp_path):
    path = write_clip(tmp_path / "a.mp4", frames=3, audio=None)
    data = bytearray(path.read_bytes())
    # The sample entry: what the container says of the size, which the codec does not.
    at = data.index(b"avc1", data.index(b"stsd")) + 28
    assert struct.unpack_from(">HH", data, at) == (192, 128)
    struct.pack_into(">HH", data, at, 60000, 60000)
    path.write_bytes(data)
    assert (probe(path).width, count(path)) == (192, 3)


@pytest.mark.parametrize("work", [probe, count, lambda path: write_public(path, "b", [])])
def test_without_pyav_the_error_names_the_extra(work, tmp_path, monkeypatch):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isommp41")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(BackendUnavailableError, match=r"pip install 'facecrypt\[video\]'"):
        work(path)


def test_an_old_pyav_is_named(av, monkeypatch):
    class Stream:
        pass

    monkeypatch.setattr(av.video.stream, "VideoStream", Stream)
    with pytest.raises(BackendUnavailableError, match=r"PyAV 17\.1 or later, and this is"):
        library.load()


@pytest.mark.usefixtures("av")
@pytest.mark.parametrize("have", [("libsvtav1", "libvpx-vp9"), ("libvpx-vp9",)])
def test_without_x264_another_encoder_is_taken(have, av, tmp_path, monkeypatch):
    path = write_clip(tmp_path / "a.mp4", frames=4)
    others = av.codecs_available - {"libx264", "libx265", "libsvtav1", "libvpx-vp9"}
    monkeypatch.setattr(av, "codecs_available", others | {*have})
    written = write_public(path, tmp_path / "b.mp4", boxes(4), clips={1: tmp_path / "1"})
    assert written.codec == {"libsvtav1": "av1", "libvpx-vp9": "vp9"}[have[0]]
    assert lay_over(tmp_path / "b.mp4", [written.clips[1]], tmp_path / "c.mp4") == 4
    monkeypatch.setattr(av, "codecs_available", others)
    with pytest.raises(BackendUnavailableError, match="no encoder"):
        write_public(path, tmp_path / "d.mp4", boxes(4))


def test_packets_of_no_time_are_left_out(av):
    stream = SimpleNamespace(type="audio")
    packet = av.Packet(b"sound")
    packet.time_base = Fraction(1, 1000)
    follower = others.Copied(stream, Fraction(0), Path("a.mkv"))
    assert packet.pts is packet.dts is None
    assert list(follower.take(packet)) == []


def box(kind: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def claiming(handler: bytes, size: int, count: int, times: tuple[int, ...] = (1, 9, 2)) -> bytes:
    """A track that says of all its samples what one says."""
    table = box(b"stts", bytes(4), struct.pack(f">{len(times)}I", *times))
    table += box(b"stsz", bytes(4), struct.pack(">II", size, count))
    media = box(b"hdlr", bytes(8), handler, bytes(13)) + box(b"minf", box(b"stbl", table))
    return box(b"trak", box(b"mdia", media))


def run(flags: int, count: int) -> bytes:
    return box(b"moof", box(b"traf", box(b"trun", struct.pack(">II", flags, count))))


@pytest.mark.parametrize(
    ("boxes", "claimed"),
    [
        (box(b"moov", claiming(b"vide", 1, 1 << 26)), 1 << 26),
        (box(b"moov", claiming(b"vide", 0, 1 << 26)), 0),  # a list follows
        (box(b"moov", claiming(b"vide", 1, 5), claiming(b"soun", 1, 6)), 11),
        (box(b"moov", claiming(b"soun", 4, 1 << 26, (1, 1 << 26, 1))), 0),  # kept in chunks
        (box(b"moov", claiming(b"vide", 4, 7, (1, 7, 1))), 7),
        (box(b"moov", claiming(b"soun", 4, 7, (2, 6, 1, 1, 1))), 7),
        (run(0, 1 << 28) + run(1, 5), (1 << 28) + 5),
        (run(0x200, 1 << 28) + run(0x100, 5) + run(0xF01, 5), 0),  # lists follow
        (box(b"free", claiming(b"vide", 1, 9)) + b"abc", 0),
        (box(b"moov", claiming(b"vide", 1, 9))[:-3], 0),
        # FFmpeg reads boxes wherever it meets them.
        (box(b"moov", box(b"stsz", bytes(4), struct.pack(">II", 1, 9))), 9),
        (claiming(b"vide", 1, 9), 9),
        (box(b"moov", box(b"dinf", claiming(b"vide", 1, 9))), 9),
        (box(b"moof", box(b"dinf", box(b"trun", struct.pack(">II", 0, 9)))), 9),
    ],
)
def test_samples_that_are_claimed_and_not_listed(boxes, claimed):
    ftyp = box(b"ftyp", b"isom", bytes(4))
    assert claimed_samples(io.BytesIO(ftyp + boxes)) == claimed


def test_the_boxes_of_each_track_are_looked_at_once(monkeypatch):
    looked_at, single = [], mp4_samples._is_single_sound
    monkeypatch.setattr(
        mp4_samples, "_is_single_sound", lambda found: looked_at.extend(found) or single(found)
    )
    tracks = [claiming(b"vide", 1, 2)] * 400
    assert claimed_samples(io.BytesIO(box(b"moov", *tracks))) == 800
    assert len(looked_at) == 3 * 400


def test_what_cannot_be_counted_is_refused(monkeypatch):
    with pytest.raises(ContainerError, match="compressed head"):
        claimed_samples(io.BytesIO(box(b"moov", box(b"cmov", bytes(9)))))
    nested = box(b"moov", *[box(b"free")] * 50)
    monkeypatch.setattr("facecrypt.media.video.mp4_samples.MAX_WALKED", 100)
    assert claimed_samples(io.BytesIO(nested)) == 0
    with pytest.raises(ContainerError, match="more than 100 boxes"):
        claimed_samples(io.BytesIO(nested * 2))
    deep = b""
    for _ in range(3_000):
        deep = box(b"moov", deep)
    assert claimed_samples(io.BytesIO(deep)) == 0


@pytest.mark.usefixtures("av")
def test_packets_of_a_stream_that_is_not_told_of_are_damage(tmp_path):
    class Odd:
        def demux(self, streams):
            raise IndexError("list index out of range")
            yield

    with source.Source(write_clip(tmp_path / "a.mp4", frames=3)) as opened:
        opened.container.close()
        opened.container = Odd()
        opened.container.close = lambda: None
        with pytest.raises(MediaError, match=r"a\.mp4: has packets of a stream"):
            list(opened.frames())


@pytest.mark.usefixtures("av")
def test_a_file_that_claims_more_samples_than_are_read_is_not_opened(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(
        box(b"ftyp", b"isom", bytes(4)) + box(b"moov", claiming(b"vide", 1, MAX_FRAMES + 1))
    )
    with pytest.raises(MediaError, match=r"a\.mp4: claims 8388609 samples of one size"):
        probe(path)


def test_sound_of_single_values_may_be_long(av, tmp_path):
    """Three minutes have more values than a video may have frames."""
    path, seconds = tmp_path / "a.mov", 180
    with av.open(str(path), "w") as out:
        video, sound = out.add_stream("mpeg4", rate=1), out.add_stream("pcm_s16le", rate=48_000)
        video.width, video.height, video.pix_fmt, sound.layout = 32, 32, "yuv420p", "mono"
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
        for number in range(2):
            picture.pts = number
            out.mux(video.encode(picture))
        for second in range(seconds):
            part = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.int16), "s16", "mono")
            part.rate, part.pts = 48_000, 48_000 * second
            out.mux(sound.encode(part))
        out.mux(video.encode())
        out.mux(sound.encode())
    assert 48_000 * seconds > MAX_FRAMES
    assert probe(path).frames == 2
