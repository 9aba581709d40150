"""etc: block scrambling for encryption-then-compression (Chuman, Sirichotedumrong and Kiya, 2019).

Blocks change places; each is turned, mirrored, negated, and in the colour-based variant its
channels are put into one of six orders. Within a block neighbours stay neighbours, so that JPEG
still compresses the cipher. The grayscale-based variant takes gray pictures: :func:`side_by_side`
makes one of the three planes of an RGB picture. The papers convert to YCbCr first; that rounds, so
it is left to the caller, before encryption, and what it loses does not come back.

One chosen picture of random 7-bit blocks shows the key.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import log2
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import ORDERS
from facecrypt.backends.operands import Blocks
from facecrypt.schemes.blockwise import BlockKey, BlockScheme
from facecrypt.schemes.draws import Draws
from facecrypt.schemes.fields import integer, integers, permutations
from facecrypt.schemes.key import Key, factorial_bits
from facecrypt.schemes.pictures import Pictures, as_batch
from facecrypt.schemes.registry import own

__all__ = ["Etc", "EtcKey", "planes_of", "side_by_side"]


@dataclass(frozen=True, eq=False)
class EtcKey(BlockKey):
    """Key of :class:`Etc`; each array says what becomes of the block in that place of the cipher.

    Parameters
    ----------
    block_perm : (blocks,) permutation
        ``out block i = block block_perm[i]``, then in this order:
    rotate : (blocks,) integers 0..3
        Quarter turns, counter-clockwise.
    flip : (blocks,) bits
        Mirrored left to right.
    negate : (blocks,) bits
        ``255 - v``.
    colour : (blocks,) integers 0..5, optional
        Order of the channels, a row of :data:`facecrypt.backends.ORDERS`. With it the key is
        for RGB pictures, without it for gray ones.
    block : int
        Side of a block in pixels.
    """

    block_perm: NDArray[np.int32]
    rotate: NDArray[np.uint8]
    flip: NDArray[np.uint8]
    negate: NDArray[np.uint8]
    colour: NDArray[np.uint8] | None = None
    block: int = 16
    scheme: ClassVar[str] = "etc"

    def __post_init__(self) -> None:
        block_perm = permutations(self.block_perm, "block_perm")
        self._set(block_perm=block_perm, block=integer(self.block, "block", 1, 64))
        for name, high in (("rotate", 4), ("flip", 2), ("negate", 2), ("colour", len(ORDERS))):
            value = getattr(self, name)
            if value is None and name == "colour":
                continue
            value = integers(value, name, high, 1)
            if value.shape != block_perm.shape:
                raise ValueError(
                    f"{name} must have an entry for each of {block_perm.size} blocks, "
                    f"received {value.size}"
                )
            self._set(**{name: value})

    @property
    def channels(self) -> int:
        return 1 if self.colour is None else 3

    def plan(self) -> Blocks:
        perm, mask = _kinds(self.block, self.channels)
        which = self.rotate.astype(np.int32) * 2 + self.flip
        if self.colour is not None:
            which = which * len(ORDERS) + self.colour
        return Blocks(
            self.sides,
            nibbles=False,
            perm=perm,
            mask=mask,
            which=which * 2 + self.negate,
            source=self.block_perm,
        )

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """log2 of blocks!, and for each block 3 bits of turn and mirror, one of negation, and
        log2 6 of colour: all keys differ, but for blocks of one pixel, which do not turn."""
        each = (3 if self.block > 1 else 0) + 1 + (log2(6) if self.channels == 3 else 0)
        return factorial_bits(self.block_perm.size) + each * self.block_perm.size


@own
class Etc(BlockScheme):
    """See the module. Pictures are padded to whole blocks.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    >>> key = Etc().random_key(image.shape, np.random.default_rng(1), block=2)
    >>> bool((Etc().decrypt(Etc().encrypt(image, key), key) == image).all())
    True
    """

    name = "etc"
    key_type: ClassVar[type[Key]] = EtcKey
    keeps = "smoothness within blocks: JPEG still compresses"
    chosen_pictures = 1

    def draw(
        self, shape: tuple[int, int, int], draws: Draws, *, block: int | None = None
    ) -> EtcKey:
        """A key of ``block``: by default 16 for RGB, as JPEG 4:2:0 wants it, and 8 for gray."""
        block = integer((16 if shape[2] == 3 else 8) if block is None else block, "block", 1, 64)
        blocks = (-(-shape[0] // block) * -(-shape[1] // block),)
        return EtcKey(
            draws.permutation("block_perm", blocks[0]),
            draws.integers("rotate", 4, blocks),
            draws.integers("flip", 2, blocks),
            draws.integers("negate", 2, blocks),
            draws.integers("colour", len(ORDERS), blocks) if shape[2] == 3 else None,
            block,
        )


def side_by_side(images: Pictures) -> Pictures:
    """(..., H, W, 3) to (..., H, 3*W, 1): red, green and blue plane from left to right."""
    batch = as_batch(images)
    if images.ndim < 3 or batch.shape[-1] != 3:
        raise ValueError(f"expected RGB pictures (..., H, W, 3), received {images.shape}")
    height, width, channels = batch.shape[1:]
    planes = batch.transpose(0, 1, 3, 2).reshape(-1, height, channels * width, 1)
    return planes if images.ndim == 4 else planes[0]


def planes_of(images: Pictures) -> Pictures:
    """(..., H, 3*W, 1) to (..., H, W, 3): the inverse of :func:`side_by_side`.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    >>> bool((planes_of(side_by_side(image)) == image).all())
    True
    """
    batch = as_batch(images)
    height, width, channels = batch.shape[1:]
    if images.ndim < 3 or channels != 1 or width % 3:
        raise ValueError(f"expected gray pictures (..., H, 3*W, 1), received {images.shape}")
    pictures = batch.reshape(-1, height, 3, width // 3).transpose(0, 1, 3, 2)
    return np.ascontiguousarray(pictures if images.ndim == 4 else pictures[0])


@lru_cache(maxsize=8)
def _kinds(block: int, channels: int) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """perm and mask of all that can become of a block, by turn, mirror, colour and negation."""
    samples = np.arange(block * block * channels, dtype=np.int32).reshape(block, block, channels)
    perm = [
        view[..., list(order)].reshape(-1)
        for turn in range(4)
        for view in (np.rot90(samples, turn), np.rot90(samples, turn)[:, ::-1])
        for order in (ORDERS if channels == 3 else ((0,),))
        for _ in range(2)
    ]
    mask = np.tile(np.array([[0], [255]], np.uint8), (len(perm) // 2, samples.size))
    return np.array(perm, np.int32), mask
