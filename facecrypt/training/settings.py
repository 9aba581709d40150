"""What decides how the training of a network goes."""

from dataclasses import dataclass
from math import cos, inf, pi

from facecrypt.training.layout import SIZES

__all__ = ["Settings"]

_LEAST = {"epochs": 1, "batch": 1, "seed": 0}


@dataclass(frozen=True)
class Settings:
    """All that decides what a run gives, beside its samples.

    Parameters
    ----------
    net : {"pnet", "rnet", "onet"}
    epochs : int
        Each shows as many samples as there are.
    batch : int
        Samples a step.
    lr : float
        The learning rate of the first step.
    seed : int
        Of weights, order and augmentation.

    Raises
    ------
    TypeError, ValueError
        A number is no int or out of range, or there is no such network.
    """

    net: str
    epochs: int
    batch: int
    lr: float
    seed: int

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if not isinstance(value, int):
                raise TypeError(f"{name} must be an int, received {type(value).__name__}")
            if value < least:
                raise ValueError(f"{name} must be at least {least}, received {value}")
        if self.net not in SIZES:
            raise ValueError(f"net must be one of {', '.join(SIZES)}, received {self.net!r}")
        if not 0 < self.lr < inf:
            raise ValueError(f"lr must be a positive number, received {self.lr!r}")

    def rate(self, done: float) -> float:
        """Of Adam when so much of the run is done, 0 to 1: half a cosine, down to 0.

        Examples
        --------
        >>> Settings("pnet", epochs=30, batch=384, lr=0.5, seed=0).rate(0.5)
        0.25
        """
        return self.lr * (1 + cos(pi * done)) / 2
