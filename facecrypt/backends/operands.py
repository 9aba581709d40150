"""What each kernel computes, and what it takes besides pictures: one frozen tuple a kernel.

``check`` refuses operands that do not fit the data; the native kernels check the same in
``_native.pyx``. Every index is checked before memory is read through it.
"""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import checks

__all__ = [
    "ORDERS",
    "Blocks",
    "Bytes",
    "Coupling",
    "Gather",
    "Kernels",
    "Lanes",
    "Orbit",
    "Pixels",
    "Rows",
]

# Source channel of output channels 0, 1, 2. Rows 3 and 4 are each other's inverse.
ORDERS = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))

Bytes = NDArray[np.uint8]

# What the native kernels have room for.
_WIDEST_BLOCK = 64 * 64 * 3
_MOST_HIDDEN = 64

# The keystreams. ``out`` becomes the keystream, or ``data XOR keystream``.


class Orbit(NamedTuple):
    """One orbit, one byte an iterate; see :func:`facecrypt.chaos.logistic_sequence`.

    ``discard`` iterates give no byte. Kernels vet no keys.
    """

    mu: float
    d0: float
    discard: int
    quantiser: str = "eq4"


class Lanes(NamedTuple):
    """Orbits side by side, time-major, in chunks of ``chunk`` bytes with their own keys.

    ``mu`` and ``d0`` are float64 of equal size. With K = ceil(out.size / chunk) chunks, chunk k
    has the keys ``mu.reshape(K, -1)[k]``. Iterate t of lane l of L gives bytes
    ``(t*L + l) * bytes_per_iterate`` and on of its chunk: the low byte or the two low bytes,
    little-endian, of ``floor((d/2) * 1e14)``.
    """

    mu: NDArray[np.float64]
    d0: NDArray[np.float64]
    discard: int
    bytes_per_iterate: int
    chunk: int

    def check(self, size: int) -> int:
        """The number of chunks of so many bytes."""
        checks.keys(self.mu, self.d0)
        checks.at_least(self.chunk, "chunk", 1)
        checks.at_least(self.discard, "discard", 0)
        if self.bytes_per_iterate not in (1, 2):
            raise ValueError(f"bytes_per_iterate must be 1 or 2, received {self.bytes_per_iterate}")
        chunks = -(-size // self.chunk)
        if chunks and (self.mu.size == 0 or self.mu.size % chunks):
            raise ValueError(
                f"{chunks} chunks need a multiple of {chunks} lanes, at least one each, "
                f"received {self.mu.size}"
            )
        return chunks


class Rows(NamedTuple):
    """One orbit for each of ``mu.size`` equal rows of ``out``: many :class:`Orbit` at once.

    ``mu`` and ``d0`` are float64 of equal size.
    """

    mu: NDArray[np.float64]
    d0: NDArray[np.float64]
    discard: int

    def check(self, size: int) -> int:
        """The bytes of a row of so many bytes in all."""
        checks.keys(self.mu, self.d0)
        checks.at_least(self.discard, "discard", 0)
        if size == 0:
            return 0
        if self.mu.size == 0 or size % self.mu.size:
            raise ValueError(
                f"{size} bytes cannot be divided among {self.mu.size} keys; one key for each row"
            )
        return size // self.mu.size


# The schemes. ``data`` and ``out`` have the same shape (N, ...), all else holds for each of the N
# pictures. Operands are C-contiguous.


class Pixels(NamedTuple):
    """Order the channels of each pixel, then XOR.

    ``data`` is (N, H, W, C), ``mask`` (H, W, C) uint8, ``order`` (H, W) uint8 in 0..5, for C = 3,
    or None: ``out[n, y, x, j] = data[n, y, x, ORDERS[order[y, x]][j]] ^ mask[y, x, j]``. ``out``
    may be ``data``.
    """

    order: NDArray[np.uint8] | None
    mask: NDArray[np.uint8]

    def check(self, shape: tuple[int, ...]) -> None:
        """Refuse what does not fit data of this shape."""
        checks.array(self.mask, "mask", np.uint8, shape[1:])
        if self.order is not None:
            checks.array(self.order, "order", np.uint8, shape[1:3])
            if shape[3] != 3:
                raise ValueError(f"order needs 3 channels, received {shape[3]}")
            checks.below(self.order, "order", len(ORDERS))


class Gather(NamedTuple):
    """Move items of L bytes, then XOR.

    ``data`` is (N, K, L), ``source`` (K,) int32 in 0..K-1, ``mask`` (K, L) uint8 or None:
    ``out[n, k] = data[n, source[k]] ^ mask[k]``. ``out`` shares no byte with ``data``.
    """

    source: NDArray[np.int32]
    mask: NDArray[np.uint8] | None

    def check(self, shape: tuple[int, ...]) -> None:
        """Refuse what does not fit data of this shape."""
        checks.array(self.source, "source", np.int32, shape[1:2])
        checks.below(self.source, "source", shape[1])
        if self.mask is not None:
            checks.array(self.mask, "mask", np.uint8, shape[1:])


class Blocks(NamedTuple):
    """Shuffle within blocks and XOR, and move the blocks.

    ``data`` is (N, H, W*C), its blocks ``block[0]`` rows of ``block[1]`` bytes, numbered row by
    row. A block is the vector v of its d bytes in raster order or, with ``nibbles``, of its d low
    and then its d high nibbles. With m entries in it, ``perm`` is (K, m) int32 in 0..m-1, ``mask``
    (K, m) uint8, in 0..15 for nibbles. Block i of ``out`` has ``w[j] = v[perm[k, j]] ^ mask[k,
    j]``, where v is block source[i] of ``data`` and k = which[i]: both (blocks,) int32. Without
    ``which`` row 0 serves every block, without ``source`` blocks stay where they are. ``out``
    shares no byte with ``data``.
    """

    block: tuple[int, int]
    nibbles: bool
    perm: NDArray[np.int32]
    mask: NDArray[np.uint8]
    which: NDArray[np.int32] | None = None
    source: NDArray[np.int32] | None = None

    def check(self, shape: tuple[int, ...]) -> None:
        """Refuse what does not fit data of this shape."""
        (_, height, width), (rows, columns) = shape, self.block
        if rows < 1 or columns < 1 or height % rows or width % columns:
            raise ValueError(
                f"pictures of {height} x {width} bytes are no whole blocks of {self.block}"
            )
        if rows * columns > _WIDEST_BLOCK:
            raise ValueError(f"a block has at most {_WIDEST_BLOCK} bytes, received {self.block}")
        entries = rows * columns * (2 if self.nibbles else 1)
        number = (height // rows) * (width // columns)
        keys = len(self.perm)
        checks.at_least(keys, "number of rows of perm", 1)
        for operand, name, kind, wanted, limit in (
            (self.perm, "perm", np.int32, (keys, entries), entries),
            (self.mask, "mask", np.uint8, (keys, entries), 16 if self.nibbles else 256),
            (self.which, "which", np.int32, (number,), keys),
            (self.source, "source", np.int32, (number,), number),
        ):
            if operand is not None:
                checks.array(operand, name, kind, wanted)
                checks.below(operand, name, limit)


class Coupling(NamedTuple):
    """Rounds of additive coupling through a small integer convolution network.

    ``data`` is (N, H, W, C), ``first`` (R, K, C, 3, 3), ``first_bias`` (R, K) and ``second`` (R, C,
    K, 3, 3) int8, ``second_bias`` (R, C) uint8. In round r the samples with y + x + c + r even
    stay; with x those samples and zero elsewhere, and outside the picture, ``h = min(max(first[r]
    * x + first_bias[r], 0) >> 5, 255)`` and ``f = second[r] * h + second_bias[r]``, where ``*`` is
    cross-correlation in exact integers; f mod 256 is added to the other samples mod 256.
    ``inverse`` subtracts, last round first. ``out`` may be ``data``.
    """

    first: NDArray[np.int8]
    first_bias: NDArray[np.int8]
    second: NDArray[np.int8]
    second_bias: NDArray[np.uint8]
    inverse: bool = False

    def check(self, channels: int) -> tuple[int, int]:
        """The number of rounds and of hidden planes, once all fits so many channels."""
        if self.first_bias.ndim != 2:
            raise ValueError(
                f"first_bias must have 2 dimensions, received shape {self.first_bias.shape}"
            )
        rounds, hidden = self.first_bias.shape
        if hidden > _MOST_HIDDEN:
            raise ValueError(f"at most {_MOST_HIDDEN} hidden planes, received {hidden}")
        checks.array(self.first, "first", np.int8, (rounds, hidden, channels, 3, 3))
        checks.array(self.first_bias, "first_bias", np.int8, (rounds, hidden))
        checks.array(self.second, "second", np.int8, (rounds, channels, hidden, 3, 3))
        checks.array(self.second_bias, "second_bias", np.uint8, (rounds, channels))
        return rounds, hidden


class Kernels(Protocol):
    """What a backend computes.

    Throughout, ``out`` is a C-contiguous writable uint8 array, which shares no byte with any
    operand. ``data`` is ``out`` itself, or a C-contiguous uint8 array of the same size that shares
    no byte with it; for keystreams also None, and both are taken as their bytes in order.
    ``threads`` is None for the backend's own choice.

    Raises
    ------
    TypeError
        A wrong type or dtype.
    ValueError
        Anything else that is not as above, or as the operands say.
    """

    def sequence(self, data: Bytes | None, out: Bytes, operands: Orbit) -> None:
        """See :class:`Orbit`."""

    def lanes(
        self, data: Bytes | None, out: Bytes, operands: Lanes, *, threads: int | None = None
    ) -> None:
        """See :class:`Lanes`."""

    def rows(
        self, data: Bytes | None, out: Bytes, operands: Rows, *, threads: int | None = None
    ) -> None:
        """See :class:`Rows`."""

    def pixels(
        self, data: Bytes, out: Bytes, operands: Pixels, *, threads: int | None = None
    ) -> None:
        """See :class:`Pixels`."""

    def gather(
        self, data: Bytes, out: Bytes, operands: Gather, *, threads: int | None = None
    ) -> None:
        """See :class:`Gather`."""

    def blocks(
        self, data: Bytes, out: Bytes, operands: Blocks, *, threads: int | None = None
    ) -> None:
        """See :class:`Blocks`."""

    def coupling(
        self, data: Bytes, out: Bytes, operands: Coupling, *, threads: int | None = None
    ) -> None:
        """See :class:`Coupling`."""

    def fit(self, data: Bytes, out: Bytes) -> None:
        """Copy pictures into pictures of another size: cut off, or the last row and column
        repeated. ``data``, in any memory layout, is (N, H, W, C), or (H, W, C) or (H, W) for one
        picture; ``out`` is (N, H', W', C)."""

    def examine(self, mu: float, d0: float, discard: int) -> tuple[float, int]:
        """Lyapunov exponent over ``discard`` states, and the cycle length found after them.

        The cycle is what Brent's algorithm (BIT 20, 1980) finds in ``2**15 - 1`` iterates: 0 where
        none of length <= 2**14 shows.
        """
