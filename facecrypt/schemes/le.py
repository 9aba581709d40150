"""le: learnable image encryption (Tanaka, 2018).

Every block of b x b pixels is a vector of nibbles, the low halves of its samples and then the high
ones. Some are reversed (``15 - v``), then all are shuffled and put back in pairs. All blocks have
one key, so that a network whose first layer looks at whole blocks can learn.

One chosen picture, two blocks of it, shows the key.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facecrypt.backends.operands import Blocks
from facecrypt.schemes.blockwise import BlockKey, BlockScheme, check_entries
from facecrypt.schemes.draws import Draws
from facecrypt.schemes.fields import integer, integers, permutations
from facecrypt.schemes.key import Key, factorial_bits
from facecrypt.schemes.registry import own

__all__ = ["Le", "LeKey", "nibble_masks"]


def nibble_masks(
    perm: NDArray[np.int32],
    reverse_in: NDArray[np.uint8] | None,
    reverse_out: NDArray[np.uint8] | None,
) -> NDArray[np.uint8]:
    """Reversal before and after the shuffle as one XOR after it, 15 or 0, along the last axis."""
    mask = np.zeros(perm.shape, np.uint8)
    if reverse_in is not None:
        mask ^= np.take_along_axis(reverse_in, perm, axis=-1)
    if reverse_out is not None:
        mask ^= reverse_out
    return mask * np.uint8(15)


@dataclass(frozen=True, eq=False)
class LeKey(BlockKey):
    """Key of :class:`Le`.

    Parameters
    ----------
    perm : (m,) permutation
        Gather over the m nibbles of a block: m = 2*b*b for gray, 6*b*b for RGB.
    reverse_in, reverse_out : (m,) bits, optional
        Nibbles reversed before and after the shuffle.
    block : int
        b, side of a block in pixels.
    """

    perm: NDArray[np.int32]
    reverse_in: NDArray[np.uint8] | None = None
    reverse_out: NDArray[np.uint8] | None = None
    block: int = 4
    scheme: ClassVar[str] = "le"

    def __post_init__(self) -> None:
        perm = permutations(self.perm, "perm")
        block = integer(self.block, "block", 1, 64)
        check_entries(perm.size, block, 2)
        self._set(perm=perm, block=block)
        for name in ("reverse_in", "reverse_out"):
            bits = getattr(self, name)
            if bits is not None:
                bits = integers(bits, name, 2, 1)
                if bits.shape != perm.shape:
                    raise ValueError(
                        f"{name} must have {perm.size} bits as perm has, received {bits.size}"
                    )
                self._set(**{name: bits})

    @classmethod
    def tanaka2018(cls, perm: ArrayLike, block: int = 4) -> Self:
        """As the author's code has it: the same nibbles reversed before and after the shuffle,
        those where ``perm[j] > m/2``."""
        perm = permutations(perm, "perm")
        reverse = (perm > perm.size // 2).astype(np.uint8)
        return cls(perm, reverse, reverse, block)

    @property
    def channels(self) -> int:
        return check_entries(self.perm.size, self.block, 2)

    def plan(self) -> Blocks:
        mask = nibble_masks(self.perm, self.reverse_in, self.reverse_out)
        return Blocks(self.sides, nibbles=True, perm=self.perm[None], mask=mask[None])

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """log2 of m!, and m for reversal, for the two masks act as one; of preset tanaka2018, and
        without reversal, only m!."""
        shuffles = factorial_bits(self.perm.size)
        none = self.reverse_in is None and self.reverse_out is None
        if none or self == LeKey.tanaka2018(self.perm, self.block):
            return shuffles
        return shuffles + self.perm.size


@own
class Le(BlockScheme):
    """See the module. Pictures are padded to whole blocks.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(75, dtype=np.uint8).reshape(5, 5, 3)
    >>> key = Le().random_key(image.shape, np.random.default_rng(1))
    >>> cipher = Le().encrypt(image, key)
    >>> cipher.shape
    (8, 8, 3)
    >>> bool((Le().decrypt(cipher, key, shape=image.shape) == image).all())
    True
    """

    name = "le"
    key_type: ClassVar[type[Key]] = LeKey
    keeps = "place of every block"
    chosen_pictures = 1

    def draw(
        self,
        shape: tuple[int, int, int],
        draws: Draws,
        *,
        block: int = 4,
        preset: str = "tanaka2018",
    ) -> LeKey:
        """A key of ``block`` and ``preset``: "tanaka2018" as the author's code, or "paper", where
        independent nibbles are reversed before the shuffle only."""
        size = 2 * shape[2] * integer(block, "block", 1, 64) ** 2
        perm = draws.permutation("perm", size)
        if preset == "tanaka2018":
            return LeKey.tanaka2018(perm, block)
        if preset == "paper":
            return LeKey(perm, draws.integers("reverse", 2, (size,)), None, block)
        raise ValueError(f"preset must be 'tanaka2018' or 'paper', received {preset!r}")
