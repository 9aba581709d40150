"""Pictures with a known number of faces, made of the one that is shipped; rows that look at them.

Workers of peers import this too, so it needs NumPy only, but to make the pictures.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.harness import ROOT, Row

__all__ = ["Boxes", "case_rows", "make_cases"]

SOURCE = ROOT / "examples" / "astronaut.png"
# Of the face in it: x and y of the tip of the nose.
NOSE = (224, 127)
# Columns, rows and size of the canvas; x0, y0, x1, y1 of the piece of the source in every cell.
GRIDS = {
    "512x512, 1 face": ((1, 1), (512, 512), (0, 0, 512, 512)),
    "640x480, 6 faces": ((3, 2), (640, 480), (104, 0, 344, 270)),
    "640x480, 77 faces": ((11, 7), (640, 480), (140, 20, 308, 216)),
    "1920x1080, 6 faces": ((3, 2), (1920, 1080), (0, 0, 512, 432)),
}

Boxes = Sequence[Sequence[float]]


def make_cases(folder: Path, scale: str, photos: Path | None) -> dict[str, Any]:
    """Write the pictures as .npy files; say which there are, and where the faces of each are.

    Parameters
    ----------
    folder : Path
    scale : str
        "tiny" has the first alone.
    photos : Path, optional
        A folder of pictures, one more case: all of them, as large as they are.
    """
    cases: dict[str, Any] = {}
    for number, (name, grid) in enumerate(GRIDS.items()):
        if scale == "tiny" and number:
            break
        image, noses = _mosaic(*grid)
        path = folder / f"{number}.npy"
        np.save(path, image)
        cases[name] = {"files": [str(path)], "noses": noses}
    if photos is not None:
        files = _saved(photos, folder)
        cases[f"{len(files)} photos of DIR"] = {"files": files, "noses": None}
    return cases


def _saved(photos: Path, folder: Path) -> list[str]:
    from facecrypt.media import read_image

    files = []
    for path in sorted(p for p in photos.iterdir() if p.suffix.lower() in {".jpg", ".png"}):
        pixels = read_image(path).pixels
        if pixels.ndim == 3:
            files.append(str(folder / f"{path.stem}.npy"))
            np.save(files[-1], np.ascontiguousarray(pixels[..., :3]))
    return files


def _mosaic(
    grid: tuple[int, int], size: tuple[int, int], piece: tuple[int, int, int, int]
) -> tuple[NDArray[np.uint8], list[tuple[float, float]]]:
    """A canvas of the same piece, each other one mirrored, each a little darker or lighter."""
    import cv2

    source = cv2.cvtColor(cv2.imread(str(SOURCE)), cv2.COLOR_BGR2RGB)
    (columns, rows), (width, height), (x0, y0, x1, y1) = grid, size, piece
    xs, ys = (np.linspace(0, s, n + 1).astype(int) for s, n in ((width, columns), (height, rows)))
    canvas, noses = np.empty((height, width, 3), np.uint8), []
    for number in range(columns * rows):
        row, column = divmod(number, columns)
        w, h = xs[column + 1] - xs[column], ys[row + 1] - ys[row]
        cell = cv2.resize(source[y0:y1, x0:x1], (int(w), int(h)), interpolation=cv2.INTER_AREA)
        across = (NOSE[0] - x0) / (x1 - x0)
        if number % 2:
            cell, across = cell[:, ::-1], 1 - across
        lit = cv2.convertScaleAbs(cell, alpha=0.8 + 0.05 * (number % 7)) if number else cell
        canvas[ys[row] : ys[row + 1], xs[column] : xs[column + 1]] = lit
        down = (NOSE[1] - y0) / (y1 - y0)
        noses.append((float(xs[column] + across * w), float(ys[row] + down * h)))
    return canvas, noses


def case_rows(
    detector: str, cases: Mapping[str, Any], detect: Callable[[NDArray[np.uint8]], Boxes]
) -> list[Row]:
    """A row for each case: `detect` takes RGB and gives boxes ``x0, y0, x1, y1``."""

    def row(name: str, files: list[str], noses: list[tuple[float, float]] | None) -> Row:
        images = [np.load(path) for path in files]

        def run() -> list[Boxes]:
            return [detect(image) for image in images]

        def prove() -> str:
            found = run()
            total = sum(len(boxes) for boxes in found)
            assert total, "no face found"
            return str(total) if noses is None else _score(found[0], noses)

        return Row(f"{detector}, {name}", run, len(images), prove)

    return [row(name, case["files"], case["noses"]) for name, case in cases.items()]


def _score(boxes: Boxes, noses: list[tuple[float, float]]) -> str:
    """How many noses are in a box, and how many boxes there are beyond those."""
    hit = sum(any(b[0] < x < b[2] and b[1] < y < b[3] for b in boxes) for x, y in noses)
    return f"{hit} of {len(noses)}" + (f", {len(boxes) - hit} more" if len(boxes) > hit else "")
