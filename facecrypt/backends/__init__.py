"""Where the kernels run: one definition, several machines, the same bytes.

``reference`` is the definition, in NumPy. ``native`` is C++ on every vector unit of
the processor, ``cuda`` runs on NVIDIA cards. Each is a module with the functions of
:class:`Kernels`; a new one is one more line in ``_MODULES``.
"""

from functools import cache
from importlib import import_module
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from facecrypt.errors import BackendUnavailableError

__all__ = ["ORDERS", "Kernels", "available", "get"]

_MODULES = {
    "cuda": "facecrypt.backends.cuda",
    "native": "facecrypt.backends.native",
    "reference": "facecrypt.backends.reference",
}
_AUTO = "native"

# Source channel of output channels 0, 1, 2. Rows 3 and 4 are each other's inverse.
ORDERS = ((0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0))


class Kernels(Protocol):
    """What a backend computes.

    Throughout, ``out`` is a C-contiguous writable uint8 array of any shape, taken as
    its bytes in order. ``data`` is None (``out`` becomes the keystream), ``out``
    itself, or a uint8 array of the same size that shares no byte with it; ``out``
    becomes ``data XOR keystream``. ``mu`` and ``d0`` are C-contiguous float64 with
    ``0 <= mu <= 4`` and ``0 <= d0 <= 1``. ``discard`` is a number of iterates,
    ``threads`` None for the backend's own choice. Kernels vet no keys.

    Raises
    ------
    TypeError
        A wrong type or dtype.
    ValueError
        Anything else that is not as above.
    """

    def sequence(
        self,
        mu: float,
        d0: float,
        data: NDArray[np.uint8] | None,
        out: NDArray[np.uint8],
        *,
        discard: int,
        quantiser: str,
    ) -> None:
        """One orbit, one byte an iterate; see :func:`facecrypt.chaos.logistic_sequence`."""

    def lanes(
        self,
        mu: NDArray[np.float64],
        d0: NDArray[np.float64],
        data: NDArray[np.uint8] | None,
        out: NDArray[np.uint8],
        *,
        discard: int,
        bytes_per_iterate: int,
        chunk: int,
        threads: int | None,
    ) -> None:
        """Orbits side by side, time-major, in chunks of ``chunk`` bytes with their own keys.

        With K = ceil(out.size / chunk) chunks, chunk k has the keys
        ``mu.reshape(K, -1)[k]``. Iterate t of lane l of L gives bytes
        ``(t*L + l) * bytes_per_iterate`` and on of its chunk: the low byte or the two
        low bytes, little-endian, of ``floor((d/2) * 1e14)``.
        """

    def rows(
        self,
        mu: NDArray[np.float64],
        d0: NDArray[np.float64],
        data: NDArray[np.uint8] | None,
        out: NDArray[np.uint8],
        *,
        discard: int,
        threads: int | None,
    ) -> None:
        """One orbit for each of ``mu.size`` equal rows of ``out``: many ``sequence`` at once."""

    def examine(self, mu: float, d0: float, discard: int) -> tuple[float, int]:
        """Lyapunov exponent over ``discard`` states, and the cycle length found after them.

        The cycle is what Brent's algorithm (BIT 20, 1980) finds in ``2**15 - 1``
        iterates: 0 where none of length <= 2**14 shows.
        """

    # The kernels of the schemes. ``data`` and ``out`` are uint8 of equal shape (N, ...), all else
    # holds for each of the N pictures. Every index is checked before memory is read through it.

    def pixels(
        self,
        data: NDArray[np.uint8],
        out: NDArray[np.uint8],
        *,
        order: NDArray[np.uint8] | None,
        mask: NDArray[np.uint8],
        threads: int | None,
    ) -> None:
        """Order the channels of each pixel, then XOR.

        ``mask`` is (H, W, C) for ``data`` (N, H, W, C); ``order`` (H, W) in 0..5, for C = 3, or
        None. ``out[n, y, x, j] = data[n, y, x, ORDERS[order[y, x]][j]] ^ mask[y, x, j]`` with
        :data:`ORDERS`. ``out`` may be ``data``.
        """

    def gather(
        self,
        data: NDArray[np.uint8],
        out: NDArray[np.uint8],
        *,
        index: NDArray[np.int32],
        mask: NDArray[np.uint8] | None,
        threads: int | None,
    ) -> None:
        """Move items of L bytes, then XOR.

        ``data`` is (N, K, L), ``index`` (K,), ``mask`` (K, L) or None: ``out[n, k] =
        data[n, index[k]] ^ mask[k]``. ``out`` shares no byte with ``data``.
        """

    def blocks(
        self,
        data: NDArray[np.uint8],
        out: NDArray[np.uint8],
        *,
        block: tuple[int, int],
        nibbles: bool,
        perm: NDArray[np.int32],
        mask: NDArray[np.uint8],
        which: NDArray[np.int32],
        source: NDArray[np.int32],
        threads: int | None,
    ) -> None:
        """Shuffle within blocks and XOR, and move the blocks.

        ``data`` is (N, H, W*C), its blocks ``block[0]`` rows of ``block[1]`` bytes, numbered row by
        row. A block is the vector v of its d bytes in raster order or, with ``nibbles``, of its d
        low and then its d high nibbles. With m entries in it, ``perm`` and ``mask`` are (K, m),
        ``which`` and ``source`` (blocks,): block i of ``out`` has ``w[j] = v[perm[k, j]] ^
        mask[k, j]``, where k = which[i] and v is block source[i] of ``data``. ``out`` shares no
        byte with ``data``.
        """

    def coupling(
        self,
        data: NDArray[np.uint8],
        out: NDArray[np.uint8],
        *,
        first: NDArray[np.int8],
        first_bias: NDArray[np.int8],
        second: NDArray[np.int8],
        second_bias: NDArray[np.uint8],
        inverse: bool,
        threads: int | None,
    ) -> None:
        """Rounds of additive coupling through a small integer convolution network.

        ``data`` is (N, H, W, C), ``first`` (R, K, C, 3, 3), ``first_bias`` (R, K), ``second`` (R,
        C, K, 3, 3), ``second_bias`` (R, C). In round r the samples with y + x + c + r even stay;
        with x those samples and zero elsewhere, and outside the picture, ``h = min(max(first[r] * x
        + first_bias[r], 0) >> 5, 255)`` and ``f = second[r] * h + second_bias[r]``, where ``*`` is
        cross-correlation in exact integers; f mod 256 is added to the other samples mod 256.
        ``inverse`` subtracts, last round first. ``out`` may be ``data``.
        """


@cache  # a lookup costs as much as encrypting a thumbnail; failures are not kept
def get(name: str = "auto") -> Kernels:
    """The backend of that name.

    Parameters
    ----------
    name : str
        ``"auto"`` (native), or a key of :func:`available`.

    Raises
    ------
    ValueError
        There is no backend of that name.
    BackendUnavailableError
        It cannot run here; the message says what to do.
    """
    if name == "auto":
        name = _AUTO
    if name not in _MODULES:
        raise ValueError(f"backend must be 'auto' or one of {sorted(_MODULES)}, received {name!r}")
    try:
        module = import_module(_MODULES[name])
        if hasattr(module, "check"):  # loads everywhere, but does not run everywhere
            module.check()
        return cast(Kernels, module)
    except ImportError as error:
        raise BackendUnavailableError(f"backend {name!r} cannot be loaded: {error}") from error


def available() -> dict[str, str | None]:
    """Every backend, with None where it can run and else the reason why not.

    Numba, which ``cuda`` needs, is not loaded for the answer.

    Examples
    --------
    >>> available()["reference"] is None
    True
    """
    reasons: dict[str, str | None] = {}
    for name in _MODULES:
        try:
            get(name)
            reasons[name] = None
        except BackendUnavailableError as error:
            reasons[name] = str(error)
    return reasons
