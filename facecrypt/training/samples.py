"""Which squares of a picture become samples, and of what class.

The rules are those of the published scripts for MTCNN. Positive: intersection over union of at
least 0.65 with a face; part: of at least 0.4; negative: below 0.3 with every face; what lies
between is dropped. The face that counts is the one a square overlaps most.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.training.overlap import best_overlaps
from facecrypt.training.wider import Landmarks

__all__ = [
    "Chosen",
    "by_overlap",
    "hard_samples",
    "landmark_samples",
    "pnet_samples",
    "random_negatives",
]

POSITIVE, PART, NEGATIVE = 0.65, 0.4, 0.3
# A smaller face is smaller than what the detector looks for by default.
LEAST_FACE = 20
# Sides of the squares: P-Net sees 12 pixels, and its own finds below 20 are dropped.
LEAST_SIDE, LEAST_HARD_SIDE = 12, 20
RANDOM, NEAR, JITTERED = 50, 5, 20
# A picture full of face has no place for negatives.
TRIES = 5000
MOST_HARD_NEGATIVES = 60
# Where the networks before find less than this, squares by chance make up for it.
ENOUGH = 10

Boxes = NDArray[np.int32]


class Chosen(NamedTuple):
    """Samples of one class.

    Attributes
    ----------
    boxes : (N, 4) int32 array
        ``x1, y1, x2, y2``, half-open, inside the picture.
    offsets : (N, K) float32 array
        As in :class:`facecrypt.training.layout.Samples`; K of 4, 10, or 0 for negatives.
    """

    boxes: Boxes
    offsets: NDArray[np.float32]


def pnet_samples(
    shape: tuple[int, int], faces: Boxes, rng: np.random.Generator
) -> dict[str, Chosen]:
    """Squares by chance: 50 negatives anywhere, and for each face 5 tries for a negative near it
    and 20 for a positive or a part.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the picture.
    faces : (N, 4) int32 array
    rng : Generator

    Returns
    -------
    dict of str to Chosen
        ``positive``, ``part`` and ``negative``. Of faces with a side of 20 pixels or more, and
        not cut at the left or the top.
    """
    anywhere = random_negatives(shape, faces, RANDOM, LEAST_SIDE, rng)
    able = _able(faces)
    near = by_overlap(_near(shape, able, rng), faces)["negative"].boxes
    around = by_overlap(_jittered(shape, able, rng), faces)
    return around | {"negative": _negatives(np.concatenate([anywhere, near]))}


def hard_samples(
    shape: tuple[int, int], faces: Boxes, found: Boxes, rng: np.random.Generator
) -> dict[str, Chosen]:
    """What the networks before pass on, rightly or not.

    Parameters
    ----------
    shape, faces, rng
        As for :func:`pnet_samples`.
    found : (N, 4) int32 array
        What they pass on, best first, half-open and inside the picture.

    Returns
    -------
    dict of str to Chosen
        At most 60 negatives. Where there are fewer than 10 of a class, squares by chance, as
        P-Net's, fill it up to 10.
    """
    found = found[(found[:, 2:] - found[:, :2]).min(axis=1) >= LEAST_HARD_SIDE]
    hard = by_overlap(found, faces)
    chance = by_overlap(_jittered(shape, _able(faces), rng), faces)
    result = {}
    for kind in "positive", "part":
        room = max(0, ENOUGH - len(hard[kind].boxes))
        # Not the first ones, which are all of one face.
        some = rng.permutation(len(chance[kind].boxes))[:room]
        pairs = zip(hard[kind], chance[kind], strict=True)
        result[kind] = Chosen(*(np.concatenate([ours, more[some]]) for ours, more in pairs))
    negatives = hard["negative"].boxes[:MOST_HARD_NEGATIVES]
    room = max(0, ENOUGH - len(negatives))
    more = random_negatives(shape, faces, room, LEAST_HARD_SIDE, rng)
    return result | {"negative": _negatives(np.concatenate([negatives, more]))}


def landmark_samples(
    shape: tuple[int, int], faces: list[Landmarks], rng: np.random.Generator
) -> dict[str, Chosen]:
    """Squares that show a face with known landmarks: 20 tries a face, those positive for it.

    Returns
    -------
    dict of str to Chosen
        ``landmark``, with ten offsets.
    """
    boxes, offsets = [np.empty((0, 4), np.int32)], [np.empty((0, 10), np.float32)]
    for face in faces:
        tries = _jittered(shape, _able(face.box[None]), rng)
        squares = tries[best_overlaps(tries, face.box[None])[0] >= POSITIVE]
        sides = (squares[:, 2:] - squares[:, :2])[:, None]
        shifts = (face.points - squares[:, None, :2].astype(np.float64)) / sides
        boxes.append(squares)
        offsets.append(shifts.reshape(-1, 10).astype(np.float32))
    return {"landmark": Chosen(np.concatenate(boxes), np.concatenate(offsets))}


def by_overlap(boxes: Boxes, faces: Boxes) -> dict[str, Chosen]:
    """Boxes sorted into ``positive``, ``part`` and ``negative``, in their order.

    Examples
    --------
    >>> faces = np.array([[0, 0, 100, 100]], np.int32)
    >>> boxes = np.array([[0, 0, 90, 100], [40, 0, 140, 100]], np.int32)
    >>> found = by_overlap(boxes, faces)
    >>> found["positive"].offsets.round(2).tolist(), found["part"].boxes.tolist()
    ([[0.0, 0.0, 0.10999999940395355, 0.0]], [[40, 0, 140, 100]])
    """
    best, which = best_overlaps(boxes, faces)
    sides = np.tile(boxes[:, 2:] - boxes[:, :2], 2)
    result = {"negative": _negatives(boxes[best < NEGATIVE])}
    for kind, rows in (
        ("positive", best >= POSITIVE),
        ("part", (best >= PART) & (best < POSITIVE)),
    ):
        offsets = (faces[which[rows]] - boxes[rows]) / sides[rows]
        result[kind] = Chosen(boxes[rows], offsets.astype(np.float32))
    return result


def random_negatives(
    shape: tuple[int, int], faces: Boxes, count: int, least: int, rng: np.random.Generator
) -> Boxes:
    """Squares anywhere in a picture that overlap no face by 0.3 or more.

    Parameters
    ----------
    shape, faces, rng
        As for :func:`pnet_samples`.
    count : int
        How many; fewer where 5000 tries give no more.
    least : int
        Their smallest side; the largest is half the picture's shorter one.
    """
    height, width = shape
    most = min(shape) // 2
    found = np.empty((0, 4), np.int32)
    for _ in range(0, TRIES if most > least else 0, 2 * RANDOM):
        if len(found) >= count:
            break
        side = rng.integers(least, most, 2 * RANDOM)
        x, y = rng.integers(0, width - side), rng.integers(0, height - side)
        tries = _squares(x, y, side)
        free = best_overlaps(tries, faces)[0] < NEGATIVE
        found = np.concatenate([found, tries[free]])
    return found[:count]


def _able(faces: Boxes) -> Boxes:
    """Faces large enough to be found, and not cut where a square cannot follow."""
    large = (faces[:, 2:] - faces[:, :2]).max(axis=1, initial=0) >= LEAST_FACE
    return faces[large & (faces[:, :2] >= 0).all(axis=1)]


def _near(shape: tuple[int, int], faces: Boxes, rng: np.random.Generator) -> Boxes:
    """Squares that touch a face or its surroundings."""
    most = min(shape) // 2
    if most <= LEAST_SIDE:
        return np.empty((0, 4), np.int32)
    x1, y1, x2, y2 = np.repeat(faces, NEAR, axis=0).T
    side = rng.integers(LEAST_SIDE, most, len(x1))
    x = x1 + rng.integers(np.maximum(-side, -x1), x2 - x1)
    y = y1 + rng.integers(np.maximum(-side, -y1), y2 - y1)
    return _inside(_squares(x, y, side), shape)


def _jittered(shape: tuple[int, int], faces: Boxes, rng: np.random.Generator) -> Boxes:
    """Squares of about the size of a face, their centres off by up to a fifth of it."""
    corners = np.repeat(faces, JITTERED, axis=0).astype(np.int64)
    sides = corners[:, 2:] - corners[:, :2]
    # 0.8 of the shorter side to 1.25 of the longer one, in whole numbers.
    least = np.maximum(1, sides.min(axis=1, initial=1 << 31) * 4 // 5)
    side = rng.integers(least, -(-sides.max(axis=1, initial=0) * 5 // 4))
    shift = rng.uniform(-0.2, 0.2, sides.shape) * sides
    corner = corners[:, :2] + sides / 2 + shift - side[:, None] / 2
    x, y = np.maximum(corner, 0).astype(np.int64).T
    return _inside(_squares(x, y, side), shape)


def _squares(x: NDArray[np.int64], y: NDArray[np.int64], side: NDArray[np.int64]) -> Boxes:
    return np.stack([x, y, x + side, y + side], axis=1).astype(np.int32)


def _inside(boxes: Boxes, shape: tuple[int, int]) -> Boxes:
    return boxes[(boxes[:, 2] <= shape[1]) & (boxes[:, 3] <= shape[0])]


def _negatives(boxes: Boxes) -> Chosen:
    return Chosen(boxes, np.empty((len(boxes), 0), np.float32))
