"""ele: extended learnable encryption (Madono, Tanaka, Onishi and Ogawa, 2020).

As ``le``, but each block has its own key, and then the blocks change places. The key belongs to the
place a block comes from, and the pictures to one size. Hardly learnable without a network that
undoes the move of the blocks.

Two chosen pictures show the key.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends.operands import Blocks
from facecrypt.schemes.blockwise import BlockKey, BlockScheme, check_entries
from facecrypt.schemes.draws import Draws
from facecrypt.schemes.fields import integer, integers, permutations
from facecrypt.schemes.key import Key, factorial_bits
from facecrypt.schemes.le import nibble_masks
from facecrypt.schemes.registry import own

__all__ = ["Ele", "EleKey"]


@dataclass(frozen=True, eq=False)
class EleKey(BlockKey):
    """Key of :class:`Ele`.

    Parameters
    ----------
    perms : (blocks, m) permutations
        Gather over the m nibbles of the block at each source place; m as in
        :class:`facecrypt.schemes.le.LeKey`.
    reverses_in, reverses_out : (blocks, m) bits or None
        Nibbles reversed before and after the shuffle.
    block_perm : (blocks,) permutation
        ``out block i = block block_perm[i]``.
    block : int
        Side of a block in pixels.
    """

    perms: NDArray[np.int32]
    reverses_in: NDArray[np.uint8] | None
    reverses_out: NDArray[np.uint8] | None
    block_perm: NDArray[np.int32]
    block: int = 4
    scheme: ClassVar[str] = "ele"

    def __post_init__(self) -> None:
        perms = permutations(self.perms, "perms", 2)
        block_perm = permutations(self.block_perm, "block_perm")
        block = integer(self.block, "block", 1, 64)
        check_entries(perms.shape[1], block, 2)
        if block_perm.size != len(perms):
            raise ValueError(
                f"block_perm must move the {len(perms)} blocks of perms, received {block_perm.size}"
            )
        self._set(perms=perms, block_perm=block_perm, block=block)
        for name in ("reverses_in", "reverses_out"):
            bits = getattr(self, name)
            if bits is not None:
                bits = integers(bits, name, 2, 2)
                if bits.shape != perms.shape:
                    raise ValueError(
                        f"{name} must have the shape {perms.shape} of perms, received {bits.shape}"
                    )
                self._set(**{name: bits})

    @property
    def channels(self) -> int:
        return check_entries(self.perms.shape[1], self.block, 2)

    def plan(self) -> Blocks:
        mask = nibble_masks(self.perms, self.reverses_in, self.reverses_out)
        return Blocks(
            self.sides,
            nibbles=True,
            perm=self.perms,
            mask=mask,
            which=self.block_perm,
            source=self.block_perm,
        )

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """log2 of m! for each block, m for reversal (two masks act as one), and log2 of blocks!."""
        blocks, entries = self.perms.shape
        reversal = 0 if self.reverses_in is None and self.reverses_out is None else entries
        return blocks * (factorial_bits(entries) + reversal) + factorial_bits(blocks)


@own
class Ele(BlockScheme):
    """See the module. Pictures are padded to whole blocks.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(75, dtype=np.uint8).reshape(5, 5, 3)
    >>> key = Ele().random_key(image.shape, np.random.default_rng(1))
    >>> cipher = Ele().encrypt(image, key)
    >>> bool((Ele().decrypt(cipher, key, shape=image.shape) == image).all())
    True
    """

    name = "ele"
    key_type: ClassVar[type[Key]] = EleKey
    keeps = "which samples share a block"
    chosen_pictures = 2

    def draw(self, shape: tuple[int, int, int], draws: Draws, *, block: int = 4) -> EleKey:
        """A key of ``block`` with independent reversal before the shuffle."""
        block = integer(block, "block", 1, 64)
        blocks = -(-shape[0] // block) * -(-shape[1] // block)
        size = 2 * shape[2] * block**2
        return EleKey(
            draws.permutations("perms", blocks, size),
            draws.integers("reverses", 2, (blocks, size)),
            None,
            draws.permutation("block_perm", blocks),
            block,
        )
