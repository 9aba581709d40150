"""Write what torch and facenet-pytorch say into tests/vectors/mtcnn_*.

Run once, in an environment of its own; the project itself needs no torch:

    python -m venv peer
    peer/bin/pip install torch==2.13.0 numpy pillow requests tqdm
    peer/bin/pip install --no-deps facenet-pytorch==2.6.0
    peer/bin/python tools/freeze_mtcnn.py

mtcnn_nets.npz: the three networks, evaluated by torch in float64 on random pixels.
mtcnn_faces.json: ``MTCNN.detect`` of facenet-pytorch on every picture of
tests/mtcnn_pictures.py. torchvision is replaced by its one function that counts here.
"""

import hashlib
import json
import sys
import types
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parent.parent
VECTORS = ROOT / "tests" / "vectors"
# min_face_size, thresholds, factor
SETTINGS = {
    "default": (20, (0.6, 0.7, 0.7), 0.709),
    "large": (40, (0.6, 0.7, 0.7), 0.709),
    "fast": (20, (0.7, 0.7, 0.7), 0.6),
    "recall": (12, (0.6, 0.6, 0.4), 0.709),
}
sys.path.insert(0, str(ROOT / "tests"))


def import_facenet():
    """facenet-pytorch, on a torchvision that holds just what it names."""
    from support.greedy_nms import batched_nms

    modules = {
        name: types.ModuleType(name)
        for name in (
            "torchvision",
            "torchvision.transforms",
            "torchvision.transforms.functional",
            "torchvision.ops",
            "torchvision.ops.boxes",
        )
    }
    modules["torchvision.transforms"].functional = modules["torchvision.transforms.functional"]
    modules["torchvision.ops.boxes"].batched_nms = batched_nms
    sys.modules.update(modules)
    import facenet_pytorch

    return facenet_pytorch


def freeze_nets(facenet) -> None:
    rng = np.random.default_rng(20)
    # A P-Net input of odd sides, and smooth pixels beside noise: both occur.
    pictures = {"pnet": (2, 43, 58), "rnet": (6, 24, 24), "onet": (4, 48, 48)}
    arrays = {}
    with torch.no_grad():
        for name, shape in pictures.items():
            pixels = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
            pixels[::2] = np.sort(pixels[::2], axis=2)
            net = getattr(facenet.models.mtcnn, f"{name[0].upper()}Net")().double()
            x = (torch.from_numpy(pixels).permute(0, 3, 1, 2).double() - 127.5) / 128
            outputs = [value.numpy() for value in net(x)]
            arrays[f"{name}_pixels"] = pixels
            arrays[f"{name}_score"] = outputs[-1][:, 1]
            arrays[f"{name}_box"] = outputs[0]
            if name == "onet":
                arrays["onet_landmarks"] = outputs[1].reshape(-1, 2, 5).transpose(0, 2, 1)
    np.savez_compressed(VECTORS / "mtcnn_nets.npz", **arrays)


def freeze_faces(facenet) -> None:
    from support.mtcnn_pictures import astronaut, composites, shared_pictures

    frozen = {"settings": SETTINGS, "pictures": {}}
    pictures = {"astronaut": astronaut()} | composites() | shared_pictures()
    for name, image in pictures.items():
        entry = {"sha256": hashlib.sha256(image.tobytes()).hexdigest()}
        for setting, (size, thresholds, factor) in SETTINGS.items():
            detector = facenet.MTCNN(
                min_face_size=size, thresholds=list(thresholds), factor=factor, device="cpu"
            )
            boxes, scores, landmarks = detector.detect(image, landmarks=True)
            if boxes is None:
                boxes, scores, landmarks = [], [], []
            entry[setting] = [
                {
                    "box": [round(float(v), 4) for v in box],
                    "score": round(float(score), 6),
                    "landmarks": [[round(float(v), 3) for v in point] for point in points],
                }
                for box, score, points in zip(boxes, scores, landmarks, strict=True)
            ]
            print(name, setting, len(boxes))
        frozen["pictures"][name] = entry
    (VECTORS / "mtcnn_faces.json").write_text(json.dumps(frozen, indent=1) + "\n")


if __name__ == "__main__":
    facenet = import_facenet()
    freeze_nets(facenet)
    freeze_faces(facenet)
