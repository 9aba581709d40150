"""The kernels on an NVIDIA card, written in Numba: the extra ``cuda``.

Arrays of PyTorch, CuPy and whatever else has ``__cuda_array_interface__`` are worked on where they
are; NumPy arrays are copied there and back. Operands come from memory and are checked there; the
read-only ones are copied to the card once. This module loads, but does not run, without Numba.
"""

import ctypes
import os
import sys
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import checks
from facecrypt.backends.arrays import disjoint, dtype_name, is_contiguous, is_writable, on_device
from facecrypt.backends.operands import Blocks, Coupling, Gather, Lanes, Orbit, Pixels, Rows

__all__ = [
    "blocks",
    "check",
    "coupling",
    "examine",
    "fit",
    "gather",
    "lanes",
    "pixels",
    "rows",
    "sequence",
]

_SCRATCH = 1 << 28  # bytes
_THREADS = 128


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


def sequence(data: Any, out: Any, operands: Orbit) -> None:
    """See :class:`Orbit`; one thread of the card, slower than a processor."""
    mu, d0, discard, quantiser = operands
    checks.quantiser(quantiser)
    key = Rows(np.array([mu], np.float64), np.array([d0], np.float64), discard)
    _rows(data, out, key, quantiser)


def lanes(data: Any, out: Any, operands: Lanes, *, threads: int | None = None) -> None:
    """See :class:`Lanes`; a thread of the card is a lane of a chunk.

    Fast from some 10,000 lanes on, in multiples of 64 a chunk.
    """
    from facecrypt.backends.cuda import orbits as kernels
    from facecrypt.backends.cuda.arrays import address, as_words, launch, staged, upload

    mu, d0, discard, width, chunk = operands
    checks.workers(threads)
    checks.operands_apart(operands, out)
    with staged(data, out) as (source, target, stream):
        chunks = operands.check(target.size)
        if chunks == 0:
            return
        each = mu.size // chunks
        pair = (source, target)
        aligned = not (address(source) | address(target)) % 8 and (chunks == 1 or chunk % 8 == 0)
        tiled = aligned and each % kernels.THREADS == 0 and target.size >= kernels.TILE
        words = [as_words(array, np.uint64) for array in pair] if tiled else pair
        launch(
            kernels.lanes_kernel(width, xor=data is not None),
            chunks * -(-each // kernels.THREADS), kernels.THREADS, stream,
            upload(mu, stream), upload(d0, stream), *pair, *words,
            each, chunk, discard, int(tiled), shared=kernels.TILE,
        )  # fmt: skip


def rows(data: Any, out: Any, operands: Rows, *, threads: int | None = None) -> None:
    """See :class:`Rows`; a thread of the card is a row."""
    checks.workers(threads)
    _rows(data, out, operands, "eq4")


def _rows(data: Any, out: Any, operands: Rows, quantiser: str) -> None:
    from facecrypt.backends.cuda import orbits as kernels
    from facecrypt.backends.cuda.arrays import address, as_words, launch, staged, upload

    mu, d0, discard = operands
    checks.operands_apart(operands, out)
    with staged(data, out) as (source, target, stream):
        length = operands.check(target.size)
        if length == 0:
            return
        pair = (source, target)
        aligned = not (address(source) | address(target)) % 8 and (mu.size == 1 or length % 8 == 0)
        tiled = length - length % kernels.ROW if aligned else 0
        words = [as_words(array, np.uint64) for array in pair] if tiled else pair
        launch(
            kernels.rows_kernel(quantiser, xor=data is not None),
            -(-mu.size // kernels.THREADS), kernels.THREADS, stream,
            upload(mu, stream), upload(d0, stream), *pair, *words, length, discard, tiled,
        )  # fmt: skip


def examine(mu: float, d0: float, discard: int) -> tuple[float, int]:
    """See :meth:`facecrypt.backends.Kernels.examine`; one orbit is the processor's work."""
    from facecrypt.backends import native

    return native.examine(mu, d0, discard)


def pixels(data: Any, out: Any, operands: Pixels, *, threads: int | None = None) -> None:
    """See :class:`Pixels`; a thread of the card is 4 bytes of each picture."""
    from facecrypt.backends.cuda import pictures as kernels
    from facecrypt.backends.cuda.arrays import address, as_words, launch, staged, upload

    order, mask = operands
    shape = _pictures(data, out, 4, operands, threads)
    operands.check(shape)
    with staged(data, out) as (source, target, stream):
        if target.size == 0:
            return
        key = upload(mask if order is None else order, stream), upload(mask, stream)
        if mask.size % 4 == 0 and not (address(source) | address(target)) % 4:
            pieces, groups = kernels.shares(mask.size // 4, shape[0])
            kernel = kernels.pixel_words_kernel(ordered=order is not None)
            words = (as_words(array, np.int32) for array in (source, target))
            key = key[0], as_words(key[1], np.int32)
            launch(kernel, pieces * groups, kernels.THREADS, stream, *words, *key, shape[0], groups)
        else:
            pieces, groups = kernels.shares(mask.size // shape[3], shape[0])
            kernel = kernels.pixel_bytes_kernel(ordered=order is not None)
            launch(
                kernel, pieces * groups, kernels.THREADS, stream,
                source, target, *key, shape[3], shape[0], groups,
            )  # fmt: skip


def gather(data: Any, out: Any, operands: Gather, *, threads: int | None = None) -> None:
    """See :class:`Gather`; a thread of the card is a word of each picture."""
    from facecrypt.backends.cuda import pictures as kernels
    from facecrypt.backends.cuda.arrays import address, as_words, launch, staged, upload

    index, mask = operands  # not `source`, which is the data here
    count, items, length = shape = _pictures(data, out, 3, operands, threads)
    operands.check(shape)
    with staged(data, out, apart=True) as (source, target, stream):
        if target.size == 0:
            return
        alignment = address(source) | address(target) | length
        word = np.dtype(next(f"u{width}" for width in (8, 4, 1) if alignment % width == 0))
        pair = (as_words(array, word) for array in (source, target))
        moves = upload(index, stream)
        key = moves if mask is None else as_words(upload(mask, stream), word)
        pieces, groups = kernels.shares(items * length // word.itemsize, count)
        kernel = kernels.gather_kernel(word.itemsize, masked=mask is not None)
        sizes = length // word.itemsize, count, groups
        launch(kernel, pieces * groups, kernels.THREADS, stream, *pair, moves, key, *sizes)


def blocks(data: Any, out: Any, operands: Blocks, *, threads: int | None = None) -> None:
    """See :class:`Blocks`; a thread of the card is a byte of each picture."""
    from facecrypt.backends.cuda import pictures as kernels
    from facecrypt.backends.cuda.arrays import launch, staged, upload

    count, height, width = shape = _pictures(data, out, 3, operands, threads)
    operands.check(shape)
    (high, across), nibbles, perm, mask, which, source = operands
    first, in_place = _as_they_are(height // high * (width // across))
    which, source = first if which is None else which, in_place if source is None else source
    with staged(data, out, apart=True) as (whence, target, stream):
        if target.size == 0:
            return
        pieces, groups = kernels.shares(height * width, count)
        key = (upload(array, stream) for array in (perm, mask, which, source))
        launch(
            kernels.blocks_kernel(nibbles=nibbles), pieces * groups, kernels.THREADS, stream,
            whence, target, *key, high, across, width, height * width, count, groups,
        )  # fmt: skip


@lru_cache(maxsize=8)  # and so on the card once
def _as_they_are(blocks: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """``which`` and ``source`` of blocks that one row serves, and that stay where they are."""
    arrays = np.zeros(blocks, np.int32), np.arange(blocks, dtype=np.int32)
    for array in arrays:
        array.flags.writeable = False
    return arrays


def coupling(data: Any, out: Any, operands: Coupling, *, threads: int | None = None) -> None:
    """See :class:`Coupling`; a thread of the card is a sample or hidden unit.

    Pictures are taken as many at a time as have hidden planes in 256 MiB, at least one.
    """
    from facecrypt.backends.cuda import convolutions as kernels
    from facecrypt.backends.cuda.arrays import launch, staged
    from facecrypt.backends.cuda.jit import cuda

    *arrays, inverse = operands
    count, height, width, channels = _pictures(data, out, 4, operands, threads)
    rounds, planes = operands.check(channels)
    with staged(data, out) as (source, target, stream):
        if target.size == 0:
            return
        if source is not target:
            target.copy_to_device(source, stream=stream)
        each, units = height * width * channels, height * width * planes
        at_once = min(count, max(1, _SCRATCH // units))
        scratch = cuda.device_array(at_once * units, np.uint8, stream=stream)
        keys = list(zip(range(rounds), *(_rounds(array, stream) for array in arrays), strict=True))
        for start in range(0, count, at_once):
            part = target[start * each : (start + at_once) * each]
            hidden = scratch[: part.size // each * units]
            for r, weights, bias, back, shift in reversed(keys) if inverse else keys:
                launch(
                    kernels.hidden_kernel(), -(-hidden.size // _THREADS), _THREADS, stream,
                    part, hidden, weights, bias, r, height, width, channels,
                )  # fmt: skip
                launch(
                    kernels.add_kernel(inverse=inverse),
                    -(-part.size // _THREADS), _THREADS, stream,
                    part, hidden, back, shift, r, height, width, planes,
                )  # fmt: skip


def fit(data: Any, out: Any) -> None:
    """See :meth:`facecrypt.backends.Kernels.fit`; a thread of the card is a byte of the result.

    What is in memory is NumPy's work.
    """
    if not on_device(out):
        from facecrypt.backends import reference

        reference.fit(data, out)
        return
    from facecrypt.backends.cuda import pictures as kernels
    from facecrypt.backends.cuda.arrays import launch, ordered, strided

    with ordered(data, out) as stream:
        for array, name in ((data, "data"), (out, "out")):
            if dtype_name(array) != "uint8":
                raise TypeError(f"{name} must be an array of uint8, received {dtype_name(array)}")
        shape = checks.batch(data, out)
        if not is_contiguous(out) or not is_writable(out):
            raise ValueError("out must be C-contiguous and writable; pass another array")
        if not disjoint(data, out):
            raise ValueError("out overlaps data; pass another array")
        target = strided(out, tuple(out.shape)).ravel()
        blocks = -(-target.size // _THREADS)
        sizes = tuple(out.shape)[1:]
        launch(kernels.fit_kernel(), blocks, _THREADS, stream, strided(data, shape), target, *sizes)


def _rounds(array: NDArray, stream: Any) -> list[Any]:
    """An array (rounds, ...) on the card, flat, a piece for each round."""
    from facecrypt.backends.cuda.arrays import upload

    whole, each = upload(array, stream), array[:1].size
    return [whole[r * each : (r + 1) * each] for r in range(len(array))]


def _pictures(
    data: Any, out: Any, ndim: int, operands: Any, threads: int | None
) -> tuple[int, ...]:
    """The shape of pictures, once all that the kernels of the schemes refuse is ruled out."""
    checks.workers(threads)
    checks.operands_apart(operands, out)
    for array, name in ((data, "data"), (out, "out")):
        if not (isinstance(array, np.ndarray) or on_device(array)):
            raise TypeError(f"{name} must be a uint8 array, received {type(array).__name__}")
    if len(data.shape) != ndim:
        raise ValueError(f"data must have {ndim} dimensions, received shape {tuple(data.shape)}")
    if tuple(out.shape) != tuple(data.shape):
        raise ValueError(
            f"out must have the shape {tuple(data.shape)}, received {tuple(out.shape)}"
        )
    return tuple(data.shape)
