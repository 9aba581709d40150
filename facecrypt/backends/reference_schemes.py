"""The definition of the schemes' kernels, in NumPy; ``reference`` gives them out as its own."""

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import ORDERS, checks

__all__ = ["blocks", "coupling", "gather", "pixels"]


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
    checks.pixel_operands(data.shape, order, mask)
    if order is not None:
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
    checks.gather_operands(data.shape, index, mask)
    np.take(data, index, axis=1, out=out)
    if mask is not None:
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
    checks.block_operands(
        data.shape, block, nibbles=nibbles, perm=perm, mask=mask, which=which, source=source
    )
    grid = height // rows, width // columns
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
    rounds, _ = checks.coupling_operands(channels, first, first_bias, second, second_bias)
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
    checks.workers(threads)
    if data.ndim != ndim:
        raise ValueError(f"data must have {ndim} dimensions, received shape {data.shape}")
    checks.array(data, "data", np.uint8, data.shape)
    checks.array(out, "out", np.uint8, data.shape)
    if not out.flags.writeable:
        raise ValueError("out must be writable")
    same = may_be_same and out.ctypes.data == data.ctypes.data
    if not same and np.may_share_memory(data, out):
        raise ValueError("out overlaps data; pass another array")
