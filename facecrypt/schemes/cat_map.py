"""cat-map and combined-cat-map: pixels moved by Arnold's cat map.

The pixel in row r and column c of an N x N picture moves to ``(r + p*c, q*r + (p*q + 1)*c) mod N``,
so many times; p = q = 1 is Arnold's map. The combined map, the baseline of Tanaka (2018) after
Wang, Liu and Zhang (2015), maps each quadrant, shuffles rows and columns like cards, and maps the
whole.

Pixels keep their values, pixel (0, 0) of a cat map its place, and every map has a period: 24 for
Arnold's and N = 32. As many chosen pictures as an index has base-256 digits show where each goes.
"""

from dataclasses import dataclass
from math import log2
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import Kernels
from facecrypt.backends.arrays import reshaped
from facecrypt.backends.operands import Gather
from facecrypt.schemes.base import Scheme
from facecrypt.schemes.draws import Draws
from facecrypt.schemes.fields import frozen, integer, integers
from facecrypt.schemes.fields import inverse as inverted
from facecrypt.schemes.key import Key
from facecrypt.schemes.pictures import Pictures, picture_shape
from facecrypt.schemes.registry import own

__all__ = ["CatMap", "CatMapKey", "CombinedCatMap", "CombinedCatMapKey"]

Triple = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class CatMapKey(Key):
    """Key of :class:`CatMap`.

    Parameters
    ----------
    p, q : int
        Of at least 0; they count modulo N.
    iterations : int
        Of at least 0; they count modulo the period.
    """

    p: int
    q: int
    iterations: int
    scheme: ClassVar[str] = "cat-map"

    def __post_init__(self) -> None:
        self._set(
            **{name: integer(getattr(self, name), name, 0) for name in ("p", "q", "iterations")}
        )

    def moves(self, side: int) -> NDArray[np.int32]:
        return _index(side, (self.p, self.q, self.iterations))

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """log2 of the matrices of determinant 1 modulo N, an upper bound: each map is one."""
        return _matrix_bits(_side(shape, even=False))


@dataclass(frozen=True, eq=False)
class CombinedCatMapKey(Key):
    """Key of :class:`CombinedCatMap`.

    Parameters
    ----------
    quads : (4, 3) integers
        p, q and iterations of the upper left, upper right, lower left and lower right quadrant.
    whole : (3,) integers
        p, q and iterations of the last map.
    """

    quads: NDArray[np.int32]
    whole: NDArray[np.int32]
    scheme: ClassVar[str] = "combined-cat-map"

    def __post_init__(self) -> None:
        quads = integers(self.quads, "quads", 2**31, 2, dtype=np.int32)
        last = integers(self.whole, "whole", 2**31, 1, dtype=np.int32)
        if quads.shape != (4, 3) or last.shape != (3,):
            raise ValueError(
                f"quads must be (4, 3) and whole (3,), received {quads.shape} and {last.shape}"
            )
        self._set(quads=quads, whole=last)

    def moves(self, side: int) -> NDArray[np.int32]:
        half = side // 2
        pixels: NDArray[np.int32] = np.arange(side * side, dtype=np.int32).reshape(side, side)
        quarters = pixels.reshape(2, half, 2, half).swapaxes(1, 2).reshape(4, -1)
        mapped = [
            quarter[_index(half, tuple(quad))]
            for quarter, quad in zip(quarters, self.quads.tolist(), strict=True)
        ]
        pixels = np.stack(mapped).reshape(2, 2, half, half).swapaxes(1, 2).reshape(side, side)
        cards = np.arange(side).reshape(2, half).T.reshape(-1)  # new 2i = old i, 2i+1 = N/2 + i
        pixels = pixels[cards][:, cards].reshape(-1)
        return np.ascontiguousarray(pixels[_index(side, tuple(self.whole.tolist()))])

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """As of :class:`CatMapKey`, once for each of the five maps: an upper bound."""
        side = _side(shape, even=True)
        return 4 * _matrix_bits(side // 2) + _matrix_bits(side)


@own
class CatMap(Scheme):
    """See the module. Pictures are padded to squares.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(9, dtype=np.uint8).reshape(3, 3)
    >>> CatMap().encrypt(image, CatMapKey(1, 1, 1))
    array([[0, 7, 5],
           [8, 3, 1],
           [4, 2, 6]], dtype=uint8)
    """

    name = "cat-map"
    key_type: ClassVar[type[Key]] = CatMapKey
    keeps = "colours, pixel (0, 0)"
    chosen_pictures = 1
    even: ClassVar[bool] = False

    def padded(self, key: Any, height: int, width: int) -> tuple[int, int]:
        side = _side((height, width), even=self.even)
        return side, side

    def run(
        self, kernels: Kernels, source: Pictures, target: Pictures, key: Any, *, inverse: bool
    ) -> None:
        count, side, _, channels = source.shape

        def make() -> Gather:
            index = inverted(key.moves(side)) if inverse else key.moves(side)
            return Gather(frozen(index), None)

        operands = key._kept("_back" if inverse else "_forth", (side,), make)
        items = count, side * side, channels
        kernels.gather(reshaped(source, items), reshaped(target, items), operands)

    def draw(self, shape: tuple[int, int, int], draws: Draws) -> Key:
        """A key with p, q in 1..256 and 2 to 9 iterations, as in Tanaka's code."""
        return CatMapKey(*_triples(draws, 1)[0].tolist())


@own
class CombinedCatMap(CatMap):
    """See the module. Pictures are padded to squares with an even side."""

    name = "combined-cat-map"
    key_type: ClassVar[type[Key]] = CombinedCatMapKey
    keeps = "colours"
    even = True

    def draw(self, shape: tuple[int, int, int], draws: Draws) -> Key:
        """A key of five maps, each as of ``cat-map``."""
        triples = _triples(draws, 5)
        return CombinedCatMapKey(triples[:4], triples[4])


def _triples(draws: Draws, count: int) -> NDArray[np.int32]:
    steps = draws.integers("steps", 256, (count, 2)).astype(np.int32) + 1
    iterations = draws.integers("iterations", 8, (count, 1)).astype(np.int32) + 2
    return np.concatenate([steps, iterations], axis=1)


def _index(side: int, triple: tuple[int, ...]) -> NDArray[np.int32]:
    """(side*side,) gather: from which pixel each one comes."""
    p, q, iterations = triple
    forward = _power(((1, p), (q, p * q + 1)), iterations, side)
    # The determinant is 1, so the inverse is the adjugate.
    (a, b), (c, d) = ((forward[1][1], -forward[0][1]), (-forward[1][0], forward[0][0]))
    row, column = np.indices((side, side))
    index = (a * row + b * column) % side * side + (c * row + d * column) % side
    return index.reshape(-1).astype(np.int32)


def _power(matrix: tuple[tuple[int, int], ...], exponent: int, modulus: int) -> Any:
    result: Any = ((1, 0), (0, 1))
    while exponent:
        if exponent & 1:
            result = _product(result, matrix, modulus)
        matrix = _product(matrix, matrix, modulus)
        exponent >>= 1
    return tuple(tuple(entry % modulus for entry in row) for row in result)


def _product(left: Any, right: Any, modulus: int) -> Any:
    return tuple(
        tuple(sum(row[k] * right[k][j] for k in range(2)) % modulus for j in range(2))
        for row in left
    )


def _side(shape: tuple[int, ...] | None, *, even: bool) -> int:
    if shape is None:
        raise ValueError("how many maps there are depends on the pictures: pass their shape")
    side = max(picture_shape(shape)[:2])
    return side + side % 2 if even else side


def _matrix_bits(side: int) -> float:
    """log2 of |SL(2, Z/N)| = N**3 times (1 - 1/r**2) for each prime r that divides N."""
    bits, rest, prime = 3 * log2(side), side, 2
    while rest > 1:
        if rest % prime == 0:
            bits += log2(1 - prime**-2)
            while rest % prime == 0:
                rest //= prime
        prime += 1
    return bits
