"""Weights before training, the same for all networks."""

from torch import nn

__all__ = ["he_normal"]


def he_normal(model: nn.Module) -> None:
    """Draw the weights of every convolution as He et al. (2015), for the fan in; biases are 0.

    Other layers keep what torch gives them: batch normalisation 1 and 0.

    Parameters
    ----------
    model : torch.nn.Module
        Changed in place.

    Examples
    --------
    >>> layer = nn.Conv2d(3, 8, 3)
    >>> he_normal(layer)
    >>> layer.bias.abs().max().item()
    0.0
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
