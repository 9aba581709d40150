"""Batches of samples: which ones, in what order, and mirrored and recoloured how.

All of it follows from the seed and the number of the epoch, so a run that is resumed between two
epochs goes on as if it had never stopped.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from facecrypt.training.layout import KINDS, Samples
from facecrypt.training.losses import Targets

__all__ = ["Batch", "batches", "mirrored_box", "mirrored_landmarks", "shares", "steps"]

# Negatives are many and cheap; the published training draws by this ratio.
RATIO = {"negative": 3, "positive": 1, "part": 1, "landmark": 1}
# Of landmarks as five points: the eyes change places, and the corners of the mouth.
SWAPPED = [1, 0, 2, 4, 3]
# Contrast is multiplied by up to this or its inverse, brightness moved by up to so many of 255.
CONTRAST, BRIGHTNESS = 1.4, 40.0


class Batch(NamedTuple):
    """Samples and what they teach.

    Attributes
    ----------
    pixels : (N, 3, S, S) float32 tensor
        0 to 255, RGB.
    targets : Targets
    """

    pixels: Tensor
    targets: Targets


def shares(samples: Samples, batch: int) -> dict[str, int]:
    """How many samples of each class a batch has: 3 negatives to 1 of each other class.

    A class without samples, and landmarks for a network that gives none, has no share. What
    cannot be divided goes to the negatives.

    Raises
    ------
    ValueError
        A batch too small for one sample of each, or no positives or no negatives at all.
    """
    for kind in ("positive", "negative"):
        if not len(getattr(samples, kind)):
            raise ValueError(
                f"training needs {kind} samples, and there are none of size {samples.size}; "
                "prepare them from more pictures"
            )
    ratio = {
        kind: parts
        for kind, parts in RATIO.items()
        if len(getattr(samples, kind)) and (kind != "landmark" or samples.size == 48)
    }
    whole = sum(ratio.values())
    if batch < whole:
        raise ValueError(f"batch must be at least {whole}, received {batch}")
    found = {kind: batch * parts // whole for kind, parts in ratio.items()}
    found["negative"] += batch - sum(found.values())
    return found


def steps(samples: Samples, batch: int) -> int:
    """Batches of an epoch: as many samples as there are, though rare classes come repeatedly."""
    total = sum(len(getattr(samples, kind)) for kind in shares(samples, batch))
    return -(-total // batch)


def batches(samples: Samples, batch: int, *, seed: int, epoch: int) -> Iterator[Batch]:
    """The batches of one epoch.

    Each class is walked in random order, from the beginning again when it is used up, and cut
    into its share of every batch.

    Parameters
    ----------
    samples : Samples
    batch : int
        Samples a batch.
    seed, epoch : int, not negative
        Same numbers, same batches.

    Raises
    ------
    ValueError
        As :func:`shares`.
    """
    rng = np.random.default_rng([seed, epoch])
    share, count = shares(samples, batch), steps(samples, batch)
    orders = {
        kind: _order(rng, len(getattr(samples, kind)), count * size).reshape(count, size)
        for kind, size in share.items()
    }
    for step in range(count):
        yield _batch(samples, {kind: order[step] for kind, order in orders.items()}, rng)


def mirrored_box(offsets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Offsets (N, 4) of the mirrored sample: left is right, and outwards is the other way.

    Examples
    --------
    >>> mirrored_box(np.float32([[0.1, 0.2, -0.3, 0.4]])).tolist() == np.float32(
    ...     [[0.3, 0.2, -0.1, 0.4]]).tolist()
    True
    """
    return offsets[:, [2, 1, 0, 3]] * np.float32([-1, 1, -1, 1])


def mirrored_landmarks(offsets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Landmarks (N, 10) of the mirrored sample; the left eye is again the one on the left."""
    points = offsets.reshape(-1, 5, 2)[:, SWAPPED]
    points[:, :, 0] = 1 - points[:, :, 0]
    return points.reshape(-1, 10)


def _order(rng: np.random.Generator, available: int, wanted: int) -> NDArray[np.int64]:
    rounds = [rng.permutation(available) for _ in range(-(-wanted // available))]
    return np.concatenate(rounds)[:wanted]


def _batch(samples: Samples, rows: dict[str, NDArray], rng: np.random.Generator) -> Batch:
    label = np.repeat([KINDS[kind].label for kind in rows], [len(row) for row in rows.values()])
    box = np.zeros((len(label), 4), np.float32)
    landmarks = np.zeros((len(label), 10), np.float32)
    box[label == 1] = samples.positive_offsets[rows["positive"]]
    if "part" in rows:
        box[label == -1] = samples.part_offsets[rows["part"]]
    if "landmark" in rows:
        landmarks[label == -2] = samples.landmark_offsets[rows["landmark"]]
    pixels = np.concatenate([getattr(samples, kind)[row] for kind, row in rows.items()])

    flip = rng.random(len(label)) < 0.5
    pixels[flip] = pixels[flip, :, ::-1]
    box[flip] = mirrored_box(box[flip])
    landmarks[flip] = mirrored_landmarks(landmarks[flip])
    pixels = torch.from_numpy(_recoloured(pixels, rng).transpose(0, 3, 1, 2)).contiguous()
    return Batch(pixels, Targets(*map(torch.from_numpy, (label, box, landmarks))))


def _recoloured(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Each sample with a contrast, and a brightness of each channel, of its own."""
    n = len(pixels)
    gain = CONTRAST ** rng.uniform(-1, 1, (n, 1, 1, 1)).astype(np.float32)
    shift = rng.uniform(-BRIGHTNESS, BRIGHTNESS, (n, 1, 1, 1)).astype(np.float32)
    tint = rng.uniform(-BRIGHTNESS / 4, BRIGHTNESS / 4, (n, 1, 1, 3)).astype(np.float32)
    return np.clip((pixels - np.float32(127.5)) * gain + (127.5 + shift + tint), 0, 255)
