"""The part of a key that is a logistic orbit, or the bytes of a keystream themselves."""

from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.chaos import logistic_sequence
from facecrypt.chaos.vetting import vet
from facecrypt.schemes.fields import integers
from facecrypt.schemes.key import Key

__all__ = ["ORBIT_BITS", "StreamKey"]

# Doubles mu in [3.57, 4), about 2**49.8 of them, times doubles d0 in (0, 1), 1022 * 2**52. An upper
# bound: d0 and 1 - d0 are as good as one, and most orbits run into the same few cycles.
ORBIT_BITS = log2((4 - 3.57) * 2**51) + log2(1022 * 2.0**52)


class StreamKey(Key):
    """A key with the fields ``mu``, ``d0``, ``sequence`` and ``allow_weak``."""

    mu: float | None
    d0: float | None
    sequence: NDArray[np.uint8] | None
    allow_weak: bool

    def _check_stream(self) -> None:
        """Either mu and d0, which are vetted, or a sequence."""
        if (self.mu is None) != (self.d0 is None) or (self.mu is None) == (self.sequence is None):
            raise ValueError("a key needs either mu and d0, or sequence; not both, not neither")
        if self.mu is None or self.d0 is None:
            sequence: Any = np.ravel(np.asarray(self.sequence))
            self._set(sequence=integers(sequence, "sequence", 256, 1))
            return
        self._set(mu=float(self.mu), d0=float(self.d0), allow_weak=bool(self.allow_weak))
        # Four up: past __post_init__ and the generated __init__, to who makes the key.
        vet(self.mu, self.d0, allow_weak=self.allow_weak, stacklevel=4)

    def _stream(self, n: int, quantiser: str = "eq4") -> NDArray[np.uint8]:
        """The n bytes that are XORed."""
        if self.mu is not None and self.d0 is not None:
            return logistic_sequence(
                self.mu, self.d0, n, quantiser=quantiser, allow_weak=self.allow_weak
            )
        if self.sequence is None or self.sequence.size != n:
            size = 0 if self.sequence is None else self.sequence.size
            raise ValueError(f"this key's sequence has {size} bytes, and {n} are needed")
        return self.sequence

    @property
    def _stream_bits(self) -> float:
        return ORBIT_BITS if self.sequence is None else 8.0 * self.sequence.size
