"""The kernels of the schemes on an NVIDIA card; ``cuda`` gives them out as its own.

Pictures may be in memory or on the card; operands of the key come from memory and are checked
there. What of them is read-only is copied to the card once, all else at each call.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import checks
from facecrypt.backends.arrays import on_device

__all__ = ["blocks", "coupling", "gather", "pixels", "resize"]

_SCRATCH = 1 << 28  # bytes
_THREADS = 128


def pixels(
    data: Any,
    out: Any,
    *,
    order: NDArray[np.uint8] | None,
    mask: NDArray[np.uint8],
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; a thread of the card is 4 bytes of each picture."""
    from facecrypt.backends.cuda import pictures as kernels
    from facecrypt.backends.cuda.arrays import address, as_words, launch, staged, upload

    shape = _shape(data, out, 4)
    checks.workers(threads)
    checks.pixel_operands(shape, order, mask)
    with staged(data, out) as (source, target, stream):
        if target.size == 0:
            return
        key = upload(mask if order is None else order, stream), upload(mask, stream)
        if mask.size % 4 == 0 and not (address(source) | address(target)) % 4:
            pieces, groups = kernels.shares(mask.size // 4, shape[0])
            kernel = kernels.pixel_words_kernel(order is not None)
            words = (as_words(array, np.int32) for array in (source, target))
            key = key[0], as_words(key[1], np.int32)
            launch(kernel, pieces * groups, kernels.THREADS, stream, *words, *key, shape[0], groups)
        else:
            pieces, groups = kernels.shares(mask.size // shape[3], shape[0])
            kernel = kernels.pixel_bytes_kernel(order is not None)
            launch(
                kernel, pieces * groups, kernels.THREADS, stream,
                source, target, *key, shape[3], shape[0], groups,
            )  # fmt: skip


def gather(
    data: Any,
    out: Any,
    *,
    index: NDArray[np.int32],
    mask: NDArray[np.uint8] | None,
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; a thread of the card is a word of each picture."""
    from facecrypt.backends.cuda import pictures as kernels
    from facecrypt.backends.cuda.arrays import address, as_words, launch, staged, upload

    count, items, length = shape = _shape(data, out, 3)
    checks.workers(threads)
    checks.gather_operands(shape, index, mask)
    with staged(data, out, apart=True) as (source, target, stream):
        if target.size == 0:
            return
        alignment = address(source) | address(target) | length
        word = np.dtype(next(f"u{width}" for width in (8, 4, 1) if alignment % width == 0))
        pair = (as_words(array, word) for array in (source, target))
        moves = upload(index, stream)
        key = moves if mask is None else as_words(upload(mask, stream), word)
        pieces, groups = kernels.shares(items * length // word.itemsize, count)
        kernel = kernels.gather_kernel(word.itemsize, mask is not None)
        sizes = length // word.itemsize, count, groups
        launch(kernel, pieces * groups, kernels.THREADS, stream, *pair, moves, key, *sizes)


def blocks(
    data: Any,
    out: Any,
    *,
    block: tuple[int, int],
    nibbles: bool,
    perm: NDArray[np.int32],
    mask: NDArray[np.uint8],
    which: NDArray[np.int32],
    source: NDArray[np.int32],
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; a thread of the card is a byte of each picture."""
    from facecrypt.backends.cuda import pictures as kernels
    from facecrypt.backends.cuda.arrays import launch, staged, upload

    count, height, width = shape = _shape(data, out, 3)
    checks.workers(threads)
    checks.block_operands(
        shape, block, nibbles=nibbles, perm=perm, mask=mask, which=which, source=source
    )
    high, across = block
    with staged(data, out, apart=True) as (whence, target, stream):
        if target.size == 0:
            return
        pieces, groups = kernels.shares(height * width, count)
        key = (upload(array, stream) for array in (perm, mask, which, source))
        launch(
            kernels.blocks_kernel(nibbles), pieces * groups, kernels.THREADS, stream,
            whence, target, *key, high, across, width, height * width, count, groups,
        )  # fmt: skip


def coupling(
    data: Any,
    out: Any,
    *,
    first: NDArray[np.int8],
    first_bias: NDArray[np.int8],
    second: NDArray[np.int8],
    second_bias: NDArray[np.uint8],
    inverse: bool,
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; a thread of the card is a sample or hidden unit.

    Pictures are taken as many at a time as have hidden planes in 256 MiB, at least one.
    """
    from facecrypt.backends.cuda import convolutions as kernels
    from facecrypt.backends.cuda.arrays import launch, staged
    from facecrypt.backends.cuda.jit import cuda

    count, height, width, channels = _shape(data, out, 4)
    checks.workers(threads)
    rounds, planes = checks.coupling_operands(channels, first, first_bias, second, second_bias)
    with staged(data, out) as (source, target, stream):
        if target.size == 0:
            return
        if source is not target:
            target.copy_to_device(source, stream=stream)
        each, units = height * width * channels, height * width * planes
        at_once = min(count, max(1, _SCRATCH // units))
        scratch = cuda.device_array(at_once * units, np.uint8, stream=stream)
        arrays = first, first_bias, second, second_bias
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
                    kernels.add_kernel(inverse), -(-part.size // _THREADS), _THREADS, stream,
                    part, hidden, back, shift, r, height, width, planes,
                )  # fmt: skip


def resize(data: Any, shape: tuple[int, ...], out: Any) -> None:
    """See :func:`facecrypt.backends.arrays.resize`; both are on the card."""
    from facecrypt.backends.cuda import pictures as kernels
    from facecrypt.backends.cuda.arrays import launch, ordered, strided

    with ordered(data, out) as stream:
        target = strided(out, tuple(out.shape)).ravel()
        blocks = -(-target.size // _THREADS)
        sizes = tuple(out.shape)[1:]
        launch(kernels.fit_kernel(), blocks, _THREADS, stream, strided(data, shape), target, *sizes)


def _rounds(array: NDArray, stream: Any) -> list[Any]:
    """An array (rounds, ...) on the card, flat, a piece for each round."""
    from facecrypt.backends.cuda.arrays import upload

    whole, each = upload(array, stream), array[:1].size
    return [whole[r * each : (r + 1) * each] for r in range(len(array))]


def _shape(data: Any, out: Any, ndim: int) -> tuple[int, ...]:
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
