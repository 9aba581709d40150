"""Published accuracies on CIFAR, and what opens the ciphers of a data set under one key."""

from collections.abc import Sequence
from typing import NamedTuple

from facecrypt import schemes

__all__ = ["FALLS_TO", "SOURCES", "Falls", "Figure", "data_set", "figures"]

_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer")
_CIFAR10 += ("dog", "frog", "horse", "ship", "truck")

SOURCES = {
    "T": "Tanaka, *Learnable image encryption* (2018), table I: validation accuracy, its own "
    "block-adaptation network, pyramidal residual blocks",
    "M": "Madono, Tanaka, Onishi and Ogawa (2020), as their published code reports it: "
    "Shake-PyramidNet-110, alpha 270; M without adaptation network, M-LE with that of LE, M-ELE "
    "with that of ELE. In their EtC step a colour channel was overwritten for most blocks, so "
    "that their figures for it are of another transform",
    "K": "reviews of Kiya's group, second-hand and not checked: ResNet-18 for pbe",
    "A": "Ahmad and Shin (2022): the text gives only 2 points less than plain on CIFAR-10 and 5 "
    "on CIFAR-100, the other schemes about equal, ELE the worst; its table is not to be had",
}
"""Key to the letters after a figure."""


class Figure(NamedTuple):
    """One published accuracy in percent, where it is from, and as text what it is if no number."""

    source: str
    percent: float | None
    text: str = ""

    def __str__(self) -> str:
        return f"{self.text if self.percent is None else self.percent} ({self.source})"


_FIGURES: dict[str, dict[str, tuple[Figure, ...]]] = {
    "CIFAR-10": {
        "plain": (
            Figure("T", 88.4),
            Figure("M", 96.70),
            Figure("M-LE", 95.64),
            Figure("M-ELE", 85.32),
            Figure("K", 95.5),
        ),
        "le": (
            Figure("T", 86.3),
            Figure("M", 94.94),
            Figure("M-LE", 94.49),
            Figure("M-ELE", 87.28),
        ),
        "ele": (Figure("M", 67.10), Figure("M-LE", 48.39), Figure("M-ELE", 83.06)),
        "etc": (Figure("M", 85.94), Figure("M-LE", 80.16), Figure("M-ELE", 89.09)),
        "combined-cat-map": (Figure("T", 46.8),),
        "block-shuffle": (Figure("T", 87.2),),
        "pbe": (Figure("K", 91.33),),
        "logistic-pixel": (Figure("A", None, "plain - 2"),),
    },
    "CIFAR-100": {
        "plain": (
            Figure("T", 59.1),
            Figure("M", 83.59),
            Figure("M-LE", 79.13),
            Figure("M-ELE", 60.36),
        ),
        "le": (
            Figure("T", 56.8),
            Figure("M", 78.25),
            Figure("M-LE", 75.48),
            Figure("M-ELE", 71.30),
        ),
        "ele": (Figure("M", 43.05), Figure("M-LE", 7.19), Figure("M-ELE", 62.97)),
        "etc": (Figure("M", 61.90), Figure("M-LE", 44.83), Figure("M-ELE", 71.91)),
        "combined-cat-map": (Figure("T", 20.9),),
        "block-shuffle": (Figure("T", 60.2),),
        "logistic-pixel": (Figure("A", None, "plain - 5"),),
    },
}


def data_set(classes: Sequence[str]) -> str | None:
    """``CIFAR-10`` or ``CIFAR-100`` by the names of the classes, None for others.

    Examples
    --------
    >>> data_set(["cat", "dog"]) is None
    True
    """
    if tuple(classes) == _CIFAR10:
        return "CIFAR-10"
    return "CIFAR-100" if len(classes) == 100 and "aquarium_fish" in classes else None


def figures(data: str | None, scheme: str) -> tuple[Figure, ...]:
    """What was published for a scheme on a data set of :func:`data_set`.

    Examples
    --------
    >>> [str(figure) for figure in figures("CIFAR-10", "block-shuffle")]
    ['87.2 (T)']
    """
    return _FIGURES.get(data or "", {}).get(scheme, ())


class Falls(NamedTuple):
    """How many pictures open all ciphers under one key (``docs/attacks.md``).

    Attributes
    ----------
    chosen : int
        Pictures of 32 x 32 that the attacker may have encrypted: always all of the key.
    known : int
        Photographs whose ciphers he has: so many gave, in the median of 40 runs, all of the key.
    """

    chosen: int
    known: int


# Known photographs.
_KNOWN = {
    "pbe": 2,
    "logistic-pixel": 3,
    "le": 1,
    "ele": 32,
    "etc": 1,
    "block-shuffle": 1,
    "cat-map": 1,
    "combined-cat-map": 1,
    "chaos-blocks": 2,
}
FALLS_TO = {
    name: Falls(chosen, known)
    for name, known in _KNOWN.items()
    if (chosen := schemes.get(name).chosen_pictures) is not None
}
