"""The definition of every kernel, in NumPy: to be read, and to test the others against.

Kernels are described in :mod:`facecrypt.backends.operands`. All run in one thread.
"""

from math import inf, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import checks
from facecrypt.backends.arrays import disjoint
from facecrypt.backends.operands import (
    ORDERS,
    Blocks,
    Bytes,
    Coupling,
    Gather,
    Lanes,
    Orbit,
    Pixels,
    Rows,
)

__all__ = ["blocks", "coupling", "examine", "fit", "gather", "lanes", "pixels", "rows", "sequence"]

_QUANTISERS = {
    "eq4": lambda d: (d / 2 * 1e14).astype(np.int64),
    "floor255": lambda d: (255.0 * d).astype(np.int64),
    "round255": lambda d: (255.0 * d + 0.5).astype(np.int64),
    "floor256": lambda d: np.minimum((256.0 * d).astype(np.int64), 255),
}


def sequence(data: Bytes | None, out: Bytes, operands: Orbit) -> None:
    """See :class:`Orbit`."""
    mu, d0, discard, quantiser = operands
    source, target = checks.buffers(data, out)
    checks.quantiser(quantiser)
    states = _states(np.array([mu], np.float64), np.array([d0], np.float64), discard, target.size)
    _apply(_QUANTISERS[quantiser](states).astype(np.uint8).reshape(-1), source, target)


def lanes(data: Bytes | None, out: Bytes, operands: Lanes, *, threads: int | None = None) -> None:
    """See :class:`Lanes`."""
    source, target = _stream(data, out, operands, threads)
    chunks = operands.check(target.size)
    if chunks == 0:
        return
    width = operands.bytes_per_iterate
    keys = (array.reshape(chunks, -1) for array in (operands.mu, operands.d0))
    for k, (mu, d0) in enumerate(zip(*keys, strict=True)):
        piece = slice(k * operands.chunk, (k + 1) * operands.chunk)
        size = target[piece].size
        states = _states(mu, d0, operands.discard, -(-size // (mu.size * width)))
        keystream = _QUANTISERS["eq4"](states).astype(f"<u{width}").reshape(-1).view(np.uint8)
        _apply(keystream[:size], None if source is None else source[piece], target[piece])


def rows(data: Bytes | None, out: Bytes, operands: Rows, *, threads: int | None = None) -> None:
    """See :class:`Rows`."""
    source, target = _stream(data, out, operands, threads)
    length = operands.check(target.size)
    if length == 0:
        return
    states = _states(operands.mu, operands.d0, operands.discard, length)
    _apply(_QUANTISERS["eq4"](states).astype(np.uint8).T.reshape(-1), source, target)


def pixels(data: Bytes, out: Bytes, operands: Pixels, *, threads: int | None = None) -> None:
    """See :class:`Pixels`."""
    order, mask = operands
    _pictures(data, out, 4, operands, threads, may_be_same=True)
    operands.check(data.shape)
    if order is not None:
        data = np.take_along_axis(data, np.array(ORDERS)[order][None], axis=-1)
    np.bitwise_xor(data, mask, out=out)


def gather(data: Bytes, out: Bytes, operands: Gather, *, threads: int | None = None) -> None:
    """See :class:`Gather`."""
    source, mask = operands
    _pictures(data, out, 3, operands, threads)
    operands.check(data.shape)
    np.take(data, source, axis=1, out=out)
    if mask is not None:
        out ^= mask


def blocks(data: Bytes, out: Bytes, operands: Blocks, *, threads: int | None = None) -> None:
    """See :class:`Blocks`."""
    _pictures(data, out, 3, operands, threads)
    operands.check(data.shape)
    (rows, columns), nibbles, perm, mask, which, source = operands
    count, height, width = data.shape
    grid = height // rows, width // columns
    split = count, grid[0], rows, grid[1], columns
    vectors = data.reshape(split).swapaxes(2, 3)
    vectors = vectors.reshape(count, grid[0] * grid[1], rows * columns)
    if nibbles:
        vectors = np.concatenate([vectors & 15, vectors >> 4], axis=-1)
    if source is not None:
        vectors = vectors[:, source]
    key = 0 if which is None else which
    perm, mask = np.atleast_2d(perm[key]), np.atleast_2d(mask[key])
    perm = np.broadcast_to(perm, (grid[0] * grid[1], perm.shape[1]))
    vectors = np.take_along_axis(vectors, perm[None], axis=-1) ^ mask
    if nibbles:
        low, high = np.split(vectors, 2, axis=-1)
        vectors = low | high << 4
    joined = vectors.reshape(count, grid[0], grid[1], rows, columns).swapaxes(2, 3)
    out[:] = joined.reshape(data.shape)


def coupling(data: Bytes, out: Bytes, operands: Coupling, *, threads: int | None = None) -> None:
    """See :class:`Coupling`."""
    _pictures(data, out, 4, operands, threads, may_be_same=True)
    first, first_bias, second, second_bias, inverse = operands
    _, height, width, channels = data.shape
    rounds, _ = operands.check(channels)
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


def fit(data: Bytes, out: Bytes) -> None:
    """See :meth:`facecrypt.backends.Kernels.fit`.

    Examples
    --------
    >>> out = np.empty((1, 1, 4, 1), np.uint8)
    >>> fit(np.array([[1, 2], [3, 4]], np.uint8), out)
    >>> out.ravel()
    array([1, 2, 2, 2], dtype=uint8)
    """
    for array, name in ((data, "data"), (out, "out")):
        if not isinstance(array, np.ndarray) or array.dtype != np.uint8:
            kind = getattr(array, "dtype", type(array).__name__)
            raise TypeError(f"{name} must be an array of uint8, received {kind}")
    shape = checks.batch(data, out)
    checks.array(out, "out", np.uint8, out.shape)
    if not out.flags.writeable:
        raise ValueError("out must be writable")
    if not disjoint(data, out):
        raise ValueError("out overlaps data; pass another array")
    height, width = min(shape[1], out.shape[1]), min(shape[2], out.shape[2])
    out[:, :height, :width] = data.reshape(shape)[:, :height, :width]
    out[:, :height, width:] = out[:, :height, width - 1 : width]
    out[:, height:] = out[:, height - 1 : height]


def examine(mu: float, d0: float, discard: int) -> tuple[float, int]:
    """See :class:`facecrypt.backends.Kernels`."""
    checks.at_least(discard, "discard", 1)
    checks.keys(np.array([mu], np.float64), np.array([d0], np.float64))
    d, total = d0, 0.0
    for _ in range(discard):
        d = (mu * d) * (1.0 - d)
        slope = abs(mu * (1.0 - 2.0 * d))
        total += log(slope) if slope else -inf
    power = 1
    while power <= 1 << 14:
        mark = d
        for length in range(1, power + 1):
            d = (mu * d) * (1.0 - d)
            if d == mark:
                return total / discard, length
        power *= 2
    return total / discard, 0


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


def _states(
    mu: NDArray[np.float64], d0: NDArray[np.float64], discard: int, count: int
) -> NDArray[np.float64]:
    """(count, lanes) states of orbits with keys (lanes,), after ``discard`` more."""
    mu, d = checks.keys(mu, d0)
    states = np.empty((count, mu.size))
    for _ in range(checks.at_least(discard, "discard", 0)):
        d = (mu * d) * (1.0 - d)
    for t in range(count):
        d = (mu * d) * (1.0 - d)
        states[t] = d
    return states


def _apply(
    keystream: NDArray[np.uint8], source: NDArray[np.uint8] | None, target: NDArray[np.uint8]
) -> None:
    if source is None:
        target[:] = keystream
    else:
        np.bitwise_xor(source, keystream, out=target)


def _stream(
    data: Bytes | None, out: Bytes, operands: Any, threads: int | None
) -> tuple[Bytes | None, Bytes]:
    """Flat ``data`` and ``out``, and what all keystreams refuse."""
    checks.workers(threads)
    checks.operands_apart(operands, out)
    return checks.buffers(data, out)


def _pictures(
    data: Bytes,
    out: Bytes,
    ndim: int,
    operands: Any,
    threads: int | None,
    *,
    may_be_same: bool = False,
) -> None:
    """What all kernels of the schemes refuse."""
    checks.workers(threads)
    checks.pictures(data, out, ndim, may_be_same=may_be_same)
    checks.operands_apart(operands, out)
