"""Boxes carried from one frame to the next by the optical flow of points inside them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from facecrypt.errors import BackendUnavailableError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Boxes", "carry", "load_cv2", "shrink"]

Boxes = np.ndarray[Any, np.dtype[np.float32]]

# At half the size flow costs a quarter and still holds on to a face of 20 pixels.
_LARGEST, _SHRUNK = 480, 2
_GRID = 5
_STEPS = np.stack(np.meshgrid(*[(np.arange(_GRID, dtype=np.float32) + 0.5) / _GRID] * 2), axis=-1)
_STEPS = _STEPS.reshape(1, _GRID * _GRID, 2)
# Pixels around a box within which its points are looked for.
_MARGIN = 64
_LUCAS_KANADE = {"winSize": (11, 11), "maxLevel": 3, "criteria": (3, 10, 0.03)}
# With fewer points left there is nothing to go by: the box stays where it is.
_ENOUGH = 8
# No face grows by more from one frame to the next.
_SCALE = 1.06


def load_cv2() -> "ModuleType":
    """OpenCV, or a :class:`BackendUnavailableError` that says what needs it."""
    try:
        import cv2
    except ImportError as error:
        raise BackendUnavailableError(
            "faces are followed from frame to frame with OpenCV, which is missing "
            f"({error}): pip install opencv-python-headless"
        ) from None
    return cv2


def shrink(frame: np.ndarray) -> tuple[np.ndarray, float]:
    """The luma of a frame, smaller, and how much smaller it is: 1 or below."""
    cv2 = load_cv2()
    height, width = frame.shape[:2]
    if max(height, width) <= _LARGEST:
        return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), 1.0
    factor = max(_SHRUNK, max(height, width) / 960)
    size = max(1, round(width / factor)), max(1, round(height / factor))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), 1 / factor


def carry(before: np.ndarray, after: np.ndarray, boxes: Boxes, scale: float) -> Boxes:
    """Where boxes of one frame are in the next, or in the one before.

    Parameters
    ----------
    before, after : what :func:`shrink` makes of the two frames
    boxes : (n, 4) float32 array
        In pixels of the frame before it was shrunk.
    scale : float
        What :func:`shrink` says.

    Returns
    -------
    (n, 4) float32 array
        Moved by the median shift of a box's points, sized by how far they moved apart.
    """
    if not len(boxes):
        return boxes.copy()
    sides = boxes[:, 2:] - boxes[:, :2]
    points = (boxes[:, None, :2] + _STEPS * sides[:, None]) * np.float32(scale)
    found, kept = _track(before, after, points)
    shift = _median(found - points, kept)
    centre = points.mean(1, keepdims=True)
    spread = _median(np.abs(found - centre - shift[:, None]), kept).sum(1)
    ratio = spread / np.maximum(_median(np.abs(points - centre), kept).sum(1), 1e-6)
    enough = np.count_nonzero(kept, axis=1) >= _ENOUGH
    moved = np.where(enough[:, None], shift / scale, 0)
    half = sides / 2 * np.where(enough, np.clip(ratio, 1 / _SCALE, _SCALE), 1)[:, None]
    middle = boxes[:, :2] + sides / 2 + moved
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def _track(
    before: np.ndarray, after: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where points are in the other frame, and for which of them that is known."""
    height, width = after.shape
    kept = _inside(points, width, height)
    # Most of the time goes into pyramids of the pictures: of no more of them than is needed.
    low = np.clip(points.min((0, 1)).astype(int) - _MARGIN, 0, (width - 1, height - 1))
    high = np.clip(points.max((0, 1)).astype(int) + _MARGIN, low + 1, (width, height))
    part = slice(low[1], high[1]), slice(low[0], high[0])
    origin = low.astype(np.float32)
    found, status, _ = load_cv2().calcOpticalFlowPyrLK(
        before[part], after[part], (points - origin).reshape(-1, 1, 2), None, **_LUCAS_KANADE
    )
    found = found.reshape(points.shape) + origin
    kept &= (status.reshape(kept.shape) > 0) & _inside(found, width, height)
    return found, kept


def _inside(points: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.all((points >= 0) & (points <= (width - 1, height - 1)), axis=-1)


def _median(values: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Along the points of each box, of those that are kept; the lower of two in the middle."""
    ordered = np.sort(np.where(kept[..., None], values, np.inf), axis=1)
    middle = np.maximum(np.count_nonzero(kept, axis=1) - 1, 0) // 2
    chosen = np.take_along_axis(ordered, middle[:, None, None], axis=1)[:, 0]
    return np.where(np.isfinite(chosen), chosen, 0)
