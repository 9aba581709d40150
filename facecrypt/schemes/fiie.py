"""fiie: XOR of the faces of a picture with a logistic key image ("Research on Face Image Encryption
Algorithm Based on Deep Learning").

A key image of the size of the picture, by rows, columns and channels, is cut out by a mask of the
boxes that a detector found: ``((p XOR K) AND 255*mask) + (p AND 255*(1 - mask))``. Here the mask is
the union of the regions, for to XOR box by box gives the plain pixels back where two overlap, and
the key image does not depend on them.

The boxes have to be kept with the cipher: no detector finds them in it. One picture whose face is
known shows K there, for all others under the same key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import Kernels
from facecrypt.backends.operands import Pixels
from facecrypt.regions import Region, claims
from facecrypt.schemes.base import Scheme
from facecrypt.schemes.draws import Draws
from facecrypt.schemes.key import Key
from facecrypt.schemes.pictures import Pictures
from facecrypt.schemes.registry import own
from facecrypt.schemes.streams import StreamKey

__all__ = ["Fiie", "FiieKey"]


@dataclass(frozen=True, eq=False)
class FiieKey(StreamKey):
    """Key of :class:`Fiie`.

    Parameters
    ----------
    mu, d0 : float, optional
        The orbit, vetted; None where `sequence` is given.
    sequence : bytes, optional
        The key image itself, H*W*C bytes.
    allow_weak : bool
        Warn of a weak orbit, or a long one, instead of refusing it.
    """

    mu: float | None = None
    d0: float | None = None
    sequence: NDArray[np.uint8] | None = None
    allow_weak: bool = field(default=False, compare=False)
    scheme: ClassVar[str] = "fiie"

    def __post_init__(self) -> None:
        self._check_stream()

    def keystream(self, n: int) -> NDArray[np.uint8]:
        """The n bytes of the key image."""
        return self._stream(n)

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """log2 of the pairs of mu and d0, at most 2**112, whatever the picture's size."""
        return self._stream_bits


@own
class Fiie(Scheme):
    """See the module.

    Examples
    --------
    >>> import numpy as np
    >>> image, face = np.zeros((4, 4, 3), np.uint8), Region(1, 1, 3, 3)
    >>> key = FiieKey(3.995, 0.41)
    >>> cipher = Fiie().encrypt(image, key, [face])
    >>> cipher[0].any(), cipher[1, 1].any()
    (np.False_, np.True_)
    >>> bool((Fiie().decrypt(cipher, key, [face]) == image).all())
    True
    """

    name = "fiie"
    key_type: ClassVar[type[Key]] = FiieKey
    keeps = "all outside the regions"
    chosen_pictures = 1
    takes_regions = True
    elementwise = True

    def draw(
        self, shape: tuple[int, int, int], draws: Draws, *, allow_weak: bool = False
    ) -> FiieKey:
        """A strong orbit; ``allow_weak`` for pictures of more than 2**20 samples, for which one
        orbit is too short."""
        mu, d0 = draws.logistic("logistic")
        return FiieKey(mu, d0, None, allow_weak)

    def run(
        self,
        kernels: Kernels,
        source: Pictures,
        target: Pictures,
        key: FiieKey,
        *,
        inverse: bool,
        regions: Sequence[Region] | None = None,
    ) -> None:
        _, height, width, channels = source.shape
        mask = key.keystream(height * width * channels).reshape(height, width, channels)
        if regions is not None:
            mask = mask * _inside(regions, height, width)
        kernels.pixels(source, target, Pixels(None, mask))


def _inside(regions: Sequence[Region], height: int, width: int) -> NDArray[np.uint8]:
    """(H, W, 1): 1 in the union of the regions."""
    inside = np.zeros((height, width, 1), np.uint8)
    clipped = [region.clip(height, width) for region in regions]
    for claim in claims([region for region in clipped if region], height, width):
        inside[claim.y0 : claim.y1, claim.x0 : claim.x1, 0] |= (
            np.uint8(1) if claim.mask is None else claim.mask
        )
    return inside
