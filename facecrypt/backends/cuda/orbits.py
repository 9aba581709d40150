"""CUDA kernels of the logistic map: a thread is an orbit, a block of threads 64 of them.

An orbit's bytes lie apart in memory: in ``lanes`` an iterate of all lanes comes before the next,
in ``rows`` one row lies behind the other. Threads that wrote their own bytes would make each
transaction of the memory carry a few of them. Therefore the block computes a tile of 4 KiB into
shared memory and then writes it as 64-bit words, neighbouring threads neighbouring words. What is
XORed is fetched before the tile is computed, so that the one hides behind the other.
"""

# ruff: noqa: PLR0917  (launches pass arguments by position)

from functools import cache
from typing import Any

import numpy as np

from facecrypt.backends.cuda.jit import cuda, device, plus, times, types

__all__ = ["ROW", "THREADS", "TILE", "lanes_kernel", "rows_kernel"]

THREADS = 64
TILE = 4096
ROW = TILE // THREADS  # bytes of a row in a tile
_WORDS = TILE // 8 // THREADS  # of one thread: 64 bytes in flight fill a card with few blocks
_PITCH = _WORDS + 1  # of a row in shared memory: one word more, for threads to use all its banks
_ROWS = THREADS * _PITCH


@device
def step(mu: float, d: float) -> float:
    """One iterate, associated to the left."""
    return times(times(mu, d), plus(1.0, -d))


@device  # Numba passes to those by position.
def first_state(mu: Any, d0: Any, i: int, there: bool, discard: int) -> Any:  # noqa: FBT001
    """Key i and its state after ``discard`` iterates; a fixed point where there is none."""
    m, d = 0.0, 0.0
    if there:
        m, d = mu[i], d0[i]
        for _ in range(discard):
            d = step(m, d)
    return m, d


@device
def eq4(d: float) -> np.int64:
    """``floor((d/2) * 1e14)``: halving is exact, so one product is the same."""
    return np.int64(times(d, 5e13))


@device
def floor255(d: float) -> np.int64:
    return np.int64(times(255.0, d))


@device
def round255(d: float) -> np.int64:
    return np.int64(plus(times(255.0, d), 0.5))


@device
def floor256(d: float) -> np.int64:
    return min(np.int64(times(256.0, d)), np.int64(255))


_QUANTISERS = {"eq4": eq4, "floor255": floor255, "round255": round255, "floor256": floor256}


@device
def word_at(w: int, t: int, first: int, stride: int, row_bits: int) -> int:
    """Where word w of a tile goes whose rows, of 2**row_bits words, lie ``stride`` words apart."""
    return first + (t + (w >> row_bits)) * stride + (w & (1 << row_bits) - 1)


@cache
def lanes_kernel(width: int, *, xor: bool) -> Any:
    """The kernel ``lanes`` with so many bytes an iterate; a block takes 64 lanes of a chunk.

    Where ``tiled``, what is whole tiles goes by words: the caller sees to lanes in multiples of 64
    and to alignment. All else goes by bytes.
    """
    iterates = TILE // (THREADS * width)
    row_bits = 2 + width  # 64 lanes give 8 or 16 words at an iterate
    narrow, wide = {1: types.uint8, 2: types.uint16}[width], types.uint64

    def kernel(mu, d0, data, out, data_words, out_words, lanes, chunk, discard, tiled):
        groups = (lanes + THREADS - 1) // THREADS
        k = cuda.blockIdx.x // groups
        if k * lanes >= mu.size:
            return
        thread = cuda.threadIdx.x & (THREADS - 1)  # so the compiler sees that it is not negative
        lane = cuda.blockIdx.x % groups * THREADS + thread
        base = k * chunk
        size = min(chunk, out.size - base)
        m, d = first_state(mu, d0, k * lanes + lane, lane < lanes, discard)
        first, stride = (base + (lane - thread) * width) // 8, lanes * width // 8
        values = cuda.shared.array(0, narrow)
        words = cuda.shared.array(0, wide)  # the same memory
        held = cuda.local.array(_WORDS, wide)
        t, end = 0, size // (lanes * width) // iterates * iterates if tiled else 0
        while t < end:
            for i in range(_WORDS if xor else 0):
                held[i] = data_words[word_at(i * THREADS + thread, t, first, stride, row_bits)]
            for i in range(iterates):
                d = step(m, d)
                values[i * THREADS + thread] = eq4(d) & (1 << 8 * width) - 1
            cuda.syncthreads()
            for i in range(_WORDS):
                w = i * THREADS + thread
                word = words[w] ^ held[i] if xor else words[w]
                out_words[word_at(w, t, first, stride, row_bits)] = word
            cuda.syncthreads()
            t += iterates
        at = (t * lanes + lane) * width
        while lane < lanes and at < size:
            d = step(m, d)
            for j in range(min(width, size - at)):
                byte = eq4(d) >> 8 * j & 255
                out[base + at + j] = data[base + at + j] ^ byte if xor else byte
            at += lanes * width

    return cuda.jit(kernel)


@cache
def rows_kernel(quantiser: str, *, xor: bool) -> Any:
    """The kernel ``rows``, also of ``sequence``; a block takes 64 rows, 64 bytes of each a tile.

    The first ``tiled`` bytes of a row go by words, for which the caller sees to alignment.
    """
    quantise = _QUANTISERS[quantiser]
    wide = types.uint64

    def kernel(mu, d0, data, out, data_words, out_words, length, discard, tiled):
        first = cuda.blockIdx.x * THREADS
        if first >= mu.size:
            return
        thread = cuda.threadIdx.x & (THREADS - 1)
        row = first + thread
        m, d = first_state(mu, d0, row, row < mu.size, discard)
        words = cuda.shared.array(_ROWS, wide)
        held = cuda.local.array(_WORDS, wide)
        # Of a tile the thread moves word `column` of every eighth row from `top` on.
        top, column, stride = thread >> 3, thread & 7, length // 8
        t = 0
        while t < tiled:
            at = (first + top) * stride + t // 8 + column
            for i in range(_WORDS if xor else 0):
                if first + top + 8 * i < mu.size:
                    held[i] = data_words[at + 8 * i * stride]
            for i in range(_WORDS):
                word = np.uint64(0)
                for j in range(8):
                    d = step(m, d)
                    word |= np.uint64(quantise(d) & 255) << np.uint64(8 * j)
                words[thread * _PITCH + i] = word
            cuda.syncthreads()
            for i in range(_WORDS):
                if first + top + 8 * i < mu.size:
                    word = words[(top + 8 * i) * _PITCH + column]
                    out_words[at + 8 * i * stride] = word ^ held[i] if xor else word
            cuda.syncthreads()
            t += ROW
        while row < mu.size and t < length:
            d = step(m, d)
            byte = quantise(d) & 255
            out[row * length + t] = data[row * length + t] ^ byte if xor else byte
            t += 1

    return cuda.jit(kernel)
