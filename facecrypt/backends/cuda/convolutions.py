"""CUDA kernels of the coupling network: a round is one kernel for each of its two convolutions.

A round reads samples that stay and changes the others, so it works in place.
"""

# ruff: noqa: PLR0917  (launches pass arguments by position)

from functools import cache
from typing import Any

import numpy as np

from facecrypt.backends.cuda.jit import cuda

__all__ = ["add_kernel", "hidden_kernel"]


@cache
def hidden_kernel() -> Any:
    """``hidden`` (N, H, W, K) of round ``r``: a thread is one of its bytes."""

    def kernel(data, hidden, weights, bias, r, height, width, channels):
        i = cuda.grid(1)
        if i >= hidden.size:
            return
        planes = bias.size
        k, pixel = i % planes, i // planes
        x, y, n = pixel % width, pixel // width % height, pixel // (width * height)
        total: Any = np.int64(bias[k])
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                if 0 <= y + dy < height and 0 <= x + dx < width:
                    at = ((n * height + y + dy) * width + x + dx) * channels
                    for c in range(channels):
                        if (y + dy + x + dx + c + r) % 2 == 0:
                            tap = ((k * channels + c) * 3 + dy + 1) * 3 + dx + 1
                            total += np.int64(weights[tap]) * np.int64(data[at + c])
        hidden[i] = min(max(total, 0) >> 5, 255)

    return cuda.jit(kernel)


@cache
def add_kernel(*, inverse: bool) -> Any:
    """The other samples of round ``r``: a thread is a sample of ``out`` (N, H, W, C)."""

    def kernel(out, hidden, weights, bias, r, height, width, planes):
        i = cuda.grid(1)
        if i >= out.size:
            return
        channels = bias.size
        c, pixel = i % channels, i // channels
        x, y, n = pixel % width, pixel // width % height, pixel // (width * height)
        if (y + x + c + r) % 2 == 0:
            return
        total = np.int64(bias[c])
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                if 0 <= y + dy < height and 0 <= x + dx < width:
                    at = ((n * height + y + dy) * width + x + dx) * planes
                    for k in range(planes):
                        tap = ((c * planes + k) * 3 + dy + 1) * 3 + dx + 1
                        total += np.int64(weights[tap]) * np.int64(hidden[at + k])
        sample = np.int64(out[i])
        out[i] = (sample - total if inverse else sample + total) & 255

    return cuda.jit(kernel)
