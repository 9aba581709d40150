"""Checks of the arrays a key is made of; each returns a read-only copy in one fixed type."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["frozen", "integer", "integers", "inverse", "permutations"]


def integers(
    value: ArrayLike, name: str, high: int, ndim: int, *, dtype: type = np.uint8, low: int = 0
) -> NDArray:
    """Integers in ``[low, high)``; bits where high is 2, for which booleans will do too."""
    array = np.asarray(value)
    if array.dtype.kind not in "iub":
        raise TypeError(f"{name} must hold integers, received {array.dtype}")
    if array.ndim != ndim or array.size == 0:
        raise ValueError(
            f"{name} must have {ndim} dimensions, none of them empty, received {array.shape}"
        )
    least, most = int(array.min()), int(array.max())
    if least < low or most >= high:
        raise ValueError(f"{name} must be in {low}..{high - 1}, received {least}..{most}")
    return frozen(array.astype(dtype, order="C"))


def frozen(array: NDArray) -> NDArray:
    """The array, read-only from now on, or of a view a read-only copy, so that what is computed
    from it once and kept stays valid."""
    if array.base is not None:
        array = array.copy()
    array.flags.writeable = False
    return array


def permutations(value: ArrayLike, name: str, ndim: int = 1) -> NDArray[np.int32]:
    """Permutations of 0..n-1 along the last axis."""
    array = integers(value, name, 2**31, ndim, dtype=np.int32, low=-(2**31))
    n = array.shape[-1]
    found = np.sort(array, axis=-1) == np.arange(n)
    if not found.all():
        row = array[np.argwhere(~found)[0][0]] if ndim == 2 else array
        missing = np.setdiff1d(np.arange(n), row)[0]
        raise ValueError(f"{name} is not a permutation of 0..{n - 1}: {missing} does not occur")
    return array


def inverse(perm: NDArray[np.int32]) -> NDArray[np.int32]:
    """``inv[perm[i]] = i`` along the last axis."""
    return np.argsort(perm, axis=-1).astype(np.int32)


def integer(value: int, name: str, low: int, high: int | None = None) -> int:
    """One integer of at least ``low`` and at most ``high``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, received {value!r}")
    if value < low or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"in {low}..{high}"
        raise ValueError(f"{name} must be {limits}, received {value}")
    return int(value)
