"""logistic-pixel: logistic keystream on selected samples (Ahmad and Shin, 2022).

Selected samples are XORed with the bytes of one logistic orbit (Algorithm 2, equations 3 to 5),
then the channels of each pixel are put into one of six orders. Like ``pbe`` it leaves every pixel
in its place, and under a key that is used twice it is no stronger: a zero picture shows the whole
mask, though the paper's own attack (Algorithm 1) looks past it.
"""

from dataclasses import dataclass, field
from functools import cached_property
from math import log2
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.schemes.draws import Draws
from facecrypt.schemes.fields import integers
from facecrypt.schemes.key import Key
from facecrypt.schemes.pixelwise import PixelKey, PixelScheme, checked_order
from facecrypt.schemes.registry import own
from facecrypt.schemes.streams import StreamKey

__all__ = ["LAYOUTS", "LogisticPixel", "LogisticPixelKey"]

LAYOUTS = ("planar", "interleaved", "shared")


@dataclass(frozen=True, eq=False)
class LogisticPixelKey(PixelKey, StreamKey):
    """Key of :class:`LogisticPixel`.

    Parameters
    ----------
    mu, d0 : float, optional
        The orbit, vetted; None where `sequence` is given.
    select : (H, W, C) bits
        Samples that are XORed.
    order : (H, W) integers 0..5, optional
        Of the channels after XOR, a row of :data:`facecrypt.backends.ORDERS`. RGB only.
    layout : {"planar", "interleaved", "shared"}
        Byte ``c*H*W + i``, ``i*C + c`` or ``i`` of the stream goes to channel c of pixel i.
    sequence : H*W*C bytes (shared: H*W), optional
        The keystream itself, in the order of the stream.
    allow_weak : bool
        Warn of a weak orbit, or a long one, instead of refusing it.
    """

    mu: float | None
    d0: float | None
    select: NDArray[np.uint8]
    order: NDArray[np.uint8] | None = None
    layout: str = "planar"
    sequence: NDArray[np.uint8] | None = None
    allow_weak: bool = field(default=False, compare=False)
    scheme: ClassVar[str] = "logistic-pixel"

    def __post_init__(self) -> None:
        self._check_stream()
        select = integers(self.select, "select", 2, 3)
        order = checked_order(self.order, select.shape)
        if self.layout not in LAYOUTS:
            raise ValueError(
                f"layout must be one of {', '.join(LAYOUTS)}, received {self.layout!r}"
            )
        self._set(select=select, order=order)
        if self.sequence is not None and self.sequence.size != self._length:
            raise ValueError(
                f"sequence must have {self._length} bytes for layout {self.layout!r} of "
                f"{select.shape}, received {self.sequence.size}"
            )

    @property
    def _length(self) -> int:
        height, width, channels = self.select.shape
        return height * width * (1 if self.layout == "shared" else channels)

    @cached_property
    def mask(self) -> NDArray[np.uint8]:
        stream = self._stream(self._length)
        height, width, channels = self.select.shape
        if self.layout == "interleaved":
            laid = stream.reshape(height, width, channels)
        else:
            laid = stream.reshape(-1, height, width).transpose(1, 2, 0)
        return np.ascontiguousarray(laid * self.select)

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """What differs: mu and d0 (at most 2**112 of them) and a bit a sample, but no more than
        8 bits a sample, for only the product of stream and selection counts; and log2 6 a pixel
        for the order. The paper claims 9 bits a sample."""
        mask = min(self._stream_bits + self.select.size, 8.0 * self.select.size)
        return mask + (0 if self.order is None else self.order.size * log2(6))


@own
class LogisticPixel(PixelScheme):
    """See the module.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    >>> scheme = LogisticPixel()
    >>> key = scheme.derive_key(image.shape, bytes(range(32)))
    >>> bool((scheme.decrypt(scheme.encrypt(image, key), key) == image).all())
    True
    """

    name = "logistic-pixel"
    key_type: ClassVar[type[Key]] = LogisticPixelKey
    keeps = "place of every pixel"
    chosen_pictures = 2

    def draw(
        self, shape: tuple[int, int, int], draws: Draws, *, layout: str = "planar"
    ) -> LogisticPixelKey:
        """A key with a strong orbit; for RGB with an order of the channels of each pixel."""
        mu, d0 = draws.logistic("logistic")
        select = draws.integers("select", 2, shape)
        order = draws.integers("order", 6, shape[:2]) if shape[2] == 3 else None
        return LogisticPixelKey(mu, d0, select, order, layout)
