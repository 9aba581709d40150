"""Arrays that other libraries keep on a graphics card, known without loading one of these."""

import sys
from importlib import import_module
from math import prod
from typing import Any

import numpy as np

__all__ = ["backend_for", "empty_like", "on_device", "size"]


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


def backend_for(array: object, backend: str) -> str:
    """The backend that is meant by ``"auto"``: ``cuda`` for what is on a card."""
    return "cuda" if backend == "auto" and on_device(array) else backend


def size(array: Any) -> int:
    """Number of elements; ``.size`` of a PyTorch tensor is a method.

    Examples
    --------
    >>> size(np.zeros((2, 3)))
    6
    """
    return prod(array.shape)


def empty_like(array: Any) -> Any:
    """An array of the same library, device, shape and dtype, C-contiguous, not initialised.

    Raises
    ------
    TypeError
        The library is none of NumPy, PyTorch, CuPy and Numba: its arrays have to be given as
        ``out=``.

    Examples
    --------
    >>> empty_like(np.zeros((2, 3), np.uint8)).shape
    (2, 3)
    """
    if not on_device(array):
        return np.empty_like(array, order="C")
    library = type(array).__module__.partition(".")[0]
    if library == "torch":
        torch = sys.modules["torch"]
        return torch.empty_like(array, memory_format=torch.contiguous_format)
    if library == "cupy":
        return sys.modules["cupy"].empty_like(array, order="C")
    if library == "numba":
        return import_module("numba.cuda").device_array(array.shape, array.dtype)
    raise TypeError(
        f"cannot make an array of {library!r} on the card; pass one as out=, or pass a PyTorch or "
        "CuPy view: torch.from_dlpack, cupy.from_dlpack"
    )
