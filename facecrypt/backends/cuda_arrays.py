"""Memory of the card: what kernels get, whose stream they run on, and what comes back."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import reference
from facecrypt.backends.arrays import on_device
from facecrypt.backends.cuda_jit import SIMULATED, cuda

__all__ = ["address", "as_words", "launch", "staged", "upload"]

# Numba warns of smaller grids, about which a caller with small pictures can do nothing.
_LEAST_BLOCKS = 1 if SIMULATED else 128


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
        source, target = reference._buffers(data, out)
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
    with _context(out):
        source, target = _views(data, out, apart)
        stream, other = (_stream(array) for array in (out, out if data is None else data))
        strangers = _number(stream) != _number(other)
        if strangers:
            _wait(other)
        yield source, target, stream
        if strangers:
            _wait(stream)


def upload(array: NDArray, stream: Any) -> Any:
    """A copy on the card of an array in memory, flat."""
    return cuda.to_device(array.reshape(-1), stream=stream)


def address(array: Any) -> int:
    """Of the first element."""
    if isinstance(array, np.ndarray) or SIMULATED:
        return array.ctypes.data
    return array.__cuda_array_interface__["data"][0]


def as_words(array: Any, dtype: type) -> Any:
    """A flat array's bytes as words; the odd ones at its end are left out."""
    whole = array.size - array.size % np.dtype(dtype).itemsize
    return (array if whole == array.size else array[:whole]).view(dtype)


def launch(
    kernel: Any, blocks: int, threads: int, stream: Any, *args: Any, shared: int = 0
) -> None:
    """Run a kernel on at least so many blocks of threads."""
    kernel[max(blocks, _LEAST_BLOCKS), threads, stream, shared](*args)


def _views(data: Any, out: Any, apart: bool) -> tuple[Any, Any]:
    target = _view(out, "out")
    if getattr(out, "__cuda_array_interface__", {}).get("data", (0, False))[1]:
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
    if not on_device(array):
        raise TypeError(
            f"{name} must be on the card as the other array is, received {type(array).__name__}"
        )
    view = array if hasattr(array, "__cuda_ndarray__") else cuda.as_cuda_array(array, sync=False)
    if view.dtype != np.uint8:
        raise TypeError(f"{name} must hold uint8, received {view.dtype}")
    if not view.is_c_contiguous():
        raise ValueError(f"{name} must be C-contiguous; pass a copy, such as .contiguous()")
    return view.ravel()


def _context(array: Any) -> AbstractContextManager:
    """The card that an array of PyTorch or CuPy is on; of others, the current one."""
    device = getattr(array, "device", None)
    number = getattr(device, "index", getattr(device, "id", None))
    return cuda.gpus[number] if isinstance(number, int) else nullcontext()


def _stream(array: Any) -> Any:
    """The stream on which the array's library works now."""
    if hasattr(array, "__cuda_ndarray__"):
        return array.stream
    if type(array).__module__.partition(".")[0] == "torch":  # its interface does not say
        pointer = sys.modules["torch"].cuda.current_stream(array.device).cuda_stream
    else:
        pointer = array.__cuda_array_interface__.get("stream")
    return cuda.external_stream(pointer) if pointer else 0


def _number(stream: Any) -> int:
    handle = getattr(stream, "handle", stream)
    return int(getattr(handle, "value", handle) or 0)


def _wait(stream: Any) -> None:
    cuda.synchronize() if isinstance(stream, int) else stream.synchronize()
