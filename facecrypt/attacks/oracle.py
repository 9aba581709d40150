"""What an attacker has, and what an attack returns."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.attacks.layout import count_blocks, join_blocks, split_blocks
from facecrypt.schemes.pictures import as_batch

__all__ = ["Encrypt", "Oracle", "Recovery", "agreement", "ask_digits", "require_permutation"]

Encrypt = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
_Integer = TypeVar("_Integer", bound=np.integer)


class Oracle:
    """An ``encrypt`` callable under an unknown key, its queries counted.

    Parameters
    ----------
    encrypt : callable
        One uint8 picture of `shape` to its cipher.
    shape : tuple of int
        ``(H, W)`` or ``(H, W, C)``.

    Examples
    --------
    >>> import numpy as np
    >>> oracle = Oracle(lambda image: image ^ 5, (2, 2, 3))
    >>> int(oracle.ask(oracle.blank()).sum()), oracle.queries
    (60, 1)
    """

    def __init__(self, encrypt: Encrypt, shape: tuple[int, ...]):
        if len(shape) not in (2, 3) or min(shape) < 1:
            raise ValueError(f"expected a shape (H, W) or (H, W, C), received {shape}")
        self._encrypt = encrypt
        self.picture = tuple(shape)
        self.shape = (*shape, 1) if len(shape) == 2 else tuple(shape)
        self.queries = 0

    def blank(self) -> NDArray[np.uint8]:
        """A picture of zeros, ``(H, W, C)``."""
        return np.zeros(self.shape, np.uint8)

    def ask(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The cipher of one ``(H, W, C)`` picture, as ``(H', W', C')``."""
        self.queries += 1
        return as_batch(self.raw(image))[0]

    def ask_same(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """:meth:`ask` where the cipher must be of the picture's shape.

        Raises
        ------
        ValueError
            It is not, so another scheme or another block size is at work.
        """
        cipher = self.ask(image)
        if cipher.shape != self.shape:
            raise ValueError(
                f"expected ciphers of shape {self.shape}, received {cipher.shape}: "
                "this is not the scheme, or not its block size"
            )
        return cipher

    def raw(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The cipher as the callable gives it, not counted."""
        return self._encrypt(image.reshape(self.picture))


@dataclass(frozen=True, slots=True)
class Recovery:
    """What an attack found.

    Attributes
    ----------
    key
        The scheme's key dataclass, equivalent to the secret one where `score` is 1.
    score : float
        0 to 1. Chosen plaintext: share of the samples of a fresh random picture that the key
        decrypts rightly; noise gives 1/256. Known plaintext: share of the key's entries (pixels,
        nibbles, samples, blocks) that the pairs leave no choice about.
    queries : int
        Chosen pictures, or known pairs, that the attack used. The picture that measures
        `score` is not counted.
    note : str
        What remains open where `score` is below 1.
    """

    key: Any
    score: float
    queries: int
    note: str


def agreement(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Share of equal samples of two pictures of one shape."""
    return float(np.mean(a.reshape(-1) == b.reshape(-1)))


def ask_digits(oracle: Oracle, digits: NDArray[np.uint8], block: int) -> NDArray[np.uint8]:
    """Have blocks of one's choice encrypted, in as few pictures as hold them.

    Parameters
    ----------
    oracle : Oracle
        Of a scheme that treats every block alike.
    digits : (t, block*block*C) uint8 array
    block : int

    Returns
    -------
    (t, block*block*C) uint8 array
    """
    n = count_blocks(oracle.shape, block)
    answers = []
    for start in range(0, len(digits), n):
        chosen = digits[start : start + n]
        blocks = np.zeros((n, digits.shape[1]), np.uint8)
        blocks[: len(chosen)] = chosen
        cipher = oracle.ask_same(join_blocks(blocks, oracle.shape, block, block)[0])
        answers.append(split_blocks(cipher[None], block, block)[0, : len(chosen)])
    return np.concatenate(answers)


def require_permutation(found: NDArray[_Integer]) -> NDArray[_Integer]:
    """`found`, if its last axis holds permutations.

    Raises
    ------
    ValueError
        It does not: the oracle is another scheme, has another block size, or a new key each time.
    """
    if not np.array_equal(
        np.sort(found, axis=-1), np.broadcast_to(np.arange(found.shape[-1]), found.shape)
    ):
        raise ValueError(
            "the answers hold no permutation: the oracle is not this scheme, has another "
            "block size, or changes its key"
        )
    return found
