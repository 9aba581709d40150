"""Block scrambling for encryption-then-compression (EtC): move, turn, mirror, invert, recolour.

A block's 8 positions, 6 channel orders and 2 signs form a group of 96 (gray: 16), so all that one
block can become shares one least fingerprint. Blocks are matched by that; the transformation is
the one whose fingerprint is the cipher block's own. A random picture as plain makes it a
chosen-plaintext attack.
"""

import numpy as np
from numpy.typing import NDArray

from facecrypt.attacks.layout import check_pairs, count_blocks, split_blocks
from facecrypt.attacks.matching import match
from facecrypt.attacks.oracle import Oracle
from facecrypt.attacks.pixelwise import ORDERS
from facecrypt.schemes import EtcKey
from facecrypt.schemes.etc import side_by_side
from facecrypt.schemes.pictures import as_batch

__all__ = ["chosen_etc", "known_etc"]


def chosen_etc(oracle: Oracle, *, block: int | None = None) -> EtcKey:
    """EtC, colour or gray. 1 query, O(96 n): a random picture, then :func:`known_etc`."""
    image = np.random.default_rng(2).integers(0, 256, oracle.shape, np.uint8)
    return known_etc(image, oracle.ask(image), block=block)[0]


def known_etc(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8], *, block: int | None = None
) -> tuple[EtcKey, float]:
    """EtC from known pairs. O(96 N n).

    Parameters
    ----------
    plains : (N, H, W, C) uint8 array
    ciphers : (N, H, W, C) uint8 array
        Of the gray variant (N, H, W, 1), or (N, H, 3*W, 1) of planes side by side.
    block : int, optional
        As in the scheme 16 for RGB and 8 for gray.

    Returns
    -------
    EtcKey, float
        The share of blocks with one possible source and transformation. Flat and symmetric blocks
        leave a choice.
    """
    plains, ciphers = as_batch(plains), as_batch(ciphers)
    if ciphers.shape[3] < plains.shape[3]:
        plains = side_by_side(plains)
    plains, ciphers = check_pairs(plains, ciphers)
    block = block or (16 if plains.shape[3] == 3 else 8)
    count_blocks(plains.shape[1:], block)
    gathers, moves = _transformations(block, plains.shape[3])
    source = _all_fingerprints(plains, block, gathers)
    target = _all_fingerprints(ciphers, block, gathers)
    perm, sure = match(source.min(1), target.min(1))
    fits = source[perm] == target[:, :1]
    sure = sure & (fits.sum(1) == 1)
    negate, chosen = np.divmod(fits.argmax(1), len(gathers))
    rotate, flip, colour = moves[chosen].T
    key = EtcKey(
        block_perm=perm.astype(np.int32),
        rotate=rotate,
        flip=flip.astype(bool),
        negate=negate.astype(bool),
        colour=None if plains.shape[3] == 1 else colour,
        block=block,
    )
    return key, float(sure.mean())


def _transformations(block: int, channels: int) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Gathers ``(g, block*block*C)``, identity first, and their ``(rotate, flip, colour)``."""
    index = np.arange(block * block * channels).reshape(block, block, channels)
    gathers, moves = [], []
    for colour in range(6 if channels == 3 else 1):
        for flip in range(2):
            for rotate in range(4):
                turned = np.rot90(index, rotate)
                turned = turned[:, ::-1] if flip else turned
                turned = turned[..., ORDERS[colour]] if channels == 3 else turned
                gathers.append(turned.reshape(-1))
                moves.append((rotate, flip, colour))
    return np.stack(gathers), np.array(moves, np.uint8)


def _all_fingerprints(
    pictures: NDArray[np.uint8], block: int, gathers: NDArray[np.intp]
) -> NDArray[np.uint64]:
    """``(blocks, 2g)``: of each block under each transformation, then of its negative.

    A weighted sum of moved samples is the sum of the samples under moved weights, so nothing
    is moved but weights.
    """
    rng = np.random.default_rng(2**16)
    total = np.zeros((), np.uint64)
    for blocks in split_blocks(pictures, block, block):
        weights = rng.integers(0, 2**64, blocks.shape[1], np.uint64) | np.uint64(1)
        moved = np.empty((blocks.shape[1], len(gathers)), np.uint64)
        moved[gathers.T, np.arange(len(gathers))] = weights[:, None]
        straight = blocks.astype(np.uint64) @ moved
        negative = (np.uint64(255) * weights).sum(dtype=np.uint64, keepdims=True) - straight
        total = total + np.concatenate([straight, negative], axis=1)
    return total
