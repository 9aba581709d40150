"""The C++ kernels, on the best instruction set of the processor.

``FACECRYPT_ISA`` set to ``avx512``, ``avx2`` or ``baseline`` before the first import
forces one; the bytes are the same.
"""

import os

import numpy as np
from numpy.typing import NDArray

from facecrypt import _native
from facecrypt._native import examine, sequence

__all__ = ["blocks", "coupling", "examine", "gather", "lanes", "pixels", "rows", "sequence"]

# Bytes from which a second thread gains time, measured: of kernels that compute, and of those
# that keep up with memory, which a second core reads no faster at first.
COMPUTING, AT_MEMORY_SPEED = 2 << 20, 8 << 20

_CPUS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _workers(threads: int | None, size: int, least: int) -> int:
    if threads is None:
        return _CPUS if size >= least else 1
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
    workers = _workers(threads, out.size, AT_MEMORY_SPEED)
    _native.lanes(
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
    _native.rows(mu, d0, data, out, discard=discard, threads=_workers(threads, out.size, COMPUTING))


def pixels(
    data: NDArray[np.uint8],
    out: NDArray[np.uint8],
    *,
    order: NDArray[np.uint8] | None,
    mask: NDArray[np.uint8],
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; threads share pictures, and strips of large ones."""
    workers = _workers(threads, out.size, AT_MEMORY_SPEED)
    _native.pixels(data, out, order=order, mask=mask, threads=workers)


def gather(
    data: NDArray[np.uint8],
    out: NDArray[np.uint8],
    *,
    index: NDArray[np.int32],
    mask: NDArray[np.uint8] | None,
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; threads share pictures."""
    workers = _workers(threads, out.size, COMPUTING)
    _native.gather(data, out, index=index, mask=mask, threads=workers)


def blocks(
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
    """See :class:`facecrypt.backends.Kernels`; threads share pictures and their rows of blocks."""
    _native.blocks(
        data,
        out,
        block=block,
        nibbles=nibbles,
        perm=perm,
        mask=mask,
        which=which,
        source=source,
        threads=_workers(threads, out.size, COMPUTING),
    )


def coupling(
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
    """See :class:`facecrypt.backends.Kernels`; threads share pictures, with 11 int32 planes each
    for RGB and 8 hidden planes."""
    _native.coupling(
        data,
        out,
        first=first,
        first_bias=first_bias,
        second=second,
        second_bias=second_bias,
        inverse=inverse,
        threads=_workers(threads, 256 * out.size, COMPUTING),  # some 600 operations a sample
    )
