"""What schemes share that shuffle within square blocks, and perhaps move the blocks."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import Kernels
from facecrypt.backends.arrays import reshaped
from facecrypt.schemes.base import Scheme
from facecrypt.schemes.fields import frozen
from facecrypt.schemes.fields import inverse as inverted
from facecrypt.schemes.key import Key
from facecrypt.schemes.pictures import Pictures

__all__ = ["BlockKey", "BlockPlan", "BlockScheme", "check_entries"]


@dataclass(frozen=True)
class BlockPlan:
    """Operands of the kernel ``blocks``; a lone row in `perm` serves every block."""

    perm: NDArray[np.int32]
    mask: NDArray[np.uint8]
    which: NDArray[np.int32] | None = None
    source: NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        for name, array in vars(self).items():
            if array is not None:
                object.__setattr__(self, name, frozen(array))

    def inverse(self) -> "BlockPlan":
        # w[j] = v[perm[j]] ^ mask[j]  <=>  v[i] = w[inv[i]] ^ mask[inv[i]]
        perm = inverted(self.perm)
        mask = np.take_along_axis(self.mask, perm, axis=-1)
        if self.source is None:
            return BlockPlan(perm, mask, self.which)
        back = inverted(self.source)
        return BlockPlan(perm, mask, None if self.which is None else self.which[back], back)


class BlockKey(Key):
    """A key whose pictures are cut into blocks of ``block`` x ``block`` pixels."""

    nibbles: ClassVar[bool] = False
    block: int
    channels: int

    def plan(self) -> BlockPlan:
        raise NotImplementedError

    @cached_property
    def encrypting(self) -> BlockPlan:
        return self.plan()

    @cached_property
    def decrypting(self) -> BlockPlan:
        return self.encrypting.inverse()


class BlockScheme(Scheme):
    """Pads to whole blocks and runs the one kernel that all these schemes need."""

    def padded(self, key: BlockKey, height: int, width: int) -> tuple[int, int]:
        return -(-height // key.block) * key.block, -(-width // key.block) * key.block

    def run(
        self, kernels: Kernels, source: Pictures, target: Pictures, key: BlockKey, *, inverse: bool
    ) -> None:
        count, height, width, channels = source.shape
        blocks = (height // key.block) * (width // key.block)
        plan = key.decrypting if inverse else key.encrypting
        first, all_of_them = _in_place(blocks)
        if channels != key.channels:
            raise ValueError(f"this key is for {key.channels} channels, received {channels}")
        if plan.source is not None and plan.source.size != blocks:
            raise ValueError(
                f"this key is for {plan.source.size} blocks of {key.block} x {key.block} pixels, "
                f"received {blocks}: pictures of {height} x {width}, padded"
            )
        kernels.blocks(
            reshaped(source, (count, height, width * channels)),
            reshaped(target, (count, height, width * channels)),
            block=(key.block, key.block * channels),
            nibbles=key.nibbles,
            perm=plan.perm,
            mask=plan.mask,
            which=first if plan.which is None else plan.which,
            source=all_of_them if plan.source is None else plan.source,
            threads=None,
        )


@lru_cache(maxsize=8)
def _in_place(blocks: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """`which` and `source` of blocks that one row serves, and that stay where they are."""
    return frozen(np.zeros(blocks, np.int32)), frozen(np.arange(blocks, dtype=np.int32))


def check_entries(entries: int, block: int, each: int) -> int:
    """Channels of a key with so many entries a block, `each` of them a sample."""
    for channels in (1, 3):
        if entries == block * block * channels * each:
            return channels
    raise ValueError(
        f"blocks of {block} x {block} pixels have {block * block * each} entries for gray and "
        f"{3 * block * block * each} for RGB, received {entries}"
    )
