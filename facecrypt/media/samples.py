"""Samples of odd depths scaled to the full range of 8 or 16 bits, and exactly back."""

import numpy as np

from facecrypt.errors import RESAVE, MediaError

__all__ = ["full_range"]


def full_range(pixels: np.ndarray, top: int) -> np.ndarray:
    """Scale samples of 0 to `top` as PNG does it: linearly, rounded to the nearest.

    Parameters
    ----------
    pixels : uint8 or uint16 array
    top : int
        The value of white, 1 to 65535.

    Returns
    -------
    uint8 array where `top` is at most 255, else uint16
        ``round(sample * top / white)`` gives every sample back, white being 255 or 65535.

    Raises
    ------
    MediaError
        A sample is larger than `top`.

    Examples
    --------
    >>> full_range(np.array([[0, 1, 4095]], np.uint16), 4095).tolist()
    [[0, 16, 65535]]
    """
    white = 255 if top < 256 else 65535
    highest = int(pixels.max())
    if highest > top:
        raise MediaError(f"damaged: a sample of {highest}, and white is {top}", hint=RESAVE)
    # One entry a value: a picture has more pixels than there are values.
    values = np.arange(top + 1, dtype=np.uint64)
    table = ((values * 2 * white + top) // (2 * top)).astype(np.uint8 if top < 256 else np.uint16)
    return table[pixels]
