"""A small network that learns CIFAR-10 in minutes on a card and in an hour on a processor core.

Its shape is that of the speed records on CIFAR (Page, "How to train your ResNet", 2018; Jordan,
"94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024): a first layer that whitens patches and is
not trained, then three wide stages that pool early, and label smoothing with a one-cycle rate.

In front of the stages may stand, in place of the whitening, an adaptation to a scheme: that of
:mod:`~facecrypt.learning.networks.tanaka` or of :mod:`~facecrypt.learning.networks.ele_adaptation`.
"""

import torch
from torch import Tensor, nn

from facecrypt.learning.networks.initial import he_normal

__all__ = ["Fast", "Whitening"]

_PATCH = 2
# Of the patches' variance, so that directions in which they hardly vary are not blown up.
_FLOOR = 5e-4


class Whitening(nn.Module):
    """Patches of 2 x 2 pixels to uncorrelated channels, each beside its negative.

    Its weights come from pictures by :meth:`fit`, and are not trained: of unwhitened pictures a
    network spends its first epochs on learning them.

    Attributes
    ----------
    outputs : int
        Channels, 24.
    """

    outputs = 2 * 3 * _PATCH**2

    def __init__(self) -> None:
        super().__init__()
        half = self.outputs // 2
        self.conv = nn.Conv2d(3, self.outputs, _PATCH)
        # Until it is fitted: the patches themselves.
        weight = torch.eye(half).reshape(half, 3, _PATCH, _PATCH)
        self._set(weight)
        self.conv.weight.requires_grad_(requires_grad=False)

    def fit(self, images: Tensor) -> None:
        """Take the weights from the covariance of the patches of (N, 3, H, W) float pictures."""
        patches = nn.functional.unfold(images, _PATCH).transpose(1, 2).flatten(0, 1).double()
        variances, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
        # Of an eigenvector and its negative torch may give either.
        vectors *= vectors.sum(0).sign().where(vectors.sum(0) != 0, 1)
        weight = (vectors / (variances + _FLOOR).sqrt()).T.reshape(-1, 3, _PATCH, _PATCH)
        self._set(weight.flip(0))

    def _set(self, weight: Tensor) -> None:
        with torch.no_grad():
            self.conv.weight.copy_(torch.cat([weight, -weight]))
            self.conv.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu_(self.conv(x))


class _Stage(nn.Module):
    """Two 3 x 3 convolutions; after the first the side is halved."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class Fast(nn.Module):
    """Whitening or an adaptation, three stages, and the largest value of each channel.

    Parameters
    ----------
    classes : int
    width : int
        Channels of the first stage; the other two have four times as many.
    front : Module, optional
        What makes pictures (N, `inputs`, side, side) of ciphers; :class:`Whitening` if None.
    inputs : int
        Channels that `front` gives.

    Examples
    --------
    >>> Fast(10, width=8)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        classes: int,
        *,
        width: int = 32,
        front: nn.Module | None = None,
        inputs: int = Whitening.outputs,
    ) -> None:
        super().__init__()
        self.stages = nn.Sequential(
            _Stage(inputs, width), _Stage(width, 4 * width), _Stage(4 * width, 4 * width)
        )
        self.classify = nn.Linear(4 * width, classes, bias=False)
        he_normal(self)
        self.front = Whitening() if front is None else front

    def fit(self, images: Tensor) -> None:
        """Prepare for float (N, 3, side, side) ciphers like these, before training begins."""
        if isinstance(self.front, Whitening):
            self.front.fit(images)

    def forward(self, x: Tensor) -> Tensor:
        features = self.stages(self.front(x))
        return self.classify(features.flatten(2).amax(2)) / 8
