"""Pictures that a small network learns in seconds: the class is where the bright corner is."""

import numpy as np

from facecrypt.learning.data import Pictures

CLASSES = ("top left", "top right", "bottom left", "bottom right")


def corners(train: int = 160, test: int = 80, side: int = 8, seed: int = 0) -> Pictures:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 100, (train + test, side, side, 3), np.uint8)
    labels = np.arange(train + test) % 4
    half = side // 2
    for image, label in zip(images, labels, strict=True):
        y, x = divmod(int(label), 2)
        image[y * half : (y + 1) * half, x * half : (x + 1) * half] += 120
    return Pictures(
        "corners", images[:train], labels[:train], images[train:], labels[train:], CLASSES
    )
