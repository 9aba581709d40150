"""Guess whether a picture, or a part of it, is encrypted.

A small network looks at windows of 32 x 32 pixels, one for each 8 x 8 cell of the picture; a
smaller one weighs what it says with figures of the window (:mod:`facecrypt.analysis.structure`).
Together they say how likely it is that the cell in the middle is cipher. It is a guess and no
proof: static looks encrypted. A picture that facecrypt sealed names its regions in its header:
:func:`facecrypt.inspect`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from facecrypt.analysis.samples import check_image
from facecrypt.analysis.structure import FIGURES, figures
from facecrypt.models.sessions import MODELS, Model, import_runtime, open_model
from facecrypt.regions import Region

__all__ = [
    "CELL",
    "EVIDENCE",
    "MARGIN",
    "WINDOW",
    "Guess",
    "evidence",
    "guess",
    "log_odds",
    "mirrored",
    "probability_map",
]

WINDOW = 32
CELL = 8
MARGIN = (WINDOW - CELL) // 2
_TILE = 64  # cells: the network's largest layer takes 17 MB for a tile of 512 pixels
_SMALLEST = 4  # cells of a region: single ones are accidents
_STRUCTURED = 8  # cells: structure in fewer is one, too, unless the network sees noise there
EVIDENCE = FIGURES + 1
_MOST, _SURE = 8.0, 1.0  # log odds of the network: the most that is weighed; enough by themselves


@dataclass(frozen=True)
class Guess:
    """What :func:`guess` found.

    Attributes
    ----------
    probability : float
        Between 0 and 1, for the whole picture: the mean over its cells. For a plain picture with an
        encrypted part it is about that part's share of the area.
    regions : tuple of Region
        Parts that look encrypted, largest first, on a grid of 8 pixels; ``score`` is the mean
        over the region.
    """

    probability: float
    regions: tuple[Region, ...]


def guess(image: NDArray) -> Guess:
    """Guess whether a picture is encrypted, and where.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array, uint8 or uint16, C in {1, 3, 4}
        Of uint16 samples only the high bytes count, and alpha is ignored. A picture with a side
        below 32 pixels is continued by its mirror image; its result is less certain.

    Returns
    -------
    Guess

    Raises
    ------
    TypeError, ValueError
        The picture is not as described.
    BackendUnavailableError
        onnxruntime is not installed.
    ModelError
        The model that comes with the package is damaged.

    Notes
    -----
    Time grows with the pixels. Memory beside the picture: 100 MB, and 16 bytes for each cell.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    >>> guess(noise).regions[0].box
    (0, 0, 64, 64)
    >>> guess(np.zeros((64, 64), np.uint8)).regions
    ()
    """
    cells, noise = _maps(image)
    return Guess(float(cells.mean(dtype=np.float64)), _regions(cells, noise, *image.shape[:2]))


def probability_map(image: NDArray) -> NDArray[np.float32]:
    """How likely each cell of 8 x 8 pixels is encrypted.

    Parameters
    ----------
    image
        As of :func:`guess`.

    Returns
    -------
    (ceil(H / 8), ceil(W / 8)) float32 array, 0 to 1

    Examples
    --------
    >>> import numpy as np
    >>> probability_map(np.zeros((20, 33), np.uint8)).shape
    (3, 5)
    """
    return _maps(image)[0]


def _maps(image: NDArray) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """How likely each cell is encrypted, and whether the network alone calls it so."""
    check_image(image)
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3, 4)):
        raise ValueError(
            "expected a picture of shape (H, W) or (H, W, C) with 1, 3 or 4 channels, "
            f"received shape {image.shape}"
        )
    height, width = image.shape[:2]
    out = np.empty((-(-height // CELL), -(-width // CELL)), np.float32)
    noise = np.empty(out.shape, np.bool_)
    for tile, planes in _tiles(image, out.shape):
        weighed, seen = _log_odds(planes)
        # exp of more than 88 is no float32 any more.
        out[tile] = 1 / (1 + np.exp(-np.clip(weighed[0], -80, 80)))
        noise[tile] = seen[0] > 0
    return out, noise


def log_odds(planes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Log odds that the middle of each window is encrypted.

    Parameters
    ----------
    planes : (n, 3, h, w) uint8 array
        h and w multiples of 8, at least 32.

    Returns
    -------
    (n, h / 8 - 3, w / 8 - 3) float32 array

    Examples
    --------
    >>> log_odds(np.zeros((2, 3, 32, 40), np.uint8)).shape
    (2, 1, 2)
    """
    return _log_odds(planes)[0]


def _log_odds(planes: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """As :func:`log_odds`, and those of the network alone."""
    network, weigher = _models()
    seen = network.run(["logit"], {"pixels": planes.astype(np.float32)})[0][:, 0]
    rows = evidence(planes, seen)
    weighed = weigher.run(["logit"], {"figures": rows.reshape(-1, rows.shape[-1])})[0]
    weighed = weighed.reshape(seen.shape)
    # Of noise without structure the network alone knows enough.
    return np.where(seen > _SURE, np.maximum(seen, weighed), weighed), seen


def evidence(planes: NDArray[np.uint8], seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """What is weighed of each window: its figures, and what the network says of it.

    Parameters
    ----------
    planes
        As of :func:`log_odds`.
    seen : (n, h / 8 - 3, w / 8 - 3) float32 array
        Log odds of the network.

    Returns
    -------
    (n, h / 8 - 3, w / 8 - 3, EVIDENCE) float32 array
    """
    # Beyond, more says no more; without an end, what lies around 0 would be all one to a network.
    clipped = np.clip(seen, -_MOST, _MOST)
    return np.concatenate([figures(planes), clipped[..., None]], axis=-1)


def mirrored(size: int, start: int, stop: int) -> NDArray[np.int64]:
    """Where the samples from `start` to `stop` of a line of `size` lie that goes on as its mirror.

    Examples
    --------
    >>> mirrored(3, -2, 5)
    array([1, 0, 0, 1, 2, 2, 1])
    """
    place = np.arange(start, stop) % (2 * size)
    return np.where(place < size, place, 2 * size - 1 - place)


@cache
def _models() -> tuple[Model, Model]:
    runtime = import_runtime("guessing whether a picture is encrypted")
    network = open_model(runtime, MODELS / "guess.onnx", ("logit",), "cpu")
    weigher = open_model(runtime, MODELS / "weigh.onnx", ("logit",), "cpu", takes="figures")
    return network, weigher


def _tiles(
    image: NDArray, cells: tuple[int, ...]
) -> Iterator[tuple[tuple[slice, slice], NDArray[np.uint8]]]:
    """Parts of the map, and the (1, 3, h, w) pixels that the network needs for each."""
    height, width = image.shape[:2]
    for top in range(0, cells[0], _TILE):
        bottom = min(top + _TILE, cells[0])
        rows = mirrored(height, top * CELL - MARGIN, bottom * CELL + MARGIN)
        for left in range(0, cells[1], _TILE):
            right = min(left + _TILE, cells[1])
            columns = mirrored(width, left * CELL - MARGIN, right * CELL + MARGIN)
            part = image[np.ix_(rows, columns)]
            part = part.reshape(*part.shape[:2], -1)[..., :3]
            if part.dtype == np.uint16:
                part = part >> 8
            planes = np.ascontiguousarray(part.transpose(2, 0, 1)[None], np.uint8)
            if planes.shape[1] == 1:
                planes = planes.repeat(3, axis=1)
            yield np.s_[top:bottom, left:right], planes


def _regions(
    cells: NDArray[np.float32], noise: NDArray[np.bool_], height: int, width: int
) -> tuple[Region, ...]:
    import cv2

    # The mean of 3 x 3 cells closes gaps and drops single ones; straight edges stay in place.
    smooth = cv2.blur(cells, (3, 3), borderType=cv2.BORDER_REPLICATE)
    _, label, stats, _ = cv2.connectedComponentsWithStats((smooth > 0.5).astype(np.uint8))
    # The background, number 0, is empty where all is encrypted.
    areas = np.maximum(stats[:, cv2.CC_STAT_AREA], 1)
    scores = np.bincount(label.ravel(), cells.ravel()) / areas
    noisy = np.bincount(label.ravel(), noise.ravel()) / areas > 0.5
    found = []
    for number in range(1, len(stats)):
        left, top, columns, rows, area = (int(value) for value in stats[number])
        if area < min(_SMALLEST if noisy[number] else _STRUCTURED, cells.size):
            continue
        x1, y1 = min((left + columns) * CELL, width), min((top + rows) * CELL, height)
        box = Region(left * CELL, top * CELL, x1, y1, score=float(scores[number]))
        found.append((area, box))
    return tuple(box for _, box in sorted(found, key=lambda item: -item[0]))
