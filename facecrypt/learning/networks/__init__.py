"""The networks of the papers on learnable encryption, by name.

- ``resnet18``: ResNet-18 in its form for CIFAR (He et al., 2016); 11.2 M parameters.
- ``pyramidnet``: PyramidNet-110, alpha 270 (Han et al., 2017), with ShakeDrop (Yamada et al.,
  2018); 28.5 M.
- ``tanaka``: block-wise adaptation and pyramidal residual blocks (Tanaka, 2018); 2.3 M.
- ``ele-adaptnet``: a sub-network for each block, a learnt permutation of the blocks, then
  ``pyramidnet`` (Madono et al., 2020); 29.3 M.
- ``fast``: whitened patches and three stages, half as wide as the speed records on CIFAR; 0.5 M.
- ``fast-tanaka``, ``fast-ele-adaptnet``: it behind the adaptations of those networks;
  ``fast-pixelwise``: behind one matrix for each pixel; ``fast-nibbles``: behind one matrix for
  the nibbles of all blocks.

These are the full sizes. The tiny ones have the same structure and train on one CPU core in
minutes; their accuracies are not to be compared with published ones. All are faster in
``torch.channels_last``, on a CPU too.

What they draw comes from torch's global generator. To repeat a training bit for bit on CUDA takes
``torch.use_deterministic_algorithms(True)``; no layer is among those that torch lists as unable to.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from facecrypt.learning.networks.ele_adaptation import CHANNELS, EleAdaptNet
from facecrypt.learning.networks.fast import Fast
from facecrypt.learning.networks.initial import he_normal
from facecrypt.learning.networks.nibble_adaptation import NibbleAdaptation
from facecrypt.learning.networks.pixel_adaptation import PixelAdaptation
from facecrypt.learning.networks.pyramidnet import PyramidNet
from facecrypt.learning.networks.resnet import ResNet
from facecrypt.learning.networks.tanaka import Tanaka, adaptation

__all__ = ["NETWORKS", "build", "penalty"]

SIZES = ("full", "tiny")
FULL: dict[str, Any] = {"depth": 110, "alpha": 270, "keep": 0.5}
# Without ShakeDrop, which is for hundreds of epochs: in a few it only slows learning.
TINY: dict[str, Any] = {"depth": 14, "alpha": 24, "keep": 1.0}
# Channels that the adaptation gives to the fast network, as many as its whitening.
_FRONT = 24


def _resnet18(classes: int, *, tiny: bool, side: int, block: int) -> nn.Module:
    return ResNet(classes, width=16 if tiny else 64)


def _pyramidnet(classes: int, *, tiny: bool, side: int, block: int) -> nn.Module:
    _divides(4, side)
    return PyramidNet(classes, **(TINY if tiny else FULL))


def _tanaka(classes: int, *, tiny: bool, side: int, block: int) -> nn.Module:
    _divides(block, side)
    if side < 8:
        raise ValueError(f"side must be 8 or more for this network, received {side}")
    return Tanaka(classes, block=block, width=8 if tiny else 32)


def _ele_adaptnet(classes: int, *, tiny: bool, side: int, block: int) -> nn.Module:
    _divides(block, side)
    _divides(4, side)
    classifier = PyramidNet(classes, inputs=CHANNELS, **(TINY if tiny else FULL))
    return EleAdaptNet(classifier, side=side, block=block)


def _fast(classes: int, *, tiny: bool, side: int, block: int, **front: Any) -> Fast:
    _divides(8, side)
    return Fast(classes, width=16 if tiny else 32, **front)


def _fast_tanaka(classes: int, *, tiny: bool, side: int, block: int) -> nn.Module:
    _divides(block, side)
    front = adaptation(block, _FRONT)
    he_normal(front)
    return _fast(classes, tiny=tiny, side=side, block=block, front=front, inputs=_FRONT)


def _fast_ele_adaptnet(classes: int, *, tiny: bool, side: int, block: int) -> nn.Module:
    _divides(block, side)
    front = nn.Identity()
    classifier = _fast(classes, tiny=tiny, side=side, block=block, front=front, inputs=CHANNELS)
    return EleAdaptNet(classifier, side=side, block=block)


def _fast_pixelwise(classes: int, *, tiny: bool, side: int, block: int) -> nn.Module:
    front = PixelAdaptation(side)
    return _fast(classes, tiny=tiny, side=side, block=block, front=front, inputs=CHANNELS)


def _fast_nibbles(classes: int, *, tiny: bool, side: int, block: int) -> nn.Module:
    _divides(block, side)
    front = NibbleAdaptation(block, _FRONT)
    return _fast(classes, tiny=tiny, side=side, block=block, front=front, inputs=_FRONT)


def _divides(part: int, side: int) -> None:
    if side % part:
        raise ValueError(f"side must be a multiple of {part} for this network, received {side}")


_BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "resnet18": _resnet18,
    "pyramidnet": _pyramidnet,
    "tanaka": _tanaka,
    "ele-adaptnet": _ele_adaptnet,
    "fast": _fast,
    "fast-tanaka": _fast_tanaka,
    "fast-ele-adaptnet": _fast_ele_adaptnet,
    "fast-pixelwise": _fast_pixelwise,
    "fast-nibbles": _fast_nibbles,
}

NETWORKS: tuple[str, ...] = tuple(_BUILDERS)


def build(
    name: str, *, classes: int, size: str = "full", side: int = 32, block: int = 4
) -> nn.Module:
    """A network with fresh weights, drawn from torch's global generator.

    Parameters
    ----------
    name : one of :data:`NETWORKS`
    classes : int
        Length of the output.
    size : {"full", "tiny"}
        The published size, or one for a CPU core.
    side : int
        Of the pictures in pixels.
    block : int
        Side of the blocks of the scheme in pixels; for the networks that look at blocks.

    Returns
    -------
    torch.nn.Module
        From float (N, 3, side, side), scaled and normalised by the caller, to logits (N, classes).

    Raises
    ------
    ValueError
        There is no such network or size, or the sides do not fit it.

    Examples
    --------
    >>> import torch
    >>> model = build("resnet18", classes=10, size="tiny")
    >>> model(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """
    if name not in _BUILDERS:
        raise ValueError(f"no network {name!r}; there are {', '.join(NETWORKS)}")
    if size not in SIZES:
        raise ValueError(f"size must be full or tiny, received {size!r}")
    for label, value in (("classes", classes), ("side", side), ("block", block)):
        if value < 1:
            raise ValueError(f"{label} must be positive, received {value}")
    return _BUILDERS[name](classes, tiny=size == "tiny", side=side, block=block)


def penalty(model: nn.Module) -> Tensor:
    """What a network adds to its loss; 0 for those that add nothing.

    To be called between the forward and the backward pass of a training step, for part of it may
    be of what the network made of the batch.

    Parameters
    ----------
    model : torch.nn.Module
        From :func:`build`, or with one of those in it.

    Returns
    -------
    torch.Tensor
        Scalar on the device of `model`, differentiable.

    Examples
    --------
    >>> penalty(build("resnet18", classes=10, size="tiny"))
    tensor(0.)
    """
    total = torch.zeros((), device=next(model.parameters()).device)
    for module in model.modules():
        if isinstance(module, EleAdaptNet):
            total = total + module.penalty()
    return total
