"""The baseline of "encrypted or not": logistic regression on three figures of a window.

Entropy, chi-square and the correlation of neighbours: what papers on image encryption report, and
what a classifier has to be better than. Needs no torch.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from facecrypt.analysis import adjacent_correlation, chi_square, entropy

__all__ = ["ThreeFeatures", "features"]

_ROUNDS = 25
_RIDGE = 1e-3  # keeps weights finite where the classes can be separated


def features(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Three figures of each window.

    Parameters
    ----------
    pixels : (n, H, W, C) uint8 array

    Returns
    -------
    (n, 3) float64 array
        Entropy in bits, logarithm of chi-square, and the horizontal correlation, mean of the
        channels; 1 for a channel that does not vary.

    Examples
    --------
    >>> features(np.zeros((1, 16, 16, 1), np.uint8)).round(2).tolist()
    [[0.0, 11.09, 1.0]]
    """
    if pixels.ndim != 4:
        raise ValueError(f"expected windows of shape (n, H, W, C), received shape {pixels.shape}")
    rows = [
        (
            entropy(window),
            np.log(chi_square(window) + 1),
            np.mean([adjacent_correlation(window[..., c]) for c in range(window.shape[2])]),
        )
        for window in pixels
    ]
    return np.nan_to_num(np.array(rows, np.float64).reshape(-1, 3), nan=1.0)


class ThreeFeatures(NamedTuple):
    """A fitted regression.

    Attributes
    ----------
    mean, spread : (3,) float64 arrays
        Of the features in training.
    weights : (4,) float64 array
        Of the standardised features, and the constant.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def fit(cls, values: NDArray[np.float64], encrypted: NDArray[np.bool_]) -> Self:
        """Fit by Newton's method.

        Parameters
        ----------
        values : (n, 3) float64 array
            As :func:`features` gives them.
        encrypted : (n,) bool array
            Of both kinds.
        """
        if len(np.unique(encrypted)) != 2:
            raise ValueError("expected windows of both kinds, encrypted and plain, to fit to")
        spread = values.std(axis=0)
        model = cls(values.mean(axis=0), np.where(spread > 0, spread, 1.0), np.zeros(4))
        design, weights = model._design(values), model.weights
        for _ in range(_ROUNDS):
            chance = _sigmoid(design @ weights)
            slope = design.T @ (chance - encrypted) + _RIDGE * weights
            bend = (design.T * (chance * (1 - chance))) @ design + _RIDGE * np.eye(4)
            weights = weights - np.linalg.solve(bend, slope)
        return model._replace(weights=weights)

    def probability(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,): that each window is encrypted."""
        return _sigmoid(self._design(values) @ self.weights)

    def _design(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([(values - self.mean) / self.spread, np.ones(len(values))])


def _sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1 + np.tanh(logit / 2))
