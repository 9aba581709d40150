"""What schemes share that treat each pixel by itself: XOR, and the order of its channels."""

from abc import abstractmethod
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facecrypt.backends import Kernels
from facecrypt.backends.operands import ORDERS, Pixels
from facecrypt.schemes.base import Scheme
from facecrypt.schemes.fields import frozen, integers
from facecrypt.schemes.key import Key
from facecrypt.schemes.pictures import Pictures

__all__ = ["PixelKey", "PixelScheme", "checked_order"]

_ORDERS = np.array(ORDERS)
_UNDO = np.array([ORDERS.index(tuple(np.argsort(o).tolist())) for o in ORDERS], np.uint8)


def checked_order(order: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """``order`` as (H, W) of 0..5, or None; it needs three channels."""
    if order is None:
        return None
    checked = integers(order, "order", len(ORDERS), 2)
    if shape[2] != 3 or checked.shape != shape[:2]:
        raise ValueError(
            f"order must have the shape {shape[:2]} of the key and needs 3 channels, "
            f"received {checked.shape} for {shape[2]}"
        )
    return checked


class PixelKey(Key):
    """A key that is an XOR mask and an order of channels for each pixel."""

    order: NDArray[np.uint8] | None

    @property
    @abstractmethod
    def mask(self) -> NDArray[np.uint8]:
        """(H, W, C): what is XORed, before the channels are ordered."""

    @cached_property
    def encrypting(self) -> Pixels:
        """Order, and the mask as it is after ordering."""
        if self.order is None:
            return Pixels(None, frozen(self.mask))
        mask = np.take_along_axis(self.mask, _ORDERS[self.order], axis=-1)
        return Pixels(self.order, frozen(mask))

    @cached_property
    def decrypting(self) -> Pixels:
        order = None if self.order is None else frozen(_UNDO[self.order])
        return Pixels(order, frozen(self.mask))


class PixelScheme(Scheme):
    """Runs the one kernel that all these schemes need."""

    elementwise: ClassVar[bool] = True

    def run(
        self, kernels: Kernels, source: Pictures, target: Pictures, key: PixelKey, *, inverse: bool
    ) -> None:
        operands = key.decrypting if inverse else key.encrypting
        if operands.mask.shape != source.shape[1:]:
            raise ValueError(
                f"this key is for pictures of {operands.mask.shape}, received {source.shape[1:]}"
            )
        kernels.pixels(source, target, operands)
