"""Two detectors are surer than one: faces that both saw, and those that one is sure of.

MTCNN takes a hand for a face now and then; CenterFace does not, and sees faces in the dark and out
of focus. So a face of MTCNN counts where CenterFace saw at least something like one there, too.
"""

import numpy as np

from facecrypt.detector.detections import Detections

__all__ = ["HINT", "SAME", "closest", "join", "unite"]

# Measured on photographs (docs/models.md): a face of MTCNN that needs no confirmation, what of
# CenterFace confirms others, and a face of CenterFace alone.
SURE, HINT, LEAST = 0.97, 0.15, 0.35
SAME = 0.35
# Of the first array's boxes at a time: of all at once a crowd's table would be of gigabytes.
_BLOCK = 256


def join(ours: Detections, theirs: Detections, smallest: float = 0.0) -> Detections:
    """The faces of MTCNN that are sure or confirmed, and those of CenterFace that are likely.

    Parameters
    ----------
    ours : Detections
        MTCNN's.
    theirs : Detections
        CenterFace's, down to a score of :data:`HINT`.
    smallest : float
        Pixels below which a face is too small for CenterFace to see: that it says nothing then
        tells nothing, and all of MTCNN's count.

    Returns
    -------
    Detections
        Best score first. A face that both saw has the box around both of theirs, the score of
        CenterFace, and the landmarks of MTCNN.
    """
    match, overlap = closest(ours.boxes, theirs.boxes)
    seen = overlap > SAME
    both = theirs.pick(match[seen])
    counted = ours._replace(boxes=ours.boxes.copy(), scores=ours.scores.copy())
    counted.boxes[seen] = _around(ours.boxes[seen], both.boxes)
    counted.scores[seen] = both.scores
    small = (ours.boxes[:, 2:] - ours.boxes[:, :2]).min(axis=1) < smallest
    counted = counted.pick(seen | small | (ours.scores > SURE))
    return unite(counted, theirs.pick(theirs.scores >= LEAST))


def unite(first: Detections, second: Detections) -> Detections:
    """All faces of one, and those of another that are none of these, best score first."""
    new = closest(second.boxes, first.boxes)[1] <= SAME
    together = zip(first, second.pick(new), strict=True)
    return Detections(*(np.concatenate(parts) for parts in together)).ranked()


def closest(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each box of one array the index of the box of another that it overlaps most.

    Parameters
    ----------
    first, second : (N, 4) and (M, 4) arrays

    Returns
    -------
    (N,) array of int
        0 where there is no other box.
    (N,) array of float
        Their intersection over their union.
    """
    match, overlap = np.zeros(len(first), int), np.zeros(len(first))
    if not len(second):
        return match, overlap
    for start in range(0, len(first), _BLOCK):
        block = np.s_[start : start + _BLOCK]
        common = _overlaps(first[block], second)
        match[block], overlap[block] = common.argmax(axis=1), common.max(axis=1)
    return match, overlap


def _overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.maximum(high - low, 0).prod(axis=2)
    areas = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second))
    return both / np.maximum(np.add.outer(*areas) - both, 1e-9)


def _around(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    low = np.minimum(first[:, :2], second[:, :2])
    return np.hstack([low, np.maximum(first[:, 2:], second[:, 2:])])
