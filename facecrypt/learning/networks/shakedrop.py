"""ShakeDrop (Yamada, Iwamura, Akiba and Kise, 2018).

A residual branch F(x) is multiplied by b + alpha - b alpha in the forward pass and its gradient
by b + beta - b beta in the backward pass: b is 1 with probability `keep`, else 0; alpha is
uniform in [-1, 1], beta in [0, 1]. In evaluation the branch is multiplied by the expectation of
the first, which is `keep`, for alpha has mean 0.
"""

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["Scaled", "ShakeDrop", "linear_decay"]


class Scaled(torch.autograd.Function):
    """Multiplication by one factor forward and by another backward.

    Both factors are given before the pass, so that the gradient draws no random numbers and does
    not depend on the order in which autograd runs.

    Examples
    --------
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> y = Scaled.apply(x, torch.tensor(-0.5), torch.tensor(0.25))
    >>> y.backward()
    >>> y.item(), x.grad.item()
    (-1.0, 0.25)
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, forward: Tensor, backward: Tensor) -> Tensor:
        ctx.save_for_backward(backward)
        return x * forward

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (factor,) = ctx.saved_tensors
        return gradient * factor, None, None


class ShakeDrop(nn.Module):
    """Disturb a residual branch while training; see the module.

    alpha and beta are drawn for each picture.

    Parameters
    ----------
    keep : float
        Probability in [0, 1] that the branch is left alone.
    gate : {"batch", "sample"}
        Whether b is drawn once for a batch, as Madono et al. (2020) do, or for each picture.

    Examples
    --------
    >>> ShakeDrop(0.75).eval()(torch.ones(1, 1, 1, 1)).item()
    0.75
    """

    def __init__(self, keep: float, gate: str = "batch") -> None:
        super().__init__()
        if not 0 <= keep <= 1:
            raise ValueError(f"keep must be a probability from 0 to 1, received {keep}")
        if gate not in ("batch", "sample"):
            raise ValueError(f"gate must be batch or sample, received {gate!r}")
        self.keep, self.gate = keep, gate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x * self.keep
        each = (len(x), *[1] * (x.dim() - 1))
        draws = torch.rand((2, *each), device=x.device)
        # Tensors all the way: asking for the gate's value would wait for a GPU.
        gates = each if self.gate == "sample" else (1,) * x.dim()
        kept = torch.rand(gates, device=x.device) < self.keep
        alpha, beta = (torch.where(kept, 1, draw) for draw in (2 * draws[0] - 1, draws[1]))
        return Scaled.apply(x, alpha.to(x.dtype), beta.to(x.dtype))

    def extra_repr(self) -> str:
        return f"keep={self.keep:.4g}, gate={self.gate}"


def linear_decay(units: int, last: float) -> list[float]:
    """`keep` of each unit: from near 1 in straight line to `last` at the last one (rule of 2018).

    Examples
    --------
    >>> linear_decay(4, 0.5)
    [0.875, 0.75, 0.625, 0.5]
    """
    return [1 - (1 - last) * unit / units for unit in range(1, units + 1)]
