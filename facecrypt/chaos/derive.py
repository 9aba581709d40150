"""Keys of the logistic map out of random words: the only floating-point keys made out of bytes.

They are made in integers, because compilers disagree on the last bit of ``3.9 + i*0.0015``.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["key_from_words", "mu_near_4"]

_MU0 = -(-399 * 2**51 // 100)  # ceil(3.99 * 2**51), exactly
_LOW, _HALF = np.uint64(2**32 - 1), np.uint64(32)


def key_from_words(u: ArrayLike, v: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """mu and d0 of uniform 64-bit words, with M0 = ceil(3.99 * 2**51)::

        mu = (M0 + ((u * (2**53 - M0)) >> 64)) / 2**51     in [3.99, 4)
        d0 = (1  + ((v * (2**52 - 1))  >> 64)) / 2**53     in (0, 0.5)

    Both numerators are below 2**53, so nothing is rounded.

    Parameters
    ----------
    u, v : uint64 arrays or integers

    Returns
    -------
    mu, d0 : float64 arrays, or numbers

    Examples
    --------
    >>> mu, d0 = key_from_words(0, 2**64 - 1)
    >>> mu.hex(), d0.hex()
    ('0x1.feb851eb851ecp+1', '0x1.ffffffffffffep-2')
    """
    mu = np.uint64(_MU0) + _scaled(np.asarray(u, np.uint64), 2**53 - _MU0)
    d0 = np.uint64(1) + _scaled(np.asarray(v, np.uint64), 2**52 - 1)
    return mu.astype(np.float64) * 2.0**-51, d0.astype(np.float64) * 2.0**-53


def mu_near_4(u: ArrayLike) -> NDArray[np.float64]:
    """``mu = (2**53 - 2**36 + (u >> 29)) / 2**51`` in [4 - 2**-15, 4 - 2**-16), exactly.

    Parameters
    ----------
    u : uint64 array or integer

    Examples
    --------
    >>> mu_near_4(0) == 4 - 2**-15, mu_near_4(2**64 - 1) == 4 - 2**-16 - 2**-51
    (np.True_, np.True_)
    """
    steps = np.uint64(2**53 - 2**36) + (np.asarray(u, np.uint64) >> np.uint64(29))
    return steps.astype(np.float64) * 2.0**-51


def _scaled(words: NDArray[np.uint64], steps: int) -> NDArray[np.uint64]:
    """``(words * steps) >> 64`` of the 128-bit products, by halves of 32 bits."""
    low_w, high_w = words & _LOW, words >> _HALF
    low_s, high_s = np.uint64(steps) & _LOW, np.uint64(steps) >> _HALF
    middle = high_w * low_s + (low_w * low_s >> _HALF)
    carried = low_w * high_s + (middle & _LOW)
    return high_w * high_s + (middle >> _HALF) + (carried >> _HALF)
