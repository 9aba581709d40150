"""How samples are scaled before a network sees them, and back."""

from torch import Tensor

__all__ = ["scaled", "unscaled"]

# One scale for all schemes: no figure about the plain pictures reaches the network.
_MIDDLE, _SPREAD = 127.5, 64


def scaled(images: Tensor) -> Tensor:
    """uint8 (N, H, W, C) to float32 (N, C, H, W), about 0.

    Examples
    --------
    >>> import torch
    >>> scaled(torch.tensor([[[[0, 255]]]], dtype=torch.uint8)).flatten()
    tensor([-1.9922,  1.9922])
    """
    return (images.permute(0, 3, 1, 2).float() - _MIDDLE) / _SPREAD


def unscaled(x: Tensor) -> Tensor:
    """The samples again, as whole floats from 0 to 255; same shape as `x`.

    Examples
    --------
    >>> import torch
    >>> unscaled(torch.tensor([-1.9921875, 0.0078125]))
    tensor([  0., 128.])
    """
    return (x * _SPREAD + _MIDDLE).round()
