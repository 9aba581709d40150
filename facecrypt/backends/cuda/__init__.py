"""The kernels on an NVIDIA card, written in Numba: the extra ``cuda``.

Arrays of PyTorch, CuPy and whatever else has ``__cuda_array_interface__`` are worked on where they
are; NumPy arrays are copied there and back. Keys come from memory in either case.

This module loads without Numba; its functions do not run without.
"""

import ctypes
import os
import sys
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import checks
from facecrypt.backends.cuda.schemes import blocks, coupling, gather, pixels

__all__ = [
    "blocks",
    "check",
    "coupling",
    "examine",
    "gather",
    "lanes",
    "pixels",
    "rows",
    "sequence",
]


def check() -> None:
    """Refuse to begin where nothing can run; Numba is not loaded for that.

    Raises
    ------
    ImportError
        What is missing, and what to do.
    """
    if find_spec("numba_cuda") is None:
        raise ImportError("numba-cuda is not installed; pip install 'facecrypt[cuda]'")
    if os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0"):
        return
    library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(library)
    except OSError as error:
        raise ImportError(
            f"no NVIDIA driver, {library} is missing; install it on a machine with an NVIDIA card, "
            "and pip install 'facecrypt[cuda]'"
        ) from error
    status = driver.cuInit(0)
    if status:
        raise ImportError(
            f"the NVIDIA driver finds no card (cuInit gives {status}); see nvidia-smi"
        )


def sequence(
    mu: float,
    d0: float,
    data: Any,
    out: Any,
    *,
    discard: int,
    quantiser: str,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; one thread of the card, slower than a processor."""
    checks.quantiser(quantiser)
    key = np.array([mu], np.float64), np.array([d0], np.float64)
    _rows(*key, data, out, discard=discard, quantiser=quantiser)


def lanes(
    mu: NDArray[np.float64],
    d0: NDArray[np.float64],
    data: Any,
    out: Any,
    *,
    discard: int,
    bytes_per_iterate: int,
    chunk: int,
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; a thread of the card is a lane of a chunk.

    Fast from some 10,000 lanes on, in multiples of 64 a chunk.
    """
    from facecrypt.backends.cuda import orbits as kernels
    from facecrypt.backends.cuda.arrays import address, as_words, launch, staged, upload

    mu, d0 = checks.keys(mu, d0)
    for value, name, least in ((chunk, "chunk", 1), (discard, "discard", 0)):
        checks.at_least(value, name, least)
    checks.workers(threads)
    if bytes_per_iterate not in (1, 2):
        raise ValueError(f"bytes_per_iterate must be 1 or 2, received {bytes_per_iterate!r}")
    with staged(data, out) as (source, target, stream):
        chunks = -(-target.size // chunk)
        if chunks == 0:
            return
        if mu.size == 0 or mu.size % chunks:
            raise ValueError(
                f"{chunks} chunks need a multiple of {chunks} lanes, at least one each, "
                f"received {mu.size}"
            )
        each = mu.size // chunks
        pair = (source, target)
        aligned = not (address(source) | address(target)) % 8 and (chunks == 1 or chunk % 8 == 0)
        tiled = aligned and each % kernels.THREADS == 0 and target.size >= kernels.TILE
        words = [as_words(array, np.uint64) for array in pair] if tiled else pair
        launch(
            kernels.lanes_kernel(bytes_per_iterate, data is not None),
            chunks * -(-each // kernels.THREADS), kernels.THREADS, stream,
            upload(mu, stream), upload(d0, stream), *pair, *words,
            each, chunk, discard, int(tiled), shared=kernels.TILE,
        )  # fmt: skip


def rows(
    mu: NDArray[np.float64],
    d0: NDArray[np.float64],
    data: Any,
    out: Any,
    *,
    discard: int,
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; a thread of the card is a row."""
    checks.workers(threads)
    _rows(mu, d0, data, out, discard=discard, quantiser="eq4")


def examine(mu: float, d0: float, discard: int) -> tuple[float, int]:
    """See :class:`facecrypt.backends.Kernels`; one orbit is the processor's work."""
    from facecrypt.backends import native

    return native.examine(mu, d0, discard)


def _rows(
    mu: NDArray[np.float64],
    d0: NDArray[np.float64],
    data: Any,
    out: Any,
    *,
    discard: int,
    quantiser: str,
) -> None:
    from facecrypt.backends.cuda import orbits as kernels
    from facecrypt.backends.cuda.arrays import address, as_words, launch, staged, upload

    mu, d0 = checks.keys(mu, d0)
    checks.at_least(discard, "discard", 0)
    with staged(data, out) as (source, target, stream):
        if target.size == 0:
            return
        if mu.size == 0 or target.size % mu.size:
            raise ValueError(
                f"{target.size} bytes cannot be divided among {mu.size} keys; one key for each row"
            )
        length = target.size // mu.size
        pair = (source, target)
        aligned = not (address(source) | address(target)) % 8 and (mu.size == 1 or length % 8 == 0)
        tiled = length - length % kernels.ROW if aligned else 0
        words = [as_words(array, np.uint64) for array in pair] if tiled else pair
        launch(
            kernels.rows_kernel(quantiser, data is not None),
            -(-mu.size // kernels.THREADS), kernels.THREADS, stream,
            upload(mu, stream), upload(d0, stream), *pair, *words, length, discard, tiled,
        )  # fmt: skip
