"""Find what went where when a key moves things but leaves them recognisable.

Known-plaintext attacks on shuffles all come down to it: what a position held over all known
pictures is its fingerprint, and equal fingerprints belong together.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Match", "fingerprint", "match"]


class Match(NamedTuple):
    """Outcome of :func:`match`.

    Attributes
    ----------
    perm : (..., n) intp array
        A gather: ``source[perm] == target`` wherever that can be had.
    sure : (..., n) bool array
        Where exactly one source fits. Equal fingerprints are dealt out in order.
    """

    perm: NDArray[np.intp]
    sure: NDArray[np.bool_]


def fingerprint(observations: NDArray) -> NDArray[np.uint64]:
    """64 bits for each column of values.

    Parameters
    ----------
    observations : (T, ...) array of unsigned integers
        What each position held, T times.

    Returns
    -------
    (...) uint64 array

    Notes
    -----
    A sum with fixed random odd weights modulo 2**64: two different columns of bytes collide
    with probability at most 2**-56. O(size).
    """
    weights = np.random.default_rng(2**16).integers(0, 2**64, len(observations), np.uint64)
    total = np.zeros(observations.shape[1:], np.uint64)
    for values, weight in zip(observations, weights | np.uint64(1), strict=True):
        total += values.astype(np.uint64) * weight
    return total


def match(source: NDArray, target: NDArray) -> Match:
    """Pair equal fingerprints along the last axis.

    Parameters
    ----------
    source, target : (..., n) arrays

    Returns
    -------
    Match

    Notes
    -----
    Two sorts, O(n log n).

    Examples
    --------
    >>> import numpy as np
    >>> match(np.array([7, 5, 9, 9]), np.array([9, 7, 9, 5]))
    Match(perm=array([2, 0, 3, 1]), sure=array([False,  True, False,  True]))
    """
    by_source = np.argsort(source, axis=-1, kind="stable")
    by_target = np.argsort(target, axis=-1, kind="stable")
    ordered = np.take_along_axis(source, by_source, -1)
    lone = ordered == np.take_along_axis(target, by_target, -1)
    twin = ordered[..., 1:] == ordered[..., :-1]
    lone[..., 1:] &= ~twin
    lone[..., :-1] &= ~twin
    perm, sure = np.empty_like(by_source), np.empty_like(lone)
    np.put_along_axis(perm, by_target, by_source, -1)
    np.put_along_axis(sure, by_target, lone, -1)
    return Match(perm, sure)
