"""Print how far the drop-in detectors are from the libraries they stand in for.

The numbers of docs/integrations.md. Run in an environment with the libraries:

    python -m venv peer
    peer/bin/pip install '.[cpu]' pytest requests torch==2.13.0 mtcnn==1.0.0 tensorflow-cpu
    peer/bin/pip install --no-deps facenet-pytorch==2.6.0
    peer/bin/python tools/compare_dropins.py

The pictures are those of tests/mtcnn_pictures.py.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "integrations")]

import mtcnn  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from support import peers  # noqa: E402
from support.mtcnn_pictures import astronaut, composites, shared_pictures  # noqa: E402

from facecrypt.integrations.facenet_pytorch import MTCNN as OurFacenet  # noqa: E402
from facecrypt.integrations.mtcnn import MTCNN as OurMtcnn  # noqa: E402

PICTURES = {"astronaut": astronaut()} | composites() | shared_pictures()


def facenet_pytorch() -> str:
    settings = {"keep_all": True, "margin": 14, "image_size": 112}
    ours, theirs = OurFacenet(**settings), peers.facenet_pytorch().MTCNN(**settings)
    faces, crops, equal, worst = 0, 0, 0, np.zeros(3)
    for array in PICTURES.values():
        picture = Image.fromarray(array)
        mine, other = (model.detect(picture, landmarks=True) for model in (ours, theirs))
        faces += len(mine[0])
        off = [np.abs(a - b.astype(float)).max() for a, b in zip(mine, other, strict=True)]
        worst = np.maximum(worst, off)
        for kind in (picture, array, torch.tensor(array)):
            pairs = zip(*(model.extract(kind, mine[0], None) for model in (ours, theirs)))  # noqa: B905
            same = [torch.equal(a, b) for a, b in pairs]
            crops, equal = crops + len(same), equal + sum(same)
    box, score, point = worst
    return (
        f"{faces} faces; largest difference: box {box:.1g} px, probability {score:.1g}, "
        f"point {point:.1g} px; {equal} of {crops} crops equal"
    )


def mtcnn_tensorflow() -> str:
    ours, theirs, found, overlaps, distances = OurMtcnn(), mtcnn.MTCNN(), np.zeros(2, int), [], []
    for array in PICTURES.values():
        mine, other = (
            model.detect_faces(array, box_format="xyxy", output_type="numpy", fit_to_image=False)
            for model in (ours, theirs)
        )
        found += len(mine), len(other)
        low = np.maximum(mine[:, None, 1:3], other[:, 1:3])
        high = np.minimum(mine[:, None, 3:5], other[:, 3:5])
        both = np.maximum(high - low, 0).prod(axis=2)
        areas = [(part[:, 3:5] - part[:, 1:3]).prod(axis=1) for part in (mine, other)]
        overlap = both / (areas[0][:, None] + areas[1] - both)
        matched = overlap.max(axis=1) > 0.35
        overlaps.extend(overlap.max(axis=1)[matched])
        off = (mine[:, 6:] - other[overlap.argmax(axis=1), 6:]).reshape(-1, 2, 5)
        distances.extend((np.hypot(*off.swapaxes(0, 1)).mean(1) / np.sqrt(areas[0]))[matched])
    return (
        f"{found[0]} faces here, {found[1]} there, {len(overlaps)} of them the same; "
        f"IoU median {np.median(overlaps):.2f}, least {min(overlaps):.2f}; points off by "
        f"{np.median(distances):.1%} of the face's side, at most {max(distances):.1%}"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    print("facenet-pytorch 2.6.0:", facenet_pytorch())
    print("mtcnn 1.0.0:", mtcnn_tensorflow())
