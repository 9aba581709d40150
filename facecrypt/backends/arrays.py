"""Arrays of PyTorch, CuPy and Numba, in memory or on a graphics card, recognised without importing
these libraries.

An array's address and layout come from its ``__array_interface__`` in memory, and from its
``__cuda_array_interface__`` on a card; both have the same entries.
"""

import sys
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

from facecrypt.errors import BackendUnavailableError

__all__ = [
    "address",
    "as_kernel_array",
    "backend_for",
    "disjoint",
    "dtype_name",
    "empty_like",
    "is_contiguous",
    "is_writable",
    "library",
    "on_device",
    "reshaped",
    "size",
    "strides",
]

_UINT8 = np.dtype(np.uint8)
_LIBRARIES = ("torch", "cupy", "numba")


def on_device(array: object) -> bool:
    """Whether an array is on a CUDA device: whether it has ``__cuda_array_interface__``.

    PyTorch, CuPy, JAX and Numba have it. What speaks DLPack alone becomes such an array, without
    a copy, by ``torch.from_dlpack`` or ``cupy.from_dlpack``.

    Examples
    --------
    >>> on_device(np.zeros(3))
    False
    """
    if isinstance(array, np.ndarray):
        return False
    # Numba's own, for in its simulator they lack the interface.
    return hasattr(array, "__cuda_array_interface__") or hasattr(array, "__cuda_ndarray__")


def library(array: object) -> str:
    """The library an array is from: ``"torch"``, ``"cupy"`` or ``"numba"``, for subclasses of their
    arrays too; otherwise the package that defines its class."""
    packages = [kind.__module__.partition(".")[0] for kind in type(array).__mro__]
    return next((name for name in packages if name in _LIBRARIES), packages[0])


def backend_for(array: object, backend: str) -> str:
    """The name of the backend for an array: ``"auto"`` becomes ``"cuda"`` for arrays on a card.

    Raises
    ------
    BackendUnavailableError
        The array is on a card and another backend than ``cuda`` is asked for.
    """
    if not on_device(array):
        return backend
    if backend not in {"auto", "cuda"}:
        raise BackendUnavailableError(
            f"backend {backend!r} does not work on a card, where the {type(array).__name__} is; "
            "pass backend='cuda' or none, or copy the array to memory first"
        )
    return "cuda"


def as_kernel_array(array: Any, name: str) -> Any:
    """A view of the array that kernels can take; nothing is copied.

    A PyTorch tensor in memory becomes a NumPy array. An array on a card stays one of PyTorch, CuPy
    or Numba, and becomes Numba's where it is of another library.

    Raises
    ------
    TypeError
        Kernels cannot take it; the message says how to pass a view.
    """
    if isinstance(array, np.ndarray):
        return array
    kind = library(array)
    if on_device(array):
        if kind in _LIBRARIES:
            return array
        return import_module("numba.cuda").as_cuda_array(array, sync=False)
    if kind == "torch":
        return array.numpy()
    remedy = ""
    if hasattr(array, "__dlpack__"):
        remedy = "; pass a view of it: torch.from_dlpack, cupy.from_dlpack or numpy.from_dlpack"
    raise TypeError(f"{name} must be a uint8 array, received {type(array).__name__}{remedy}")


def size(array: Any) -> int:
    """Number of elements; ``.size`` of a PyTorch tensor is a method.

    Examples
    --------
    >>> size(np.zeros((2, 3)))
    6
    """
    return prod(array.shape)


def dtype_name(array: Any) -> str:
    """NumPy's name of the dtype: ``"uint8"`` for ``torch.uint8`` too.

    Examples
    --------
    >>> dtype_name(np.zeros(3))
    'float64'
    """
    if array.dtype is _UINT8:  # NumPy works its names out each time
        return "uint8"
    return getattr(array.dtype, "name", str(array.dtype)).removeprefix("torch.")


def empty_like(array: Any, shape: tuple[int, ...] | None = None) -> Any:
    """An array of the same library, device and dtype, C-contiguous, not initialised.

    Parameters
    ----------
    array : array
    shape : tuple of int, optional
        That of `array` by default.

    Raises
    ------
    TypeError
        An array of another library than NumPy, PyTorch, CuPy and Numba, whose users have to pass
        ``out=``.

    Examples
    --------
    >>> empty_like(np.zeros((2, 3), np.uint8), (4,)).shape
    (4,)
    """
    shape = tuple(array.shape) if shape is None else shape
    if isinstance(array, np.ndarray):
        return np.empty(shape, array.dtype)
    kind = library(array)
    if kind == "torch":
        return sys.modules["torch"].empty(shape, dtype=array.dtype, device=array.device)
    if kind == "cupy":
        with array.device:
            return sys.modules["cupy"].empty(shape, array.dtype)
    if kind == "numba":
        cuda = import_module("numba.cuda")
        return cuda.device_array(shape, array.dtype, stream=array.stream)
    raise TypeError(
        f"cannot make an array of {kind!r} on the card; pass one as out=, or pass a PyTorch or "
        "CuPy view: torch.from_dlpack, cupy.from_dlpack"
    )


def reshaped(array: Any, shape: tuple[int, ...]) -> Any:
    """A view of a C-contiguous array in another shape, on the same stream.

    Numba's own ``reshape`` loses the stream.
    """
    view = array.reshape(shape)
    if isinstance(array, np.ndarray):  # asked first: a small picture takes a few microseconds
        return view
    return view.bind(array.stream) if library(array) == "numba" else view


def is_contiguous(array: Any) -> bool:
    """Whether an array is C-contiguous.

    Examples
    --------
    >>> is_contiguous(np.zeros((4, 4))), is_contiguous(np.zeros((4, 4)).T)
    (True, False)
    """
    if isinstance(array, np.ndarray):
        return array.flags.c_contiguous
    step, steps = np.dtype(_interface(array)["typestr"]).itemsize, strides(array)
    if steps is None or size(array) == 0:
        return True
    for length, stride in zip(tuple(array.shape)[::-1], steps[::-1], strict=True):
        if length > 1 and stride != step:
            return False
        step *= length
    return True


def strides(array: Any) -> tuple[int, ...] | None:
    """Strides in bytes, or None: then the array is C-contiguous."""
    if library(array) == "numba":  # whose interface calls broadcast arrays contiguous
        return array.strides
    return _interface(array).get("strides")


def is_writable(array: Any) -> bool:
    """Whether kernels may write to the array.

    Examples
    --------
    >>> is_writable(np.zeros(2)), is_writable(np.frombuffer(b"abc", np.uint8))
    (True, False)
    """
    if isinstance(array, np.ndarray):
        return array.flags.writeable
    return not _interface(array)["data"][1]


def disjoint(one: Any, other: Any) -> bool:
    """Whether the memory of one array ends before that of the other begins.

    Both are in memory, or both on cards. Arrays that interleave are not disjoint.

    Examples
    --------
    >>> memory = np.zeros(8)
    >>> disjoint(memory[:4], memory[4:]), disjoint(memory[::2], memory[1::2])
    (True, False)
    """
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return not np.may_share_memory(one, other)
    (low, high), (start, end) = _ends(one), _ends(other)
    return high <= start or end <= low


def address(array: Any) -> int:
    """The address of the first element."""
    return _interface(array)["data"][0]


def _ends(array: Any) -> tuple[int, int]:
    """Address of the first byte, and the address after the last."""
    interface = _interface(array)
    low = interface["data"][0]
    if size(array) == 0:
        return low, low
    itemsize, steps = np.dtype(interface["typestr"]).itemsize, strides(array)
    if steps is None:
        return low, low + size(array) * itemsize
    high = low + itemsize
    for length, stride in zip(array.shape, steps, strict=True):
        low += min((length - 1) * stride, 0)
        high += max((length - 1) * stride, 0)
    return low, high


def _interface(array: Any) -> dict[str, Any]:
    if hasattr(array, "__cuda_array_interface__"):
        return array.__cuda_array_interface__
    return array.__array_interface__  # of NumPy, and of Numba's simulator
