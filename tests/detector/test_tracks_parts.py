"""What following people is made of: flow, pairs, cuts, looks; expected values by construction."""

import sys

import cv2
import numpy as np
import pytest

from facecrypt.detector.tracks.cuts import CutFinder
from facecrypt.detector.tracks.flow import carry, load_cv2, shrink
from facecrypt.detector.tracks.looks import likeness, look_at
from facecrypt.detector.tracks.matching import match, overlaps
from facecrypt.errors import BackendUnavailableError


def texture(seed: int, shape: tuple[int, int] = (180, 320)) -> np.ndarray:
    """Blobs large and small, as pictures have them."""
    noise = np.random.default_rng(seed).normal(size=shape)
    blobs = sum(size * cv2.GaussianBlur(noise, (0, 0), size) for size in (1.5, 3, 6))
    return cv2.normalize(blobs, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def moved(picture: np.ndarray, x: float, y: float, zoom: float = 1.0) -> np.ndarray:
    """Enlarged about the corner, then shifted."""
    matrix = np.array([[zoom, 0, x], [0, zoom, y]])
    size = picture.shape[::-1]
    return cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)


BOXES = np.array([(40, 30, 80, 80), (200, 90, 260, 150)], np.float32)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, -2), (-7.5, 4.25), (16, 11)])
def test_boxes_move_with_what_is_in_them(x, y):
    picture = texture(1)
    boxes = carry(picture, moved(picture, x, y), BOXES, 1.0)
    np.testing.assert_allclose(boxes - BOXES, [[x, y, x, y]] * 2, atol=0.3)


def test_boxes_grow_with_what_is_in_them():
    picture = texture(2)
    boxes = carry(picture, moved(picture, 0, 0, 1.04), BOXES, 1.0)
    np.testing.assert_allclose(boxes, BOXES * 1.04, atol=0.6)


def test_boxes_are_those_of_the_frame_however_small_its_luma_is():
    boxes = carry(texture(3), moved(texture(3), 4, 2), BOXES * 2, 0.5)
    np.testing.assert_allclose(boxes - BOXES * 2, [[8, 4, 8, 4]] * 2, atol=0.6)


def test_a_box_beside_the_frame_stays_where_it_is():
    beside = np.array([(-90, 20, -40, 70), (330, 20, 380, 70)], np.float32)
    boxes = carry(texture(4), moved(texture(4), 5, 5), beside, 1.0)
    np.testing.assert_array_equal(boxes, beside)


def test_most_points_decide_where_a_box_goes():
    # Something else covers the left quarter of the face.
    after = moved(texture(5), 6, 0)
    after[:, :50] = texture(6)[:, :50]
    [box] = carry(texture(5), after, BOXES[:1], 1.0)
    np.testing.assert_allclose(box[[1, 3]], BOXES[0, [1, 3]], atol=1)
    assert 5 < (box[0] + box[2] - BOXES[0, 0] - BOXES[0, 2]) / 2 < 7


@pytest.mark.parametrize(
    ("size", "scale"), [((480, 270), 1.0), ((960, 540), 1 / 2), ((3840, 2160), 1 / 4)]
)
def test_frames_are_shrunk_as_they_are_large(size, scale):
    luma, found = shrink(np.full((size[1], size[0], 3), 77, np.uint8))
    assert found == scale
    assert luma.shape == (round(size[1] * scale), round(size[0] * scale))
    assert (luma == 77).all()


def test_without_opencv_an_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(BackendUnavailableError, match="pip install opencv-python-headless"):
        load_cv2()


def test_overlap_is_intersection_over_union():
    # 10x10 beside one shifted by half its side: 50 of 150; one inside: 25 of 100; one apart.
    one = np.array([(0, 0, 10, 10)], np.float32)
    others = np.array([(5, 0, 15, 10), (0, 0, 5, 5), (20, 20, 30, 30)], np.float32)
    np.testing.assert_allclose(overlaps(one, others), [[1 / 3, 1 / 4, 0]])


def test_the_nearest_go_together_each_once():
    expected = np.array([(0, 0, 10, 10), (8, 0, 18, 10)], np.float32)
    found = np.array([(7, 0, 17, 10), (100, 100, 110, 110)], np.float32)
    assert match(expected, found) == [(1, 0)]
    both = np.array([(9, 0, 19, 10), (3, 0, 13, 10)], np.float32)
    assert sorted(match(expected, both)) == [(0, 1), (1, 0)]


def test_a_fast_face_may_leave_its_place_but_not_go_further():
    here = np.array([(0, 0, 10, 10)], np.float32)
    assert match(here, here + np.float32(4)) == [(0, 0)]
    assert match(here, here + np.float32(8)) == []
    assert match(here[:0], here) == match(here, here[:0]) == []


def cuts(*frames: np.ndarray) -> list[bool]:
    finder = CutFinder()
    return [finder.add(frame) for frame in frames]


def test_another_picture_is_a_cut_and_what_a_camera_does_is_none():
    one, other = texture(7), texture(8)
    assert cuts(one, other, other, one) == [False, True, False, True]
    assert not any(cuts(one, moved(one, 20, 8), moved(one, 5, 20, 1.05)))
    assert not any(cuts(one, cv2.flip(cv2.flip(one, 0), 0), np.uint8(one * 0.4)))


def test_the_noise_of_the_dark_is_no_cut():
    random = np.random.default_rng(9)
    assert not any(cuts(*random.integers(0, 8, (4, 180, 320)).astype(np.uint8)))


def test_a_face_looks_like_itself_in_other_light_and_like_nothing_else():
    picture, box = texture(10), BOXES[0]
    look = look_at(picture, box, 1.0)
    assert likeness(look, look_at(np.uint8(picture * 0.5 + 20), box, 1.0)) > 0.99
    assert abs(likeness(look, look_at(texture(11), box, 1.0))) < 0.5
    assert likeness(look, look_at(np.full_like(picture, 60), box, 1.0)) == 0


def test_a_face_that_leaves_is_compared_by_what_is_still_in_the_frame():
    picture = texture(12)
    look = look_at(picture, BOXES[0], 1.0)
    leaving = np.array([-20, 30, 20, 80], np.float32)
    assert likeness(look, look_at(moved(picture, -60, 0), leaving, 1.0)) > 0.9
    gone = np.array([-35, 30, 5, 80], np.float32)
    assert likeness(look, look_at(moved(picture, -75, 0), gone, 1.0)) == 0
