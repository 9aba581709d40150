"""Clips of single persons: what is in them, what is not, and laid over the public clip."""

import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.video_clips import (
    BLUE,
    FRAMES,
    HEIGHT,
    RATE,
    RED,
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
    Clip,
    Placement,
    Placements,
    Public,
    append_payload,
    lay_over,
    write_public,
)
from facecrypt.media.video import persons as persons_module
from facecrypt.media.video.encoding import add_video, for_clips, look_of, recipe
from facecrypt.media.video.source import Source

av = pytest.importorskip("av", reason="videos need the extra facecrypt[video]")

CRF = 6
KINDS = {
    "plain.mp4": {},
    "turned.mp4": {"turn": -90},
    "uneven.mov": {"pts": [512 * n + 150 * (n % 3) for n in range(FRAMES)]},
    "hlg.mov": {"codec": "libx265", "pix_fmt": "yuv420p10le", "colours": (9, 18, 9, 1)},
    "odd.mp4": {"size": (WIDTH + 1, HEIGHT + 1), "pix_fmt": "yuv444p"},
    "odd.webm": {
        "size": (WIDTH + 1, HEIGHT + 1),
        "codec": "libvpx-vp9",
        "audio": "libopus",
    },
    "text.mkv": {"subtitles": "subrip"},
    "broadcast.ts": {"codec": "mpeg2video", "audio": "mp2", "time_base": Fraction(1, RATE)},
}


class Sealed:
    """A clip with its public part and the clips of both persons."""

    def __init__(self, folder: Path, name: str, how: dict):
        self.how, self.width = how, how.get("size", (WIDTH,))[0]
        self.source = write_clip(folder / name, **how)
        self.public = folder / f"public-{name}"
        paths = {1: folder / f"{name}-red", 2: folder / f"{name}-blue"}
        self.boxes = boxes(FRAMES, self.width)
        self.written = write_public(
            self.source, self.public, self.boxes, Public(crf=CRF), clips=paths, clip_crf=CRF
        )
        self.red, self.blue = self.written.clips[1], self.written.clips[2]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("persons"), {}

    def make(name: str) -> Sealed:
        if name not in made:
            made[name] = Sealed(folder, name, KINDS[name])
        return made[name]

    return make


def mask(shape: tuple[int, ...], box: tuple[int, ...], grown: int) -> np.ndarray:
    x0, y0, x1, y1 = box
    inside = np.zeros(shape[:2], bool)
    inside[max(0, y0 - grown) : y1 + grown, max(0, x0 - grown) : x1 + grown] = True
    return inside


def blueness(frame: np.ndarray) -> np.ndarray:
    """Of the blue square 210, of the red one -210, of all else about 0."""
    return frame[..., 2].astype(int) - frame[..., 0]


@pytest.mark.parametrize("name", KINDS)
def test_a_clip_has_its_person_and_no_other(name, sealed):
    made = sealed(name)
    for clip, own, sign in ((made.red, red_at, -1), (made.blue, blue_at, 1)):
        frames = shown(clip.path)
        assert len(frames) == len(clip.placements) == FRAMES
        for number, frame in enumerate(frames):
            colour = sign * blueness(frame)
            other = (blue_at if own is red_at else red_at)(number, made.width)
            overlap = mask((400, 400), own(number, made.width), 14) & mask((400, 400), other, 14)
            if overlap.any():
                continue
            # All of the square, and nothing of the other's colour.
            assert (colour > 150).sum() > 36 * 36
            assert colour.min() > -60


@pytest.mark.parametrize(("pix_fmt", "edge"), [("yuv420p", 50), ("yuv444p", 60)])
@pytest.mark.parametrize("track", [1, 2])
def test_a_clip_does_not_depend_on_another_person(track, pix_fmt, edge, tmp_path):
    # What both have, up to the edge, is the first's, with what shares its samples of colour.
    # Its canvas goes beyond that.
    only = [[(1, 10, 20, 47, 70), (2, 40, 30, 110, 90)]] * 3
    x0, y0, x1, y1 = (edge, 32, 108, 88) if track == 1 else (12, 22, 45, 68)
    results = []
    for colour in (RED, BLUE):
        pictures = [picture(number) for number in range(3)]
        for pixels in pictures:
            pixels[y0:y1, x0:x1] = colour
        source = write_lossless(tmp_path / f"{colour[0]}.mkv", pictures, pix_fmt)
        clips = {1: tmp_path / "1", 2: tmp_path / "2"}
        write_public(source, tmp_path / "a.mkv", only, Public(crf=0), clips=clips, clip_crf=0)
        results.append([planes(clips[one]) for one in (track, 3 - track)])
    for mine, others in zip(*results, strict=True):
        for one, other in zip(mine, others, strict=True):
            same = all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
            assert same == (mine is results[0][0])


@pytest.mark.parametrize("name", ["plain.mp4", "turned.mp4", "hlg.mov"])
def test_where_boxes_overlap_pixels_belong_to_the_first(name, sealed):
    # The blue square lies over the red one, and its upper left part in the red one's box.
    made = sealed(name)
    frames = shown(made.public), shown(made.red.path), shown(made.blue.path)
    met = 0
    for number in range(FRAMES):
        red, blue = red_at(number), blue_at(number)
        x0, x1 = max(red[0], blue[0]), min(red[2], blue[2])
        y0, y1 = max(red[1], blue[1]), min(red[3], blue[3])
        if x1 - x0 < 16:
            continue
        met += 1
        laid = {}
        for track, clip in ((1, made.red), (2, made.blue)):
            target = made.public.with_name(f"{track}-{made.public.name}")
            if not target.exists():
                lay_over(made.public, [clip], target, Public(crf=CRF))
            laid[track] = shown(target)[number]
        both = slice(y0 + 5, y1 - 5), slice(x0 + 5, x1 - 5)
        assert blueness(laid[1])[both].min() > 150
        assert abs(blueness(laid[2])[both]).max() < 40
    assert met >= 3
    assert len({len(each) for each in frames}) == 1


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("tracks", [(1,), (2,), (1, 2)])
def test_laid_over_the_public_clip(name, tracks, sealed, tmp_path):
    made = sealed(name)
    clips = [made.written.clips[track] for track in tracks]
    target, done = tmp_path / made.public.name, []
    count = lay_over(made.public, clips, target, Public(crf=CRF), progress=done.append)
    assert count == FRAMES
    assert done == [*range(1, FRAMES + 1)]
    assert times(target) == times(made.public)
    assert kinds(target) == kinds(made.public)
    assert np.array_equal(heard(target), heard(made.public))
    assert complaints(target) == []
    for number, (laid, before, hidden) in enumerate(
        zip(shown(target), shown(made.source), shown(made.public), strict=True)
    ):
        red = mask(laid.shape, red_at(number, made.width), 0)
        blue = mask(laid.shape, blue_at(number, made.width), 0) & ~red
        for area, track in ((red, 1), (blue, 2)):
            inner = eroded(area)
            if inner.any():
                want = before if track in tracks else hidden
                assert abs(laid[inner].astype(int) - want[inner]).mean() < 6
        rest = ~mask(laid.shape, red_at(number, made.width), 8)
        rest &= ~mask(laid.shape, blue_at(number, made.width), 8)
        assert abs(laid[rest].astype(int) - hidden[rest]).mean() < 3


def eroded(area: np.ndarray, by: int = 3) -> np.ndarray:
    inner = area.copy()
    for axis in (0, 1):
        for step in (-by, by):
            inner &= np.roll(area, step, axis)
    return inner


@pytest.mark.parametrize("name", ["plain.mp4", "turned.mp4", "odd.mp4"])
def test_placements_hold_the_boxes_in_stored_frames(name, sealed):
    made = sealed(name)
    for number, place in enumerate(made.red.placements):
        x0, y0, x1, y1 = red_at(number, made.width)
        if name == "turned.mp4":
            # Turned a quarter clockwise: what is above lies at the left.
            x0, y0, x1, y1 = y0, WIDTH - x1, y1, WIDTH - x0
        step = 1 if name == "odd.mp4" else 2
        assert place.frame == number
        assert (place.x, place.y) == (x0 // step * step, y0 // step * step)
        assert (place.x + place.w, place.y + place.h) == (
            -(-x1 // step) * step,
            -(-y1 // step) * step,
        )
        assert place.left <= place.x
        assert place.top <= place.y


@pytest.mark.parametrize("name", ["plain.mp4", "turned.mp4", "uneven.mov"])
def test_a_clip_plays_by_itself_in_its_time(name, sealed):
    made = sealed(name)
    assert kinds(made.red.path) == ["video h264"]
    assert complaints(made.red.path) == []
    start = times(made.source)[0]
    assert times(made.red.path) == [time - start for time in times(made.source)]


def test_a_person_comes_and_goes(tmp_path):
    source = write_clip(tmp_path / "a.mp4")
    seen = {*range(5, 12), *range(20, 25)}
    some = [each if n in seen else each[1:] for n, each in enumerate(boxes())]
    paths = {track: tmp_path / str(track) for track in (1, 2, 9)}
    written = write_public(source, tmp_path / "b.mp4", some, clips=paths, clip_crf=CRF)
    assert set(written.clips) == {1, 2}
    assert not (tmp_path / "9").exists()
    assert [place.frame for place in written.clips[1].placements] == sorted(seen)
    assert len(times(tmp_path / "1")) == len(seen)
    assert lay_over(tmp_path / "b.mp4", [written.clips[1]], tmp_path / "c.mp4") == FRAMES
    for number, frame in enumerate(shown(tmp_path / "c.mp4")):
        x0, y0, x1, y1 = red_at(number)
        if number <= 10:
            there = blueness(frame)[y0 + 4 : y1 - 4, x0 + 4 : x1 - 4].mean() < -150
            assert there or number not in seen


def test_canvases_change_places_and_not_sizes(tmp_path):
    source = write_clip(tmp_path / "a.mp4", audio=None)
    grows = [[(1, 4, 4, 20 + 3 * n, 20 + 2 * n)] for n in range(FRAMES)]
    written = write_public(source, tmp_path / "b.mp4", grows, clips={1: tmp_path / "1"})
    with av.open(str(tmp_path / "1")) as container:
        size = {(frame.width, frame.height) for frame in container.decode(video=0)}
    assert size == {(112, 80)}
    assert all(place.left >= 0 and place.top >= 0 for place in written.clips[1].placements)


def test_a_sealed_file_is_a_public_clip(sealed, tmp_path):
    made = sealed("plain.mp4")
    whole = tmp_path / "whole.mp4"
    whole.write_bytes(made.public.read_bytes())
    with whole.open("r+b") as file:
        append_payload(file, 99, [bytes(99)])
    assert lay_over(whole, [made.red], tmp_path / "a.mp4") == FRAMES


@pytest.mark.parametrize(
    "change",
    [
        lambda places: [*places[:-1], places[-1]._replace(frame=FRAMES)],
        lambda places: [*places, places[-1]._replace(frame=FRAMES - 1)],
        lambda places: [places[0]._replace(x=-2), *places[1:]],
        lambda places: [places[0]._replace(w=0), *places[1:]],
        lambda places: [places[0]._replace(w=4000), *places[1:]],
        lambda places: [places[0]._replace(left=places[0].x + 2), *places[1:]],
        lambda places: [places[0]._replace(top=-48), *places[1:]],
        lambda places: [places[0]._replace(x=places[0].x + 1), *places[1:]],
        lambda places: [places[0]._replace(x=9998, left=9990), *places[1:]],
    ],
    ids=["late", "more", "x", "empty", "wide", "left", "top", "between", "beyond"],
)
def test_placements_of_another_clip_are_refused(change, sealed, tmp_path):
    made = sealed("plain.mp4")
    clip = Clip(made.red.path, change(list(made.red.placements)))
    with pytest.raises(MediaError, match="does not belong to the public one"):
        lay_over(made.public, [clip], tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_crowd_is_refused_with_what_to_do(sealed, tmp_path, monkeypatch):
    monkeypatch.setattr(persons_module, "MAX_CLIPS_AT_ONCE", 1)
    made = sealed("plain.mp4")
    paths = {1: tmp_path / "1", 2: tmp_path / "2"}
    with pytest.raises(MediaError, match="more than 1 persons") as error:
        write_public(made.source, tmp_path / "a.mp4", made.boxes, clips=paths)
    assert "--no-tracks" in error.value.hint.command
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_where_writing_fails(sealed, tmp_path):
    made = sealed("plain.mp4")
    paths = {1: tmp_path / "1", 2: tmp_path / "2"}

    def fail(done: int) -> None:
        if done == 20:
            assert {one.name for one in tmp_path.iterdir()} == {"1", "2", "a"}
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_public(made.source, tmp_path / "a", made.boxes, clips=paths, progress=fail)
    assert list(tmp_path.iterdir()) == []


def test_placements_read_like_a_list_and_are_small():
    rows = [Placement(number, 5, 6, 7, 8, -9, 10) for number in range(1000)]
    tracemalloc.start()
    places = Placements(rows)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1000 * 40  # seven numbers of four bytes each, and room to grow
    assert len(places) == 1000
    assert (places[0], places[-1], places[1:3]) == (rows[0], rows[-1], rows[1:3])
    assert list(places) == rows
    with pytest.raises(IndexError):
        places[1000]


@pytest.mark.parametrize(("speed", "most"), [("ultrafast", 1), ("veryfast", 10), ("veryslow", 15)])
def test_an_encoder_of_a_clip_keeps_few_frames(tmp_path, speed, most):
    clip = write_clip(tmp_path / "clip.mp4", frames=2)
    with Source(clip) as source, av.open(str(tmp_path / "a.mp4"), "w") as out:
        chosen = for_clips(recipe(source, "mp4", Public()), 23, speed)
        stream = add_video(out, chosen, look_of(source), (64, 64), rate=None, base=Fraction(1, 30))
        stream.codec_context.thread_count = 1
        kept = 0
        for kept in range(100):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 2 * kept, np.uint8), "rgb24")
            frame.pts = kept
            if packets := stream.encode(frame):
                break
        out.mux(packets)
        out.mux(stream.encode(None))
    # x264 would keep up to 60 more, and every person in sight has an encoder.
    assert kept <= most
