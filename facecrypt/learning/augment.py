"""More pictures of those there are: random crops and mirror images, before or after encryption.

**Before** is exact for every scheme: what the network sees is the cipher of a shifted or mirrored
picture under the one key. But whoever has the pictures must encrypt them anew for each epoch.

**After** works on stored ciphers, so that a server without pictures or key can do it. It is
allowed for schemes that treat each pixel by itself (``pbe``, ``logistic-pixel``). A mirrored cipher
is then the cipher of the mirrored picture under the *mirrored key*, not under the key of the
data set; a shifted one likewise, with zeros in the border that are the cipher of nothing. So the
network learns for a family of keys, of which the true one is a member.

Schemes that move samples are refused. Their shifted cipher still shows samples that were shifted
out of the picture, and lacks others that are in it: it is the cipher of the shifted picture under
no key at all. (A mirror image alone would be one under another key of a block scheme, its samples
renumbered; but a network that adapts to blocks learns to undo one key.)
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.schemes import Scheme
from facecrypt.schemes.pixelwise import PixelScheme

__all__ = ["PADDING", "Moves", "allow_after", "draw_moves", "move"]

PADDING = 4
"""Pixels of zeros around a picture of 32 x 32 before it is cropped, as is usual for CIFAR."""


class Moves(NamedTuple):
    """What becomes of each of N pictures.

    Attributes
    ----------
    rows, columns : (N,) int64 arrays
        The picture is shifted up and left by so many pixels, 0 and less is down and right.
    mirror : (N,) bool array
        And then mirrored left to right.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    mirror: NDArray[np.bool_]


def draw_moves(count: int, rng: np.random.Generator, *, padding: int = PADDING) -> Moves:
    """Shifts of -padding to padding, and a mirror image half of the time.

    The numbers come from NumPy's generator wherever the pictures are, so that a seed means the
    same on a card.
    """
    rows, columns = rng.integers(-padding, padding + 1, (2, count))
    return Moves(rows, columns, rng.random(count) < 0.5)


def move(images: Any, moves: Moves) -> Any:
    """Shift and mirror each picture; what comes in at the borders is zero.

    Parameters
    ----------
    images : (N, H, W, C) array or tensor
    moves : Moves
        One for each picture.

    Returns
    -------
    array or tensor
        New, of the shape and kind and on the device of `images`.

    Examples
    --------
    >>> image = np.arange(1, 5).reshape(1, 1, 4, 1)
    >>> left, mirrored = np.array([1]), np.array([True])
    >>> move(image, Moves(np.array([0]), left, mirrored)).ravel().tolist()
    [0, 4, 3, 2]
    """
    count, height, width, _ = images.shape
    if len(moves.rows) != count:
        raise ValueError(f"expected moves for {count} pictures, received {len(moves.rows)}")
    rows = moves.rows[:, None] + np.arange(height)
    columns = (
        np.where(moves.mirror[:, None], np.arange(width)[::-1], np.arange(width))
        + moves.columns[:, None]
    )
    inside = _within(rows, height)[:, :, None] & _within(columns, width)[:, None, :]
    index = (
        np.arange(count)[:, None, None],
        rows.clip(0, height - 1)[:, :, None],
        columns.clip(0, width - 1)[:, None, :],
    )
    if isinstance(images, np.ndarray):
        return np.where(inside[..., None], images[index], images.dtype.type(0))
    import torch

    at = tuple(torch.from_numpy(part).to(images.device) for part in index)
    kept = torch.from_numpy(inside).to(images.device)
    return images[at] * kept[..., None]


def allow_after(scheme: Scheme | None) -> None:
    """Refuse a scheme whose ciphers cannot be shifted and mirrored; see the module.

    Parameters
    ----------
    scheme : Scheme or None
        None for pictures that are not encrypted.

    Raises
    ------
    ValueError
        It does not treat each pixel by itself.
    """
    if scheme is not None and not isinstance(scheme, PixelScheme):
        raise ValueError(
            f"the ciphers of {scheme.name!r} cannot be augmented: it moves samples, so that a "
            "shifted cipher is that of no shifted picture under any key; augment before encryption"
        )


def _within(index: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    return (index >= 0) & (index < size)
