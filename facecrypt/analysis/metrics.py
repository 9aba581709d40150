"""Measures of one picture: does it look like noise?

A picture that looks like noise is not therefore well encrypted: a XOR with one fixed random
picture passes everything in this module. The measures find bad ciphers; they prove no good one.
"""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.analysis.samples import check_image, chi_square_tail, levels, pick

__all__ = [
    "DIRECTIONS",
    "ChiSquareTest",
    "adjacent_correlation",
    "chi_square",
    "chi_square_test",
    "entropy",
    "expected_entropy",
    "histogram",
    "neighbours",
]

_CHUNK = 1 << 18  # bincount makes 8 bytes of each sample: so many at a time stay in the cache
# Where the neighbour lies: rows down, columns to the right.
DIRECTIONS = {"h": (0, 1), "v": (1, 0), "d": (1, 1), "a": (1, -1)}
_CRITICAL = {256: 293.2478, 65536: 66131.63}  # chi-square, 5 %, 255 and 65535 degrees of freedom


class ChiSquareTest(NamedTuple):
    """Outcome of :func:`chi_square_test`.

    Attributes
    ----------
    statistic : float
    p_value : float
        How often true noise is at least so uneven.
    critical : float
        What true noise exceeds one time in twenty.
    """

    statistic: float
    p_value: float
    critical: float


def histogram(a: NDArray, *, mask: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """How often each value occurs.

    Parameters
    ----------
    a : array of uint8 or uint16, any shape
    mask : (H, W) bool array, optional
        Which pixels of a (H, W) or (H, W, C) picture to look at. None: all.

    Returns
    -------
    (256,) or (65536,) int64 array

    Raises
    ------
    TypeError, ValueError
        Other dtypes, nothing to measure, or a mask that does not fit. So do all measures.

    Examples
    --------
    >>> import numpy as np
    >>> histogram(np.array([0, 2, 2], np.uint8))[:3]
    array([1, 0, 2])
    """
    check_image(a, mask)
    flat = pick(a, mask).reshape(-1)
    counts = np.zeros(levels(a.dtype), np.int64)
    for start in range(0, flat.size, _CHUNK):
        counts += np.bincount(flat[start : start + _CHUNK], minlength=counts.size)
    return counts


def entropy(a: NDArray, *, mask: NDArray[np.bool_] | None = None) -> float:
    """Shannon entropy of the histogram, in bits a sample.

    Parameters
    ----------
    a, mask
        As :func:`histogram`.

    Returns
    -------
    float
        0 for a constant, at most 8 (uint8) or 16 (uint16). Noise of few samples stays
        below that by chance: compare with :func:`expected_entropy`.

    Examples
    --------
    >>> import numpy as np
    >>> entropy(np.array([0, 0, 1, 255], np.uint8))
    1.5
    """
    counts = histogram(a, mask=mask)
    share = counts[counts > 0] / counts.sum()
    # A constant gives -0.0 without this.
    return abs(float((share * np.log2(share)).sum()))


def expected_entropy(samples: int, levels: int = 256) -> float:
    """The entropy that true noise of so many samples has on average, in bits.

    Parameters
    ----------
    samples : int
    levels : int
        Number of equally likely values.

    Returns
    -------
    float

    Notes
    -----
    Exact up to rounding: ``log2 N - (K/N) E[n log2 n]`` with n binomial (N, 1/K). Papers
    compare small pictures with 8, which noise of 32 x 32 x 3 samples misses by 0.06.

    Examples
    --------
    >>> round(expected_entropy(32 * 32 * 3), 3)
    7.939
    """
    if samples < 1 or levels < 2:
        raise ValueError(
            f"expected at least 1 sample and 2 levels, received {samples} and {levels}"
        )
    mean = samples / levels
    # What lies further out than 12 deviations and 60 is below 1e-20.
    counts = np.arange(min(samples, int(mean + 12 * mean**0.5 + 60)) + 1, dtype=np.float64)
    odds = (samples - counts[:-1]) / (counts[1:] * (levels - 1))
    chance = np.exp(
        samples * np.log1p(-1 / levels) + np.concatenate(([0.0], np.cumsum(np.log(odds))))
    )
    occupied = counts[1:]
    return float(
        np.log2(samples) - (chance[1:] * occupied * np.log2(occupied)).sum() * levels / samples
    )


def chi_square(a: NDArray, *, mask: NDArray[np.bool_] | None = None) -> float:
    """Pearson's statistic of the histogram against equally likely values.

    Parameters
    ----------
    a, mask
        As :func:`histogram`.

    Returns
    -------
    float
        For noise about 255 (uint8) or 65535 (uint16), whatever the size; 0 where every
        value is equally frequent, which noise never is.

    Examples
    --------
    >>> import numpy as np
    >>> chi_square(np.zeros(256, np.uint8))
    65280.0
    """
    counts = histogram(a, mask=mask)
    total = int(counts.sum())
    # sum of (n - N/K)^2 / (N/K), in integers until the division
    return int((counts * counts).sum()) * counts.size / total - total


def chi_square_test(a: NDArray, *, mask: NDArray[np.bool_] | None = None) -> ChiSquareTest:
    """:func:`chi_square` and what it means.

    Parameters
    ----------
    a, mask
        As :func:`histogram`.

    Returns
    -------
    ChiSquareTest
        The p-value is good from about 5 samples a value on, 1280 for uint8.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(1).integers(0, 256, 10_000, dtype=np.uint8)
    >>> chi_square_test(noise).p_value > 0.05
    True
    """
    statistic, values = chi_square(a, mask=mask), levels(a.dtype)
    return ChiSquareTest(statistic, chi_square_tail(statistic, values - 1), _CRITICAL[values])


def adjacent_correlation(
    channel: NDArray, direction: str = "h", *, mask: NDArray[np.bool_] | None = None
) -> float:
    """Pearson correlation of neighbouring pixels, over all pairs.

    Parameters
    ----------
    channel : (H, W) array of uint8 or uint16
    direction : {"h", "v", "d", "a"}
        Neighbour to the right, below, below right, or below left.
    mask : (H, W) bool array, optional
        Pairs count where both pixels are inside.

    Returns
    -------
    float
        -1 to 1; near 1 for photos. nan where the pixels do not vary or there is no pair.
        For noise it is normal about 0 with deviation ``1/sqrt(pairs)``.

    Notes
    -----
    Integer sums, so exact but for the last step. One pass for each of five sums; papers
    sample some thousand pairs instead, which costs two digits.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.arange(12, dtype=np.uint8).reshape(3, 4)
    >>> adjacent_correlation(ramp, "h"), adjacent_correlation(ramp % 2, "h")
    (1.0, -1.0)
    """
    first, second = neighbours(channel, direction, mask)
    n = first.size
    sum_x, sum_y = int(first.sum(dtype=np.int64)), int(second.sum(dtype=np.int64))
    spread_x = n * _dot(first, first) - sum_x * sum_x
    spread_y = n * _dot(second, second) - sum_y * sum_y
    if spread_x == 0 or spread_y == 0:
        return float("nan")
    # Integers until here; rounding may still lead past 1 by one unit in the last place.
    value = (n * _dot(first, second) - sum_x * sum_y) / sqrt(spread_x * spread_y)
    return max(-1.0, min(1.0, value))


def neighbours(
    channel: NDArray, direction: str, mask: NDArray[np.bool_] | None = None
) -> tuple[NDArray, NDArray]:
    """All pairs of neighbours of a (H, W) channel, as two arrays of one shape."""
    check_image(channel, mask)
    if channel.ndim != 2:
        raise ValueError(
            f"expected one channel of shape (H, W), received shape {channel.shape}; "
            "pass image[..., 0] and so on"
        )
    if direction not in DIRECTIONS:
        raise ValueError(
            f"direction must be one of {', '.join(DIRECTIONS)}, received {direction!r}"
        )
    first, second = _shifted(channel, direction)
    if mask is None:
        return first, second
    here, there = _shifted(mask, direction)
    both = here & there
    return first[both], second[both]


def _shifted(a: NDArray, direction: str) -> tuple[NDArray, NDArray]:
    down, right = DIRECTIONS[direction]
    height, width = a.shape
    if right < 0:
        return a[:-1, 1:], a[1:, :-1]
    return a[: height - down, : width - right], a[down:, right:]


def _dot(x: NDArray, y: NDArray) -> int:
    """Sum of products without a widened copy; 2**28 products of uint16 fit."""
    axes = "ij"[: x.ndim]
    return int(np.einsum(f"{axes},{axes}->", x, y, dtype=np.int64))
