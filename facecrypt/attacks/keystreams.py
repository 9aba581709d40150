"""Schemes that XOR a keystream which depends on the key alone: chaos-blocks and FIIE.

Reusing the key is a two-time pad: the XOR of two ciphers is the XOR of their plains.
"""

import numpy as np
from numpy.typing import NDArray

from facecrypt.attacks.layout import check_pairs, index_digits, join_blocks, split_blocks
from facecrypt.attacks.matching import fingerprint, match
from facecrypt.attacks.oracle import Oracle, require_permutation
from facecrypt.schemes import ChaosBlocksKey, FiieKey

__all__ = [
    "chosen_chaos_blocks",
    "chosen_fiie",
    "known_chaos_blocks",
    "known_fiie",
    "two_time_pad",
]


def two_time_pad(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """XOR of the plains of two ciphers under one keystream: nothing of the key is left in it.

    Holds for `fiie` where the regions overlap, for `logistic-pixel` without channel shuffle, and
    for `chaos-blocks` with its parts still displaced. Edges of both pictures show; with
    one of them known, XOR it to get the other.

    Examples
    --------
    >>> import numpy as np
    >>> a, b, key = np.random.default_rng(1).integers(0, 256, (3, 4, 4), np.uint8)
    >>> np.array_equal(two_time_pad(a ^ key, b ^ key), a ^ b)
    True
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.dtype != np.uint8 or first.dtype != second.dtype or first.shape != second.shape:
        raise ValueError(
            f"expected two uint8 ciphers of one shape, received {first.dtype} {first.shape} "
            f"and {second.dtype} {second.shape}"
        )
    return first ^ second


def chosen_chaos_blocks(oracle: Oracle, *, parts: tuple[int, int] = (4, 4)) -> ChaosBlocksKey:
    """Chaos-blocks under one key. 2 queries, O(n).

    The cipher of zeros is the keystream. Parts that carry their own number show, less the
    keystream, what moved where.
    """
    keystream = oracle.ask_same(oracle.blank())
    size = _part_size(oracle.shape, parts)
    n = int(parts[0]) * int(parts[1])
    digits = index_digits(n).T
    numbered = np.zeros((n, size[0] * size[1] * oracle.shape[2]), np.uint8)
    if numbered.shape[1] < digits.shape[1]:
        raise ValueError(f"parts of {size} pixels cannot hold the numbers of {n} parts")
    numbered[:, : digits.shape[1]] = digits
    seen = oracle.ask_same(join_blocks(numbered, oracle.shape, *size)[0]) ^ keystream
    seen = split_blocks(seen[None], *size)[0, :, : digits.shape[1]].astype(np.int64)
    perm = require_permutation((seen << 8 * np.arange(digits.shape[1])).sum(1))
    return ChaosBlocksKey(
        parts_perm=perm.astype(np.int32), parts=np.asarray(parts), sequence=keystream
    )


def chosen_fiie(oracle: Oracle) -> FiieKey:
    """FIIE with regions that the attacker can force, or sees. 1 query, O(n).

    The cipher of zeros is the keystream inside the regions, and zero elsewhere. The index runs
    over the whole picture, so the bytes open every other picture's faces in that place.
    """
    return FiieKey(sequence=oracle.ask_same(oracle.blank()))


def known_chaos_blocks(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8], *, parts: tuple[int, int] = (4, 4)
) -> tuple[ChaosBlocksKey, float]:
    """Chaos-blocks from at least two known pairs. O(N n).

    ``c1 XOR c2`` is ``p1 XOR p2`` with its parts moved: match the parts, then read the keystream.

    Returns
    -------
    ChaosBlocksKey, float
        The share of parts with one possible place.
    """
    plains, ciphers = check_pairs(plains, ciphers)
    if len(plains) < 2:
        raise ValueError("expected at least 2 known pairs: one leaves keystream and moves mixed")
    size = _part_size(plains.shape[1:], parts)
    moved, still = (
        np.concatenate(split_blocks(each[1:] ^ each[:1], *size), axis=1)
        for each in (ciphers, plains)
    )
    perm, sure = match(fingerprint(still.T), fingerprint(moved.T))
    shifted = join_blocks(split_blocks(plains[:1], *size)[:, perm], plains.shape[1:], *size)
    key = ChaosBlocksKey(
        parts_perm=perm.astype(np.int32),
        parts=np.asarray(parts),
        sequence=(shifted ^ ciphers[:1])[0],
    )
    return key, float(sure.mean())


def known_fiie(plains: NDArray[np.uint8], ciphers: NDArray[np.uint8]) -> tuple[FiieKey, float]:
    """FIIE from known pairs, whatever their regions. O(N n).

    Outside the regions plain and cipher agree, so the union of all ``p XOR c`` is the keystream
    wherever a region ever was.

    Returns
    -------
    FiieKey, float
        The share of the picture's pixels whose keystream is known, and the same in all pairs.
    """
    plains, ciphers = check_pairs(plains, ciphers)
    differences = plains ^ ciphers
    keystream = np.bitwise_or.reduce(differences, axis=0)
    outside = ~differences.any(-1)
    agree = (outside | (differences == keystream).all(-1)).all(0)
    return FiieKey(sequence=keystream), float((agree & keystream.any(-1)).mean())


def _part_size(shape: tuple[int, ...], parts: tuple[int, int]) -> tuple[int, int]:
    rows, columns = (int(count) for count in parts)
    if rows < 1 or columns < 1 or shape[0] % rows or shape[1] % columns:
        raise ValueError(
            f"expected sides that are multiples of the {rows}x{columns} parts, received "
            f"{shape[0]}x{shape[1]}; attack with pictures of the padded size"
        )
    return shape[0] // rows, shape[1] // columns
