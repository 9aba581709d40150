"""What every measure has in common: which samples it looks at, and their tests."""

from collections.abc import Sequence
from math import erfc, sqrt

import numpy as np
from numpy.typing import NDArray

from facecrypt.regions import Region, claims

__all__ = ["check_image", "check_pair", "chi_square_tail", "levels", "pick", "region_mask"]


def region_mask(regions: Sequence[Region], height: int, width: int) -> NDArray[np.bool_]:
    """The pixels that any of the regions covers.

    Parameters
    ----------
    regions : sequence of Region
        Clipped to the picture.
    height, width : int

    Returns
    -------
    (height, width) bool array

    Examples
    --------
    >>> int(region_mask([Region(0, 0, 2, 2), Region(1, 1, 3, 3)], 4, 4).sum())
    7
    """
    mask = np.zeros((height, width), bool)
    inside = [region.clip(height, width) for region in regions]
    for claim in claims([region for region in inside if region is not None], height, width):
        crop = mask[claim.y0 : claim.y1, claim.x0 : claim.x1]
        crop |= True if claim.mask is None else claim.mask
    return mask


def levels(dtype: np.dtype) -> int:
    """256 for uint8, 65536 for uint16."""
    return 1 << 8 * dtype.itemsize


def check_image(a: NDArray, mask: NDArray[np.bool_] | None = None) -> None:
    """Refuse what is no array of samples, or a mask that does not fit."""
    if not isinstance(a, np.ndarray) or a.dtype not in (np.uint8, np.uint16):
        kind = getattr(a, "dtype", type(a).__name__)
        raise TypeError(f"expected a NumPy array of uint8 or uint16, received {kind}")
    if mask is not None:
        if not isinstance(mask, np.ndarray) or mask.dtype != bool:
            kind = getattr(mask, "dtype", type(mask).__name__)
            raise TypeError(f"mask must be a NumPy array of bool, received {kind}")
        if a.ndim not in (2, 3) or mask.shape != a.shape[:2]:
            raise ValueError(
                f"a mask has one entry for each pixel of a (H, W) or (H, W, C) picture, received "
                f"a mask of shape {mask.shape} for samples of shape {a.shape}"
            )
    if a.size == 0 or (mask is not None and not mask.any()):
        raise ValueError("nothing to measure: the picture or the mask is empty")


def check_pair(a: NDArray, b: NDArray, mask: NDArray[np.bool_] | None = None) -> None:
    """Refuse two pictures that cannot be compared sample by sample."""
    check_image(a, mask)
    check_image(b, mask)
    if a.shape != b.shape or a.dtype != b.dtype:
        raise ValueError(
            f"expected two arrays of one shape and dtype, received {a.shape} {a.dtype} "
            f"and {b.shape} {b.dtype}"
        )


def pick(a: NDArray, mask: NDArray[np.bool_] | None) -> NDArray:
    """`a` itself, or a copy of the samples that the mask allows."""
    return a if mask is None else a[mask]


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Probability of a chi-square variable of odd degrees of freedom to be at least so large.

    Abramowitz and Stegun 26.4.4, a finite sum; its terms are summed as logarithms, since
    they overflow for 65535 degrees of freedom.
    """
    if statistic <= 0:
        return 1.0
    odd = np.arange(1, freedom, 2)
    log_terms = (odd / 2) * np.log(statistic) - np.cumsum(np.log(odd)) - statistic / 2
    density = sqrt(2 / np.pi) * float(np.exp(log_terms).sum())
    return min(1.0, erfc(sqrt(statistic / 2)) + density)
