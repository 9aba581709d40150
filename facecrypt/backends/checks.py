"""What kernels refuse, whatever they run on: the checks that backends in Python share.

The native kernels have their own, in ``_native.pyx``.
"""

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import ORDERS

__all__ = [
    "MOST_HIDDEN",
    "QUANTISERS",
    "WIDEST_BLOCK",
    "array",
    "at_least",
    "below",
    "block_operands",
    "buffers",
    "coupling_operands",
    "gather_operands",
    "keys",
    "pixel_operands",
    "quantiser",
    "workers",
]

# What the native kernels have room for.
WIDEST_BLOCK = 64 * 64 * 3
MOST_HIDDEN = 64

QUANTISERS = ("eq4", "floor255", "round255", "floor256")


def quantiser(name: str) -> None:
    """Refuse a quantiser that there is not."""
    if name not in QUANTISERS:
        raise ValueError(f"quantiser must be one of {', '.join(QUANTISERS)}, received {name!r}")


def at_least(value: int, name: str, least: int) -> int:
    """The value, refused below `least`."""
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


def pixel_operands(
    shape: tuple[int, ...], order: NDArray[np.uint8] | None, mask: NDArray[np.uint8]
) -> None:
    """Of the kernel ``pixels`` for data of this shape."""
    array(mask, "mask", np.uint8, shape[1:])
    if order is not None:
        array(order, "order", np.uint8, shape[1:3])
        if shape[3] != 3:
            raise ValueError(f"order needs 3 channels, received {shape[3]}")
        below(order, "order", len(ORDERS))


def gather_operands(
    shape: tuple[int, ...], index: NDArray[np.int32], mask: NDArray[np.uint8] | None
) -> None:
    """Of the kernel ``gather`` for data of this shape."""
    array(index, "index", np.int32, shape[1:2])
    below(index, "index", shape[1])
    if mask is not None:
        array(mask, "mask", np.uint8, shape[1:])


def block_operands(
    shape: tuple[int, ...],
    block: tuple[int, int],
    *,
    nibbles: bool,
    perm: NDArray[np.int32],
    mask: NDArray[np.uint8],
    which: NDArray[np.int32],
    source: NDArray[np.int32],
) -> None:
    """Of the kernel ``blocks`` for data of this shape."""
    (_, height, width), (rows, columns) = shape, block
    if rows < 1 or columns < 1 or height % rows or width % columns:
        raise ValueError(f"pictures of {height} x {width} bytes are no whole blocks of {block}")
    if rows * columns > WIDEST_BLOCK:
        raise ValueError(f"a block has at most {WIDEST_BLOCK} bytes, received {block}")
    entries = rows * columns * (2 if nibbles else 1)
    number = (height // rows) * (width // columns)
    for operand, name, kind, wanted, limit in (
        (perm, "perm", np.int32, (len(perm), entries), entries),
        (mask, "mask", np.uint8, perm.shape, 16 if nibbles else 256),
        (which, "which", np.int32, (number,), len(perm)),
        (source, "source", np.int32, (number,), number),
    ):
        array(operand, name, kind, wanted)
        below(operand, name, limit)


def coupling_operands(
    channels: int,
    first: NDArray[np.int8],
    first_bias: NDArray[np.int8],
    second: NDArray[np.int8],
    second_bias: NDArray[np.uint8],
) -> tuple[int, int]:
    """Of the kernel ``coupling``; gives the number of rounds and of hidden planes."""
    if first_bias.ndim != 2:
        raise ValueError(f"first_bias must have 2 dimensions, received shape {first_bias.shape}")
    rounds, hidden = first_bias.shape
    if hidden > MOST_HIDDEN:
        raise ValueError(f"at most {MOST_HIDDEN} hidden planes, received {hidden}")
    array(first, "first", np.int8, (rounds, hidden, channels, 3, 3))
    array(first_bias, "first_bias", np.int8, (rounds, hidden))
    array(second, "second", np.int8, (rounds, channels, hidden, 3, 3))
    array(second_bias, "second_bias", np.uint8, (rounds, channels))
    return rounds, hidden
