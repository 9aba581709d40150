"""Ways of people through a video, written down as boxes of some frames."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clips import write_clip
from support.command_line import command

from facecrypt import Region, SecretKey, encrypt_file, inspect
from facecrypt.detector import Track
from facecrypt.jobs.boxes import load_places
from facecrypt.sealing.content_video import Person
from facecrypt.sealing.ways import Way

KEY = SecretKey(bytes(range(32)))


def track(boxes, first=0) -> Track:
    return Track(first, np.array(boxes, np.int32), np.zeros(len(boxes), bool))


def test_between_two_boxes_a_face_moves_straight_and_boxes_are_rounded_outwards():
    found = Way(((2, 0, 10, 20, 40), (5, 10, 10, 31, 40))).track(100, 200, 200)
    assert found.first == 2
    assert found.boxes.tolist() == [
        [0, 10, 20, 40],
        [3, 10, 24, 40],
        [6, 10, 28, 40],
        [10, 10, 31, 40],
    ]


def test_a_way_ends_with_the_video_and_at_its_borders():
    found = Way(((0, -30, 0, -10, 20), (4, 10, 0, 30, 20))).track(4, 15, 25)
    assert (found.first, found.boxes.tolist()) == (2, [[0, 0, 10, 15], [0, 0, 20, 15]])
    assert Way(((9, 0, 0, 5, 5),)).track(9, 100, 100) is None
    assert Way(((0, 100, 0, 120, 9),)).track(9, 100, 100) is None


def test_a_straight_way_has_two_boxes_and_a_bent_one_three():
    straight = [[n, 0, n + 10, 10] for n in range(30)]
    bent = [[abs(n - 12) * 2, 0, 60, 10] for n in range(30)]
    assert [key[0] for key in Way.of(track(straight, 7)).keys] == [7, 36]
    assert [key[0] for key in Way.of(track(bent)).keys] == [0, 12, 29]


boxes = st.tuples(st.integers(0, 80), st.integers(0, 80), st.integers(1, 19), st.integers(1, 19))


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, min_size=1, max_size=40), st.integers(0, 5))
def test_no_box_of_a_track_is_off_by_more_than_a_pixel(found, first):
    made = [[x, y, x + w, y + h] for x, y, w, h in found]
    back = Way.of(track(made, first)).track(first + len(made), 100, 100)
    assert back.first == first
    assert np.abs(back.boxes - np.array(made)).max() <= 2  # one pixel, and rounding outwards


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ((), "a track needs a box"),
        (((3, 0, 0, 5, 5), (3, 0, 0, 5, 5)), "frames of a track rise"),
        (((-1, 0, 0, 5, 5),), "a frame is a number from 0"),
        (((0, 0, 0, 0, 5),), "needs x0 < x1"),
    ],
)
def test_ways_that_there_are_not(keys, message):
    with pytest.raises(ValueError, match=message):
        Way(keys)


def test_what_is_detected_can_be_changed_and_sealed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "clip.mp4", 8)
    KEY.save("k")
    done = command("detect", "clip.mp4", "--json")
    assert (done.code, done.err) == (0, [])
    [way] = json.loads(done.out)["clip.mp4"]
    first, last = way["track"][0], way["track"][-1]
    # The face of the photograph, which moves by (2, 1) a frame.
    assert np.abs(np.array(first) - [0, 181, 60, 269, 175]).max() < 12
    assert np.abs(np.array(last) - [7, 167, 53, 255, 168]).max() < 12
    shown = command("detect", "clip.mp4").out.splitlines()
    assert shown[0] == "clip.mp4: 1 face"
    assert shown[1].startswith("  frames 0 to 7, from ")
    places = {
        "clip.mp4": [way, {"track": [[3, 0, 0, 32, 32], [6, 0, 0, 32, 32]]}, [0, 200, 20, 220]]
    }
    (tmp_path / "boxes.json").write_text(json.dumps(places))
    seal = ("encrypt", "clip.mp4", "-o", "sealed", "-k", "k", "--boxes", "boxes.json")
    assert command(*seal).code == 0
    assert inspect("sealed/clip.mp4").regions == (
        Person(0, 667),
        Person(250, 584),
        Person(0, 667),
    )
    assert "1 there already" in command(*seal).err[-1]
    places["clip.mp4"].pop()
    (tmp_path / "boxes.json").write_text(json.dumps(places))
    done = command(*seal)
    assert (done.code, "sealed with other options" in done.err[0]) == (1, True)


def test_a_way_beside_the_video_is_an_error_however_far_it_grows(tmp_path):
    (tmp_path / "off.json").write_text('{"a.mp4": [{"track": [[0, 110, 10, 190, 90]]}]}')
    for grow in 0, 0.5, 1:
        [way] = load_places(tmp_path / "off.json", grow=grow)["a.mp4"]
        assert way.track(5, 100, 100) is None
    [way] = load_places(tmp_path / "off.json", grow=0.5)["a.mp4"]
    assert way.track(5, 100, 200).boxes.tolist() == [[70, 0, 200, 100]]


def test_a_way_that_is_nowhere_in_the_video_is_an_error(tmp_path):
    source = write_clip(tmp_path / "clip.mp4", 4)
    way = Way(((0, 0, 0, 9, 9), (4, 0, 0, 9, 9)))
    with pytest.raises(ValueError, match=r"goes to frame 4, and the video has 4 frames, from 0"):
        encrypt_file(source, tmp_path / "a.mp4", KEY, regions=[way])
    with pytest.raises(ValueError, match=r"from frame 1 on lies wholly outside the video"):
        encrypt_file(source, tmp_path / "a.mp4", KEY, regions=[Way(((1, 900, 0, 909, 9),))])
    with pytest.raises(ValueError, match="lies wholly outside"):
        encrypt_file(source, tmp_path / "a.mp4", KEY, regions=[Region(400, 0, 500, 9)])
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    ("places", "message"),
    [
        (
            {"a": [{"track": [[0, 1, 2, 3, 4], [9, 1, 2, 3, 4]], "box": [1, 2, 3, 4]}]},
            "a, box 0: expected a box or a track, received both",
        ),
        ({"a": [{"track": [[1, 2, 3]]}]}, "a, box 0: expected [[frame, x0, y0, x1, y1], "),
        ({"a": [{"track": []}]}, "a, box 0: a track needs a box"),
        ({"a": [{"track": [[1, 9, 9, 5, 5]]}]}, "a, box 0: "),
    ],
)
def test_files_of_boxes_with_tracks_that_there_are_not(tmp_path, monkeypatch, places, message):
    monkeypatch.chdir(tmp_path)
    KEY.save("k")
    (tmp_path / "boxes.json").write_text(json.dumps(places))
    done = command("encrypt", "a", "-o", "out", "-k", "k", "--boxes", "boxes.json")
    assert (done.code, message in done.err[0]) == (2, True), done.err


def test_tracks_are_for_videos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "boxes.json").write_text('{"a.png": [{"track": [[0, 0, 0, 5, 5]]}]}')
    done = command("scheme", "pbe", "encrypt", "a.png", "-o", "out", "--boxes", "boxes.json")
    assert done.code != 0
