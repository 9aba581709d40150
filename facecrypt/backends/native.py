"""The C++ kernels, on the best instruction set of the processor.

``FACECRYPT_ISA`` set to ``avx512``, ``avx2`` or ``baseline`` before the first import
forces one; the bytes are the same.
"""

import os

import numpy as np
from numpy.typing import NDArray

try:
    from facecrypt._native import examine, sequence
    from facecrypt._native import lanes as _lanes
    from facecrypt._native import rows as _rows
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "the compiled module facecrypt._native is missing; install the package with "
        "'pip install .' (needs a C++17 compiler), do not run it from a bare checkout"
    ) from error

__all__ = ["examine", "lanes", "rows", "sequence"]

# Below this, starting a thread costs more than it saves.
THREADS_FROM = 1 << 20

_CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _workers(threads: int | None, size: int) -> int:
    if threads is None:
        return _CPUS if size >= THREADS_FROM else 1
    return threads


def lanes(
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
    """See :class:`facecrypt.backends.Kernels`; threads share chunks and groups of 256 lanes."""
    workers = _workers(threads, out.size)
    _lanes(
        mu,
        d0,
        data,
        out,
        discard=discard,
        bytes_per_iterate=bytes_per_iterate,
        chunk=chunk,
        threads=workers,
    )


def rows(
    mu: NDArray[np.float64],
    d0: NDArray[np.float64],
    data: NDArray[np.uint8] | None,
    out: NDArray[np.uint8],
    *,
    discard: int,
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; threads share groups of 64 rows."""
    _rows(mu, d0, data, out, discard=discard, threads=_workers(threads, out.size))
