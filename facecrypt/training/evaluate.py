"""How many annotated faces a set of networks finds, and how much else.

The rules are those of PASCAL VOC and WIDER FACE: detections of all pictures are taken from the
best score down; one that overlaps a face by at least `iou` finds it, unless it is found already;
faces marked invalid count neither as missed nor, where they are found, as false.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.detector import MTCNN
from facecrypt.detector.presets import DEFAULT
from facecrypt.files import PathLike
from facecrypt.training.archives import open_pictures
from facecrypt.training.wider import Annotation, read_annotations

__all__ = ["Evaluation", "Judged", "average_precision", "evaluate", "judge"]

Floats = NDArray[np.float64]
# O-Net's, so that the curve goes on below its usual threshold. A worse detection never
# suppresses a better one: those above the usual threshold are the usual ones.
LOWEST = 0.01


class Evaluation(NamedTuple):
    """The figures of :func:`evaluate`.

    Attributes
    ----------
    recall : float
        Faces found / faces, at the detector's usual thresholds; nan without faces.
    precision : float
        Faces found / (faces found + false detections), at the same; nan without detections.
    average_precision : float
        Area under precision over recall, with O-Net's threshold lowered to 0.01; nan without
        faces.
    pictures, faces, invalid, found, false : int
        Pictures; faces that count; faces that do not; what the first two figures are made of.
    """

    recall: float
    precision: float
    average_precision: float
    pictures: int
    faces: int
    invalid: int
    found: int
    false: int


class Judged(NamedTuple):
    """Detections that count, in any order: the score of each, and whether it found a face."""

    scores: Floats
    right: NDArray[np.bool_]


def evaluate(
    models: PathLike | None,
    annotations: PathLike,
    images: PathLike,
    *,
    iou: float = 0.5,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Run MTCNN on annotated pictures and compare.

    Parameters
    ----------
    models : path or None
        Folder of the three ONNX files; None: those that come with the package.
    annotations : path
        As :func:`facecrypt.training.wider.read_annotations` takes it.
    images : path
        What its paths are relative to: a folder or an archive, as of
        :func:`facecrypt.training.archives.open_pictures`.
    iou : float in (0, 1]
        Intersection over union from which a detection finds a face.
    progress : callable, optional
        Called after each picture with how many are done and how many there are.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        `iou` out of range, or a malformed list.
    MediaError
        The list or a picture cannot be read.
    ModelError, BackendUnavailableError
        As :class:`facecrypt.MTCNN`.

    Notes
    -----
    The detector looks for faces of at least 20 pixels. WIDER FACE has many smaller ones, which
    count as missed.
    """
    if not 0 < iou <= 1:
        raise ValueError(f"iou must lie in (0, 1], received {iou!r}")
    *first, last = DEFAULT.thresholds
    detector = MTCNN(thresholds=(*first, LOWEST), models=models)
    judged = [Judged(np.empty(0), np.empty(0, np.bool_))]
    with open_pictures(images) as opened:
        pictures = list(read_annotations(annotations, opened.part))
        for done, picture in enumerate(pictures, 1):
            found = detector.detect_raw(opened.read(picture.path))
            # From the cascade's boxes, whose first pixel is number 1, to half-open ones.
            boxes = found.boxes.astype(np.float64) - [1, 1, 0, 0]
            judged.append(judge(boxes, found.scores, picture.boxes, picture.invalid, iou))
            if progress is not None:
                progress(done, len(pictures))
    return _summary(pictures, Judged(*map(np.concatenate, zip(*judged, strict=True))), last)


def judge(
    boxes: Floats,
    scores: NDArray[np.floating],
    faces: NDArray[np.integer],
    invalid: NDArray[np.bool_],
    iou: float,
) -> Judged:
    """Which detections of one picture found a face.

    A detection is compared with the face that it overlaps most, of equal ones the first.

    Parameters
    ----------
    boxes : (D, 4) float64 array
        Detections, half-open.
    scores : (D,) float array
    faces : (F, 4) array
        Annotated boxes, half-open.
    invalid : (F,) bool array
    iou : float
        The least intersection over union.

    Returns
    -------
    Judged
        Without the detections that found an invalid face. O(D F).

    Examples
    --------
    >>> boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]], float)
    >>> judge(boxes, np.array([0.9, 0.8, 0.7]), boxes[:1], np.array([False]), 0.5).right.tolist()
    [True, False, False]
    """
    order = np.argsort(-scores, kind="stable")
    if not len(faces):
        return Judged(scores[order].astype(np.float64), np.zeros(len(order), np.bool_))
    overlap = _overlap(boxes, faces.astype(np.float64))
    taken, kept, right = set(), [], []
    for row in order:
        face = int(overlap[row].argmax())
        hit = overlap[row, face] >= iou
        if hit and invalid[face]:
            continue
        kept.append(row)
        right.append(bool(hit and face not in taken))
        if hit:
            taken.add(face)
    return Judged(scores[kept].astype(np.float64), np.array(right, np.bool_))


def average_precision(judged: Judged, faces: int) -> float:
    """Area under the curve of precision over recall, every point of it (VOC since 2010).

    The precision at a recall is the best one at that recall or a larger one.

    Parameters
    ----------
    judged : Judged
        Of all pictures.
    faces : int
        That count.

    Returns
    -------
    float
        0 to 1; nan without faces.

    Examples
    --------
    >>> average_precision(Judged(np.array([0.9, 0.8]), np.array([False, True])), 1)
    0.5
    """
    if not faces:
        return float("nan")
    order = np.argsort(-judged.scores, kind="stable")
    right = judged.right[order]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[right].sum() / faces)


def _summary(pictures: list[Annotation], judged: Judged, threshold: float) -> Evaluation:
    invalid = sum(int(picture.invalid.sum()) for picture in pictures)
    faces = sum(len(picture.boxes) for picture in pictures) - invalid
    usual = judged.right[judged.scores > threshold]
    found, false = int(usual.sum()), int((~usual).sum())
    return Evaluation(
        recall=found / faces if faces else float("nan"),
        precision=found / len(usual) if len(usual) else float("nan"),
        average_precision=average_precision(judged, faces),
        pictures=len(pictures),
        faces=faces,
        invalid=invalid,
        found=found,
        false=false,
    )


def _overlap(a: Floats, b: Floats) -> Floats:
    """Intersection over union of each pair of half-open boxes."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.maximum(high - low, 0).prod(axis=2)
    # A badly trained network may give boxes inside out.
    areas = [np.maximum(boxes[:, 2:] - boxes[:, :2], 0).prod(axis=1) for boxes in (a, b)]
    return both / (areas[0][:, None] + areas[1][None] - both)
