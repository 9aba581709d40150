"""Random key material: permutations, small integers and logistic keys out of one byte stream.

One code for both sources: a NumPy generator for experiments, or HKDF-SHA256 and AES-256-CTR from a
32-byte master key. Nothing is biased: what falls outside a range is drawn again.
"""

from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import NDArray

from facecrypt.chaos.derive import key_from_words
from facecrypt.chaos.vetting import check_key
from facecrypt.errors import WeakKeyError

__all__ = ["MASTER_SIZE", "Draws"]

MASTER_SIZE = 32

Read = Callable[[int], bytes]


class Draws:
    """Key material from a stream of bytes for each label.

    Parameters
    ----------
    stream : callable
        Label to a function that returns the next n bytes of that label's stream.
    """

    def __init__(self, stream: Callable[[str], Read]):
        self._stream = stream

    @classmethod
    def from_rng(cls, rng: np.random.Generator) -> Self:
        """One generator for all labels, in the order in which they are drawn."""
        if not isinstance(rng, np.random.Generator):
            raise TypeError(
                f"rng must be a numpy.random.Generator, received {type(rng).__name__}; "
                "numpy.random.default_rng() makes one"
            )
        return cls(lambda label: rng.bytes)

    @classmethod
    def from_master(cls, master: bytes, scheme: str, nonce: bytes = b"") -> Self:
        """One independent stream for each scheme, label and nonce.

        The AES-256-CTR keystream (counter from 0) under HKDF-Expand-SHA256 of the master with info
        ``"facecrypt v1 scheme" || 0 || scheme || 0 || label || 0 || nonce``.
        """
        if not isinstance(master, bytes | bytearray) or len(master) != MASTER_SIZE:
            raise ValueError(
                f"a master key is {MASTER_SIZE} random bytes, received "
                f"{len(master) if isinstance(master, bytes | bytearray) else type(master).__name__}"
                "; os.urandom(32) makes one"
            )

        def stream(label: str) -> Read:
            info = b"\0".join([b"facecrypt v1 scheme", scheme.encode(), label.encode(), nonce])
            return _keystream(bytes(master), info)

        return cls(stream)

    def integers(self, label: str, high: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Uniform integers in ``[0, high)``, high at most 256."""
        bounds = np.full(int(np.prod(shape)), high)
        return _below(self._stream(label), bounds).astype(np.uint8).reshape(shape)

    def permutations(self, label: str, rows: int, n: int) -> NDArray[np.int32]:
        """(rows, n): Fisher and Yates's shuffle in Durstenfeld's form, last place first."""
        bounds = np.tile(np.arange(n, 1, -1), rows)
        choices = _below(self._stream(label), bounds).reshape(rows, n - 1)
        result = np.tile(np.arange(n, dtype=np.int32), (rows, 1))
        row = np.arange(rows)
        for column, choice in enumerate(choices.T):
            last = n - 1 - column
            taken = result[row, choice]
            result[row, choice] = result[:, last]
            result[:, last] = taken
        return result

    def permutation(self, label: str, n: int) -> NDArray[np.int32]:
        """(n,): one of the n! permutations."""
        return self.permutations(label, 1, n)[0]

    def logistic(self, label: str) -> tuple[float, float]:
        """A strong logistic key, mu in [3.99, 4) and d0 in (0, 0.5), drawn again while weak.

        Two words of 64 bits, big-endian, give :func:`facecrypt.chaos.derive.key_from_words`.
        """
        read = self._stream(label)
        while True:
            u, v = (int.from_bytes(read(8), "big") for _ in range(2))
            mu, d0 = (float(part) for part in key_from_words(u, v))
            try:
                check_key(mu, d0)
            except WeakKeyError:
                continue
            return mu, d0


def _keystream(master: bytes, info: bytes) -> Read:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    key = HKDFExpand(SHA256(), 32, info).derive(master)
    encryptor = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()
    return lambda n: encryptor.update(bytes(n))


def _below(read: Read, bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """A uniform integer in ``[0, bound)`` for each bound.

    A word is cut to the bits of its bound; those still too large are drawn again in the next
    round, in order. Words are bytes where all bounds are at most 256, else 32 bits, big-endian.
    """
    dtype = np.dtype(">u1" if bounds.size and bounds.max() <= 256 else ">u4")
    masks = (1 << np.ceil(np.log2(bounds)).astype(np.int64)) - 1
    result = np.empty(bounds.size, np.int64)
    todo = np.arange(bounds.size)
    while todo.size:
        words = np.frombuffer(read(todo.size * dtype.itemsize), dtype).astype(np.int64)
        words &= masks[todo]
        result[todo] = words
        todo = todo[words >= bounds[todo]]
    return result
