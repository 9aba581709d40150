"""Which of a picture's faces is *the* face, by the rules of facenet-pytorch 2.6.0."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["METHODS", "NOTHING", "one_face", "order_of_faces"]

# Boxes, probabilities and points of a picture without faces.
NOTHING = (None, [None], None)
METHODS = ("largest", "probability", "largest_over_threshold", "center_weighted_size")


def order_of_faces(
    boxes: np.ndarray,
    probs: np.ndarray,
    size: tuple[int, int],
    method: str,
    threshold: float = 0.9,
    center_weight: float = 2.0,
) -> np.ndarray:
    """The order of preference among faces.

    Parameters
    ----------
    boxes : (N, 4) float64 array
    probs : (N,) float64 array
    size : (width, height) of the picture
    method : str
        "largest", "probability", "largest_over_threshold" (the largest of more than
        ``threshold`` probability) or "center_weighted_size" (area less
        ``center_weight`` times the squared distance from the picture's centre).

    Returns
    -------
    (K,) integer array
        Indices, best first.

    Raises
    ------
    ValueError
        Another method.

    Examples
    --------
    >>> boxes = np.array([[0.0, 0, 20, 20], [0, 0, 50, 50], [45, 45, 55, 55]])
    >>> probs = np.array([0.99, 0.8, 0.95])
    >>> [order_of_faces(boxes, probs, (100, 100), method).tolist() for method in METHODS]
    [[1, 0, 2], [0, 2, 1], [0, 2], [2, 1, 0]]
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, received {method!r}")
    rank = probs
    if method != "probability":
        rank = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    if method == "center_weighted_size":
        offsets = (boxes[:, :2] + boxes[:, 2:]) / 2 - np.array(size) / 2
        rank = rank - center_weight * np.sum(offsets**2, axis=1)
    order = np.argsort(rank)[::-1]
    return order[probs[order] > threshold] if method == "largest_over_threshold" else order


def one_face(
    faces: Sequence[Any],
    size: tuple[int, int],
    method: str,
    threshold: float,
    center_weight: float,
) -> Sequence[Any]:
    """Boxes, probabilities and points of the face that comes first, or :data:`NOTHING`."""
    if faces[0] is None:
        return NOTHING
    faces = [np.asarray(part, np.float64) for part in faces]
    best = order_of_faces(faces[0], faces[1], size, method, threshold, center_weight)[:1]
    return [part[best] for part in faces] if len(best) else NOTHING
