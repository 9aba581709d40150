"""coupling-cnn and chaos-cnn: a keyed convolution network that has an exact inverse.

Subhashini et al. speak of encryption by a convolutional neural network, of convolution and a
nonlinear activation, and define no layer, key or inverse. What follows is ours. The samples of a
picture are two halves, as the squares of a chessboard over rows, columns and channels. In each
round one half goes through a network of two 3 x 3 convolutions with 8 hidden planes and a
rectifier, in integers; what comes out is added mod 256 to the other half; then they change roles.
To decrypt, subtract, last round first (additive coupling: Dinh, Krueger and Bengio, NICE, 2015).
Weights and biases are the key. Nothing is trained.

``chaos-cnn`` is the paper's pipeline: ``chaos-blocks`` and then this.

Convolution treats all places alike: away from its border a flat picture becomes a flat chessboard,
and a moved object leaves the same trace. A sample reaches 2 pixels further each round, so one
changed sample changes at most the 17 x 17 pixels around it. No secrecy is claimed.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import Kernels
from facecrypt.backends.arrays import empty_like
from facecrypt.backends.operands import Coupling
from facecrypt.schemes.chaos_blocks import ChaosBlocks, ChaosBlocksKey
from facecrypt.schemes.draws import Draws
from facecrypt.schemes.fields import integer, integers
from facecrypt.schemes.key import Key, factorial_bits
from facecrypt.schemes.nonces import Probabilistic
from facecrypt.schemes.pictures import Pictures
from facecrypt.schemes.registry import own

__all__ = ["ChaosCnn", "ChaosCnnKey", "CouplingCnn", "CouplingCnnKey"]


@dataclass(frozen=True, eq=False)
class CouplingCnnKey(Key):
    """Key of :class:`CouplingCnn`, for pictures of C channels of any size.

    Parameters
    ----------
    first : (rounds, hidden, C, 3, 3) integers -128..127
        Weights of the first convolution, by row and column; at most 64 hidden planes.
    first_bias : (rounds, hidden) integers -128..127
    second : (rounds, C, hidden, 3, 3) integers -128..127
        Weights of the second convolution.
    second_bias : (rounds, C) integers 0..255
    """

    first: NDArray[np.int8]
    first_bias: NDArray[np.int8]
    second: NDArray[np.int8]
    second_bias: NDArray[np.uint8]
    scheme: ClassVar[str] = "coupling-cnn"

    def __post_init__(self) -> None:
        for name, ndim in (("first", 5), ("first_bias", 2), ("second", 5)):
            value = integers(getattr(self, name), name, 128, ndim, dtype=np.int8, low=-128)
            self._set(**{name: value})
        self._set(second_bias=integers(self.second_bias, "second_bias", 256, 2))
        rounds, hidden, channels = self.first.shape[:3]
        integer(hidden, "number of hidden planes", 1, 64)
        expected = {
            "first": (rounds, hidden, channels, 3, 3),
            "first_bias": (rounds, hidden),
            "second": (rounds, channels, hidden, 3, 3),
            "second_bias": (rounds, channels),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(
                    f"{name} must have the shape {shape} to fit the others, "
                    f"received {getattr(self, name).shape}"
                )

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """8 bits a weight and bias, less log2 of hidden! a round, for the order of the hidden
        planes does not show. Other keys may act alike too: an upper bound."""
        parts = (self.first, self.first_bias, self.second, self.second_bias)
        rounds, hidden = self.first_bias.shape
        return sum(8 * part.size for part in parts) - rounds * factorial_bits(hidden)


@dataclass(frozen=True, eq=False)
class ChaosCnnKey(Key):
    """Key of :class:`ChaosCnn`: one for each stage."""

    chaos: ChaosBlocksKey
    cnn: CouplingCnnKey
    scheme: ClassVar[str] = "chaos-cnn"

    def __post_init__(self) -> None:
        for name, kind in (("chaos", ChaosBlocksKey), ("cnn", CouplingCnnKey)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(f"{name} must be a {kind.__name__}, received {value!r}")

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """The sum of the two stages."""
        return self.chaos.space_bits(shape) + self.cnn.space_bits(shape)


@own
class CouplingCnn(Probabilistic):
    """See the module.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    >>> key = CouplingCnn().random_key(image.shape, np.random.default_rng(1))
    >>> bool((CouplingCnn().decrypt(CouplingCnn().encrypt(image, key), key) == image).all())
    True
    """

    name = "coupling-cnn"
    key_type: ClassVar[type[Key]] = CouplingCnnKey
    keeps = "flat areas stay flat"
    elementwise: ClassVar[bool] = True

    def draw(
        self, shape: tuple[int, int, int], draws: Draws, *, rounds: int = 4, hidden: int = 8
    ) -> CouplingCnnKey:
        """A key of so many ``rounds`` and ``hidden`` planes."""
        channels = shape[2]
        return CouplingCnnKey(
            draws.integers("first", 256, (rounds, hidden, channels, 3, 3)).view(np.int8),
            draws.integers("first_bias", 256, (rounds, hidden)).view(np.int8),
            draws.integers("second", 256, (rounds, channels, hidden, 3, 3)).view(np.int8),
            draws.integers("second_bias", 256, (rounds, channels)),
        )

    def run(
        self,
        kernels: Kernels,
        source: Pictures,
        target: Pictures,
        key: CouplingCnnKey,
        *,
        inverse: bool,
    ) -> None:
        if source.shape[3] != key.first.shape[2]:
            raise ValueError(
                f"this key is for {key.first.shape[2]} channels, received {source.shape[3]}"
            )
        operands = Coupling(key.first, key.first_bias, key.second, key.second_bias, inverse)
        kernels.coupling(source, target, operands)


@own
class ChaosCnn(Probabilistic):
    """``chaos-blocks`` and then ``coupling-cnn``; see the module. Pictures are padded to whole
    parts.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    >>> scheme, master = ChaosCnn(), bytes(range(32))
    >>> cipher, nonce = scheme.encrypt_fresh(image, master)
    >>> bool((scheme.decrypt_fresh(cipher, master, nonce) == image).all())
    True
    """

    name = "chaos-cnn"
    key_type: ClassVar[type[Key]] = ChaosCnnKey
    keeps = "nothing but sizes"
    _stages: ClassVar[tuple[ChaosBlocks, CouplingCnn]] = (ChaosBlocks(), CouplingCnn())

    def draw(
        self,
        shape: tuple[int, int, int],
        draws: Draws,
        *,
        rounds: int = 4,
        hidden: int = 8,
        **chaos_options: object,
    ) -> ChaosCnnKey:
        """A key for both stages, with the options of both."""
        chaos, cnn = self._stages
        return ChaosCnnKey(
            chaos.draw(shape, draws, **chaos_options),  # type: ignore[arg-type]
            cnn.draw(shape, draws, rounds=rounds, hidden=hidden),
        )

    def options(self) -> dict[str, Any]:
        return super().options() | self._stages[0].options()

    def padded(self, key: ChaosCnnKey, height: int, width: int) -> tuple[int, int]:
        return self._stages[0].padded(key.chaos, height, width)

    def run(
        self,
        kernels: Kernels,
        source: Pictures,
        target: Pictures,
        key: ChaosCnnKey,
        *,
        inverse: bool,
    ) -> None:
        chaos, cnn = self._stages
        if inverse:
            between = empty_like(source)
            cnn.run(kernels, source, between, key.cnn, inverse=True)
            chaos.run(kernels, between, target, key.chaos, inverse=True)
        else:
            chaos.run(kernels, source, target, key.chaos, inverse=False)
            cnn.run(kernels, target, target, key.cnn, inverse=False)
