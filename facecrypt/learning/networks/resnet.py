"""ResNet-18 in its form for 32 x 32 pictures.

He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2016), table 1, with the
change that small pictures need: a stem of one 3 x 3 convolution, and no max-pooling after it.
"""

from torch import Tensor, nn
from torch.nn import functional

from facecrypt.learning.networks.initial import he_normal

__all__ = ["ResNet"]


class _Block(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut, which is projected where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.branch(x) + self.shortcut(x), inplace=True)


class ResNet(nn.Module):
    """Four stages of two blocks; each after the first halves the side and doubles the width.

    Parameters
    ----------
    classes : int
    width : int
        Channels of the first stage: 64 in ResNet-18.

    Examples
    --------
    >>> import torch
    >>> ResNet(10, width=8)(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 10])
    """

    def __init__(self, classes: int, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(3, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        inputs = width
        for stage in range(4):
            outputs = width << stage
            layers += [_Block(inputs, outputs, 2 if stage else 1), _Block(outputs, outputs, 1)]
            inputs = outputs
        self.features = nn.Sequential(*layers)
        self.classify = nn.Linear(inputs, classes)
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        # The mean, not adaptive pooling, whose gradient is not deterministic on CUDA.
        return self.classify(self.features(x).mean((2, 3)))
