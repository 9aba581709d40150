"""PyramidNet with additive widening (Han, Kim and Kim, 2017), and ShakeDrop in its units.

Unit k of N has 16 + floor(alpha k / N) channels, four times as many at the end of a bottleneck.
A unit has no ReLU before its first convolution and a batch normalisation after its last. The
shortcut has zeros for the new channels, and averages 2 x 2 pixels where the side is halved.
"""

from torch import Tensor, nn
from torch.nn import functional

from facecrypt.learning.networks.initial import he_normal
from facecrypt.learning.networks.shakedrop import ShakeDrop, linear_decay

__all__ = ["PyramidNet"]

STEM = 16


class _Unit(nn.Module):
    """A branch of convolutions, (kernel, outputs) each, beside the shortcut."""

    def __init__(self, inputs: int, convs: list[tuple[int, int]], stride: int, keep: float) -> None:
        super().__init__()
        self.halve = stride == 2
        self.outputs = convs[-1][1]
        layers: list[nn.Module] = [nn.BatchNorm2d(inputs)]
        strided = [kernel for kernel, _ in convs].index(3)
        for index, (kernel, outputs) in enumerate(convs):
            if index:
                layers.append(nn.ReLU(inplace=True))
            step = stride if index == strided else 1
            layers.append(nn.Conv2d(inputs, outputs, kernel, step, kernel // 2, bias=False))
            layers.append(nn.BatchNorm2d(outputs))
            inputs = outputs
        if keep < 1:
            layers.append(ShakeDrop(keep))
        self.branch = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = functional.avg_pool2d(x, 2) if self.halve else x
        new = self.outputs - x.shape[1]
        return self.branch(x) + functional.pad(shortcut, (0, 0, 0, 0, 0, new))


class PyramidNet(nn.Module):
    """Three stages of equally many units; the second and the third begin by halving the side.

    Parameters
    ----------
    classes : int
    depth : int
        Convolutions and the classifier: 6 n + 2, or 9 n + 2 with `bottleneck`, for n units a stage.
    alpha : int
        By how much the last unit is wider than the stem of 16 channels.
    bottleneck : bool
        Units of 1 x 1, 3 x 3 and 1 x 1 convolutions instead of two of 3 x 3.
    keep : float
        ShakeDrop leaves the last unit alone with this probability, the first nearly always. 1:
        no ShakeDrop.
    inputs : int
        Channels of the input.

    Raises
    ------
    ValueError
        No whole number of units has that depth.

    Examples
    --------
    >>> import torch
    >>> PyramidNet(10, depth=8, alpha=12)(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 10])
    """

    def __init__(
        self,
        classes: int,
        *,
        depth: int = 110,
        alpha: int = 270,
        bottleneck: bool = False,
        keep: float = 0.5,
        inputs: int = 3,
    ) -> None:
        super().__init__()
        each, rest = divmod(depth - 2, 9 if bottleneck else 6)
        if rest or each < 1:
            form = "9 n + 2 with bottlenecks" if bottleneck else "6 n + 2"
            raise ValueError(f"depth must be {form} for some n of 1 or more, received {depth}")
        units = 3 * each
        widths = [STEM + alpha * k // units for k in range(1, units + 1)]
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, STEM, 3, padding=1, bias=False),
            nn.BatchNorm2d(STEM),
        ]
        last = STEM
        for index, (width, kept) in enumerate(zip(widths, linear_decay(units, keep), strict=True)):
            convs = [(1, width), (3, width), (1, 4 * width)] if bottleneck else [(3, width)] * 2
            stride = 2 if index in (each, 2 * each) else 1
            layers.append(_Unit(last, convs, stride, kept))
            last = convs[-1][1]
        self.features = nn.Sequential(*layers, nn.BatchNorm2d(last), nn.ReLU(inplace=True))
        self.classify = nn.Linear(last, classes)
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        # The mean, not adaptive pooling, whose gradient is not deterministic on CUDA.
        return self.classify(self.features(x).mean((2, 3)))
