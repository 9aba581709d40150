"""Figures of windows that show what moving pixels and blocks leaves behind.

A network of few layers sees noise. It does not see that a picture was cut into blocks: that lines
between pixels are sharper at equal distances than beside them, or that a pixel is more like
one some pixels away than like its neighbour. These figures say so, for each window of 32 x 32
pixels, 8 pixels apart, that :func:`facecrypt.analysis.guess.guess` looks at.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIGURES", "figures"]

# As in guess.py, which stands on this module.
_WINDOW, _CELL = 32, 8
_BLOCKS = (4, 8, 16)
_LAGS = (2, 3, 4, 6, 8, 16)
_LEVELS = 32
# Of the smaller and of the larger direction: for each side of blocks contrast of its lines, that in
# deviations of the others, and these; for each lag a ratio; change from pixel to pixel, and how
# often there is none. Of both: variance, its relation to change, entropy.
FIGURES = 2 * (3 * len(_BLOCKS) + len(_LAGS) + 2) + 3

Floats = NDArray[np.float32]


def figures(planes: NDArray[np.uint8]) -> Floats:
    """The figures of each window.

    Parameters
    ----------
    planes : (n, 3, h, w) uint8 array
        h and w multiples of 8, at least 32.

    Returns
    -------
    (n, h / 8 - 3, w / 8 - 3, FIGURES) float32 array

    Examples
    --------
    >>> figures(np.zeros((1, 3, 40, 48), np.uint8)).shape == (1, 2, 3, FIGURES)
    True
    """
    across, down = _of_direction(planes), _of_direction(planes.swapaxes(2, 3))
    down = {name: values.swapaxes(1, 2) for name, values in down.items()}
    columns = []
    for name in across:
        if name != "change":
            columns += [np.minimum(across[name], down[name]), np.maximum(across[name], down[name])]
    variance = _variance(planes)
    changes = [way["change"] for way in (across, down)]
    logs = [np.log(change + 1) for change in changes]
    columns += [np.minimum(*logs), np.maximum(*logs), np.log(variance + 1)]
    columns.append(np.clip(np.minimum(*changes) ** 2 / (2 * (variance + 1)), 0, 9))
    columns.append(_entropy(planes))
    return np.stack(columns, axis=-1).astype(np.float32)


def _of_direction(planes: NDArray[np.uint8]) -> dict[str, Floats]:
    """Figures of changes along the last axis, each (n, y, x)."""
    step = _steps(planes, 1)
    lines = _bands(step, _CELL) / np.float32(_WINDOW * 3)
    result = _of_lines(lines)
    change = _along(lines, _WINDOW - 1).mean(axis=-1)
    for lag in _LAGS:
        further = _bands(_steps(planes, lag), _CELL) / np.float32(_WINDOW * 3)
        mean = _along(further, _WINDOW - lag).mean(axis=-1)
        result[f"lag {lag}"] = np.log((change + 1) / (mean + 1))
    still = _bands((step == 0).astype(np.uint8), _CELL) / np.float32(_WINDOW * 3)
    return result | {"change": change, "flat": _along(still, _WINDOW - 1).mean(axis=-1)}


def _of_lines(lines: Floats) -> dict[str, Floats]:
    """How much sharper the lines between blocks are than those beside them."""
    logs = np.log(lines + 1)
    sharp = logs[..., 1:-1] - (logs[..., :-2] + logs[..., 2:]) / 2
    # (n, y, x, 29): the first line of a window and the last have but one beside them.
    windows = np.ascontiguousarray(_along(sharp, _WINDOW - 3))
    result = {}
    for block in _BLOCKS:
        on, off = _places(block)
        counts = on.sum(axis=0)
        means = windows @ (on / counts)
        best = (means * np.sqrt(counts)).argmax(axis=-1)[..., None]
        others = windows @ (off / off.sum(axis=0))
        squares = (windows * windows) @ (off / off.sum(axis=0))
        mean, other, square = (
            np.take_along_axis(values, best, axis=-1)[..., 0] for values in (means, others, squares)
        )
        deviation = np.sqrt(np.maximum(square - other * other, 0))
        result[f"block {block}"] = mean
        result[f"block {block}, in deviations"] = mean / (deviation + np.float32(0.1))
        result[f"block {block}, deviation"] = deviation
    return result


@cache
def _places(block: int) -> tuple[Floats, Floats]:
    """(29, block) of 0 and 1: which lines are borders, for each place of the first; which are no
    borders, nor next to one, where blocks are large enough."""
    line = np.arange(2, _WINDOW - 1)[:, None]
    apart = (line - np.arange(block)) % block
    off = (apart > 1) & (apart < block - 1) if block > 4 else apart > 0
    return (apart == 0).astype(np.float32), off.astype(np.float32)


def _steps(planes: NDArray[np.uint8], lag: int) -> NDArray[np.uint8]:
    """How far samples are from those so many further along the last axis."""
    first, second = planes[..., :-lag], planes[..., lag:]
    return np.maximum(first, second) - np.minimum(first, second)


def _bands(values: NDArray[np.uint8], cell: int) -> Floats:
    """Sums over the channels and the rows of each window: (n, c, h, k) to (n, y, k)."""
    n, channels, height, width = values.shape
    rows = values.reshape(n, channels, height // cell, cell, width)
    sums = rows.sum(axis=(1, 3), dtype=np.uint32)
    count = _WINDOW // cell
    last = sums.shape[1] - count + 1
    return sum(sums[:, i : i + last] for i in range(count)).astype(np.float32)


def _along(values: NDArray, length: int) -> NDArray:
    """The parts of that length of the last axis, one a window."""
    return np.lib.stride_tricks.sliding_window_view(values, length, axis=-1)[..., ::_CELL, :]


def _variance(planes: NDArray[np.uint8]) -> Floats:
    """Of the samples of each channel, mean of the channels."""
    count = np.float64(_WINDOW * _WINDOW)
    wide = planes.astype(np.uint32)
    sums, squares = (_squares(values) for values in (wide, wide * wide))
    return (squares / count - (sums / count) ** 2).mean(axis=1).astype(np.float32)


def _squares(values: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Sums over each window: (n, c, h, w) to (n, c, y, x)."""
    n, channels, height, width = values.shape
    cells = values.reshape(n, channels, height // _CELL, _CELL, width // _CELL, _CELL)
    return _windows(cells.sum(axis=(3, 5), dtype=np.float64), (2, 3))


def _windows(cells: NDArray[np.float64], axes: tuple[int, int]) -> NDArray[np.float64]:
    """Sums over 4 x 4 cells."""
    for axis in axes:
        parts = np.lib.stride_tricks.sliding_window_view(cells, _WINDOW // _CELL, axis=axis)
        cells = parts.sum(axis=-1)
    return cells


def _entropy(planes: NDArray[np.uint8]) -> Floats:
    """In bits, of 32 levels of all samples."""
    n, _, height, width = planes.shape
    y, x = np.arange(height) // _CELL, np.arange(width) // _CELL
    columns = width // _CELL
    cells = (y[:, None] * columns + x) * _LEVELS
    cells = cells + np.arange(n)[:, None, None, None] * (height // _CELL * columns * _LEVELS)
    length = n * (height // _CELL) * columns * _LEVELS
    counts = np.bincount((cells + (planes >> 3)).ravel(), minlength=length)
    shape = n, height // _CELL, columns, _LEVELS
    share = _windows(counts.reshape(shape).astype(np.float64), (1, 2)) / (3 * _WINDOW * _WINDOW)
    logs = np.log2(share, out=np.zeros_like(share), where=share > 0)
    return -(share * logs).sum(axis=-1).astype(np.float32)
