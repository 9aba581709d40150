"""CUDA kernels of the schemes that move samples: a thread is a place, and goes through pictures.

Where a place takes its sample from, and what is XORed there, is the same in each picture of a
batch: a thread works that out once and keeps it. It takes ``AHEAD`` pictures at a time, so that as
many loads are under way at once. A picture's places are cut into pieces, a block of threads each,
and ``groups`` of pieces share the pictures; blocks beyond those have nothing to do.
"""

# ruff: noqa: PLR0917  (launches pass arguments by position)

from functools import cache
from typing import Any

import numpy as np

from facecrypt.backends.cuda.jit import SIMULATED, cuda, device, permute_bytes, types
from facecrypt.backends.operands import ORDERS

__all__ = [
    "AHEAD",
    "BLOCKS",
    "THREADS",
    "blocks_kernel",
    "fit_kernel",
    "gather_kernel",
    "pixel_bytes_kernel",
    "pixel_words_kernel",
    "shares",
]

# 192 words of 4 bytes are whole pixels of 3: where `out` is `data`, no block of threads reads what
# another has written.
THREADS = 192
AHEAD = 4
# Blocks of threads, enough to fill the largest cards a few times; the simulator has no more than
# one at a time and is slow to start them.
BLOCKS = 1 if SIMULATED else 4096
# ORDERS[o][j] in bits 2*(3*o + j) and the next.
_PACKED = sum(
    source << 2 * (3 * o + j)
    for o, channels in enumerate(ORDERS)
    for j, source in enumerate(channels)
)


def shares(words: int, count: int) -> tuple[int, int]:
    """Pieces of a picture of so many words, and groups of pieces that share the pictures."""
    pieces = -(-words // THREADS)
    return pieces, max(1, min(BLOCKS // pieces, -(-count // AHEAD)))


@device
def source_channel(order: int, j: int) -> np.int64:
    return np.int64(_PACKED) >> 2 * (3 * np.int64(order) + j) & 3


@device
def selector(order: Any, i: int) -> int:
    """Where the bytes of 32-bit word i of an RGB picture come from: a nibble each, that counts
    from two bytes before the word."""
    select = 0
    for k in range(4):
        at = 4 * i + k
        j = at % 3
        select |= (k + 2 + source_channel(order[at // 3], j) - j) << 4 * k
    return select


@cache
def pixel_words_kernel(*, ordered: bool) -> Any:
    """The kernel ``pixels`` on 32-bit words, of which a picture has a whole number."""
    word = types.int32

    def kernel(data, out, order, mask, count, groups):
        words = mask.size
        pieces = (words + THREADS - 1) // THREADS
        group = cuda.blockIdx.x // pieces
        i = cuda.blockIdx.x % pieces * THREADS + cuda.threadIdx.x
        inside = i < words
        # The first and the last word have one neighbour; no byte of the other is selected.
        left, right = max(i - 1, 0), min(i + 1, words - 1)
        key, select = 0, 0
        if inside:
            key = mask[i]
            if ordered:
                select = selector(order, i)
        held = cuda.local.array(AHEAD, word)
        n = count if group >= groups else group * AHEAD
        while n < count:
            for a in range(AHEAD):
                if inside and n + a < count:
                    at = (n + a) * words
                    value = data[at + i]
                    if ordered:
                        before = permute_bytes(data[at + left], value, 0x5432)
                        after = permute_bytes(value, data[at + right], 0x5432)
                        value = permute_bytes(before, after, select)
                    held[a] = value ^ key
            if ordered:
                cuda.syncthreads()  # until neighbours have read what is written now
            for a in range(AHEAD):
                if inside and n + a < count:
                    out[(n + a) * words + i] = held[a]
            n += groups * AHEAD

    return cuda.jit(kernel)


@cache
def pixel_bytes_kernel(*, ordered: bool) -> Any:
    """The kernel ``pixels`` where pictures are no whole words: a place is a pixel."""

    def kernel(data, out, order, mask, channels, count, groups):
        pixels = mask.size // channels
        pieces = (pixels + THREADS - 1) // THREADS
        i = cuda.blockIdx.x % pieces * THREADS + cuda.threadIdx.x
        n = cuda.blockIdx.x // pieces
        key = i * channels
        while i < pixels and n < count and cuda.blockIdx.x // pieces < groups:
            at = n * mask.size + key
            if ordered:
                one = data[at + source_channel(order[i], 0)]
                two = data[at + source_channel(order[i], 1)]
                three = data[at + source_channel(order[i], 2)]
                out[at] = one ^ mask[key]
                out[at + 1] = two ^ mask[key + 1]
                out[at + 2] = three ^ mask[key + 2]
            else:
                for j in range(channels):
                    out[at + j] = data[at + j] ^ mask[key + j]
            n += groups

    return cuda.jit(kernel)


@cache
def gather_kernel(width: int, *, masked: bool) -> Any:
    """The kernel ``gather``, where items are ``length`` words of ``width`` bytes."""
    word = {1: types.uint8, 4: types.uint32, 8: types.uint64}[width]

    def kernel(data, out, index, mask, length, count, groups):
        words = index.size * length
        pieces = (words + THREADS - 1) // THREADS
        group = cuda.blockIdx.x // pieces
        i = cuda.blockIdx.x % pieces * THREADS + cuda.threadIdx.x
        if group >= groups or i >= words:
            return
        source = np.int64(index[i // length]) * length + i % length
        held = cuda.local.array(AHEAD, word)
        n = group * AHEAD
        while n < count:
            for a in range(AHEAD):
                if n + a < count:
                    value = data[(n + a) * words + source]
                    held[a] = value ^ mask[i] if masked else value
            for a in range(AHEAD):
                if n + a < count:
                    out[(n + a) * words + i] = held[a]
            n += groups * AHEAD

    return cuda.jit(kernel)


@device
def place(block: int, j: int, rows: int, columns: int, width: int) -> int:
    """Where byte j of a block is in a picture of ``width`` bytes a row."""
    across = width // columns
    y = block // across * rows + j // columns
    return y * width + block % across * columns + j % columns


@cache
def blocks_kernel(*, nibbles: bool) -> Any:
    """The kernel ``blocks``, where pictures have ``size`` bytes, ``width`` a row."""
    byte = types.uint8

    def kernel(data, out, perm, mask, which, source, rows, columns, width, size, count, groups):
        pieces = (size + THREADS - 1) // THREADS
        group = cuda.blockIdx.x // pieces
        i = cuda.blockIdx.x % pieces * THREADS + cuda.threadIdx.x
        if group >= groups or i >= size:
            return
        y, x = i // width, i % width
        block = y // rows * (width // columns) + x // columns
        j = y % rows * columns + x % columns
        bytes_each = rows * columns
        taken = np.int64(source[block])
        entry = np.int64(which[block]) * (2 * bytes_each if nibbles else bytes_each) + j
        low, key = np.int64(perm[entry]), np.int64(mask[entry])
        high = low
        if nibbles:
            high = np.int64(perm[entry + bytes_each])
            key |= np.int64(mask[entry + bytes_each]) << 4
        low_at = place(taken, low % bytes_each, rows, columns, width)
        high_at = place(taken, high % bytes_each, rows, columns, width)
        low_shift, high_shift = 4 * (low // bytes_each), 4 * (high // bytes_each)
        held = cuda.local.array(AHEAD, byte)
        n = group * AHEAD
        while n < count:
            for a in range(AHEAD):
                if n + a < count:
                    at = (n + a) * size
                    value = np.int64(data[at + low_at])
                    if nibbles:
                        upper = np.int64(data[at + high_at]) >> high_shift & 15
                        value = value >> low_shift & 15 | upper << 4
                    held[a] = value ^ key
            for a in range(AHEAD):
                if n + a < count:
                    out[(n + a) * size + i] = held[a]
            n += groups * AHEAD

    return cuda.jit(kernel)


@cache
def fit_kernel() -> Any:
    """Pictures ``data`` (N, H, W, C) in any layout, into others of ``height`` x ``width`` pixels,
    flat: cut off, or the last row and column repeated. A thread is a byte of ``out``."""

    def kernel(data, out, height, width, channels):
        i = cuda.grid(1)
        if i < out.size:
            c, pixel = i % channels, i // channels
            x, y, n = pixel % width, pixel // width % height, pixel // (width * height)
            out[i] = data[n, min(y, data.shape[1] - 1), min(x, data.shape[2] - 1), c]

    return cuda.jit(kernel)
