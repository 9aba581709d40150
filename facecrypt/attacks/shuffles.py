"""Schemes that move whole samples and change none: block shuffle, cat maps, any gather.

A sample that carries its own number shows where it went; more than 256 samples are numbered by
base-256 digits, a picture (or a block) a digit.
"""

import numpy as np
from numpy.typing import NDArray

from facecrypt.attacks.layout import check_pairs, count_blocks, index_digits, split_blocks
from facecrypt.attacks.matching import fingerprint, match
from facecrypt.attacks.oracle import Oracle, ask_digits, require_permutation
from facecrypt.schemes import BlockShuffleKey

__all__ = [
    "chosen_block_shuffle",
    "chosen_permutation",
    "known_block_shuffle",
    "known_permutation",
]


def chosen_permutation(oracle: Oracle) -> NDArray[np.int64]:
    """Any fixed permutation of a picture's n samples. ceil(log256 n) queries, O(n).

    Returns
    -------
    (n,) int64 array
        Gather: flattened, ``cipher = plain[perm]``.

    Examples
    --------
    >>> import numpy as np
    >>> secret = np.random.default_rng(1).permutation(300)
    >>> oracle = Oracle(lambda image: image.reshape(-1)[secret].reshape(10, 30), (10, 30))
    >>> np.array_equal(chosen_permutation(oracle), secret), oracle.queries
    (True, 2)
    """
    digits = index_digits(int(np.prod(oracle.shape)))
    answers = [oracle.ask_same(digit.reshape(oracle.shape)).reshape(-1) for digit in digits]
    return require_permutation(_numbers(np.stack(answers)))


def chosen_block_shuffle(oracle: Oracle, *, block: int = 4) -> BlockShuffleKey:
    """Naive block shuffle. 1 query, one block of it; a block of 16 takes two. O(n)."""
    digits = index_digits(block * block * oracle.shape[2])
    perm = require_permutation(_numbers(ask_digits(oracle, digits, block)))
    return BlockShuffleKey(perm=perm.astype(np.int32), block=block)


def known_permutation(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8]
) -> tuple[NDArray[np.intp], float]:
    """Any fixed permutation of samples from known pairs. O(N n + n log n).

    Returns
    -------
    (n,) intp array, float
        As :func:`chosen_permutation`, and the share of samples with one possible source: those
        whose values over the N pictures no other sample has.
    """
    plains, ciphers = check_pairs(plains, ciphers)
    flat = (fingerprint(each.reshape(len(each), -1)) for each in (plains, ciphers))
    perm, sure = match(*flat)
    return perm, float(sure.mean())


def known_block_shuffle(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8], *, block: int = 4
) -> tuple[BlockShuffleKey, float]:
    """Naive block shuffle from known pairs, each block of which is one. O(N n)."""
    plains, ciphers = check_pairs(plains, ciphers)
    count_blocks(plains.shape[1:], block)
    blocks = (np.concatenate(split_blocks(each, block, block)) for each in (plains, ciphers))
    perm, sure = match(*(fingerprint(each) for each in blocks))
    return BlockShuffleKey(perm=perm.astype(np.int32), block=block), float(sure.mean())


def _numbers(digits: NDArray[np.uint8]) -> NDArray[np.int64]:
    places = 8 * np.arange(len(digits))[:, None]
    return (digits.astype(np.int64) << places).sum(0)
