"""Which of overlapping boxes is kept: on numbers worked out by hand, and against plain loops."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.greedy_nms import of_smaller, of_union

from facecrypt import _native
from facecrypt.detector import cascade

SAME = np.array([[4, 4, 14, 14], [5, 4, 15, 14], [40, 40, 50, 50], [4.5, 4, 14.5, 14]], np.float32)


def test_of_equal_scores_the_first_suppression_keeps_the_first_the_last_the_last():
    """Three of these boxes share at least 9/11 of their union; a fourth lies apart."""
    equal = np.ones(4, np.float32)
    assert cascade.suppress(SAME, equal, 0.7).tolist() == [0, 2]
    assert cascade.suppress_nested(SAME, equal, 0.7).tolist() == [3, 2]


def test_a_better_score_counts_for_more_than_the_order():
    scores = np.array([0.5, 0.75, 0.25, 0.75], np.float32)
    assert cascade.suppress(SAME, scores, 0.7).tolist() == [1, 2]
    assert cascade.suppress_nested(SAME, scores, 0.7).tolist() == [3, 2]


@pytest.mark.parametrize(
    ("other", "share"),
    [
        ([0, 0, 7, 10], 0.7),  # 70 of 100
        ([0, 0, 8, 10], 0.8),
        ([0, 3, 10, 17], 70 / 170),
        ([10, 0, 20, 10], 0.0),  # they touch
    ],
)
def test_a_share_of_the_union_equal_to_the_threshold_is_kept(other, share):
    boxes = np.array([[0, 0, 10, 10], other], np.float32)
    scores = np.array([0.9, 0.8], np.float32)
    assert len(cascade.suppress(boxes, scores, 0.7)) == (1 if share > 0.7 else 2)


def test_a_small_box_goes_where_a_large_one_holds_it():
    boxes = np.array([[0, 0, 999, 999], [500, 500, 509, 509], [995, 995, 1004, 1004]], np.float32)
    assert cascade.suppress_nested(boxes, np.ones(3, np.float32), 0.7).tolist() == [2, 1]
    best_first = np.array([0.9, 0.8, 0.7], np.float32)
    assert cascade.suppress_nested(boxes, best_first, 0.7).tolist() == [0, 2]


def test_boxes_without_area_share_nothing():
    flat = np.array([[5, 5, 5, 9], [5, 5, 5, 9], [7, 7, 3, 3], [0, 0, 20, 20]], np.float32)
    assert cascade.suppress(flat, np.ones(4, np.float32), 0.5).tolist() == [0, 1, 2, 3]


@st.composite
def boxes_and_scores(draw):
    """Crowded: whole or broken numbers, squares or not, sizes alike or far apart, many ties."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(0, 150))
    corner = rng.uniform(-30, draw(st.sampled_from([10, 60, 400])), (count, 2))
    sides = np.exp(rng.uniform(0, draw(st.sampled_from([0.5, 3, 6])), (count, 2)))
    if draw(st.booleans()):
        sides[:, 1] = sides[:, 0]
    if draw(st.booleans()):
        corner, sides = np.floor(corner), np.ceil(sides)
    scores = np.round(rng.random(count), draw(st.sampled_from([1, 7]))) + 0.01
    boxes = np.hstack([corner, corner + sides]).astype(np.float32)
    return boxes, scores.astype(np.float32), draw(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.95]))


@given(boxes_and_scores())
@settings(max_examples=200, deadline=None)
def test_suppression_equals_plain_loops(made):
    assert cascade.suppress(*made).tolist() == of_union(*made)
    assert cascade.suppress_nested(*made).tolist() == of_smaller(*made)


@given(boxes_and_scores())
@settings(max_examples=100, deadline=None)
def test_the_first_suppression_equals_that_of_opencv(made):
    boxes, scores, threshold = made
    corners = boxes.astype(np.float64)
    corners[:, 2:] -= corners[:, :2]
    expected = cv2.dnn.NMSBoxes(corners, scores, 0.0, threshold) if len(boxes) else []
    assert cascade.suppress(boxes, scores, threshold).tolist() == list(expected)


def test_a_crowd_that_pairs_would_be_too_many_for():
    """Comparing all of 200,000 boxes with each other would take minutes."""
    y, x = (axis.ravel() for axis in np.indices((400, 500), np.float32))
    boxes = np.stack([30 * x, 30 * y, 30 * x + 29, 30 * y + 29], axis=1)
    scores = np.linspace(1, 0.5, len(boxes), dtype=np.float32)
    expected = list(range(len(boxes)))
    assert cascade.suppress(boxes, scores, 0.7).tolist() == expected
    assert cascade.suppress_nested(boxes, scores, 0.7).tolist() == expected


@pytest.mark.parametrize(
    ("change", "error", "what"),
    [
        ({"boxes": np.zeros((2, 4))}, TypeError, "boxes must hold float32"),
        ({"boxes": np.zeros((3, 4), np.float32)}, ValueError, r"shape \(2, 4\)"),
        ({"boxes": np.full((2, 4), np.nan, np.float32)}, ValueError, "numbers within"),
        ({"boxes": np.full((2, 4), 2e9, np.float32)}, ValueError, "numbers within"),
        ({"scores": np.array([1, np.nan], np.float32)}, ValueError, "NaN at index 1"),
        ({"kept": np.zeros(3, np.int32)}, ValueError, "room for 2 indices, received 3"),
        ({"threshold": 1.0}, ValueError, "threshold must be between 0 and 1"),
        ({"threshold": float("nan")}, ValueError, "threshold must be between 0 and 1"),
    ],
)
def test_the_kernel_checks_what_it_is_given(change, error, what):
    good = {
        "boxes": np.zeros((2, 4), np.float32),
        "scores": np.zeros(2, np.float32),
        "kept": np.zeros(2, np.int32),
        "threshold": 0.5,
    }
    boxes, scores, kept, threshold = (good | change).values()
    with pytest.raises(error, match=what):
        _native.suppress(boxes, scores, kept, threshold=threshold, nested=False)


def test_the_kernel_refuses_to_write_over_what_it_reads():
    memory = np.zeros(8, np.float32)
    boxes, scores = memory[:4].reshape(1, 4), memory[4:5]
    for place, name in ((3, "boxes"), (4, "scores")):
        kept = memory[place : place + 1].view(np.int32)
        with pytest.raises(ValueError, match=f"kept overlaps {name}; pass another array"):
            _native.suppress(boxes, scores, kept, threshold=0.5, nested=True)
