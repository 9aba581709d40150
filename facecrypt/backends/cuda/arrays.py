"""Memory of the card: what kernels get, whose stream they run on, and what comes back."""

import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from facecrypt.backends import checks
from facecrypt.backends.arrays import (
    address,
    is_contiguous,
    is_writable,
    library,
    on_device,
    strides,
)
from facecrypt.backends.cuda.jit import SIMULATED, cuda

__all__ = ["address", "as_words", "launch", "ordered", "staged", "strided", "upload"]

# Numba warns of smaller grids, about which a caller with small pictures can do nothing.
_LEAST_BLOCKS = 1 if SIMULATED else 128

# What of keys is on the cards, by array and card.
_kept: dict[tuple[int, str], Any] = {}


@contextmanager
def staged(data: Any, out: Any, *, apart: bool = False) -> Iterator[tuple[Any, Any, Any]]:
    """The bytes of `data` and `out` on the card, flat, and the stream to work on.

    Arrays on the card are used where they are, on the stream of their library, and nothing is
    waited for. NumPy arrays are copied there, and the result back when the block is left.

    Parameters
    ----------
    data, out : array
        As of :class:`facecrypt.backends.Kernels`.
    apart : bool
        The kernel cannot work in place.

    Yields
    ------
    source, target : (n,) uint8 arrays on the card
        `target` twice where `data` is None; one object where both are the same memory, which NumPy
        arrays become unless `apart`.
    stream
        For launches and copies.
    """
    if not on_device(out):
        source, target = checks.buffers(data, out)
        if target.size == 0:
            yield target, target, 0
            return
        if apart and source is not None and address(source) == address(target):
            raise ValueError("out overlaps data; pass another array")
        moved = None if source is None else cuda.to_device(source)
        result = cuda.device_array(target.size, np.uint8) if moved is None or apart else moved
        yield result if moved is None else moved, result, 0
        result.copy_to_host(target)
        return
    with ordered(data, out) as stream:
        yield *_views(data, out, apart=apart), stream


@contextmanager
def ordered(data: Any, out: Any) -> Iterator[Any]:
    """The stream to work on where both arrays, or `out` alone, are on the card.

    It is that of `out`. If `data` names another, what is on that one is waited for, and in the end
    what was done here.
    """
    data = out if data is None else data
    for array, name in ((data, "data"), (out, "out")):
        if not on_device(array):
            raise TypeError(
                f"{name} must be on the card as the other array is, received {type(array).__name__}"
            )
    numbers = {card for card in (_card(data), _card(out)) if card is not None}
    if len(numbers) > 1:
        raise ValueError(f"data and out must be on one card, received cards {sorted(numbers)}")
    with cuda.gpus[numbers.pop()] if numbers else nullcontext():
        stream, other = _stream(out), _stream(data)
        strangers = _number(stream) != _number(other)
        if strangers:
            _wait(other)
        yield stream
        if strangers:
            _wait(stream)


def strided(array: Any, shape: tuple[int, ...]) -> Any:
    """A view for kernels of an array in any layout, with dimensions of one before and behind its
    own: (H, W) becomes (1, H, W, 1)."""
    if SIMULATED:
        return array.reshape(shape)
    steps, interface = strides(array), dict(array.__cuda_array_interface__)
    if steps is not None:
        before, behind = {2: (1, 1), 3: (1, 0), 4: (0, 0)}[len(steps)]
        steps = (0,) * before + tuple(steps) + (1,) * behind
    interface |= {"shape": shape, "strides": steps}
    return cuda.from_cuda_array_interface(interface, owner=array, sync=False)


def upload(array: NDArray, stream: Any) -> Any:
    """A copy on the card of an array in memory, flat.

    Of what nobody can write to, as the arrays of keys, it is made once for each card and kept as
    long as the array lives.
    """
    if not _settled(array):
        return cuda.to_device(array.reshape(-1), stream=stream)
    place = id(array), cuda.get_current_device().uuid
    if place not in _kept:
        copy = cuda.to_device(array.reshape(-1), stream=stream)
        _wait(stream)  # the next call may come on another
        _kept[place] = copy
        weakref.finalize(array, _kept.pop, place, None).atexit = False
    return _kept[place]


def _settled(array: Any) -> bool:
    """Whether array and memory are read-only; who lifts that lifts it knowingly."""
    while isinstance(array, np.ndarray) and not array.flags.writeable:
        if array.base is None:
            return True
        array = array.base
    return False


def as_words(array: Any, dtype: DTypeLike) -> Any:
    """A flat array's bytes as words; the odd ones at its end are left out."""
    whole = array.size - array.size % np.dtype(dtype).itemsize
    return (array if whole == array.size else array[:whole]).view(dtype)


def launch(
    kernel: Any, blocks: int, threads: int, stream: Any, *args: Any, shared: int = 0
) -> None:
    """Run a kernel on at least so many blocks of threads."""
    kernel[max(blocks, _LEAST_BLOCKS), threads, stream, shared](*args)


def _views(data: Any, out: Any, *, apart: bool) -> tuple[Any, Any]:
    target = _view(out, "out")
    if not is_writable(out):
        raise ValueError("out must be writable; pass another array")
    if data is None:
        return target, target
    source = _view(data, "data")
    if source.size != target.size:
        raise ValueError(
            f"out must have as many elements as data, {source.size}, received {target.size}"
        )
    start, other = address(source), address(target)
    if start == other and not apart:
        return target, target
    if max(start, other) < min(start, other) + source.size:
        raise ValueError("out overlaps data; pass another array")
    return source, target


def _view(array: Any, name: str) -> Any:
    view = array if hasattr(array, "__cuda_ndarray__") else cuda.as_cuda_array(array, sync=False)
    if view.dtype != np.uint8:
        raise TypeError(f"{name} must hold uint8, received {view.dtype}")
    if not is_contiguous(array):
        raise ValueError(f"{name} must be C-contiguous; pass a copy, such as .contiguous()")
    return view.ravel()


def _card(array: Any) -> int | None:
    """The number of the card that an array of PyTorch or CuPy is on; of others nothing is said."""
    device = getattr(array, "device", None)
    number = getattr(device, "index", getattr(device, "id", None))
    return number if isinstance(number, int) else None


def _stream(array: Any) -> Any:
    """The stream on which the array's library works now."""
    if hasattr(array, "__cuda_ndarray__"):
        return array.stream
    if library(array) == "torch":  # its interface does not say
        pointer = sys.modules["torch"].cuda.current_stream(array.device).cuda_stream
    else:
        pointer = array.__cuda_array_interface__.get("stream")
    return cuda.external_stream(pointer) if pointer else 0


def _number(stream: Any) -> int:
    handle = getattr(stream, "handle", stream)
    return int(getattr(handle, "value", handle) or 0)


def _wait(stream: Any) -> None:
    cuda.synchronize() if isinstance(stream, int) else stream.synchronize()
