"""Pictures as blocks, samples as nibbles and base-256 digits: shapes the attacks share."""

import numpy as np
from numpy.typing import NDArray

from facecrypt.schemes.pictures import as_batch

__all__ = [
    "check_pairs",
    "count_blocks",
    "index_digits",
    "join_blocks",
    "join_nibbles",
    "split_blocks",
    "split_nibbles",
]


def check_pairs(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Both as batches of one and the same shape with at least one picture."""
    plains, ciphers = as_batch(plains), as_batch(ciphers)
    if plains.shape != ciphers.shape or len(plains) == 0:
        raise ValueError(
            "expected at least one plain picture and as many ciphers of the same shape, "
            f"received {plains.shape} and {ciphers.shape}"
        )
    return plains, ciphers


def count_blocks(shape: tuple[int, ...], block: int) -> int:
    """Number of blocks of a picture whose sides are multiples of `block`.

    Raises
    ------
    ValueError
        They are not. Schemes pad such pictures; the attacker chooses padded ones.
    """
    height, width = shape[:2]
    if block < 1 or height < block or width < block or height % block or width % block:
        raise ValueError(
            f"expected sides that are multiples of the block, {block}, received "
            f"{height}x{width}; attack with pictures of the padded size"
        )
    return (height // block) * (width // block)


def split_blocks(images: NDArray, rows: int, columns: int) -> NDArray:
    """``(T, H, W, C)`` as ``(T, blocks, rows*columns*C)``, all in row-major order."""
    t, height, width, channels = images.shape
    grid = images.reshape(t, height // rows, rows, width // columns, columns, channels)
    return grid.swapaxes(2, 3).reshape(t, -1, rows * columns * channels)


def join_blocks(blocks: NDArray, shape: tuple[int, ...], rows: int, columns: int) -> NDArray:
    """Undo :func:`split_blocks` for pictures of `shape` ``(H, W, C)``."""
    height, width, channels = shape
    grid = blocks.reshape(-1, height // rows, width // columns, rows, columns, channels)
    return grid.swapaxes(2, 3).reshape(-1, height, width, channels)


def split_nibbles(samples: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``(..., d)`` samples as ``(..., 2d)`` values 0..15: d low nibbles, then d high ones."""
    return np.concatenate([samples & 15, samples >> 4], axis=-1)


def join_nibbles(nibbles: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Undo :func:`split_nibbles`."""
    low, high = np.split(nibbles, 2, axis=-1)
    return low | (high << np.uint8(4))


def index_digits(n: int) -> NDArray[np.uint8]:
    """``(t, n)``: the base-256 digits of 0..n-1, lowest first, t as small as may be."""
    t = max(1, -(-(n - 1).bit_length() // 8))
    return ((np.arange(n)[None] >> (8 * np.arange(t)[:, None])) & 255).astype(np.uint8)
