"""Measures of two pictures: how much differs, and how much noise would differ.

NPCR and UACI are meant for **two ciphers** whose plain pictures, or keys, differ in as little
as can be. Between a picture and its cipher they are near ideal for every cipher and say nothing.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.analysis.samples import check_pair, levels, pick

__all__ = [
    "ALPHA",
    "WINDOW",
    "DifferenceBounds",
    "difference_bounds",
    "mse",
    "npcr",
    "psnr",
    "ssim",
    "uaci",
]

ALPHA = 0.05
WINDOW, _SIGMA = 11, 1.5  # Wang et al. 2004, section III-C
_K1, _K2 = 0.01, 0.03


class DifferenceBounds(NamedTuple):
    """What two unrelated pictures of noise give, in percent; see :func:`difference_bounds`.

    Attributes
    ----------
    npcr_mean, uaci_mean : float
    npcr_low : float
        NPCR is below it with probability alpha.
    uaci_low, uaci_high : float
        UACI is outside with probability alpha.
    """

    npcr_mean: float
    npcr_low: float
    uaci_mean: float
    uaci_low: float
    uaci_high: float


def npcr(c1: NDArray, c2: NDArray, *, mask: NDArray[np.bool_] | None = None) -> float:
    """Number of samples change rate: share of samples that differ, in percent.

    Parameters
    ----------
    c1, c2 : arrays of one shape and dtype, uint8 or uint16
        Two ciphers.
    mask : (H, W) bool array, optional
        Which pixels of (H, W) or (H, W, C) pictures to look at. None: all.

    Returns
    -------
    float
        0 to 100; for unrelated noise 99.609375 (uint8) or 99.998474 (uint16).

    Examples
    --------
    >>> import numpy as np
    >>> npcr(np.array([1, 2, 3, 4], np.uint8), np.array([1, 2, 3, 9], np.uint8))
    25.0
    """
    check_pair(c1, c2, mask)
    first, second = pick(c1, mask), pick(c2, mask)
    return 100.0 * int(np.count_nonzero(first != second)) / first.size


def uaci(c1: NDArray, c2: NDArray, *, mask: NDArray[np.bool_] | None = None) -> float:
    """Unified average changing intensity: mean of ``|c1 - c2|`` over the full range, in percent.

    Parameters
    ----------
    c1, c2, mask
        As :func:`npcr`.

    Returns
    -------
    float
        0 to 100; for unrelated noise 33.463542 (uint8) or 33.333842 (uint16).

    Notes
    -----
    The difference is that of the numbers: |5 - 250| is 245, not the 11 of unsigned bytes.

    Examples
    --------
    >>> import numpy as np
    >>> uaci(np.array([0, 5], np.uint8), np.array([255, 5], np.uint8))
    50.0
    """
    difference = _distance(c1, c2, mask)
    total = int(difference.sum(dtype=np.int64))
    return 100.0 * total / (difference.size * (levels(c1.dtype) - 1))


def difference_bounds(samples: int, levels: int = 256, alpha: float = ALPHA) -> DifferenceBounds:
    """Mean and critical values of NPCR and UACI of unrelated noise.

    Parameters
    ----------
    samples : int
        How many samples were compared.
    levels : int
        256 or 65536.
    alpha : float
        Level of the test, such as 0.05, 0.01 or 0.001.

    Returns
    -------
    DifferenceBounds

    Notes
    -----
    Wu, Noonan and Agaian, "NPCR and UACI randomness tests for image encryption", 2011.

    Examples
    --------
    >>> bounds = difference_bounds(256 * 256)
    >>> f"{bounds.npcr_low:.4f} {bounds.uaci_low:.4f} {bounds.uaci_high:.4f}"
    '99.5693 33.2824 33.6447'
    """
    if samples < 1 or levels < 2 or not 0 < alpha < 1:
        raise ValueError(
            "expected at least 1 sample, 2 levels and alpha between 0 and 1, "
            f"received {samples}, {levels} and {alpha}"
        )
    top = levels - 1
    one_sided, two_sided = (NormalDist().inv_cdf(1 - part) for part in (alpha, alpha / 2))
    npcr_mean = top / levels
    npcr_deviation = (top / samples) ** 0.5 / levels
    uaci_mean = (top + 2) / (3 * top + 3)
    uaci_deviation = (
        (top + 2) * (top * top + 2 * top + 3) / (18 * (top + 1) ** 2 * samples * top)
    ) ** 0.5
    return DifferenceBounds(
        100 * npcr_mean,
        100 * (npcr_mean - one_sided * npcr_deviation),
        100 * uaci_mean,
        100 * (uaci_mean - two_sided * uaci_deviation),
        100 * (uaci_mean + two_sided * uaci_deviation),
    )


def mse(a: NDArray, b: NDArray, *, mask: NDArray[np.bool_] | None = None) -> float:
    """Mean squared difference of the samples.

    Parameters
    ----------
    a, b, mask
        As :func:`npcr`.

    Returns
    -------
    float
        In squared sample values.

    Examples
    --------
    >>> import numpy as np
    >>> mse(np.array([5, 0], np.uint8), np.array([250, 0], np.uint8))
    30012.5
    """
    difference = _distance(a, b, mask).reshape(-1)
    return int(np.einsum("i,i->", difference, difference, dtype=np.int64)) / difference.size


def psnr(a: NDArray, b: NDArray, *, mask: NDArray[np.bool_] | None = None) -> float:
    """Peak signal-to-noise ratio in decibel; the peak is 255 or 65535.

    Parameters
    ----------
    a, b, mask
        As :func:`npcr`.

    Returns
    -------
    float
        inf for equal pictures; below 10 where nothing is to be recognised.

    Examples
    --------
    >>> import numpy as np
    >>> psnr(np.zeros(4, np.uint8), np.full(4, 255, np.uint8))
    0.0
    """
    error = mse(a, b, mask=mask)
    peak = levels(a.dtype) - 1
    return float(10 * np.log10(peak * peak / error)) if error else float("inf")


def ssim(a: NDArray, b: NDArray, *, mask: NDArray[np.bool_] | None = None) -> float:
    """Structural similarity of two pictures.

    Parameters
    ----------
    a, b : (H, W) or (H, W, C) arrays of one shape and dtype, uint8 or uint16
        At least 11 x 11 pixels.
    mask : (H, W) bool array, optional
        Windows count where all of their pixels are inside.

    Returns
    -------
    float
        1 for equal pictures, near 0 for unrelated ones, mean over the channels. nan where no
        window fits into the mask.

    Notes
    -----
    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", 2004: Gaussian window of 11 x 11 and deviation 1.5, K1 = 0.01,
    K2 = 0.03, windows that reach over the edge left out, as in the authors' program.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.arange(256, dtype=np.uint8).reshape(16, 16)
    >>> round(ssim(picture, picture), 6)
    1.0
    """
    check_pair(a, b, mask)
    if a.ndim not in (2, 3) or min(a.shape[:2]) < WINDOW:
        raise ValueError(
            f"expected pictures (H, W) or (H, W, C) of at least {WINDOW}x{WINDOW} pixels, "
            f"received shape {a.shape}"
        )
    where = None if mask is None else _whole_windows(mask)
    if where is not None and not where.any():
        return float("nan")
    height, width = a.shape[:2]
    pairs = zip(
        np.moveaxis(a.reshape(height, width, -1), -1, 0),
        np.moveaxis(b.reshape(height, width, -1), -1, 0),
        strict=True,
    )
    similar = [_ssim_map(x, y, levels(a.dtype) - 1) for x, y in pairs]
    return float(
        np.mean([each.mean() if where is None else each[where].mean() for each in similar])
    )


def _distance(a: NDArray, b: NDArray, mask: NDArray[np.bool_] | None) -> NDArray:
    """``|a - b|``, which fits the unsigned type though the difference does not."""
    check_pair(a, b, mask)
    first, second = pick(a, mask), pick(b, mask)
    difference = np.maximum(first, second)
    difference -= np.minimum(first, second)
    return difference


def _ssim_map(x: NDArray, y: NDArray, peak: int) -> NDArray[np.float64]:
    x, y = x.astype(np.float64), y.astype(np.float64)
    c1, c2 = (_K1 * peak) ** 2, (_K2 * peak) ** 2
    mean_x, mean_y = _blur(x), _blur(y)
    var_x, var_y = _blur(x * x) - mean_x * mean_x, _blur(y * y) - mean_y * mean_y
    covariance = _blur(x * y) - mean_x * mean_y
    return ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x * mean_x + mean_y * mean_y + c1) * (var_x + var_y + c2)
    )


def _blur(x: NDArray[np.float64]) -> NDArray[np.float64]:
    import cv2

    edge = WINDOW // 2
    blurred = np.asarray(cv2.GaussianBlur(x, (WINDOW, WINDOW), _SIGMA), np.float64)
    return blurred[edge:-edge, edge:-edge]


def _whole_windows(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which windows lie inside the mask, in the layout of :func:`_ssim_map`."""
    import cv2

    edge = WINDOW // 2
    window = np.ones((WINDOW, WINDOW), np.uint8)
    return cv2.erode(mask.astype(np.uint8), window).astype(bool)[edge:-edge, edge:-edge]
