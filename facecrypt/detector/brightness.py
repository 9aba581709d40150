"""Dark pictures made bright enough for a detector that has learnt from ordinary ones."""

from collections.abc import Callable
from math import isqrt

import numpy as np

from facecrypt.detector.detections import Detections, as_rgb
from facecrypt.detector.joined import unite

__all__ = ["DARK", "brightened", "find_in_both"]

# Grey levels, of 255: pictures whose usual level is below the first are brightened so that it is
# the second. Measured (docs/models.md): the default finds 25 of 58 faces at a tenth of the light,
# and 57 so.
DARK, BRIGHT = 30, 80
# Up to this level there is nothing to see: bars around a picture, and what noise makes of them.
BLACK = 2
_SAMPLES = 1 << 14


def brightened(image: np.ndarray) -> np.ndarray | None:
    """A copy with all values multiplied, where a picture is dark.

    What is usual in a picture is its median, black left out: neither a lamp nor bars around it
    tell how dark the rest is. A face that is well lit in dark surroundings may be lost in the
    copy, so look at both.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array of uint8 or uint16

    Returns
    -------
    uint8 array of the same shape, or None
        None where the picture is bright enough, or black. Of 16 bits all count: pictures of 10
        bits in 16 are not dark by what they show.

    Examples
    --------
    >>> night = np.array([[[4, 4, 4], [8, 8, 8], [60, 60, 60]]], np.uint8)
    >>> brightened(night)[0, :, 0].tolist()
    [40, 80, 255]
    """
    values = int(np.iinfo(image.dtype).max) + 1
    usual = _usual_level(image, values // 256)
    if not 0 < usual < DARK * values / 256:
        return None
    levels = np.rint(np.arange(values) * (BRIGHT / usual))
    return np.minimum(levels, 255).astype(np.uint8)[image]


def find_in_both(
    image: np.ndarray, find: Callable[[np.ndarray], Detections], *, brighten: bool
) -> Detections:
    """What `find` sees in the picture as RGB, and in its brighter copy where there is one."""
    found = find(as_rgb(image))
    bright = brightened(image) if brighten else None
    return found if bright is None else unite(find(as_rgb(bright)), found)


def _usual_level(image: np.ndarray, unit: int) -> float:
    """The median of what is not black; 0 where all is. `unit` is one level of 255."""
    height, width = image.shape[:2]
    step = max(1, isqrt(height * width // _SAMPLES))
    seen = image[::step, ::step]
    # A fourth channel is no light.
    light = seen if seen.ndim == 2 else seen[:, :, :3].mean(axis=2)
    # Of few bits in 16 all is near 0.
    shown = light[light > min(BLACK * unit, light.max() / 25)]
    return float(np.median(shown)) if shown.size else 0.0
