"""An adaptation to ciphers that shuffle the halves of samples within each block.

A sample of an ``le`` cipher is made of two nibbles from anywhere in the block. As a number it is
the high one and a sixteenth of the low one, so a convolution hardly sees the low one, and half of
what matters most, the high nibbles of the picture, lies there. Here both are inputs of their own;
one matrix for all blocks then undoes the scheme exactly. The papers' networks see samples.
"""

import torch
from torch import Tensor, nn

from facecrypt.learning.networks.initial import he_normal
from facecrypt.learning.scale import unscaled

__all__ = ["NibbleAdaptation"]


# Of the first weights. The normalisation behind them undoes it, but the shorter they are, the
# further a step turns them: each has a sixteenth of the gradients that one of a convolution has.
_START = 0.25


class NibbleAdaptation(nn.Module):
    """Pictures (N, 3, side, side) to `width` channels of the same side, block by block.

    Parameters
    ----------
    block : int
        Side of the scheme's blocks in pixels.
    width : int

    Examples
    --------
    >>> NibbleAdaptation(4, 24)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 24, 32, 32])
    """

    def __init__(self, block: int, width: int) -> None:
        super().__init__()
        self.matrix = nn.Conv2d(6, width * block**2, block, block, bias=False)
        self.arrange = nn.PixelShuffle(block)
        self.norm = nn.BatchNorm2d(width)
        he_normal(self)
        with torch.no_grad():
            self.matrix.weight *= _START

    def forward(self, x: Tensor) -> Tensor:
        samples = unscaled(x)
        high = (samples / 16).floor()
        nibbles = torch.cat([high, samples - 16 * high], 1)
        return self.norm(self.arrange(self.matrix((nibbles - 7.5) / 4)))
