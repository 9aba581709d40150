"""How the benchmark of videos judges what is hidden: figures worked by hand."""

import numpy as np
import pytest

from bench.clips import FACES, SIZE, Shot, View, Walk, Walker, frames_of, write_clip
from bench.hidden import Mask, judge

FACE = (400, 200, 480, 300)


def judged(*masks, ellipses=False):
    """What is hidden in one frame after another, all with one face."""
    frames = [Mask([] if mask is None else [mask], ellipses) for mask in masks]
    return judge(frames, [[(0, *FACE)]] * len(frames))


def test_a_face_is_hidden_where_nearly_all_of_its_middle_is():
    # The middle is 64 x 80 pixels from (408, 210); 2 of 64 are 3 %, 8 are 12 %.
    assert judged(FACE).exposed == 0
    assert judged((408, 208, 472, 292)).exposed == 0
    assert judged((416, 200, 480, 300)).exposed == 1
    assert judged(None).exposed == 1
    # Of a box that is just large enough the ellipse is not.
    assert judged((408, 208, 472, 292), ellipses=True).exposed == 1
    assert judged((380, 175, 500, 325), ellipses=True).exposed == 0


def test_a_flicker_is_a_short_exposed_run_between_hidden_ones():
    assert judged(FACE, None, FACE).flickers == 1
    assert judged(FACE, None, None, None, FACE, None, FACE).flickers == 2
    assert judged(FACE, None, None, None, None, FACE).flickers == 0
    assert judged(None, FACE, None).flickers == 0
    # Not one where the face was not there meanwhile.
    frames = [Mask([FACE]), Mask([]), Mask([]), Mask([FACE])]
    there = [[(0, *FACE)], [], [(0, *FACE)], [(0, *FACE)]]
    assert judge(frames, there).flickers == 0


def test_area_is_the_part_of_the_frame():
    found = judged((0, 0, SIZE[0] // 2, SIZE[1]), None)
    assert found.area == 0.25
    assert found.true == pytest.approx(80 * 100 / (SIZE[0] * SIZE[1]))
    ellipse = judged((0, 0, 400, 400), ellipses=True)
    assert ellipse.area == pytest.approx(np.pi * 200**2 / (SIZE[0] * SIZE[1]), rel=0.01)


def test_faces_are_where_the_camera_shows_them(monkeypatch):
    monkeypatch.setitem(FACES, "one", [(100, 100, 140, 150)])
    photo = np.zeros((540, 960, 3), np.uint8)
    photo[100:150, 100:140] = 255
    shot = Shot("one", 20, View(120, 125, 2), View(120, 125, 2), bar=(0.5, 1))
    frames = list(frames_of([shot], lambda name: photo))
    # The middle of the view is the middle of the face; at twice its size 80 x 100.
    frame, [face] = frames[0]
    assert face == (0, 440, 220, 520, 320)
    assert frame[225:315, 445:515].mean() > 240
    assert frame[:200].mean() < 20
    # The bar, half as wide as the frame, hides it meanwhile.
    assert [bool(faces) for _, faces in frames] == [True] * 7 + [False] * 7 + [True] * 6


def test_clips_have_the_faces_that_are_written(tmp_path):
    av = pytest.importorskip("av")
    walker = Walker("astronaut.png", 0, 90, (-60, 270), (1020, 270), 2, 11)
    picture = np.full((512, 512, 3), 128, np.uint8)
    truth = write_clip(
        tmp_path / "clip.mp4", frames_of([Walk("coffee.png", 12, (walker,))], lambda name: picture)
    )
    assert [len(faces) for faces in truth] == [0, 0, 0, *[1] * 8, 0]
    with av.open(str(tmp_path / "clip.mp4")) as file:
        assert [stream.type for stream in file.streams] == ["video", "audio"]
        assert sum(1 for _ in file.decode(video=0)) == 12
