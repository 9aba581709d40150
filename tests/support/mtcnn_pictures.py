"""Pictures for the detector's tests, the same wherever they are made.

Also read by tools/freeze_mtcnn.py, so that its frozen results belong to these pixels.
"""

from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data" / "faces"


def astronaut() -> np.ndarray:
    """The sample picture, (512, 512, 3) uint8."""
    return np.asarray(Image.open(ROOT / "examples" / "astronaut.png"))


def composites() -> dict[str, np.ndarray]:
    """The astronaut's face at several sizes, mirrored, dimmed, cut by edges and overlapped."""
    face = astronaut()[20:260, 100:340]
    crowd = _background(480, 640)
    for step, (y, x) in {
        2: (5, 250),
        3: (10, 400),
        4: (140, 250),
        5: (150, 330),
        6: (150, 420),
    }.items():
        _paste(crowd, _shrink(face, step), y, x)
    _paste(crowd, face, 220, 10)
    _paste(crowd, face[:, ::-1] // 2, 220, 380)

    edges = _background(301, 419)
    _paste(edges, face[90:], 0, -60)
    _paste(edges, face[:, :160], 120, 259)
    _paste(edges, _shrink(face, 2), 200, 110)

    large = np.repeat(np.repeat(face, 4, axis=0), 4, axis=1)
    return {"crowd": crowd, "edges": edges, "large": large}


def shared_pictures() -> dict[str, np.ndarray]:
    """Photos that lie beside the repository on some machines; none elsewhere."""
    return {
        path.name: np.asarray(Image.open(path).convert("RGB"))
        for path in sorted(SHARED.glob("*.jpg"))
    }


def _background(height: int, width: int) -> np.ndarray:
    y, x = np.indices((height, width))
    return np.stack([(y + x) // 6, 60 + y // 8, 90 + x // 9], axis=2).astype(np.uint8)


def _shrink(image: np.ndarray, step: int) -> np.ndarray:
    height, width = (side // step for side in image.shape[:2])
    blocks = image[: height * step, : width * step].reshape(height, step, width, step, 3)
    return (blocks.sum(axis=(1, 3), dtype=np.int64) // step**2).astype(np.uint8)


def _paste(canvas: np.ndarray, image: np.ndarray, y: int, x: int) -> None:
    """Lay an image onto the canvas; what sticks out is cut."""
    image = image[max(-y, 0) :, max(-x, 0) :]
    target = canvas[max(y, 0) :, max(x, 0) :][: image.shape[0], : image.shape[1]]
    target[:] = image[: target.shape[0], : target.shape[1]]
