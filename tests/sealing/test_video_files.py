"""Videos from file to file: what is shown, what comes back, what is refused."""

import contextlib
import io
import os
import re
import shutil
import struct
import tempfile
from pathlib import Path

import av
import numpy as np
import pytest
from support.clips import write_clip
from support.sealed_videos import in_uuid, sealed_payload
from support.second_reader import video as second_reader
from support.second_reader.header import expand
from support.second_reader.keys import content_key

from facecrypt import (
    AuthenticationError,
    ContainerError,
    Identity,
    MediaError,
    NotSealedError,
    Region,
    SecretKey,
    Verified,
    VideoOptions,
    decrypt_file,
    decrypt_files,
    decrypt_image,
    encrypt_file,
    encrypt_files,
    forget_regions,
    inspect,
    region_key,
    verify,
)
from facecrypt.media import encode_image, read_image
from facecrypt.sealing.carriers import video_sealing
from facecrypt.sealing.carriers.video_parts import Original
from facecrypt.sealing.content_video import Person
from facecrypt.sealing.finding import read_payload
from facecrypt.sealing.in_memory import decode_file
from facecrypt.sealing.options import Seal
from facecrypt.sealing.payload_file import PayloadWriter

KEY = SecretKey(bytes(range(32)))
OTHER = SecretKey(bytes(32))
FACES = [Region(150, 10, 300, 230), Region(0, 0, 60, 60)]
KINDS = [".mp4", ".mov", ".mkv", ".webm"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("videos")


@pytest.fixture(scope="module")
def clip(folder):
    return write_clip(folder / "clip.mp4", 8)


@pytest.fixture(scope="module")
def sealed(folder, clip):
    """Of two people, at given places; to be copied by who changes it."""
    path = folder / "sealed.mp4"
    encrypt_file(clip, path, KEY, regions=FACES)
    return path


def frames(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("sidecar", [False, True])
@pytest.mark.parametrize("suffix", KINDS)
def test_every_container_comes_back_byte_for_byte(tmp_path, suffix, sidecar):
    source = write_clip(tmp_path / f"clip{suffix}", 6)
    os.utime(source, ns=(10**18, 10**18 + 123_456_789))
    path, back = tmp_path / f"sealed{suffix}", tmp_path / f"back{suffix}"
    header = encrypt_file(source, path, KEY, regions=FACES, sidecar=sidecar)
    assert inspect(path) == header
    beside = [name for name in os.listdir(tmp_path) if name.endswith(".fcrypt")]
    expected = f"sealed{suffix}.{header.picture_id[:8].hex()}.fcrypt"
    assert beside == ([expected] if sidecar else [])
    assert verify(path, KEY) == Verified((0, 1), (), whole=True)
    decrypt_file(path, back, KEY)
    assert back.read_bytes() == source.read_bytes()
    for written in (path, back):
        assert written.stat().st_mtime_ns == 10**18 + 123_456_789


def test_detected_faces_are_hidden_in_every_frame_and_come_back(tmp_path):
    source = write_clip(tmp_path / "clip.mp4", 24)
    header = encrypt_file(source, tmp_path / "sealed.mp4", KEY)
    assert header.content.fields() == {
        "video": {"width": 320, "height": 240, "frames": 24, "duration_ms": 2000}
    }
    assert header.regions == (Person(0, 2000),)
    plain, shown = frames(source), frames(tmp_path / "sealed.mp4")
    assert len(shown) == len(plain) == 24
    for number, (one, other) in enumerate(zip(plain, shown, strict=True)):
        # The eyes of the photograph, which moves by (2, 1) a frame.
        x, y = 225 - 2 * number, 104 - number
        assert np.ptp(other[y - 10 : y + 10, x - 20 : x + 20], axis=(0, 1)).max() < 8
        assert np.ptp(one[y - 10 : y + 10, x - 20 : x + 20], axis=(0, 1)).max() > 50
    decrypt_file(tmp_path / "sealed.mp4", tmp_path / "back.mp4", KEY)
    assert (tmp_path / "back.mp4").read_bytes() == source.read_bytes()


def test_an_avi_becomes_mp4_and_comes_back_under_its_suffix(tmp_path):
    source = write_clip(tmp_path / "clip.AVI", 6)
    encrypt_file(source, tmp_path / "sealed.mp4", KEY, regions=FACES)
    wrong = tmp_path / "back.mp4"
    message = f"{re.escape(str(wrong))}: the original is a .AVI; name it back.AVI"
    with pytest.raises(MediaError, match=message):
        decrypt_file(tmp_path / "sealed.mp4", wrong, KEY)
    decrypt_file(tmp_path / "sealed.mp4", tmp_path / "back.avi", KEY)
    assert (tmp_path / "back.avi").read_bytes() == source.read_bytes()
    assert not wrong.exists()


def test_videos_that_open_under_one_name_never_replace_each_other(tmp_path):
    """Only what is sealed tells that both were AVI files."""
    sealed = tmp_path / "sealed"
    sealed.mkdir()
    for name, frames in (("clip.mp4", 4), ("clip.avi.mp4", 6)):
        source = write_clip(tmp_path / "clip.avi", frames)
        encrypt_file(source, sealed / name, KEY, regions=FACES)
    out = tmp_path / "out"
    for overwrite in (False, True):
        done = decrypt_files(sealed, out, KEY, overwrite=overwrite, workers=1)
        [failed] = done.failed
        assert "clip.avi: is the output of" in str(failed.error)
        assert os.listdir(out) == ["clip.avi"]


def test_what_another_process_sealed_while_this_one_waited_is_done(tmp_path, clip, monkeypatch):
    """Few videos are worked on at once, and the others wait for their turn."""

    def seal():
        return encrypt_files(clip, tmp_path, KEY, regions=FACES)

    @contextlib.contextmanager
    def waiting():
        monkeypatch.setattr(video_sealing, "_AT_ONCE", contextlib.nullcontext())
        assert seal().done == 1
        yield

    monkeypatch.setattr(video_sealing, "_AT_ONCE", waiting())
    summary = seal()
    assert (summary.done, summary.skipped, summary.failed) == (0, 1, ())


def test_a_key_of_a_person_shows_that_person_alone(tmp_path, clip, sealed):
    key = region_key(inspect(sealed), KEY, 1)
    decrypt_file(sealed, tmp_path / "one.mp4", key)
    for plain, public, shown in zip(
        frames(clip), frames(sealed), frames(tmp_path / "one.mp4"), strict=True
    ):
        assert distance(shown[4:56, 4:56], plain[4:56, 4:56]) < 8
        assert distance(public[4:56, 4:56], plain[4:56, 4:56]) > 30
        # The other's box still is of one colour.
        assert np.ptp(shown[14:226, 154:296], axis=(0, 1)).max() < 16
    assert verify(sealed, key) == Verified((1,), (0,), whole=False)


def test_people_are_chosen_by_number(tmp_path, clip, sealed):
    decrypt_file(sealed, tmp_path / "both.mp4", KEY, regions=[0, 1])
    for plain, shown in zip(frames(clip), frames(tmp_path / "both.mp4"), strict=True):
        assert distance(shown, plain) < 8
    with pytest.raises(ValueError, match=r"there is no region 2"):
        decrypt_file(sealed, tmp_path / "three.mp4", KEY, regions=[2])


def test_the_second_reader_opens_it(clip, sealed):
    public, payload = second_reader.in_mp4(sealed.read_bytes())
    video = second_reader.Sealed(public, payload)
    key = content_key(video.header, "symmetric", bytes(range(32)))
    assert video.original(key) == (".mp4", clip.read_bytes())
    person = video.person(1, expand(key, b"facecrypt v2 region" + struct.pack(">I", 1)))
    placements, small = second_reader.clip_of(person)
    assert [placement[0] for placement in placements] == list(range(8))
    with av.open(io.BytesIO(small)) as file:
        assert len(list(file.decode(video=0))) == 8


def test_without_clips_only_the_original_opens(tmp_path, clip):
    path = tmp_path / "sealed.mp4"
    header = encrypt_file(clip, path, KEY, regions=FACES, video=VideoOptions(tracks=False))
    assert len(header.regions) == 2
    assert verify(path, KEY).whole
    with pytest.raises(ContainerError, match="sealed without clips of people"):
        decrypt_file(path, tmp_path / "one.mp4", KEY, regions=[0])
    decrypt_file(path, tmp_path / "back.mp4", KEY)
    assert (tmp_path / "back.mp4").read_bytes() == clip.read_bytes()


def test_without_clips_there_is_no_key_of_one_person_and_nobody_to_forget(tmp_path, clip):
    path = tmp_path / "sealed.mp4"
    header = encrypt_file(clip, path, KEY, regions=FACES, video=VideoOptions(tracks=False))
    before = path.read_bytes()
    message = "sealed without clips of people: a key of region 1 would open nothing"
    with pytest.raises(ValueError, match=message):
        region_key(header, KEY, 1)
    with pytest.raises(AuthenticationError):  # who may not open it is told no more
        region_key(header, OTHER, 1)
    message = "without clips of people: to forget anybody would erase the original, and nothing"
    with pytest.raises(ValueError, match=message):
        forget_regions(path, KEY, [0])
    assert path.read_bytes() == before


def test_sound_can_be_left_out_of_what_is_shown(tmp_path, clip):
    encrypt_file(clip, tmp_path / "a.mp4", KEY, regions=[], video=VideoOptions(mute=True))
    encrypt_file(clip, tmp_path / "b.mp4", KEY, regions=[])
    with av.open(str(tmp_path / "a.mp4")) as mute, av.open(str(tmp_path / "b.mp4")) as loud:
        assert (len(mute.streams.audio), len(loud.streams.audio)) == (0, 1)


def edited(path: Path, copy: Path) -> Path:
    """A bit of what is shown is flipped."""
    data = bytearray(path.read_bytes())
    place = data.index(b"mdat") + 400
    data[place] ^= 1
    copy.write_bytes(data)
    return copy


def test_the_original_comes_back_whatever_became_of_what_is_shown(tmp_path, clip, sealed):
    path = edited(sealed, tmp_path / "edited.mp4")
    with pytest.warns(UserWarning, match="edited"):
        decrypt_file(path, tmp_path / "back.mp4", KEY)
    assert (tmp_path / "back.mp4").read_bytes() == clip.read_bytes()
    with pytest.raises(AuthenticationError, match="public video was changed"):
        verify(path, KEY)


def test_people_are_not_shown_on_a_video_that_was_edited(tmp_path, sealed):
    path, key = edited(sealed, tmp_path / "edited.mp4"), region_key(inspect(sealed), KEY, 0)
    with pytest.raises(AuthenticationError, match="public video was changed"):
        decrypt_file(path, tmp_path / "one.mp4", key)
    assert os.listdir(tmp_path) == ["edited.mp4"]
    with pytest.warns(UserWarning, match="edited"):
        decrypt_file(path, tmp_path / "one.mp4", key, allow_edited=True)
    assert len(frames(tmp_path / "one.mp4")) == 8


def test_a_sidecar_survives_another_encoding_of_what_is_shown(tmp_path, clip):
    path = tmp_path / "sealed.mp4"
    encrypt_file(clip, path, KEY, regions=FACES, sidecar=True)
    path.write_bytes(write_clip(tmp_path / "other.mp4", 3).read_bytes())
    with pytest.warns(UserWarning, match="edited"):
        decrypt_file(path, tmp_path / "back.mp4", KEY)
    assert (tmp_path / "back.mp4").read_bytes() == clip.read_bytes()


def test_a_damaged_sidecar_is_named(tmp_path, clip):
    path = tmp_path / "a.mp4"
    encrypt_file(clip, path, KEY, regions=FACES, sidecar=True)
    [beside] = tmp_path.glob("*.fcrypt")
    beside.write_bytes(b"")
    with pytest.raises(ContainerError, match=rf"^{re.escape(str(beside))}: the payload is damaged"):
        verify(path, KEY)


def test_of_several_sidecars_that_of_the_video_is_taken(tmp_path, clip):
    path = tmp_path / "sealed.mp4"
    encrypt_file(clip, path, OTHER, regions=FACES, sidecar=True)
    [stranger] = tmp_path.glob("*.fcrypt")
    kept = stranger.read_bytes()
    encrypt_file(clip, path, KEY, regions=FACES[:1], sidecar=True, overwrite=True)
    stranger.write_bytes(kept)
    assert len(list(tmp_path.glob("*.fcrypt"))) == 2
    assert verify(path, KEY).regions == (0,)
    path.write_bytes(clip.read_bytes())
    with pytest.raises(ContainerError, match="none fits the video as it is now"):
        verify(path, KEY)


def payload_span(path: Path) -> range:
    start = path.read_bytes().rindex(b"jumd") - 12
    return range(start, path.stat().st_size)


def test_flipped_bytes_of_the_payload_are_refused(tmp_path, sealed):
    data, span = sealed.read_bytes(), payload_span(sealed)
    path = tmp_path / "flipped.mp4"
    for place in (*span[:120:7], *span[120::211], span[-1]):
        made = bytearray(data)
        made[place] ^= 1
        path.write_bytes(made)
        with pytest.raises((AuthenticationError, ContainerError)):
            verify(path, KEY)


@pytest.mark.parametrize("cut", [1, 17, 5000])
def test_a_file_that_is_cut_off_is_refused(tmp_path, sealed, cut):
    path = tmp_path / "cut.mp4"
    path.write_bytes(sealed.read_bytes()[:-cut])
    size = len(payload_span(sealed))
    message = f"cut off after {size - cut} of {size} bytes"
    with pytest.raises(ContainerError, match=message):
        decrypt_file(path, tmp_path / "back.mp4", KEY)
    assert os.listdir(tmp_path) == ["cut.mp4"]


def test_a_zeroed_tail_and_swapped_parts_are_refused(tmp_path, sealed):
    data = sealed.read_bytes()
    path = tmp_path / "changed.mp4"
    path.write_bytes(data[:-100] + bytes(100))
    with pytest.raises(AuthenticationError):
        decrypt_file(path, tmp_path / "back.mp4", KEY)
    first, second = read_payload(sealed).regions
    a, b = (data[part.start - 8 : part.end] for part in (first, second))
    path.write_bytes(data[: first.start - 8] + b + a + data[second.end :])
    with pytest.raises(AuthenticationError):
        verify(path, KEY)
    assert os.listdir(tmp_path) == ["changed.mp4"]


def test_two_payloads_are_refused(tmp_path, sealed):
    data, start = sealed.read_bytes(), payload_span(sealed).start - 32
    path = tmp_path / "twice.mp4"
    path.write_bytes(data + data[start:])
    with pytest.raises(ContainerError, match="two"):
        inspect(path)


def test_another_key_opens_nothing(tmp_path, sealed):
    with pytest.raises(AuthenticationError):
        decrypt_file(sealed, tmp_path / "back.mp4", Identity.generate())
    assert not os.listdir(tmp_path)


def test_a_video_that_lost_its_payload_says_so(tmp_path, sealed):
    public, _ = second_reader.in_mp4(sealed.read_bytes())
    path = tmp_path / "public.mp4"
    path.write_bytes(public)
    for call in (inspect, lambda path: verify(path, KEY)):
        with pytest.raises(NotSealedError, match="holds no facecrypt header"):
            call(path)


def test_what_is_sealed_is_not_sealed_again(tmp_path, sealed):
    with pytest.raises(MediaError, match="is a sealed video already; decrypt it first"):
        encrypt_file(sealed, tmp_path / "again.mp4", KEY)


def test_names_that_no_video_can_have_are_refused(tmp_path, clip):
    with pytest.raises(MediaError, match=r"written as .mp4 or .mov or .mkv or .webm"):
        encrypt_file(clip, tmp_path / "sealed.png", KEY)
    copy = shutil.copy(clip, tmp_path / "clip.mp4")
    with pytest.raises(MediaError, match="is the video to seal"):
        encrypt_file(copy, copy, KEY, overwrite=True)
    with pytest.raises(MediaError, match="already exists"):
        encrypt_file(clip, copy, KEY)


def test_what_holds_one_picture_alone_refuses_videos(sealed):
    with pytest.raises(MediaError, match="too large for memory; decrypt_file opens it"):
        decode_file(sealed, [KEY])
    with pytest.raises(TypeError):
        decrypt_image(sealed, KEY)


def test_logistic_alone_seals_no_video(tmp_path, clip):
    with pytest.raises(ValueError, match="seals no videos"):
        encrypt_file(clip, tmp_path / "sealed.mp4", KEY, cipher="logistic")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"every": 0}, "every must be 1 to 250"),
        ({"hold": -1}, "hold must be 0"),
        ({"crf": 52}, "crf must be 0 to 51"),
        ({"fill": "blur"}, "fill must be one of solid, mosaic"),
        ({"codec": "divx"}, "codec must be one of None, h264"),
        ({"speed": "warp"}, "speed must be one of ultrafast"),
    ],
)
def test_options_that_there_are_not(options, message):
    with pytest.raises(ValueError, match=message):
        VideoOptions(**options)


def test_how_it_was_asked_for_shows_in_the_header():
    usual = Seal(regions=FACES).request(video=True)
    assert usual == Seal(regions=FACES).request(video=True)
    others = [
        Seal(regions=FACES[:1]),
        Seal(regions=FACES, keep_metadata=True),
        Seal(regions=FACES, video=VideoOptions(crf=20)),
        Seal(regions=FACES, video=VideoOptions(tracks=False)),
    ]
    assert len({usual, *(seal.request(video=True) for seal in others)}) == 5
    # Of pictures with given regions nothing but flags.
    assert Seal(regions=FACES, video=VideoOptions(crf=20)).request() == bytes(8)


def test_a_source_that_is_changed_meanwhile_is_an_error(tmp_path, clip):
    source = shutil.copy(clip, tmp_path / "clip.mp4")
    seen = []

    def watch(path, done, total):
        seen.append((path, done, total))
        if done == total == 8:
            with Path(source).open("ab") as file:
                file.write(b"\0")

    from facecrypt.sealing.files import seal_file

    options = Seal(regions=FACES, watch=watch)
    with pytest.raises(MediaError, match="was changed while it was sealed"):
        seal_file(source, tmp_path / "sealed.mp4", [KEY], options)
    assert os.listdir(tmp_path) == ["clip.mp4"]
    assert [done for _, done, _ in seen[:17]] == [n // 2 for n in range(17)]


@pytest.mark.parametrize("place", [40, 900, -100])
def test_what_does_not_read_back_is_not_written(tmp_path, clip, monkeypatch, place):
    chunks = PayloadWriter.chunks

    def faulty(self):
        """A bit flips on its way to the disk."""
        data = bytearray(b"".join(map(bytes, chunks(self))))
        data[place if place < 0 else len(self.start()) + place] ^= 1
        yield bytes(data)

    monkeypatch.setattr(PayloadWriter, "chunks", faulty)
    with pytest.raises(MediaError, match="does not read back as it was; nothing was written"):
        encrypt_file(clip, tmp_path / "sealed.mp4", KEY, regions=FACES)
    assert not os.listdir(tmp_path)


def test_verify_compares_the_digest_of_the_original(tmp_path, monkeypatch):
    path = tmp_path / "sealed.mp4"
    path.write_bytes(in_uuid(sealed_payload(b"original", [])))
    assert verify(path, KEY).whole
    monkeypatch.setattr(Original, "of", lambda *_: Original(".mp4", bytes(32)))
    path.write_bytes(in_uuid(sealed_payload(b"original", [])))
    with pytest.raises(ContainerError, match="private part is damaged"):
        verify(path, KEY)


def test_where_there_is_no_room_nothing_is_begun(tmp_path, clip, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=2 * clip.stat().st_size - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(MediaError, match="are needed and"):
        encrypt_file(clip, tmp_path / "sealed.mp4", KEY, regions=FACES)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("other", [False, True])
def test_room_for_clips_of_people_is_wanted_where_they_are_made(
    tmp_path, clip, monkeypatch, other, tmp_path_factory
):
    size, place = clip.stat().st_size, tmp_path_factory.mktemp("clips")
    if other:
        place = Path("/dev/shm")
        if not place.is_dir() or place.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("there is no other disk")
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    # Half the size of the original, and on one disk what is written besides.
    wanted = size // 2 if other else 2 * size + size // 2
    usage, room = shutil.disk_usage(tmp_path), {place: wanted - 1}
    monkeypatch.setattr(
        shutil, "disk_usage", lambda folder: usage._replace(free=room.get(folder, 1 << 40))
    )
    with pytest.raises(MediaError, match=re.escape(f"{place}: ")) as failed:
        encrypt_file(clip, tmp_path / "sealed.mp4", KEY, regions=FACES)
    assert "TMPDIR" in failed.value.hint.command
    assert not os.listdir(tmp_path)
    for name, regions, tracks in (("a.mp4", [], True), ("b.mp4", FACES, False)):
        options = VideoOptions(tracks=tracks)
        encrypt_file(clip, tmp_path / name, KEY, regions=regions, video=options)
    room[place] += 1
    encrypt_file(clip, tmp_path / "c.mp4", KEY, regions=FACES)


def test_and_where_they_are_opened(tmp_path, sealed, monkeypatch):
    shown = tmp_path / "shown.mp4"
    usage = shutil.disk_usage(tmp_path)._replace(free=len(read_payload(sealed).regions[1]) - 1)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage)
        with pytest.raises(MediaError, match="are needed and") as failed:
            decrypt_file(sealed, shown, KEY, regions=[1])
    assert "TMPDIR" in failed.value.hint.python
    assert not shown.exists()
    decrypt_file(sealed, shown, KEY, regions=[1])


def test_a_file_that_is_no_video_inside_leaves_nothing(tmp_path):
    source = tmp_path / "clip.mp4"
    source.write_bytes(struct.pack(">I8sI4s", 20, b"ftypisom", 0, b"isom") + bytes(500))
    with pytest.raises(MediaError, match="clip"):
        encrypt_file(source, tmp_path / "sealed.mp4", KEY, regions=FACES)
    assert os.listdir(tmp_path) == ["clip.mp4"]


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "is empty"), (b"abc", "is no video that facecrypt knows, or its beginning is damaged")],
)
def test_what_is_called_a_video_and_is_none_is_told_as_one(tmp_path, data, why):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    for work in read_image, lambda path: encrypt_file(path, tmp_path / "x.png", KEY, regions=FACES):
        with pytest.raises(MediaError, match=rf"clip\.mp4: {why}; get the whole file anew"):
            work(path)
    path.write_bytes(encode_image(".png", np.zeros((9, 9), np.uint8)))
    assert read_image(path).pixels.shape == (9, 9)


def test_of_a_video_with_a_damaged_head_the_damage_is_told_and_not_a_suffix(tmp_path, clip, sealed):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(bytes(64) + sealed.read_bytes()[64:])
    with pytest.raises(NotSealedError, match=r"broken\.mp4: holds no facecrypt header"):
        decrypt_file(broken, tmp_path / "back.mp4", KEY)
    broken.write_bytes(bytes(64) + clip.read_bytes()[64:])
    message = r"broken\.mp4: is no video that facecrypt knows, or its beginning is damaged"
    with pytest.raises(MediaError, match=message):
        encrypt_file(broken, tmp_path / "out.mp4", KEY)
    with pytest.raises(MediaError, match=r"gone\.mp4: no such file"):
        encrypt_file(tmp_path / "gone.mp4", tmp_path / "out.mp4", KEY)
    assert os.listdir(tmp_path) == ["broken.mp4"]
