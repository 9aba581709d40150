"""Tanaka's learnable encryption (LE) and its extension with a key for each block (ELE).

Both cut each sample into two nibbles, move the 2d nibbles of a block about and complement some:
``out[j] = in[perm[j]] XOR 15*m[j]``. A nibble's top bit can show the complement and three
bits its number; two or three such digits number every nibble of a block.

The attacks are ours. Chang and Case's attack on "Tanaka" looks for whole bytes 1, 2, 3 and so
breaks only a variant without the split into nibbles.
"""

import numpy as np
from numpy.typing import NDArray

from facecrypt.attacks.layout import (
    check_pairs,
    count_blocks,
    join_blocks,
    join_nibbles,
    split_blocks,
    split_nibbles,
)
from facecrypt.attacks.matching import fingerprint, match
from facecrypt.attacks.oracle import Oracle, ask_digits, require_permutation
from facecrypt.schemes import EleKey, LeKey

__all__ = ["chosen_ele", "chosen_le", "known_ele", "known_le"]


def chosen_le(oracle: Oracle, *, block: int = 4) -> LeKey:
    """LE. 1 query where a picture holds two blocks (three for a block of 8), O(n).

    Nibble s is numbered by digits of 3, 4, 4, ... bits, one digit a block: 8*16 numbers reach
    for the 96 nibbles of a 4x4 RGB block. A single-block picture takes a query a digit,
    and two are least there: the key has 594 bits and an answer 384.
    """
    codes = np.arange(2 * block * block * oracle.shape[2])
    answers = ask_digits(oracle, join_nibbles(_digits(codes)), block)
    perm, flip = _read_digits(split_nibbles(answers))
    perm = require_permutation(perm)
    return LeKey(
        perm=perm.astype(np.int32),
        reverse_in=None,
        reverse_out=flip.astype(np.uint8),
        block=block,
    )


def chosen_ele(oracle: Oracle, *, block: int = 4) -> EleKey:
    """ELE. 2 queries (3 for a block of 8), O(n).

    As LE with every block numbered, but source block i uses of each pair of codes
    ``(2k, 2k + 1)`` only the one that says bit k of i. So an output block's codes name its
    source, and the nibble of the source besides.
    """
    blocks = count_blocks(oracle.shape, block)
    size = 2 * block * block * oracle.shape[2]
    bits = (blocks - 1).bit_length()
    if bits > size:
        raise ValueError(f"{size} nibbles cannot number {blocks} blocks of side {block}")
    codes = np.empty((blocks, size), np.int64)
    pairs = np.arange(bits)
    codes[:, :bits] = 2 * pairs + (np.arange(blocks)[:, None] >> pairs & 1)
    codes[:, bits:] = 2 * bits + np.arange(size - bits)
    answers = []
    for digit in _digits(codes):
        image = join_blocks(join_nibbles(digit), oracle.shape, block, block)[0]
        answers.append(split_blocks(oracle.ask_same(image)[None], block, block)[0])
    seen, flips = _read_digits(split_nibbles(np.stack(answers)))
    paired = seen < 2 * bits
    block_perm = np.where(paired, (seen & 1) << np.minimum(seen >> 1, bits), 0).sum(1)
    perms = np.where(paired, seen >> 1, seen - bits)
    return _ele_key(require_permutation(perms), flips, require_permutation(block_perm), block)


def known_le(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8], *, block: int = 4
) -> tuple[LeKey, float]:
    """LE from known pairs ``(N, H, W, C)``. O(n log n) at most.

    What a nibble position holds over all known blocks is a column; a cipher column is a plain
    column, or 15 minus it.

    Returns
    -------
    LeKey, float
        The share of nibble positions that one plain column fits.
    """
    plain, cipher = _known_nibbles(plains, ciphers, block)
    columns = plain.reshape(-1, plain.shape[-1]), cipher.reshape(-1, plain.shape[-1])
    source, high = _canonical(columns[0])
    target, high_out = _canonical(columns[1])
    perm, sure = match(source, target)
    key = LeKey(
        perm=perm.astype(np.int32),
        reverse_in=None,
        reverse_out=(high_out ^ high[perm]).astype(np.uint8),
        block=block,
    )
    return key, float(sure.mean())


def known_ele(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8], *, block: int = 4
) -> tuple[EleKey, float]:
    """ELE from known pairs ``(N, H, W, C)``. O(N n + n log n).

    A block keeps the set of its columns (see :func:`known_le`, here one entry a picture): blocks
    are matched by it, then the columns within. About as many pictures are needed as make
    the 96 columns of a block differ.

    Returns
    -------
    EleKey, float
        The share of nibbles, over all blocks, with one possible source.
    """
    plain, cipher = _known_nibbles(plains, ciphers, block)
    source, high = _canonical(plain)
    target, high_out = _canonical(cipher)
    sets = (fingerprint(np.sort(columns, axis=1).T) for columns in (source, target))
    block_perm, block_sure = match(*sets)
    perms, sure = match(source[block_perm], target)
    flips = high_out ^ np.take_along_axis(high[block_perm], perms, 1)
    score = float((sure & block_sure[:, None]).mean())
    return _ele_key(perms, flips, block_perm, block), score


def _digits(codes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Digits of 3, 4, 4, ... bits, lowest first; the first nibble's top bit stays 0."""
    digits = [codes & 7]
    rest = codes >> 3
    while rest.any():
        digits.append(rest & 15)
        rest = rest >> 4
    return np.stack(digits).astype(np.uint8)


def _read_digits(nibbles: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Codes and complements of nibbles ``(t, ...)``, of which the first tells the complement."""
    flip = nibbles[0] > 7
    digits = (nibbles ^ (15 * flip).astype(np.uint8)).astype(np.int64)
    codes = digits[0]
    for place, digit in enumerate(digits[1:]):
        codes = codes | digit << (3 + 4 * place)
    return codes, flip


def _known_nibbles(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8], block: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    plains, ciphers = check_pairs(plains, ciphers)
    count_blocks(plains.shape[1:], block)
    plain, cipher = (split_nibbles(split_blocks(each, block, block)) for each in (plains, ciphers))
    return plain, cipher


def _canonical(columns: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
    """Fingerprint of each column or its complement, whichever begins below 8; which it was."""
    high = columns[0] > 7
    return fingerprint(columns ^ (15 * high).astype(np.uint8)), high


def _ele_key(
    perms: NDArray[np.integer],
    flips: NDArray[np.bool_],
    block_perm: NDArray[np.integer],
    block: int,
) -> EleKey:
    """Keys go by source block; what was found goes by output block."""
    by_source = np.argsort(block_perm)
    return EleKey(
        perms=perms[by_source].astype(np.int32),
        reverses_in=None,
        reverses_out=flips[by_source].astype(np.uint8),
        block_perm=block_perm.astype(np.int32),
        block=block,
    )
