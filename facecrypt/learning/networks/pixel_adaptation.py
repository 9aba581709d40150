"""An adaptation to ciphers that treat each pixel by itself, under a key for each place.

``pbe`` negates the samples of a pixel and moves its colours; a convolution, which has the same
weights at all places, cannot undo what differs from place to place. Sirichotedumrong et al. (2019)
put an adaptation network in front of a ResNet-18. How it is built was not to be had; this one is
ours: of each place its own matrix and normalisation, the sub-networks of
:mod:`~facecrypt.learning.networks.ele_adaptation` with blocks of one pixel and nothing to move.
"""

import torch
from torch import Tensor, nn

from facecrypt.learning.networks.ele_adaptation import CHANNELS, SubNetworks

__all__ = ["PixelAdaptation"]

# Length of the first weights. The normalisation behind them undoes it, but the shorter they are,
# the further a step turns them: a weight of one place has a thousandth of the gradients that one
# of a convolution has.
_START = 0.03


class PixelAdaptation(nn.Module):
    """Pictures (N, 3, side, side) to 16 channels of the same side, pixel by pixel.

    All places start with the same weights, so that the convolutions behind see a picture from the
    first step on.

    Examples
    --------
    >>> PixelAdaptation(32)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 16, 32, 32])
    """

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side
        self.sub_networks = SubNetworks(side, 1)
        with torch.no_grad():
            self.sub_networks.weight.copy_(_START * torch.randn(3, CHANNELS))

    def forward(self, x: Tensor) -> Tensor:
        pixels = self.sub_networks(x).unflatten(1, (self.side, self.side))
        return pixels.permute(0, 3, 1, 2)
