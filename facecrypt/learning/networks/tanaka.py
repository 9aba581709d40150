"""The network of "Learnable image encryption" (Tanaka, 2018).

The first convolution sees whole blocks, each alone: with one key for every block it can learn to
undo the scheme. Two 1 x 1 convolutions follow, and a pixel shuffle to the full side. After this
block-wise adaptation come pyramidal residual blocks. What the paper leaves open (padding by the
edge, dropout, the order within a block) is as in the author's published program; some weights
start smaller.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from facecrypt.learning.networks.initial import he_normal

__all__ = ["Tanaka", "adaptation"]


def adaptation(block: int, width: int) -> nn.Sequential:
    """Pictures to `width` channels of the same side, block by block."""
    samples = 3 * block**2
    return nn.Sequential(
        nn.BatchNorm2d(3),
        nn.Conv2d(3, samples, block, block),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(samples),
        nn.Conv2d(samples, samples, 1),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(samples),
        nn.Conv2d(samples, width * block**2, 1),
        nn.PixelShuffle(block),
    )


class _Residual(nn.Module):
    """Two convolutions, the output wider than the input: the shortcut has zeros there."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.new = outputs - inputs
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            layers += [
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
                nn.Conv2d(channels, outputs, 3, padding=1, padding_mode="replicate"),
            ]
        self.branch = nn.Sequential(*layers, nn.Dropout(0.25))

    def forward(self, x: Tensor) -> Tensor:
        return self.branch(x) + functional.pad(x, (0, 0, 0, 0, 0, self.new))


class Tanaka(nn.Module):
    """Block-wise adaptation, then three stages of two residual blocks and a max-pooling each.

    Its residual sums are not normalised before the logits, so it takes a lower learning rate than
    the other networks: SGD with momentum 0.9 at 0.1 makes the full size diverge within ten steps.

    Parameters
    ----------
    classes : int
    block : int
        Side of the scheme's blocks in pixels; the pictures' sides are multiples of it.
    width : int
        Channels after the adaptation, 32 in the paper; each stage doubles them.

    Examples
    --------
    >>> import torch
    >>> Tanaka(10, width=8)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, classes: int, *, block: int = 4, width: int = 32) -> None:
        super().__init__()
        self.adapt = adaptation(block, width)
        layers: list[nn.Module] = []
        for stage in range(3):
            inputs = width << stage
            middle = inputs + inputs // 2
            layers += [_Residual(inputs, middle), _Residual(middle, 2 * inputs), nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers)
        self.classify = nn.Sequential(
            nn.Dropout(0.5),
            nn.Conv2d(8 * width, 16 * width, 1),
            nn.ReLU(inplace=True),
            nn.Dropout(0.5),
            nn.Conv2d(16 * width, classes, 1),
        )
        he_normal(self)
        # Nothing normalises the residual sums before the logits: from He's weights alone the
        # first loss is several times that of guessing.
        ends = [unit.branch[-2] for unit in layers if isinstance(unit, _Residual)]
        with torch.no_grad():
            for conv in (*ends, self.classify[-1]):
                conv.weight *= 0.1

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.features(self.adapt(x))).mean((2, 3))
