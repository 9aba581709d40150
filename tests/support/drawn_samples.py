"""Samples that a test can check by looking: a light square with two eyes on a dark ground."""

import numpy as np

from facecrypt.training.layout import KINDS, array_path

EYES = ((0.3, 0.35), (0.7, 0.35))
MOUTH = ((0.35, 0.75), (0.65, 0.75))
NOSE = (0.5, 0.55)


def drawn(size, box, rng):
    """One sample with a face at `box` (x0, y0, x1, y1 in sides of the sample), or none."""
    pixels = rng.integers(0, 60, (size, size, 3)).astype(np.uint8)
    if box is not None:
        x0, y0, x1, y1 = (round(size * value) for value in box)
        pixels[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = 200
        for x, y in points(box) * size:
            pixels[int(y) : int(y) + max(1, size // 12), int(x) : int(x) + max(1, size // 12)] = 90
    return pixels


def points(box):
    """The landmarks of a face, (5, 2) in sides of the sample."""
    x0, y0, x1, y1 = box
    return np.array([x0, y0]) + np.array([*EYES, NOSE, *MOUTH]) * [x1 - x0, y1 - y0]


def write_samples(folder, size, counts, seed=0):
    """Write ``{class: number}`` as facecrypt.training.prepare does, but for the texts."""
    rng = np.random.default_rng(seed)
    array_path(folder, size, "part").parent.mkdir(parents=True)
    for kind, (_, _, width) in KINDS.items():
        reach = {"positive": 0.1, "part": 0.25, "landmark": 0.1}.get(kind, 0)
        offsets = rng.uniform(-reach, reach, (counts.get(kind, 0), 4)).astype(np.float32)
        boxes = list(offsets + np.float32([0, 0, 1, 1]))
        if kind == "landmark":
            offsets = np.array([points(box).ravel() for box in boxes], np.float32).reshape(-1, 10)
        boxes = [None] * len(boxes) if kind == "negative" else boxes
        crops = [drawn(size, box, rng) for box in boxes]
        np.save(
            array_path(folder, size, kind), np.array(crops, np.uint8).reshape(-1, size, size, 3)
        )
        if width:
            np.save(array_path(folder, size, f"{kind}_offsets"), offsets)
    return folder
