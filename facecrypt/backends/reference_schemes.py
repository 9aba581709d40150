"""The definition of the schemes' kernels, in NumPy; ``reference`` gives them out as its own."""

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import ORDERS

__all__ = ["blocks", "coupling", "gather", "pixels"]

# What the native kernels have room for.
WIDEST_BLOCK = 64 * 64 * 3
MOST_HIDDEN = 64


def pixels(
    data: NDArray[np.uint8],
    out: NDArray[np.uint8],
    *,
    order: NDArray[np.uint8] | None,
    mask: NDArray[np.uint8],
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; always one thread."""
    _pictures(data, out, 4, threads, may_be_same=True)
    _array(mask, "mask", np.uint8, data.shape[1:])
    if order is not None:
        _array(order, "order", np.uint8, data.shape[1:3])
        if data.shape[3] != 3:
            raise ValueError(f"order needs 3 channels, received {data.shape[3]}")
        _below(order, "order", len(ORDERS))
        data = np.take_along_axis(data, np.array(ORDERS)[order][None], axis=-1)
    np.bitwise_xor(data, mask, out=out)


def gather(
    data: NDArray[np.uint8],
    out: NDArray[np.uint8],
    *,
    index: NDArray[np.int32],
    mask: NDArray[np.uint8] | None,
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; always one thread."""
    _pictures(data, out, 3, threads)
    _array(index, "index", np.int32, data.shape[1:2])
    _below(index, "index", data.shape[1])
    np.take(data, index, axis=1, out=out)
    if mask is not None:
        _array(mask, "mask", np.uint8, data.shape[1:])
        out ^= mask


def blocks(
    data: NDArray[np.uint8],
    out: NDArray[np.uint8],
    *,
    block: tuple[int, int],
    nibbles: bool,
    perm: NDArray[np.int32],
    mask: NDArray[np.uint8],
    which: NDArray[np.int32],
    source: NDArray[np.int32],
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; always one thread."""
    _pictures(data, out, 3, threads)
    count, height, width = data.shape
    rows, columns = block
    if rows < 1 or columns < 1 or height % rows or width % columns:
        raise ValueError(f"pictures of {height} x {width} bytes are no whole blocks of {block}")
    if rows * columns > WIDEST_BLOCK:
        raise ValueError(f"a block has at most {WIDEST_BLOCK} bytes, received {block}")
    grid = height // rows, width // columns
    entries = rows * columns * (2 if nibbles else 1)
    _array(perm, "perm", np.int32, (perm.shape[0], entries))
    _array(mask, "mask", np.uint8, perm.shape)
    _array(which, "which", np.int32, (grid[0] * grid[1],))
    _array(source, "source", np.int32, which.shape)
    for index, name, high in (
        (perm, "perm", entries), (which, "which", len(perm)), (source, "source", which.size),
        (mask, "mask", 16 if nibbles else 256),
    ):  # fmt: skip
        _below(index, name, high)
    split = count, grid[0], rows, grid[1], columns
    vectors = data.reshape(split).swapaxes(2, 3).reshape(count, which.size, rows * columns)
    if nibbles:
        vectors = np.concatenate([vectors & 15, vectors >> 4], axis=-1)
    vectors = np.take_along_axis(vectors[:, source], perm[which][None], axis=-1) ^ mask[which]
    if nibbles:
        low, high = np.split(vectors, 2, axis=-1)
        vectors = low | high << 4
    joined = vectors.reshape(count, grid[0], grid[1], rows, columns).swapaxes(2, 3)
    out[:] = joined.reshape(data.shape)


def coupling(
    data: NDArray[np.uint8],
    out: NDArray[np.uint8],
    *,
    first: NDArray[np.int8],
    first_bias: NDArray[np.int8],
    second: NDArray[np.int8],
    second_bias: NDArray[np.uint8],
    inverse: bool,
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; always one thread."""
    _pictures(data, out, 4, threads, may_be_same=True)
    _, height, width, channels = data.shape
    if first_bias.ndim != 2:
        raise ValueError(f"first_bias must have 2 dimensions, received shape {first_bias.shape}")
    rounds, hidden = first_bias.shape
    if hidden > MOST_HIDDEN:
        raise ValueError(f"at most {MOST_HIDDEN} hidden planes, received {hidden}")
    _array(first, "first", np.int8, (rounds, hidden, channels, 3, 3))
    _array(first_bias, "first_bias", np.int8, (rounds, hidden))
    _array(second, "second", np.int8, (rounds, channels, hidden, 3, 3))
    _array(second_bias, "second_bias", np.uint8, (rounds, channels))
    if out is not data:
        out[:] = data
    parity = np.indices((height, width, channels)).sum(axis=0) % 2
    for r in reversed(range(rounds)) if inverse else range(rounds):
        stays = parity == r % 2
        summed = _convolve(np.where(stays, out, 0), first[r]) + first_bias[r]
        active = np.minimum(np.maximum(summed, 0) >> 5, 255)
        added = (_convolve(active, second[r]) + second_bias[r]).astype(np.uint8)
        added = np.where(stays, np.uint8(0), added)
        np.subtract(out, added, out=out) if inverse else np.add(out, added, out=out)


def _convolve(x: NDArray, weights: NDArray[np.int8]) -> NDArray[np.int32]:
    """(N, H, W, C) with (K, C, 3, 3), zero outside, cross-correlation: (N, H, W, K)."""
    _, height, width, _ = x.shape
    x = np.pad(x.astype(np.int32), ((0, 0), (1, 1), (1, 1), (0, 0)))
    total = np.zeros((*x.shape[:1], height, width, len(weights)), np.int32)
    for dy in range(3):
        for dx in range(3):
            window = x[:, dy : dy + height, dx : dx + width]
            total += window @ weights[:, :, dy, dx].T.astype(np.int32)
    return total


def _pictures(
    data: NDArray[np.uint8],
    out: NDArray[np.uint8],
    ndim: int,
    threads: int | None,
    *,
    may_be_same: bool = False,
) -> None:
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1, received {threads}")
    if data.ndim != ndim:
        raise ValueError(f"data must have {ndim} dimensions, received shape {data.shape}")
    _array(data, "data", np.uint8, data.shape)
    _array(out, "out", np.uint8, data.shape)
    if not out.flags.writeable:
        raise ValueError("out must be writable")
    same = may_be_same and out.ctypes.data == data.ctypes.data
    if not same and np.may_share_memory(data, out):
        raise ValueError("out overlaps data; pass another array")


def _array(array: NDArray, name: str, dtype: type, shape: tuple[int, ...]) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        kind = getattr(array, "dtype", type(array).__name__)
        raise TypeError(f"{name} must be an array of {dtype.__name__}, received {kind}")
    if array.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, received {array.shape}")
    if not array.flags.c_contiguous:
        raise ValueError(f"{name} must be C-contiguous; pass a copy: numpy.ascontiguousarray")


def _below(array: NDArray[np.integer], name: str, high: int) -> None:
    if array.size and not 0 <= array.min() <= array.max() < high:
        raise ValueError(f"{name} must be in 0..{high - 1}, received {array.min()}..{array.max()}")
