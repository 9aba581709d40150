"""How well boxes hide faces whose places are known."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bench.clips import SIZE, Face

__all__ = ["Hidden", "Mask", "judge"]

# A face is hidden where so much of its middle is; the middle is this much of its sides.
NEEDED, MIDDLE = 0.95, 0.8
# An exposed run of at most so many frames between hidden ones is a flicker.
SHORT = 3
# Pixels of the frame in one of the mask, each way.
COARSE = 4


class Mask(NamedTuple):
    """What is hidden in one frame: boxes ``x0, y0, x1, y1``, or the ellipses in them."""

    boxes: Sequence[Sequence[float]]
    ellipses: bool = False


class Hidden(NamedTuple):
    """What became of the faces of a clip.

    Parameters
    ----------
    faces : int
        Faces in all frames together; `exposed` of them were not hidden.
    flickers : int
        Short exposed runs between hidden ones.
    area : float
        Mean part of a frame that is masked; `true` is that of the faces' own boxes.
    """

    faces: int
    exposed: int
    flickers: int
    area: float
    true: float


def judge(masks: Sequence[Mask], truth: Sequence[Sequence[Sequence[float]]]) -> Hidden:
    """Compare what is hidden with where the faces are, frame by frame."""
    hidden: dict[float, list[tuple[int, bool]]] = {}
    area = true = 0.0
    for number, (mask, faces) in enumerate(zip(masks, truth, strict=True)):
        painted = _paint(mask)
        area += float(painted.mean())
        true += float(_paint(Mask([face[1:] for face in faces])).mean())
        for face in map(Face._make, faces):
            hidden.setdefault(face.person, []).append((number, _covered(painted, face)))
    seen = [shown for person in hidden.values() for shown in person]
    return Hidden(
        len(seen),
        sum(not covered for _, covered in seen),
        sum(map(_flickers, hidden.values())),
        area / len(masks),
        true / len(masks),
    )


def _paint(mask: Mask) -> np.ndarray:
    width, height = (side // COARSE for side in SIZE)
    painted = np.zeros((height, width), bool)
    for box in mask.boxes:
        x0, y0, x1, y1 = (edge / COARSE for edge in box)
        left, top = max(0, int(x0)), max(0, int(y0))
        part = painted[top : max(0, int(np.ceil(y1))), left : max(0, int(np.ceil(x1)))]
        if not mask.ellipses:
            part[...] = True
            continue
        ys, xs = np.ogrid[: part.shape[0], : part.shape[1]]
        across = (xs + left + 0.5 - (x0 + x1) / 2) / max((x1 - x0) / 2, 1e-6)
        down = (ys + top + 0.5 - (y0 + y1) / 2) / max((y1 - y0) / 2, 1e-6)
        part |= across**2 + down**2 <= 1
    return painted


def _covered(painted: np.ndarray, face: Face) -> bool:
    x, y = (face.x0 + face.x1) / 2, (face.y0 + face.y1) / 2
    across, down = (face.x1 - face.x0) / 2 * MIDDLE, (face.y1 - face.y0) / 2 * MIDDLE
    middle = painted[
        int((y - down) / COARSE) : int(np.ceil((y + down) / COARSE)),
        int((x - across) / COARSE) : int(np.ceil((x + across) / COARSE)),
    ]
    return bool(middle.mean() >= NEEDED)


def _flickers(seen: Sequence[tuple[int, bool]]) -> int:
    """Exposed runs, of consecutive frames and no longer than `SHORT`, with hidden ones around."""
    found = run = 0
    before: tuple[int, bool] | None = None
    started = False
    for number, covered in seen:
        follows = before is not None and number == before[0] + 1
        if not follows:
            run, started = 0, covered
        elif covered:
            found += started and 0 < run <= SHORT
            run, started = 0, True
        else:
            run += 1
        before = number, covered
    return found
