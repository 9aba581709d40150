"""Ciphertext-only attack on PBE where every picture has a key of its own.

Negation keeps ``min(v, 255 - v)`` and the shuffle keeps the set of three values, so a pixel can
have been one of 48 colours only. Neighbours in a photo are alike.

Source: Chang and Case 2020 (arXiv:2004.13263), the attacks on independent keys.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facecrypt.attacks.pixelwise import ORDERS
from facecrypt.schemes.pictures import as_batch

__all__ = ["pbe_advanced", "pbe_basic"]


def pbe_basic(ciphers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``min(v, 255 - v)`` of each sample: exactly that of the plain picture, its channels aside.

    Parameters
    ----------
    ciphers : uint8 array, any shape

    Returns
    -------
    uint8 array of that shape
        Dark, folded at mid-gray, but with all edges.

    Examples
    --------
    >>> import numpy as np
    >>> pbe_basic(np.array([3, 252, 128], np.uint8))
    array([  3,   3, 127], dtype=uint8)
    """
    ciphers = np.asarray(ciphers)
    if ciphers.dtype != np.uint8:
        raise TypeError(f"expected uint8 ciphers, received {ciphers.dtype}")
    return np.minimum(ciphers, 255 - ciphers)


def pbe_advanced(ciphers: NDArray[np.uint8], first: ArrayLike | None = None) -> NDArray[np.uint8]:
    """Each pixel as that of its 48 possible colours next to the pixel above.

    Parameters
    ----------
    ciphers : (H, W, 3) or (N, H, W, 3) uint8 array
    first : (3,) or (N, 3) array-like of uint8, optional
        A guess of the top left pixel. None: its three values below 128, as they stand.

    Returns
    -------
    uint8 array of the ciphers' shape

    Notes
    -----
    The distance is the sum of absolute differences (L1); in the first row to the pixel on the
    left. It splits by channel, so 9 comparisons replace 48. O(n), in H + W vector steps.
    Another `first` of the 48 gives the same picture with channels exchanged or inverted
    throughout, so an attacker looks at 48 pictures at most.
    """
    batch = as_batch(ciphers)
    if batch.shape[3] != 3:
        raise ValueError(f"expected 3 channels, received ciphers of shape {batch.shape}")
    if batch.size == 0:
        return np.array(ciphers)
    decoded = np.empty_like(batch)
    start = pbe_basic(batch[:, 0, 0]) if first is None else np.asarray(first, np.uint8)
    decoded[:, 0, 0] = start
    for x in range(1, batch.shape[2]):
        decoded[:, 0, x] = _nearest(batch[:, 0, x], decoded[:, 0, x - 1])
    for y in range(1, batch.shape[1]):
        decoded[:, y] = _nearest(batch[:, y], decoded[:, y - 1])
    return decoded.reshape(np.shape(ciphers))


def _nearest(cipher: NDArray[np.uint8], near: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Of what pixels ``(..., 3)`` can have been, what lies nearest to `near`."""
    # values[..., c, j]: channel c made of the cipher's channel j, the nearer of the two signs.
    wanted = near[..., :, None].astype(np.int16)
    given = np.broadcast_to(cipher[..., None, :].astype(np.int16), (*cipher.shape, 3))
    values = np.where(abs(given - wanted) <= abs(255 - given - wanted), given, 255 - given)
    costs = abs(values - wanted)
    best = costs[..., np.arange(3), ORDERS].sum(-1).argmin(-1)
    chosen = np.take_along_axis(values, ORDERS[best][..., None], -1)
    return chosen[..., 0].astype(np.uint8)
