"""Recall, precision and average precision, on numbers worked out by hand and one known face."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.places import ROOT

from facecrypt.errors import MediaError
from facecrypt.training.evaluate import Judged, average_precision, evaluate, judge

FROZEN = json.loads((ROOT / "tests" / "vectors" / "mtcnn_faces.json").read_text())


def judged(scores, right):
    return Judged(np.array(scores, float), np.array(right, bool))


# Average precision.


@pytest.mark.parametrize(
    ("right", "faces", "expected"),
    [
        # Precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1.
        ([True, False, True], 2, 1 / 2 * 1 + 1 / 2 * 2 / 3),
        # 0, 1/2, 2/3, 1/2, 3/5 at 0, 1/4, 2/4, 2/4, 3/4; the best from 1/4 on is 2/3.
        ([False, True, True, False, True], 4, (2 / 3 + 2 / 3 + 3 / 5) / 4),
        ([True, True], 2, 1.0),
        ([True], 4, 0.25),
        ([False, False], 3, 0.0),
        ([], 3, 0.0),
    ],
)
def test_average_precision_by_hand(right, faces, expected):
    scores = np.linspace(0.9, 0.1, len(right))
    assert average_precision(judged(scores, right), faces) == pytest.approx(expected)
    backwards = judged(scores[::-1], right[::-1])
    assert average_precision(backwards, faces) == pytest.approx(expected)


def test_no_faces_have_no_average_precision():
    assert np.isnan(average_precision(judged([0.5], [False]), 0))


@given(st.lists(st.booleans(), max_size=12), st.integers(0, 5))
def test_average_precision_is_the_area_under_the_curve(right, missed):
    """Against the definition: at each recall, the best precision there or further on."""
    faces = sum(right) + missed
    if not faces:
        return
    curve = [(sum(right[:n]), sum(right[:n]) / n) for n in range(1, len(right) + 1)]
    area = sum(
        max((p for found, p in curve if found >= level), default=0) for level in range(1, faces + 1)
    )
    scores = np.linspace(1, 0.5, len(right))
    assert average_precision(judged(scores, right), faces) == pytest.approx(area / faces)


# Which detections are right.


FACES = np.array([[0, 0, 10, 10], [20, 0, 30, 10]])


def verdict(boxes, scores, invalid=(False, False), faces=FACES, iou=0.5):
    found = judge(np.array(boxes, float), np.array(scores), faces, np.array(invalid), iou)
    return list(zip(found.scores.tolist(), found.right.tolist(), strict=True))


def test_a_face_is_found_once_and_by_the_best():
    boxes = [[0, 0, 10, 9], [0, 0, 10, 10], [21, 0, 30, 10]]
    assert verdict(boxes, [0.8, 0.9, 0.7]) == [(0.9, True), (0.8, False), (0.7, True)]


def test_half_an_overlap_is_enough_and_less_is_not():
    # 10 x 5 of 10 x 10 is 1/2; 100 of 10 x 21 is less.
    assert verdict([[0, 0, 10, 5]], [0.9]) == [(0.9, True)]
    assert verdict([[0, 0, 10, 21]], [0.9]) == [(0.9, False)]
    assert verdict([[0, 0, 10, 21]], [0.9], iou=0.4) == [(0.9, True)]


def test_invalid_faces_count_neither_way():
    boxes = [[0, 0, 10, 10], [0, 0, 9, 10], [20, 0, 30, 10], [50, 50, 60, 60]]
    scores = [0.9, 0.8, 0.7, 0.6]
    assert verdict(boxes, scores, (True, False)) == [(0.7, True), (0.6, False)]


def test_nothing_to_find_and_nothing_found():
    none = np.empty((0, 4), int)
    assert verdict([[0, 0, 9, 9]], [0.9], (), none) == [(0.9, False)]
    assert verdict(np.empty((0, 4)), []) == []


def test_a_box_inside_out_finds_nothing():
    assert verdict([[10, 10, 0, 0]], [0.9]) == [(0.9, False)]


# Pictures.


@pytest.fixture
def pictures(tmp_path):
    pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")
    image = Image.open(ROOT / "examples" / "astronaut.png")
    image.save(tmp_path / "face.png")
    image.crop((0, 300, 100, 400)).save(tmp_path / "none.png")
    return tmp_path


def known_face():
    """The box that facenet-pytorch gives, whose first pixel is number 1."""
    x0, y0, x1, y1 = (
        round(value) for value in FROZEN["pictures"]["astronaut"]["default"][0]["box"]
    )
    return x0 - 1, y0 - 1, x1, y1


def test_a_known_face(pictures):
    x0, y0, x1, y1 = known_face()
    wider = pictures / "gt.txt"
    row = f"{x0} {y0} {x1 - x0} {y1 - y0} 0 0 0 0 0 0\n"
    elsewhere = "5 5 30 30 0 0 0 1 0 0\n"
    wider.write_text(f"face.png\n2\n{row}{elsewhere}none.png\n0\n0 0 0 0 0 0 0 0 0 0\n")
    seen = []
    found = evaluate(None, wider, pictures, iou=0.99, progress=lambda *done: seen.append(done))
    assert seen == [(1, 2), (2, 2)]
    assert found[:2] == (1.0, 1.0)
    assert found[3:] == (2, 1, 1, 1, 0)
    assert found.average_precision == 1.0


def test_a_face_where_none_is_found(pictures):
    (pictures / "anno.txt").write_text("face.png 5 5 35 35\n")
    found = evaluate(None, pictures / "anno.txt", pictures)
    assert found == (0.0, 0.0, 0.0, 1, 1, 0, 0, 1)


def test_bad_input(pictures):
    (pictures / "anno.txt").write_text("lost.png 5 5 35 35\n")
    with pytest.raises(MediaError, match=r"lost\.png"):
        evaluate(None, pictures / "anno.txt", pictures)
    with pytest.raises(ValueError, match=r"iou must lie in \(0, 1\], received 0"):
        evaluate(None, pictures / "anno.txt", pictures, iou=0)
