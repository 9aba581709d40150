"""Paste annotated faces onto other pictures: a small training set for MTCNN out of few photos.

    python tools/compose_faces.py anno_train.txt photos backgrounds composites

Each composite is a mosaic of enlarged backgrounds, which must show no faces, with some of the
faces at sizes, brightnesses and places by chance, half of them mirrored. Writes PNG files and
``anno_train.txt`` into the new folder.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from facecrypt.media import read_image
from facecrypt.training.wider import read_annotations

HEIGHT, WIDTH, TILE = 240, 320, 80
SIDES = 22, 100
# Of the face's box, on each side: hair and chin, which fade into the background.
MARGIN = 0.25


def cut_faces(annotations: Path, images: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each face with its margin, and its box in there; those cut by the picture are left out."""
    faces = []
    for picture in read_annotations(annotations):
        image = read_image(images / picture.path).pixels
        for box in picture.boxes:
            margin = (MARGIN * (box[2:] - box[:2])).astype(int)
            low, high = box[:2] - margin, box[2:] + margin
            if (low >= 0).all() and (high <= image.shape[1::-1]).all():
                part = image[low[1] : high[1], low[0] : high[0]]
                faces.append((part, np.concatenate([box[:2] - low, box[2:] - low])))
    return faces


def mosaic(backgrounds: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    chosen = rng.choice(len(backgrounds), (HEIGHT // TILE, WIDTH // TILE))
    rows = [
        np.hstack([cv2.resize(backgrounds[i], (TILE, TILE), interpolation=cv2.INTER_CUBIC)
                   for i in row])
        for row in chosen
    ]  # fmt: skip
    # Without the seams, an edge would mean "no face".
    return cv2.GaussianBlur(np.vstack(rows), (0, 0), rng.uniform(0.3, 2))


def paste(canvas: np.ndarray, taken: list, face, box, rng: np.random.Generator):
    """Lay a face where none lies; its box on the canvas, or None where there was no room."""
    low, high = np.log(SIDES)
    scale = np.exp(rng.uniform(low, high)) / max(box[2:] - box[:2])
    size = np.maximum(1, np.round(np.multiply(face.shape[1::-1], scale))).astype(int)
    if (size >= (WIDTH, HEIGHT)).any():
        return None
    x, y = (int(rng.integers(0, room)) for room in np.array([WIDTH, HEIGHT]) - size)
    place = (x, y, x + size[0], y + size[1])
    if any(x < b[2] and b[0] < place[2] and y < b[3] and b[1] < place[3] for b in taken):
        return None
    part = cv2.resize(face, tuple(map(int, size)), interpolation=cv2.INTER_AREA)
    box = box * np.tile(size / face.shape[1::-1], 2)
    if rng.random() < 0.5:
        part, box = part[:, ::-1], np.array([size[0] - box[2], box[1], size[0] - box[0], box[3]])
    v, u = np.indices(part.shape[:2])
    radius = np.hypot(2 * u / size[0] - 1, 2 * v / size[1] - 1)[:, :, None]
    alpha = np.clip((1.15 - radius) / 0.2, 0, 1)
    part = np.clip(part * rng.uniform(0.6, 1.3), 0, 255)
    below = canvas[y : place[3], x : place[2]]
    below[:] = np.round(alpha * part + (1 - alpha) * below)
    taken.append(place)
    return np.round(np.add(box, [x, y, x, y])).astype(int)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("annotations", "images", "backgrounds", "output"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--count", type=int, default=150)
    parser.add_argument("--faces", type=int, default=6, help="at most, in a composite")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    faces = cut_faces(args.annotations, args.images)
    backgrounds = [read_image(path).pixels for path in sorted(args.backgrounds.iterdir())]
    args.output.mkdir(parents=True)
    lines = []
    for number in range(args.count):
        canvas, taken, words = mosaic(backgrounds, rng), [], [f"{number:04}.png"]
        for index in rng.integers(0, len(faces), args.faces):
            box = paste(canvas, taken, *faces[index], rng)
            words += [] if box is None else map(str, box.tolist())
        cv2.imwrite(str(args.output / words[0]), canvas[:, :, ::-1])
        lines.append(" ".join(words) + "\n")
    (args.output / "anno_train.txt").write_text("".join(lines))
    print(f"{len(faces)} faces, pasted {sum(len(line.split()) // 4 for line in lines)} times")


if __name__ == "__main__":
    main()
