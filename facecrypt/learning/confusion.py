"""How often a classifier of two classes is right: the 2 x 2 matrix and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Confusion", "markdown"]


@dataclass(frozen=True)
class Confusion:
    """Counts; positive is "encrypted".

    Parameters
    ----------
    tp, fn : int
        Encrypted, and called encrypted or plain.
    fp, tn : int
        Plain, and called encrypted or plain.

    Examples
    --------
    >>> matrix = Confusion(tp=8, fn=2, fp=1, tn=9)
    >>> matrix.accuracy, matrix.recall, round(matrix.f1, 3)
    (0.85, 0.8, 0.842)
    """

    tp: int
    fn: int
    fp: int
    tn: int

    @classmethod
    def of(cls, encrypted: ArrayLike, called: ArrayLike) -> Self:
        """Count two arrays of bool of one shape: what is, and what the classifier says."""
        truth, guess = np.asarray(encrypted, bool), np.asarray(called, bool)
        if truth.shape != guess.shape:
            raise ValueError(f"expected arrays of one shape, received {truth.shape}, {guess.shape}")
        return cls(
            int((truth & guess).sum()),
            int((truth & ~guess).sum()),
            int((~truth & guess).sum()),
            int((~truth & ~guess).sum()),
        )

    @property
    def accuracy(self) -> float:
        """Part of all that is called what it is."""
        return _part(self.tp + self.tn, self.fn + self.fp)

    @property
    def precision(self) -> float:
        """Part of what is called encrypted that is; nan where nothing is called so."""
        return _part(self.tp, self.fp)

    @property
    def recall(self) -> float:
        """Part of the encrypted that is called so; nan where nothing is encrypted."""
        return _part(self.tp, self.fn)

    @property
    def false_alarms(self) -> float:
        """Part of the plain that is called encrypted; nan where nothing is plain."""
        return _part(self.fp, self.tn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _part(2 * self.tp, self.fn + self.fp)


def markdown(matrices: Mapping[str, Confusion]) -> str:
    """One row for each classifier or data set.

    Examples
    --------
    >>> print(markdown({"network": Confusion(8, 2, 1, 9)}))
    | | TP | FN | FP | TN | accuracy | precision | recall | F1 |
    |---|---|---|---|---|---|---|---|---|
    | network | 8 | 2 | 1 | 9 | 0.850 | 0.889 | 0.800 | 0.842 |
    """
    lines = ["| | TP | FN | FP | TN | accuracy | precision | recall | F1 |", "|---" * 9 + "|"]
    for name, m in matrices.items():
        shares = " | ".join(f"{v:.3f}" for v in (m.accuracy, m.precision, m.recall, m.f1))
        lines.append(f"| {name} | {m.tp} | {m.fn} | {m.fp} | {m.tn} | {shares} |")
    return "\n".join(lines)


def _part(wanted: int, other: int) -> float:
    total = wanted + other
    return wanted / total if total else float("nan")
