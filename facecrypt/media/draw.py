"""Boxes and landmarks drawn into a picture, to look at what the detector found."""

from collections.abc import Sequence

import numpy as np

from facecrypt.regions import Region

__all__ = ["draw_regions"]

_YELLOW, _RED = (255, 220, 0), (255, 40, 40)


def draw_regions(image: np.ndarray, regions: Sequence[Region]) -> np.ndarray:
    """A copy of a picture with its regions outlined.

    Parameters
    ----------
    image : (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) array, uint8 or uint16

    Returns
    -------
    (H, W, 3) uint8 array
    """
    import cv2

    shown = image if image.dtype == np.uint8 else (image >> 8).astype(np.uint8)
    if shown.ndim == 2 or shown.shape[2] == 1:
        shown = np.repeat(shown.reshape(*shown.shape[:2], 1), 3, axis=2)
    shown = np.ascontiguousarray(shown[..., :3]).copy()
    thick = max(1, round(max(shown.shape[:2]) / 500))
    for region in regions:
        if region.shape == "ellipse":
            centre = ((region.x0 + region.x1) // 2, (region.y0 + region.y1) // 2)
            axes = (region.width // 2, region.height // 2)
            cv2.ellipse(shown, centre, axes, 0, 0, 360, _YELLOW, thick)
        else:
            corner = (region.x1 - 1, region.y1 - 1)
            cv2.rectangle(shown, (region.x0, region.y0), corner, _YELLOW, thick)
        for x, y in region.landmarks or ():
            cv2.circle(shown, (round(x), round(y)), 2 * thick, _RED, -1)
    return shown
