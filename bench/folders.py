"""What others do to a folder of pictures; runs where they are installed, without facecrypt."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.harness import Row
from bench.peers import facenet_pytorch, limit_onnxruntime

__all__ = ["FOLDERS", "rows"]

OneFile = Callable[[Path, Path], None]


def rows(part: str, scale: str, data: Mapping[str, Any]) -> list[Row]:
    """One row that goes through the folder once; ImportError where the peer is not installed."""
    return [_folder_row(part, Path(data["photos"]), Path(data["folder"]) / part)]


def _folder_row(part: str, photos: Path, out: Path) -> Row:
    kind, threads = FOLDERS[part]
    one = kind(threads)
    paths = sorted(photos.iterdir())
    out.mkdir()

    def run() -> None:
        for path in paths:
            one(path, out)

    def prove() -> int:
        run()
        written = len(list(out.iterdir()))
        assert written == len(paths), f"{written} files of {len(paths)}"
        return written

    return Row(part, run, len(paths), prove)


def deface(threads: int | None) -> OneFile:
    """deface 1.5.0 with its defaults: it blurs, and writes the format that came."""
    if threads is not None:
        limit_onnxruntime(threads)
    from deface.centerface import CenterFace
    from deface.deface import image_detect

    model = CenterFace(in_shape=None, backend="onnxrt")

    def one(path: Path, out: Path) -> None:
        image_detect(
            str(path),
            str(out / path.name),
            centerface=model,
            threshold=0.2,
            replacewith="blur",
            mask_scale=1.3,
            ellipse=True,
            draw_scores=False,
            enable_preview=False,
            keep_metadata=False,
        )

    return one


def obvious(threads: int | None) -> OneFile:
    """facenet-pytorch, a loop for the logistic key, XOR by NumPy, PNG by OpenCV."""
    import cv2

    detect = facenet_pytorch(threads)

    def one(path: Path, out: Path) -> None:
        image = cv2.imread(str(path))
        height, width = image.shape[:2]
        for box in detect(np.ascontiguousarray(image[..., ::-1])):
            x0, y0 = (max(0, int(v)) for v in box[:2])
            x1, y1 = min(width, int(box[2]) + 1), min(height, int(box[3]) + 1)
            face = image[y0:y1, x0:x1]
            face ^= _key(face.size).reshape(face.shape)
        cv2.imwrite(str(out / f"{path.stem}.png"), image)

    return one


def _key(size: int, mu: float = 3.9987, d: float = 0.1234) -> Any:
    key = np.empty(size, np.uint8)
    for _ in range(3000):
        d = (mu * d) * (1 - d)
    for i in range(size):
        d = (mu * d) * (1 - d)
        key[i] = int((d / 2) * 1e14) % 256
    return key


FOLDERS: dict[str, tuple[Callable[[int | None], OneFile], int | None]] = {
    "deface, 1 thread": (deface, 1),
    "deface, its own threads": (deface, None),
    "facenet-pytorch and a logistic loop, 1 thread": (obvious, 1),
    "facenet-pytorch and a logistic loop, its own threads": (obvious, None),
}
