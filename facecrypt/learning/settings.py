"""What decides how a run goes, and what each of its epochs gives."""

from dataclasses import dataclass
from math import cos, pi
from typing import NamedTuple

__all__ = ["AUGMENTATIONS", "SCHEDULES", "Epoch", "Settings"]

AUGMENTATIONS = ("before", "after", "none")
SCHEDULES = ("cosine", "step", "one-cycle")
# Of a one-cycle run: when the rate is highest.
_PEAK = 0.2


@dataclass(frozen=True)
class Settings:
    """All that decides what a run gives, beside pictures and key.

    Parameters
    ----------
    network, size : str
        As of :func:`facecrypt.learning.networks.build`.
    epochs, batch : int
    lr : float
        Highest rate of SGD, with Nesterov momentum 0.9 and weight decay 5e-4.
    schedule : {"cosine", "step", "one-cycle"}
        Down to 0 along half a cosine; or to a tenth at half and again at three quarters of the
        steps, as in the ELE paper; or up from 0 for a fifth of them and down to 0, in lines.
    augment : {"before", "after", "none"}
        Random crops and mirror images before or after encryption; see
        :mod:`facecrypt.learning.augment`.
    smoothing : float
        Share of each label that is spread over all classes, less than 1.
    seed : int
        Of the weights, the order of the pictures and the augmentation.

    Raises
    ------
    ValueError
        A number is not positive, or a name is none of these.
    """

    network: str
    size: str = "full"
    epochs: int = 60
    batch: int = 128
    lr: float = 0.1
    schedule: str = "cosine"
    augment: str = "before"
    smoothing: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "lr"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, received {getattr(self, name)}")
        for name, known in (("schedule", SCHEDULES), ("augment", AUGMENTATIONS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, received {getattr(self, name)!r}"
                )
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing must be from 0 to below 1, received {self.smoothing}")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, received {self.seed}")

    def rate(self, done: float) -> float:
        """Of SGD when so much of the run is done, 0 to 1.

        Examples
        --------
        >>> Settings("resnet18", lr=0.2).rate(0.5)
        0.1
        """
        if self.schedule == "cosine":
            return self.lr * 0.5 * (1 + cos(pi * done))
        if self.schedule == "one-cycle":
            return self.lr * min(done / _PEAK, (1 - done) / (1 - _PEAK))
        return self.lr * 0.1 ** ((done >= 0.5) + (done >= 0.75))


class Epoch(NamedTuple):
    """What one epoch gave.

    Attributes
    ----------
    loss : float
        Mean over the training pictures, with the penalty of the network.
    train_accuracy, test_accuracy : float
        Shares of 1; the first while training, on augmented pictures.
    seconds : float
    """

    loss: float
    train_accuracy: float
    test_accuracy: float
    seconds: float
