"""torchvision, where it is installed, and data for its transforms.

Its wheel on the package index is one for CUDA. Beside a torch for the CPU its compiled operators do
not load, and its import fails on the two of them that it wants to describe. The transforms use
none, so here the two are declared; all the rest is torchvision's own.
"""

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")

try:
    import torchvision
except RuntimeError:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision  # noqa: F401
except ImportError:
    pass

v2 = pytest.importorskip("torchvision.transforms.v2", reason="needs torchvision")
tv_tensors = pytest.importorskip("torchvision.tv_tensors", reason="needs torchvision")


class Pictures(torch.utils.data.Dataset):
    """Pictures and their numbers. A spawned worker imports its module, hence this one, first."""

    def __init__(self, images: np.ndarray, transform):
        self.images, self.transform = images, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int):
        image = tv_tensors.Image(self.images[number].transpose(2, 0, 1))
        return self.transform(image, number)


def one_thread(_: int) -> None:
    torch.set_num_threads(1)
