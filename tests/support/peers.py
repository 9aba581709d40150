"""The libraries that the drop-ins stand in for, where they are installed."""

import sys
import types
import warnings

import numpy as np
import pytest


def facenet_pytorch():
    """facenet-pytorch; where torchvision is missing, or lacks its compiled operators because it
    was built for another torch, on our own of the two functions of it that count."""
    torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")
    pytest.importorskip("requests", reason="facenet-pytorch imports requests")
    from support.greedy_nms import batched_nms

    try:
        import torchvision

        if not torchvision.extension._has_ops():
            torchvision.ops.boxes.batched_nms = batched_nms
    except (ImportError, RuntimeError):
        for name in ("", ".ops", ".ops.boxes", ".transforms", ".transforms.functional"):
            sys.modules[f"torchvision{name}"] = types.ModuleType(f"torchvision{name}")
        sys.modules["torchvision.ops.boxes"].batched_nms = batched_nms
        functional = sys.modules["torchvision.transforms.functional"]
        functional.to_tensor = lambda array: torch.from_numpy(
            np.ascontiguousarray(array.transpose(2, 0, 1))
        )
        sys.modules["torchvision.transforms"].functional = functional
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(
            "facenet_pytorch", reason="pip install --no-deps facenet-pytorch==2.6.0 to compare"
        )
