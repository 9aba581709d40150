"""What kernels refuse, whatever they run on: the checks that backends in Python share.

The native kernels have their own, in ``_native.pyx``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "QUANTISERS",
    "array",
    "at_least",
    "batch",
    "below",
    "buffers",
    "flat",
    "keys",
    "operands_apart",
    "pictures",
    "quantiser",
    "workers",
]

QUANTISERS = ("eq4", "floor255", "round255", "floor256")


def quantiser(name: str) -> None:
    """Refuse a quantiser that there is not."""
    if name not in QUANTISERS:
        raise ValueError(f"quantiser must be one of {', '.join(QUANTISERS)}, received {name!r}")


def at_least(value: int, name: str, least: int) -> int:
    """The value, refused below `least`, or where it is no whole number."""
    if not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be a whole number, received {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, received {value}")
    return value


def workers(threads: int | None) -> None:
    """``threads``: None, or at least one."""
    if threads is not None:
        at_least(threads, "threads", 1)


def keys(
    mu: NDArray[np.float64], d0: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``mu`` and ``d0``, flat: of equal size and in the range of logistic keys."""
    mu, d0 = flat(mu, "mu", np.float64), flat(d0, "d0", np.float64)
    if mu.size != d0.size:
        raise ValueError(f"mu and d0 must be of equal size, received {mu.size} and {d0.size}")
    inside = (mu >= 0) & (mu <= 4) & (d0 >= 0) & (d0 <= 1)
    if not inside.all():
        first = int(np.argmin(inside))
        raise ValueError(
            f"a logistic key needs mu in [0, 4] and d0 in [0, 1], received "
            f"({mu[first]}, {d0[first]}) at index {first}"
        )
    return mu, d0


def flat(array: NDArray, name: str, dtype: type) -> NDArray:
    """All elements of a C-contiguous array of this dtype."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a {dtype.__name__} array, received {type(array).__name__}")
    if array.dtype != dtype:
        raise TypeError(f"{name} must hold {dtype.__name__}, received {array.dtype}")
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} must be C-contiguous; pass a copy: numpy.ascontiguousarray")
    return array.reshape(-1)


def buffers(
    data: NDArray[np.uint8] | None, out: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8] | None, NDArray[np.uint8]]:
    """Flat ``data``, or None, and ``out``; they are one memory or apart."""
    target = flat(out, "out", np.uint8)
    if not out.flags.writeable:
        raise ValueError("out must be writable; pass a copy: numpy.ascontiguousarray")
    if data is None:
        return None, target
    source = flat(data, "data", np.uint8)
    if source.size != target.size:
        raise ValueError(
            f"out must have as many elements as data, {source.size}, received {target.size}"
        )
    same = source.ctypes.data == target.ctypes.data
    if not same and np.may_share_memory(source, target):
        raise ValueError(
            "out overlaps data without being the same memory; pass data itself or another array"
        )
    return source, target


def array(array: NDArray, name: str, dtype: type, shape: tuple[int, ...]) -> None:
    """Refuse what is no C-contiguous array of this dtype and shape."""
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        kind = getattr(array, "dtype", type(array).__name__)
        raise TypeError(f"{name} must be an array of {dtype.__name__}, received {kind}")
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, received {array.shape}")
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} must be C-contiguous; pass a copy: numpy.ascontiguousarray")


def below(array: NDArray[np.integer], name: str, high: int) -> None:
    """Refuse numbers outside of ``0..high - 1``."""
    if array.size and not 0 <= array.min() <= array.max() < high:
        raise ValueError(f"{name} must be in 0..{high - 1}, received {array.min()}..{array.max()}")


def pictures(
    data: NDArray[np.uint8], out: NDArray[np.uint8], ndim: int, *, may_be_same: bool = False
) -> None:
    """``data`` and ``out`` of one shape of so many dimensions, apart or, perhaps, the same."""
    if data.ndim != ndim:
        raise ValueError(f"data must have {ndim} dimensions, received shape {data.shape}")
    array(data, "data", np.uint8, data.shape)
    array(out, "out", np.uint8, data.shape)
    if not out.flags.writeable:
        raise ValueError("out must be writable")
    same = may_be_same and out.ctypes.data == data.ctypes.data
    if not same and np.may_share_memory(data, out):
        raise ValueError("out overlaps data; pass another array")


def operands_apart(operands: Any, out: Any) -> None:
    """Refuse an ``out`` with bytes of an operand: they would change while they are read."""
    names = getattr(operands, "_fields", None)
    if names is None:
        raise TypeError(
            f"operands must be of facecrypt.backends.operands, received {type(operands).__name__}"
        )
    if not isinstance(out, np.ndarray):  # on a card, where no operand is
        return
    for name, operand in zip(names, operands, strict=True):
        if isinstance(operand, np.ndarray) and np.may_share_memory(operand, out):
            raise ValueError(f"out overlaps {name}; pass another array")


def batch(data: Any, out: Any) -> tuple[int, ...]:
    """(N, H, W, C) of ``data`` for the kernel ``fit``, which ``out`` has but for H and W."""
    shape, result = tuple(data.shape), tuple(out.shape)
    if len(shape) not in (2, 3, 4):
        raise ValueError(f"data must have 2, 3 or 4 dimensions, received shape {shape}")
    whole = {2: (1, *shape, 1), 3: (1, *shape), 4: shape}[len(shape)]
    if len(result) != 4 or (result[0], result[3]) != (whole[0], whole[3]):
        raise ValueError(f"out must have the shape of {whole} but for H and W, received {result}")
    if 0 in whole[1:3] and 0 not in result:
        raise ValueError(f"data must have a pixel to repeat, received shape {shape}")
    return whole
