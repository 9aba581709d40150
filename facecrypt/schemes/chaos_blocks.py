"""chaos-blocks: parts of a picture moved, then XOR with a logistic sequence (Subhashini et al.).

The paper, "Image Encryption using Convolutional Neural Network", is prose: divide into parts and
reposition them; multiply a logistic sequence by the maximum pixel value; combine bit by bit. Here
the parts are a grid of 4 x 4, the maximum is 255 (a receiver does not know a picture's own), the
sequence runs over rows, columns and channels after 3000 iterates discarded, and the operation is
XOR.

The paper calls it probabilistic, with many ciphers of one picture:
:meth:`ChaosBlocks.encrypt_fresh` derives orbit and moves from a nonce. Under one key two chosen
pictures show both stages, and one changed sample changes one sample of the cipher, whatever the
paper says of differential attacks.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import Kernels
from facecrypt.backends.arrays import reshaped
from facecrypt.backends.checks import QUANTISERS
from facecrypt.backends.operands import Gather
from facecrypt.schemes.draws import Draws
from facecrypt.schemes.fields import frozen, integers, permutations
from facecrypt.schemes.fields import inverse as inverted
from facecrypt.schemes.key import Key, factorial_bits
from facecrypt.schemes.nonces import Probabilistic
from facecrypt.schemes.pictures import Pictures
from facecrypt.schemes.registry import own
from facecrypt.schemes.streams import StreamKey

__all__ = ["ChaosBlocks", "ChaosBlocksKey"]


@dataclass(frozen=True, eq=False)
class ChaosBlocksKey(StreamKey):
    """Key of :class:`ChaosBlocks`.

    Parameters
    ----------
    parts_perm : (rows*columns,) permutation
        ``out part i = part parts_perm[i]``, numbered row by row.
    parts : (2,) integers
        Rows and columns of the grid of parts.
    mu, d0 : float, optional
        The orbit, vetted; None where `sequence` is given.
    quantiser : {"eq4", "floor255", "round255", "floor256"}
        "floor255" is the paper's product with the maximum, far from uniform: it leaves the outline
        of a picture's histogram. "eq4", Ahmad and Shin's, is near uniform.
    sequence : bytes, optional
        The keystream itself, H*W*C of the padded picture.
    allow_weak : bool
        Warn of a weak orbit, or a long one, instead of refusing it.
    """

    parts_perm: NDArray[np.int32]
    parts: NDArray[np.int32]
    mu: float | None = None
    d0: float | None = None
    quantiser: str = "eq4"
    sequence: NDArray[np.uint8] | None = None
    allow_weak: bool = field(default=False, compare=False)
    scheme: ClassVar[str] = "chaos-blocks"

    def __post_init__(self) -> None:
        self._check_stream()
        parts = integers(self.parts, "parts", 2**15, 1, dtype=np.int32, low=1)
        parts_perm = permutations(self.parts_perm, "parts_perm")
        if parts.shape != (2,) or parts_perm.size != parts.prod():
            raise ValueError(
                "parts must be rows and columns of the grid that parts_perm moves, received "
                f"{parts.tolist()} for {parts_perm.size} parts"
            )
        if self.quantiser not in QUANTISERS:
            raise ValueError(
                f"quantiser must be one of {', '.join(QUANTISERS)}, received {self.quantiser!r}"
            )
        self._set(parts_perm=parts_perm, parts=parts)

    def keystream(self, n: int) -> NDArray[np.uint8]:
        """The n bytes that are XORed."""
        return self._stream(n, self.quantiser)

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """log2 of the moves of the parts, and of mu and d0 (at most 2**112 of them)."""
        return factorial_bits(self.parts_perm.size) + self._stream_bits


@own
class ChaosBlocks(Probabilistic):
    """See the module. Pictures are padded to whole parts.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    >>> scheme, master = ChaosBlocks(), bytes(range(32))
    >>> one, nonce = scheme.encrypt_fresh(image, master)
    >>> two, other = scheme.encrypt_fresh(image, master)
    >>> bool((one == two).all())
    False
    >>> bool((scheme.decrypt_fresh(one, master, nonce) == image).all())
    True
    """

    name = "chaos-blocks"
    key_type: ClassVar[type[Key]] = ChaosBlocksKey
    keeps = "places within a part"
    chosen_pictures = 2

    def draw(
        self,
        shape: tuple[int, int, int],
        draws: Draws,
        *,
        parts: tuple[int, int] = (4, 4),
        quantiser: str = "eq4",
        allow_weak: bool = False,
    ) -> ChaosBlocksKey:
        """A key with ``parts`` rows and columns and a strong orbit; ``allow_weak`` for pictures
        of more than 2**20 samples, for which one orbit is too short."""
        mu, d0 = draws.logistic("logistic")
        moves = draws.permutation("parts_perm", int(np.prod(parts)))
        return ChaosBlocksKey(moves, np.asarray(parts), mu, d0, quantiser, None, allow_weak)

    def padded(self, key: ChaosBlocksKey, height: int, width: int) -> tuple[int, int]:
        rows, columns = key.parts.tolist()
        return -(-height // rows) * rows, -(-width // columns) * columns

    def run(
        self,
        kernels: Kernels,
        source: Pictures,
        target: Pictures,
        key: ChaosBlocksKey,
        *,
        inverse: bool,
    ) -> None:
        shape = tuple(source.shape)
        operands = key._kept(
            "_back" if inverse else "_forth",
            shape[1:],
            lambda: self._operands(key, *shape[1:], inverse=inverse),
        )
        items = shape[0], *operands.mask.shape
        kernels.gather(reshaped(source, items), reshaped(target, items), operands)

    @staticmethod
    def _operands(
        key: ChaosBlocksKey, height: int, width: int, channels: int, *, inverse: bool
    ) -> Gather:
        rows, columns = key.parts.tolist()
        # What moves as one is a row of a part.
        runs = np.arange(height * columns, dtype=np.int32).reshape(rows, -1, columns)
        runs = runs.swapaxes(1, 2).reshape(rows * columns, -1)[key.parts_perm]
        index = runs.reshape(rows, columns, -1).swapaxes(1, 2).reshape(-1)
        mask = key.keystream(height * width * channels).reshape(index.size, -1)
        if inverse:
            index = inverted(index)
            mask = mask[index]
        return Gather(frozen(np.ascontiguousarray(index)), frozen(mask))
