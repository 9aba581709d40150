"""P-, R- and O-Net as torch modules.

The layers are those of Zhang, Zhang, Li and Qiao (*Joint Face Detection and Alignment Using
Multitask Cascaded Convolutional Networks*, 2016) in the form their authors published and
facenet-pytorch 2.6.0 has: 3 x 3 and 2 x 2 kernels, PReLU, pooling that rounds up. What a network
takes and gives is what its ONNX file takes and gives (``facecrypt/models/README.md``): pixels of 0
to 255, the log odds of a face instead of two classes, landmarks as (x, y), (x, y), ...
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

__all__ = ["NETWORKS", "ONet", "Outputs", "PNet", "RNet", "network"]


class Outputs(NamedTuple):
    """What a network says of each sample.

    Attributes
    ----------
    logit : (N, 1) or, of P-Net, (N, 1, Y, X) tensor
        Log odds of a face.
    box : (N, 4) or (N, 4, Y, X) tensor
        Shifts of x0, y0, x1, y1 in sides of the sample.
    landmarks : (N, 10) tensor or None
        Of O-Net only: five (x, y) in sides of the sample from its corner.
    """

    logit: Tensor
    box: Tensor
    landmarks: Tensor | None = None


def _normalised(pixels: Tensor) -> Tensor:
    return (pixels - 127.5) / 128


def _pool(size: int) -> nn.MaxPool2d:
    return nn.MaxPool2d(size, 2, ceil_mode=True)


class PNet(nn.Module):
    """Proposes: 12 x 12 pixels to one cell, a larger picture to a map of cells.

    Examples
    --------
    >>> import torch
    >>> PNet()(torch.zeros(1, 3, 14, 16)).box.shape
    torch.Size([1, 4, 2, 3])
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 10, 3), nn.PReLU(10)
        self.conv2, self.prelu2 = nn.Conv2d(10, 16, 3), nn.PReLU(16)
        self.conv3, self.prelu3 = nn.Conv2d(16, 32, 3), nn.PReLU(32)
        self.heads = nn.Conv2d(32, 5, 1)
        self.pool = _pool(2)

    def forward(self, pixels: Tensor) -> Outputs:
        x = self.pool(self.prelu1(self.conv1(_normalised(pixels))))
        x = self.prelu2(self.conv2(x))
        x = self.heads(self.prelu3(self.conv3(x)))
        return Outputs(x[:, :1], x[:, 1:])


class RNet(nn.Module):
    """Refines: 24 x 24 pixels to one judgement."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 28, 3), nn.PReLU(28)
        self.conv2, self.prelu2 = nn.Conv2d(28, 48, 3), nn.PReLU(48)
        self.conv3, self.prelu3 = nn.Conv2d(48, 64, 2), nn.PReLU(64)
        self.dense, self.prelu_dense = nn.Linear(576, 128), nn.PReLU(128)
        self.heads = nn.Linear(128, 5)
        self.pool = _pool(3)

    def forward(self, pixels: Tensor) -> Outputs:
        x = self.pool(self.prelu1(self.conv1(_normalised(pixels))))
        x = self.pool(self.prelu2(self.conv2(x)))
        x = self.prelu3(self.conv3(x))
        x = self.heads(self.prelu_dense(self.dense(x.flatten(1))))
        return Outputs(x[:, :1], x[:, 1:])


class ONet(nn.Module):
    """Gives the face and its landmarks: 48 x 48 pixels to one judgement."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 32, 3), nn.PReLU(32)
        self.conv2, self.prelu2 = nn.Conv2d(32, 64, 3), nn.PReLU(64)
        self.conv3, self.prelu3 = nn.Conv2d(64, 64, 3), nn.PReLU(64)
        self.conv4, self.prelu4 = nn.Conv2d(64, 128, 2), nn.PReLU(128)
        self.dense, self.prelu_dense = nn.Linear(1152, 256), nn.PReLU(256)
        self.heads = nn.Linear(256, 15)
        self.pool, self.last_pool = _pool(3), _pool(2)

    def forward(self, pixels: Tensor) -> Outputs:
        x = self.pool(self.prelu1(self.conv1(_normalised(pixels))))
        x = self.pool(self.prelu2(self.conv2(x)))
        x = self.last_pool(self.prelu3(self.conv3(x)))
        x = self.prelu4(self.conv4(x))
        x = self.heads(self.prelu_dense(self.dense(x.flatten(1))))
        return Outputs(x[:, :1], x[:, 1:5], x[:, 5:])


NETWORKS: dict[str, Callable[[], nn.Module]] = {"pnet": PNet, "rnet": RNet, "onet": ONet}


def network(name: str) -> nn.Module:
    """A network with fresh weights, drawn from torch's generator.

    Parameters
    ----------
    name : {"pnet", "rnet", "onet"}

    Raises
    ------
    ValueError
        Another name.

    Examples
    --------
    >>> sum(value.numel() for value in network("pnet").parameters())
    6599
    """
    if name not in NETWORKS:
        raise ValueError(f"net must be one of {', '.join(NETWORKS)}, received {name!r}")
    model = NETWORKS[name]()
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, a=0.25)
            nn.init.zeros_(layer.bias)
    # A face is as likely as none and lies where the sample lies, until something is learnt.
    nn.init.normal_(model.heads.weight, std=0.01)
    return model
