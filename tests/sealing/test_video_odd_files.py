"""Videos of every kind come back byte for byte, whatever became of them in what is shown."""

from fractions import Fraction

import av
import numpy as np
import pytest
from support.second_reader import video as second_reader
from support.second_reader.keys import content_key
from support.video_clips import FRAMES, HEIGHT, RATE, SECRETS, WIDTH, write_clip
from support.video_views import times

from facecrypt import MediaError, Region, SecretKey, decrypt_file, encrypt_file, region_key, verify
from facecrypt.media.video import output_suffix
from facecrypt.sealing.content_video import Person

KEY = SecretKey(bytes(range(32)))
FACES = [Region(8, 30, 48, 70), Region(100, 50, 190, 120)]
WEBM = {"codec": "libvpx-vp9", "audio": "libopus"}
CHAPTERS = [(0, 400, "secret-chapter"), (400, 1000, "secret-other")]
ODD = {
    "plain.mp4": {},
    "uneven.mov": {"pts": [int(512 * (1.3 * n + 0.4 * (n % 3))) for n in range(FRAMES)]},
    "turned.mp4": {"turn": -90},
    "mirrored.mp4": {"turn": 180, "mirrored": True},
    "hlg.mov": {"codec": "libx265", "pix_fmt": "yuv420p10le", "colours": (9, 18, 9, 1)},
    "silent.mp4": {"audio": None},
    "sound-first.mp4": {"audio_first": True},
    "hidden.mp4": {"hidden": 9},
    "odd.mp4": {"size": (WIDTH + 1, HEIGHT + 1), "pix_fmt": "yuv444p"},
    "broadcast.ts": {"codec": "mpeg2video", "audio": "mp2", "time_base": Fraction(1, RATE)},
    "old.avi": {"codec": "mpeg4", "audio": "mp3"},
    "older.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p", "audio": "pcm_s16le"},
    "reordered.avi": {"options": {"bf": "2", "b-adapt": "0"}, "audio": "mp3"},
    "web.webm": WEBM,
    "odd.webm": {**WEBM, "size": (WIDTH + 1, HEIGHT + 1)},
    "cover.mp4": {"cover": True},
    "text.mp4": {"subtitles": "mov_text", "chapters": CHAPTERS},
    "text.mkv": {"subtitles": "subrip", "chapters": CHAPTERS, "attachment": True},
    "two.mp4": {"second_video": True},
    "places.mp4": {"places": True},
    "one.mp4": {"frames": 1},
}


@pytest.mark.parametrize("name", ODD)
def test_it_comes_back(tmp_path, name):
    source = write_clip(tmp_path / name, **ODD[name])
    path = tmp_path / f"sealed{output_suffix(source.read_bytes()[:1024])}"
    header = encrypt_file(source, path, KEY, regions=FACES)
    assert header.content.frames == ODD[name].get("frames", FRAMES - ODD[name].get("hidden", 0))
    assert header.regions == (Person(0, header.content.duration),) * 2
    assert verify(path, KEY).whole
    back = tmp_path / f"back{source.suffix}"
    decrypt_file(path, back, KEY)
    assert back.read_bytes() == source.read_bytes()
    decrypt_file(path, tmp_path / f"person{path.suffix}", region_key(header, KEY, 0))
    # Nothing of the file is told outside of what is sealed.
    told = (*SECRETS.values(), "secret-chapter", "secret-font", "secret-attachment")
    assert not [text for text in told if text.encode() in path.read_bytes()]


def test_a_video_that_is_cut_off_comes_back_as_it_was(tmp_path):
    front = {"movflags": "faststart"}
    whole = write_clip(tmp_path / "whole.mp4", frames=60, container_options=front).read_bytes()
    source, path = tmp_path / "cut.mp4", tmp_path / "sealed.mp4"
    source.write_bytes(whole[: 2 * len(whole) // 3])
    with pytest.warns(UserWarning, match=r"cut.mp4: the file is cut off, and the public part"):
        header = encrypt_file(source, path, KEY, regions=FACES)
    assert 10 < header.content.frames < 60
    decrypt_file(path, tmp_path / "back.mp4", KEY)
    assert (tmp_path / "back.mp4").read_bytes() == source.read_bytes()


def test_a_video_without_a_frame_is_an_error(tmp_path):
    source = write_clip(tmp_path / "none.mp4", frames=0)
    with pytest.raises(MediaError, match="none"):
        encrypt_file(source, tmp_path / "sealed.mp4", KEY, regions=FACES)
    assert [path.name for path in tmp_path.iterdir()] == ["none.mp4"]


def test_what_follows_the_video_comes_back_too(tmp_path):
    source, path = write_clip(tmp_path / "tail.mp4"), tmp_path / "sealed.mp4"
    with source.open("ab") as file:
        file.write(b"\0\0\0\x10freesomething")
    encrypt_file(source, path, KEY, regions=FACES)
    sealed = second_reader.Sealed(*second_reader.in_mp4(path.read_bytes()))
    key = content_key(sealed.header, "symmetric", bytes(range(32)))
    assert sealed.original(key) == (".mp4", source.read_bytes())


@pytest.mark.parametrize("pattern", [{"bf": "2"}, {"bf": "3", "b-pyramid": "normal"}])
def test_an_avi_whose_frames_are_stored_in_another_order_than_shown(tmp_path, pattern):
    source, path = tmp_path / "a.avi", tmp_path / "a.mp4"
    with av.open(str(source), "w") as out:
        video = out.add_stream("libx264", rate=RATE, options={**pattern, "b-adapt": "0"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(30):
            gray = np.full((HEIGHT, WIDTH, 3), 60 + 5 * number, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(gray, "rgb24")))
        out.mux(video.encode())
    with av.open(str(source)) as file:
        stored = [frame.pts for frame in file.decode(video=0)]
    assert stored != sorted(stored)
    assert encrypt_file(source, path, KEY, regions=FACES).content.frames == 30
    with av.open(str(path)) as file:
        shown = [(frame.time, frame.to_ndarray()[0, -1]) for frame in file.decode(video=0)]
    # As they were encoded: one step brighter with each, and at even times.
    assert np.allclose(np.diff([time for time, _ in shown]), 1 / RATE, atol=0.001)
    assert (np.diff([int(luma) for _, luma in shown]) > 2).all()
    decrypt_file(path, tmp_path / "back.avi", KEY)
    assert (tmp_path / "back.avi").read_bytes() == source.read_bytes()


def test_pictures_that_begin_after_their_sound_begin_at_the_same_tick(tmp_path):
    source = write_clip(tmp_path / "a.avi", **ODD["reordered.avi"])
    encrypt_file(source, tmp_path / "a.mp4", KEY, regions=FACES)
    assert min(times(source)) == Fraction(1, RATE)
    assert times(tmp_path / "a.mp4") == sorted(times(source))
