"""The adaptation network for ``ele`` (Madono, Tanaka, Onishi and Ogawa, 2020).

The scheme has one key for each place of a block and then moves the blocks. So each place has its
own sub-network, a convolution over the whole block, and a learnt matrix, near a permutation,
moves the blocks back. A pixel shuffle makes a picture of 16 channels, which a PyramidNet with
ShakeDrop classifies in the paper.

What the paper leaves open is as in the authors' published program, but for its spectral
normalisation of the sub-networks: a batch normalisation follows, which undoes any scale.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["CHANNELS", "EleAdaptNet", "SubNetworks", "l1_minus_l2", "total_variation"]

# Channels of the picture that the adaptation gives to the classifier.
CHANNELS = 16
MATRIX_WEIGHT = 0.001
VARIATION_WEIGHT = 0.1


class SubNetworks(nn.Module):
    """For each block its own convolution, batch normalisation and leaky ReLU, all at once.

    A convolution over a whole block is a matrix product, and those of all blocks are one batched
    product: the same as a grouped convolution, with less to rearrange.

    Parameters
    ----------
    grid : int
        Blocks in a row and in a column.
    block : int
        Side of a block in pixels.
    """

    def __init__(self, grid: int, block: int) -> None:
        super().__init__()
        self.grid, self.block = grid, block
        samples, self.outputs = 3 * block**2, CHANNELS * block**2
        self.weight = nn.Parameter(torch.empty(grid**2, samples, self.outputs))
        self.norm = nn.BatchNorm1d(grid**2 * self.outputs)
        nn.init.normal_(self.weight, std=(2 / samples) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 3, side, side) to (N, blocks, outputs)."""
        count, grid, block = len(x), self.grid, self.block
        cells = x.reshape(count, 3, grid, block, grid, block).permute(2, 4, 0, 1, 3, 5)
        products = cells.reshape(grid**2, count, -1) @ self.weight
        normal = self.norm(products.transpose(0, 1).reshape(count, -1))
        return functional.leaky_relu(normal, 0.2).view(count, grid**2, self.outputs)


class EleAdaptNet(nn.Module):
    """Sub-networks, pseudo-permutation and classifier.

    Training needs batches of two pictures or more: a feature of a sub-network occurs once in each.

    Parameters
    ----------
    classifier : Module
        From (N, 16, side, side) to logits; a
        :class:`~facecrypt.learning.networks.pyramidnet.PyramidNet` in the paper.
    side : int
        Of the pictures in pixels.
    block : int
        Side of the scheme's blocks in pixels; divides `side`.

    Attributes
    ----------
    permutation : (blocks, blocks) parameter
        Gather: block i of the restored picture is the sum of ``permutation[i, j]`` times block j.
    variation : scalar tensor or None
        :func:`total_variation` of what the last forward pass restored, if that was in training.

    Examples
    --------
    >>> from facecrypt.learning.networks.pyramidnet import PyramidNet
    >>> small = PyramidNet(10, depth=8, alpha=12, keep=1.0, inputs=CHANNELS)
    >>> EleAdaptNet(small)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        classifier: nn.Module,
        *,
        side: int = 32,
        block: int = 4,
    ) -> None:
        super().__init__()
        self.grid, self.block = side // block, block
        blocks = self.grid**2
        self.sub_networks = SubNetworks(self.grid, block)
        self.permutation = nn.Parameter(torch.empty(blocks, blocks))
        nn.init.uniform_(self.permutation, -(blocks**-0.5), blocks**-0.5)
        self.classifier = classifier
        self.variation: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        restored = self.restore(x)
        # As in the authors' program: as if the first three channels were colours.
        self.variation = total_variation(restored[:, :3]) if self.training else None
        return self.classifier(restored)

    def restore(self, x: Tensor) -> Tensor:
        """Encrypted pictures (N, 3, side, side) to what is classified, (N, 16, side, side)."""
        blocks = (self.permutation @ self.sub_networks(x)).transpose(1, 2)
        return functional.pixel_shuffle(blocks.unflatten(2, (self.grid, self.grid)), self.block)

    def penalty(self) -> Tensor:
        """0.001 of the mean of :func:`l1_minus_l2`, and 0.1 of ``variation`` if there is one."""
        loss = MATRIX_WEIGHT * l1_minus_l2(self.permutation) / self.permutation.numel()
        return loss if self.variation is None else loss + VARIATION_WEIGHT * self.variation

    def __getstate__(self) -> dict[str, Any]:
        # The graph of the last pass can neither be copied nor saved.
        return {**self.__dict__, "variation": None}


def l1_minus_l2(matrix: Tensor) -> Tensor:
    """The L1 minus the L2 norm, summed over all rows and columns.

    0 exactly where no row and no column has two entries that are not 0: for every permutation
    matrix, but for its multiples too. That its rows add up to 1 is left to the training.

    Parameters
    ----------
    matrix : (n, m) float tensor

    Examples
    --------
    >>> l1_minus_l2(torch.tensor([[0.0, 1.0], [1.0, 0.0]])).item()
    0.0
    >>> l1_minus_l2(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).item()  # a row: 7 - 5
    2.0
    """
    # vector_norm has gradient 0 at 0, where that of a square root is infinite.
    ones = 2 * matrix.abs().sum()
    twos = (torch.linalg.vector_norm(matrix, dim=dim).sum() for dim in (0, 1))
    return ones - sum(twos)


def total_variation(maps: Tensor) -> Tensor:
    """Squared differences of neighbours in rows and columns: small for natural pictures.

    Summed over the maps as the authors' program does: without the last row and column, divided by
    16 side (side - 1), averaged over the pictures. In float32 also where autocast is on.

    Parameters
    ----------
    maps : (N, C, side, side) float tensor

    Examples
    --------
    >>> total_variation(torch.tensor([[[[1.0, 3.0], [4.0, 0.0]]]])).item()  # (4 + 9) / 32
    0.40625
    """
    maps = maps.float()
    corner = maps[..., :-1, :-1]
    squares = (maps[..., :-1, 1:] - corner).square() + (maps[..., 1:, :-1] - corner).square()
    side = maps.shape[-1]
    return squares.sum() / (len(maps) * CHANNELS * side * (side - 1))
