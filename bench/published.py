"""The same transforms as others write them: plain Python, NumPy, Numba.

No code of facecrypt: where these rows and ours give the same bytes, neither is alone in it.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["le_blocks", "logistic_loops", "numba_chains", "numpy_lanes", "pbe_loop", "pbe_numpy"]

DISCARD = 3000


def logistic_loops(image: NDArray[np.uint8], mu: float, d0: float) -> NDArray[np.uint8]:
    """As published code does it: a list of key bytes, then three loops over the picture."""
    height, width, channels = image.shape
    key, d = [], d0
    for step in range(DISCARD + image.size):
        d = (mu * d) * (1 - d)
        if step >= DISCARD:
            key.append(int((d / 2) * 1e14) % 256)
    out = np.zeros_like(image)
    number = 0
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                out[y, x, c] = image[y, x, c] ^ key[number]
                number += 1
    return out


def numpy_lanes(
    mu: NDArray[np.float64], d: NDArray[np.float64], out: NDArray[np.uint8], discard: int = DISCARD
) -> None:
    """XOR with the streams of many orbits, a vector of them at a time."""
    d, part = d.copy(), np.empty(mu.size)
    for _ in range(discard):
        np.multiply(np.multiply(mu, d, out=part), np.subtract(1.0, d, out=d), out=d)
    for row in out.reshape(-1, mu.size):
        np.multiply(np.multiply(mu, d, out=part), np.subtract(1.0, d, out=d), out=d)
        np.bitwise_xor(row, np.multiply(d, 5e13, out=part).astype(np.int64).astype(np.uint8), row)


def numba_chains() -> dict[str, Callable[..., None]]:
    """Compiled loops over one orbit, over 64, over the bare map, and of 4 cycles a step."""
    import numba

    @numba.njit
    def one(mu, d, out):  # type: ignore[no-untyped-def]
        for _ in range(DISCARD):
            d = (mu * d) * (1.0 - d)
        for i in range(out.size):
            d = (mu * d) * (1.0 - d)
            out[i] ^= np.uint8(np.int64((d / 2) * 1e14) & 255)

    @numba.njit
    def lanes(mu, d0, out):  # type: ignore[no-untyped-def]
        d = d0.copy()
        for _ in range(DISCARD):
            for lane in range(64):
                d[lane] = (mu[lane] * d[lane]) * (1.0 - d[lane])
        for t in range(out.size // 64):
            for lane in range(64):
                d[lane] = (mu[lane] * d[lane]) * (1.0 - d[lane])
                out[64 * t + lane] ^= np.uint8(np.int64((d[lane] / 2) * 1e14) & 255)

    @numba.njit
    def bare(mu, d, steps):  # type: ignore[no-untyped-def]
        for _ in range(steps):
            d = (mu * d) * (1.0 - d)
        return d

    @numba.njit
    def clock(x, steps):  # type: ignore[no-untyped-def]
        # Each step waits for the one before: one cycle of XOR, three of multiplication.
        for _ in range(steps):
            x = (x ^ np.uint64(0x9E3779B97F4A7C15)) * np.uint64(0xD1342543DE82EF95)
        return x

    return {"one": one, "lanes": lanes, "bare": bare, "clock": clock}


def pbe_loop(
    images: NDArray[np.uint8],
    negate: NDArray[np.uint8],
    order: NDArray[np.uint8],
    orders: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """Negative-positive transform and channel order, pixel by pixel."""
    out = np.empty_like(images)
    for picture, target in zip(images, out, strict=True):
        for y in range(picture.shape[0]):
            for x in range(picture.shape[1]):
                pixel = picture[y, x] ^ (255 * negate[y, x])
                target[y, x] = pixel[orders[order[y, x]]]
    return out


def pbe_numpy(
    images: NDArray[np.uint8],
    negate: NDArray[np.uint8],
    order: NDArray[np.uint8],
    orders: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """The same on the whole batch: ``take_along_axis``."""
    flipped = np.where(negate, 255 - images, images)
    return np.take_along_axis(flipped, orders[order][None], axis=-1)


def le_blocks(
    images: NDArray[np.uint8],
    perm: NDArray[np.int64],
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Tanaka's block transform of 4 x 4 pixels, block by block over the whole batch."""
    count, height, width, channels = images.shape
    out = np.empty_like(images)
    for y in range(0, height, 4):
        for x in range(0, width, 4):
            values = images[:, y : y + 4, x : x + 4].reshape(count, -1)
            nibbles = np.concatenate([values & 15, values >> 4], axis=1)
            nibbles = np.where(before, 15 - nibbles, nibbles)[:, perm]
            nibbles = np.where(after, 15 - nibbles, nibbles)
            low, high = np.split(nibbles, 2, axis=1)
            out[:, y : y + 4, x : x + 4] = (low | high << 4).reshape(count, 4, 4, channels)
    return out
