"""pbe: pixel-based encryption (Sirichotedumrong, Kinoshita and Kiya, 2019).

Each sample is negated or not, ``p XOR 255`` where its key bit is 1; then, optionally, the channels
of each pixel are put into one of six orders. Same place, same size, no block: networks of 1x1
convolutions and augmentation by flips and shifts still work.

One chosen picture, all of one value, shows every bit of a key that is used twice.
"""

from dataclasses import dataclass
from math import log2
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.schemes.draws import Draws
from facecrypt.schemes.fields import integers
from facecrypt.schemes.key import Key
from facecrypt.schemes.pixelwise import PixelKey, PixelScheme, checked_order
from facecrypt.schemes.registry import own

__all__ = ["Pbe", "PbeKey"]


@dataclass(frozen=True, eq=False)
class PbeKey(PixelKey):
    """Key of :class:`Pbe`.

    Parameters
    ----------
    negate : (H, W, C) bits
        C of 1 or 3.
    order : (H, W) integers 0..5, optional
        Of the channels after negation, a row of :data:`facecrypt.backends.ORDERS`. RGB only.
    """

    negate: NDArray[np.uint8]
    order: NDArray[np.uint8] | None = None
    scheme: ClassVar[str] = "pbe"

    def __post_init__(self) -> None:
        negate = integers(self.negate, "negate", 2, 3)
        self._set(negate=negate, order=checked_order(self.order, negate.shape))

    @property
    def mask(self) -> NDArray[np.uint8]:
        return self.negate * np.uint8(255)

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """One bit a sample and log2 6 a pixel: as the paper claims, all keys differ."""
        return self.negate.size + (0 if self.order is None else self.order.size * log2(6))


@own
class Pbe(PixelScheme):
    """See the module.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    >>> key = Pbe().random_key(image.shape, np.random.default_rng(1))
    >>> bool((Pbe().decrypt(Pbe().encrypt(image, key), key) == image).all())
    True
    """

    name = "pbe"
    key_type: ClassVar[type[Key]] = PbeKey
    keeps = "place of every pixel"
    chosen_pictures = 1

    def draw(self, shape: tuple[int, int, int], draws: Draws, *, shuffle: bool = True) -> PbeKey:
        """A key; for RGB, unless not `shuffle`, with an order of the channels of each pixel."""
        ordered = shuffle and shape[2] == 3
        order = draws.integers("order", 6, shape[:2]) if ordered else None
        return PbeKey(draws.integers("negate", 2, shape), order)
