"""Three measures of noise, written out for the tests alone."""

import numpy as np


def entropy(samples: np.ndarray) -> float:
    """Shannon entropy of the bytes, in bits."""
    share = np.bincount(samples.ravel(), minlength=256) / samples.size
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum())


def chi_square(samples: np.ndarray) -> float:
    """Against 256 equally likely bytes; 255 degrees of freedom."""
    expected = samples.size / 256
    return float(((np.bincount(samples.ravel(), minlength=256) - expected) ** 2 / expected).sum())


def adjacent_correlation(image: np.ndarray) -> float:
    """Pearson correlation of horizontally adjacent samples of one channel."""
    left, right = image[:, :-1].astype(float), image[:, 1:].astype(float)
    return float(np.corrcoef(left.ravel(), right.ravel())[0, 1])
