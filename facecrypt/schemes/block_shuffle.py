"""block-shuffle: naive block-wise pixel shuffle, the baseline of Tanaka (2018).

The samples of every block are shuffled by one permutation. No value changes: edges, and the
histogram of each block, stay visible.

One chosen block with its samples numbered shows the key.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends.operands import Blocks
from facecrypt.schemes.blockwise import BlockKey, BlockScheme, check_entries
from facecrypt.schemes.draws import Draws
from facecrypt.schemes.fields import integer, permutations
from facecrypt.schemes.key import Key, factorial_bits
from facecrypt.schemes.registry import own

__all__ = ["BlockShuffle", "BlockShuffleKey"]


@dataclass(frozen=True, eq=False)
class BlockShuffleKey(BlockKey):
    """Key of :class:`BlockShuffle`.

    Parameters
    ----------
    perm : (d,) permutation
        Gather over the d samples of a block, by row, column and channel: b*b or 3*b*b of them.
    block : int
        b, side of a block in pixels.
    """

    perm: NDArray[np.int32]
    block: int = 4
    scheme: ClassVar[str] = "block-shuffle"

    def __post_init__(self) -> None:
        perm = permutations(self.perm, "perm")
        block = integer(self.block, "block", 1, 64)
        check_entries(perm.size, block, 1)
        self._set(perm=perm, block=block)

    @property
    def channels(self) -> int:
        return check_entries(self.perm.size, self.block, 1)

    def plan(self) -> Blocks:
        mask = np.zeros((1, self.perm.size), np.uint8)
        return Blocks(self.sides, nibbles=False, perm=self.perm[None], mask=mask)

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """log2 of d!: all keys differ."""
        return factorial_bits(self.perm.size)


@own
class BlockShuffle(BlockScheme):
    """See the module. Pictures are padded to whole blocks.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(4, dtype=np.uint8).reshape(2, 2)
    >>> BlockShuffle().encrypt(image, BlockShuffleKey([3, 0, 1, 2], block=2))
    array([[3, 0],
           [1, 2]], dtype=uint8)
    """

    name = "block-shuffle"
    key_type: ClassVar[type[Key]] = BlockShuffleKey
    keeps = "place of blocks, their histograms, edges"
    chosen_pictures = 1

    def draw(self, shape: tuple[int, int, int], draws: Draws, *, block: int = 4) -> BlockShuffleKey:
        """A key of ``block``."""
        size = shape[2] * integer(block, "block", 1, 64) ** 2
        return BlockShuffleKey(draws.permutation("perm", size), block)
