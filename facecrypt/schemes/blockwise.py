"""What schemes share that shuffle within square blocks, and perhaps move the blocks."""

from functools import cached_property

import numpy as np

from facecrypt.backends import Kernels
from facecrypt.backends.arrays import reshaped
from facecrypt.backends.operands import Blocks
from facecrypt.schemes.base import Scheme
from facecrypt.schemes.fields import frozen
from facecrypt.schemes.fields import inverse as inverted
from facecrypt.schemes.key import Key
from facecrypt.schemes.pictures import Pictures

__all__ = ["BlockKey", "BlockScheme", "check_entries"]


class BlockKey(Key):
    """A key whose pictures are cut into blocks of ``block`` x ``block`` pixels."""

    block: int

    @property
    def channels(self) -> int:
        """Of the pictures: the key's tables are as long as a block has samples."""
        raise NotImplementedError

    @property
    def sides(self) -> tuple[int, int]:
        """Rows of a block, and bytes of each."""
        return self.block, self.block * self.channels

    def plan(self) -> Blocks:
        """Operands that encrypt."""
        raise NotImplementedError

    @cached_property
    def encrypting(self) -> Blocks:
        return _frozen(self.plan())

    @cached_property
    def decrypting(self) -> Blocks:
        return _frozen(_inverse(self.encrypting))


def _frozen(operands: Blocks) -> Blocks:
    block, nibbles, perm, mask, which, source = operands
    which = None if which is None else frozen(which)
    source = None if source is None else frozen(source)
    return Blocks(block, nibbles, frozen(perm), frozen(mask), which, source)


def _inverse(operands: Blocks) -> Blocks:
    # w[j] = v[perm[j]] ^ mask[j]  <=>  v[i] = w[inv[i]] ^ mask[inv[i]]
    perm = inverted(operands.perm)
    undone = operands._replace(perm=perm, mask=np.take_along_axis(operands.mask, perm, axis=-1))
    if operands.source is None:
        return undone
    back = inverted(operands.source)
    which = None if operands.which is None else operands.which[back]
    return undone._replace(which=which, source=back)


class BlockScheme(Scheme):
    """Pads to whole blocks and runs the one kernel that all these schemes need."""

    def padded(self, key: BlockKey, height: int, width: int) -> tuple[int, int]:
        return -(-height // key.block) * key.block, -(-width // key.block) * key.block

    def run(
        self, kernels: Kernels, source: Pictures, target: Pictures, key: BlockKey, *, inverse: bool
    ) -> None:
        count, height, width, channels = source.shape
        blocks = (height // key.block) * (width // key.block)
        operands = key.decrypting if inverse else key.encrypting
        if channels != key.channels:
            raise ValueError(f"this key is for {key.channels} channels, received {channels}")
        if operands.source is not None and operands.source.size != blocks:
            raise ValueError(
                f"this key is for {operands.source.size} blocks of {key.block} x {key.block} "
                f"pixels, received {blocks}: pictures of {height} x {width}, padded"
            )
        rows = count, height, width * channels
        kernels.blocks(reshaped(source, rows), reshaped(target, rows), operands)


def check_entries(entries: int, block: int, each: int) -> int:
    """Channels of a key with so many entries a block, `each` of them a sample."""
    for channels in (1, 3):
        if entries == block * block * channels * each:
            return channels
    raise ValueError(
        f"blocks of {block} x {block} pixels have {block * block * each} entries for gray and "
        f"{3 * block * block * each} for RGB, received {entries}"
    )
