"""The kernels of samples, against counted pixels, fractions and OpenCV."""

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecrypt import _native
from facecrypt.training.overlap import best_overlaps, crops


def counted(box, face) -> float:
    """Intersection over union by counting the pixels from one corner to the other, both in."""
    canvas = np.zeros((2, 64, 64), bool)
    for plane, (x1, y1, x2, y2) in zip(canvas, (box, face), strict=True):
        plane[y1 + 20 : y2 + 21, x1 + 20 : x2 + 21] = True
    return float(Fraction(int(canvas.all(axis=0).sum()), int(canvas.any(axis=0).sum())))


edges = st.lists(st.integers(-20, 42), min_size=2, max_size=2, unique=True).map(sorted)
boxes = st.tuples(edges, edges).map(lambda xy: [xy[0][0], xy[1][0], xy[0][1], xy[1][1]])


@given(st.lists(boxes, min_size=1, max_size=4), st.lists(boxes, min_size=1, max_size=5))
def test_overlap_is_that_of_counted_pixels(tried, faces):
    best, which = best_overlaps(np.array(tried, np.int32), np.array(faces, np.int32))
    for row, box in enumerate(tried):
        values = [counted(box, face) for face in faces]
        assert best[row] == max(values)
        assert which[row] == values.index(max(values))


def test_overlaps_worked_by_hand():
    faces = np.array([[200, 0, 209, 9], [0, 5, 9, 14], [0, 5, 9, 14]], np.int32)
    tried = np.array([[0, 0, 9, 9], [9, 9, 18, 18], [100, 100, 110, 110]], np.int32)
    best, which = best_overlaps(tried, faces)
    # 50 of 150 pixels, then 6 of 194: the corner that both boxes name is one of them.
    assert best.tolist() == [1 / 3, 6 / 194, 0.0]
    assert which.tolist() == [1, 1, 0]


def test_large_boxes_do_not_overflow():
    far = 1 << 22
    whole = np.array([[-far, -far, far, far]], np.int32)
    half = np.array([[-far, -far, far, 0]], np.int32)
    assert best_overlaps(half, whole)[0] == (far + 1) / (2 * far + 1)


def test_no_boxes_no_faces():
    none, one = np.empty((0, 4), np.int32), np.array([[0, 0, 1, 1]], np.int32)
    best, which = best_overlaps(one, none)
    assert (best.tolist(), which.tolist()) == ([0.0], [-1])
    assert [len(values) for values in best_overlaps(none, one)] == [0, 0]
    assert crops(np.zeros((5, 5, 3), np.uint8), none, 24).shape == (0, 24, 24, 3)


def weights(length: int, size: int) -> np.ndarray:
    """Rows of the bilinear share of each source pixel, in fractions."""
    table = np.full((size, length), Fraction(0), object)
    for i in range(size):
        at = (Fraction(2 * i + 1, 2) * length) / size - Fraction(1, 2)
        at = min(max(at, Fraction(0)), Fraction(length - 1))
        low = at.numerator // at.denominator
        table[i, low] += 1 - (at - low)
        table[i, min(low + 1, length - 1)] += at - low
    return table


@settings(max_examples=25, deadline=None)
@given(st.data(), st.sampled_from([12, 24, 48]))
def test_crops_are_exact(data, size):
    image = np.random.default_rng(1).integers(0, 256, (19, 23, 3), np.uint8)
    x1, y1 = data.draw(st.integers(0, 22)), data.draw(st.integers(0, 18))
    x2, y2 = data.draw(st.integers(x1 + 1, 23)), data.draw(st.integers(y1 + 1, 19))
    ours = crops(image, np.array([[x1, y1, x2, y2]], np.int32), size)[0]
    part = image[y1:y2, x1:x2].astype(int).astype(object)
    for channel in range(3):
        exact = weights(y2 - y1, size) @ part[:, :, channel] @ weights(x2 - x1, size).T
        rounded = np.vectorize(lambda value: (2 * value + 1) // 2, otypes=[int])(exact)
        assert np.array_equal(ours[:, :, channel], rounded)


def test_a_crop_of_twice_the_side_is_the_mean_of_pairs():
    ramp = np.repeat(np.arange(24, dtype=np.uint8)[None, :, None] * 10, 24, axis=0)
    image = np.repeat(ramp, 3, axis=2)
    row = crops(image, np.array([[0, 0, 24, 24]], np.int32), 12)[0, 0, :, 0]
    assert row.tolist() == [5, 25, 45, 65, 85, 105, 125, 145, 165, 185, 205, 225]


@pytest.mark.parametrize("size", [12, 24, 48])
def test_a_crop_of_its_own_size_keeps_its_pixels_and_opencv_agrees_within_one(size):
    rng = np.random.default_rng(2)
    image = rng.integers(0, 256, (300, 400, 3), np.uint8)
    own = np.array([[7, 9, 7 + size, 9 + size]], np.int32)
    assert np.array_equal(crops(image, own, size)[0], image[9 : 9 + size, 7 : 7 + size])
    corner = rng.integers(0, 200, (40, 2))
    tried = np.hstack([corner, corner + rng.integers(1, 100, (40, 2))]).astype(np.int32)
    for (x1, y1, x2, y2), ours in zip(tried, crops(image, tried, size), strict=True):
        theirs = cv2.resize(image[y1:y2, x1:x2], (size, size), interpolation=cv2.INTER_LINEAR)
        assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_crops_write_where_they_are_told():
    out = np.zeros((1, 12, 12, 3), np.uint8)
    image = np.full((20, 20, 3), 9, np.uint8)
    assert crops(image, np.array([[0, 0, 20, 20]], np.int32), 12, out=out) is out
    assert (out == 9).all()


IMAGE, BOX = np.zeros((20, 30, 3), np.uint8), np.array([[0, 0, 12, 12]], np.int32)


@pytest.mark.parametrize(
    ("image", "box", "size", "error", "words"),
    [
        (IMAGE, [[0, 0, 31, 12]], 12, ValueError, "within the 30 x 20 pixels"),
        (IMAGE, [[-1, 0, 12, 12]], 12, ValueError, "within the 30 x 20 pixels"),
        (IMAGE, [[5, 0, 5, 12]], 12, ValueError, "x1 < x2"),
        (IMAGE, [[0, 0, 12]], 12, ValueError, r"shape \(N, 4\)"),
        (IMAGE, [[0, 0, 12, 12]], 13, ValueError, "12, 24 or 48"),
        (IMAGE[:, :, 0].copy(), [[0, 0, 12, 12]], 12, ValueError, r"\(H, W, 3\)"),
        (IMAGE[:, ::2], [[0, 0, 12, 12]], 12, ValueError, "C-contiguous"),
        (IMAGE.astype(float), [[0, 0, 12, 12]], 12, TypeError, "uint8"),
    ],
)
def test_crops_refuse(image, box, size, error, words):
    with pytest.raises(error, match=words):
        crops(image, np.array(box, np.int32), size)


def test_overlaps_refuse_what_is_no_box():
    with pytest.raises(TypeError, match="int32"):
        best_overlaps(BOX.astype(np.int64), BOX)
    with pytest.raises(ValueError, match="faces must be x1 < x2"):
        best_overlaps(BOX, np.array([[0, 0, 0, 5]], np.int32))
    with pytest.raises(ValueError, match="within"):
        best_overlaps(BOX, np.array([[0, 0, 1 << 23, 5]], np.int32))


def test_nothing_is_read_where_it_is_written():
    """Boxes are checked first, and would lead anywhere once they are overwritten."""
    memory = np.zeros(12 * 12 * 3 // 4 + 4, np.int32)
    box, out = memory[-4:].reshape(1, 4), memory.view(np.uint8)
    box[:] = 0, 0, 12, 12
    with pytest.raises(ValueError, match="out overlaps boxes; pass another array"):
        _native.crops(IMAGE, box, out[4 : 4 + 432].reshape(1, 12, 12, 3))
    _native.crops(IMAGE, box, out[:432].reshape(1, 12, 12, 3))
    best, which = np.zeros(1), np.zeros(1, np.int32)
    with pytest.raises(ValueError, match="which overlaps faces; pass another array"):
        _native.overlaps(BOX, box, best, box[0, :1])
    with pytest.raises(ValueError, match="which overlaps best"):
        _native.overlaps(BOX, BOX, best, best.view(np.int32)[:1])
    _native.overlaps(BOX, BOX, best, which)
    assert best.tolist() == [1.0]
