"""Pictures as the schemes take them: checked, as one batch, padded and cropped.

They are arrays of NumPy, or of PyTorch, CuPy or Numba on a graphics card; nothing here moves them
from one to the other.
"""

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import Kernels
from facecrypt.backends.arrays import (
    address,
    as_kernel_array,
    disjoint,
    dtype_name,
    empty_like,
    is_contiguous,
    is_writable,
    on_device,
    reshaped,
    size,
)

__all__ = ["Pictures", "as_batch", "batch_shape", "check_out", "checked", "fitted", "picture_shape"]

Pictures = NDArray[np.uint8]
Shape = tuple[int, int, int, int]

_FLOATS = (
    "; for floats in [0, 1] that are k/255 (within 1e-4, or the picture was resized or normalised "
    "and will not come back) pass numpy.rint(255 * images).astype(numpy.uint8)"
)


def picture_shape(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """``(H, W, C)`` of a picture, or of each picture of a batch, from an array's shape.

    Raises
    ------
    ValueError
        Not (H, W), (H, W, C) or (N, H, W, C) with H, W >= 1 and C of 1 or 3.

    Examples
    --------
    >>> picture_shape((5, 7)), picture_shape((50000, 32, 32, 3))
    ((5, 7, 1), (32, 32, 3))
    """
    if len(shape) not in (2, 3, 4):
        raise ValueError(
            f"expected a picture (H, W) or (H, W, C) or a batch (N, H, W, C), received {shape}"
        )
    height, width, channels = (*shape, 1) if len(shape) == 2 else shape[-3:]
    if channels not in (1, 3):
        hint = (
            "encrypt images[..., :3] and keep the alpha plane beside it"
            if channels == 4
            else "a batch of gray pictures is (N, H, W, 1)"
        )
        raise ValueError(
            f"expected 1 or 3 channels last, received {channels} of shape {shape}; {hint}"
        )
    if height < 1 or width < 1:
        raise ValueError(f"a picture has at least one pixel, received shape {shape}")
    return height, width, channels


def batch_shape(shape: tuple[int, ...]) -> Shape:
    """(N, H, W, C) of an array of this shape; one picture is a batch of one.

    Examples
    --------
    >>> batch_shape((5, 7)), batch_shape((50000, 32, 32, 3))
    ((1, 5, 7, 1), (50000, 32, 32, 3))
    """
    return (shape[0] if len(shape) == 4 else 1, *picture_shape(shape))


def checked(images: Pictures) -> Pictures:
    """The pictures as :func:`facecrypt.backends.arrays.as_kernel_array`, if they are uint8.

    Raises
    ------
    TypeError
        Otherwise; the message says what to do about floats.
    """
    images, kind = as_kernel_array(images, "images"), dtype_name(images)
    if kind != "uint8":
        remedy = _FLOATS if "float" in kind else "; convert without changing a value"
        raise TypeError(f"images must hold uint8, received {kind}{remedy}")
    return images


def as_batch(images: Pictures) -> Pictures:
    """The same pictures, in memory, as a C-contiguous (N, H, W, C) array: a view where that is
    possible."""
    if not isinstance(images, np.ndarray):
        raise TypeError(f"images must be a uint8 array, received {type(images).__name__}")
    shape = batch_shape(checked(images).shape)
    return np.ascontiguousarray(images).reshape(shape)


def check_out(out: Pictures, images: Pictures, shape: tuple[int, ...]) -> bool:
    """Refuse an ``out`` that cannot take the result; True where it is the input itself."""
    out = as_kernel_array(out, "out")
    if on_device(out) != on_device(images):
        place = "on the card" if on_device(images) else "in memory"
        raise TypeError(f"out must be {place} as images are, received {type(out).__name__}")
    if dtype_name(out) != "uint8":
        raise TypeError(f"out must be a uint8 array, received {dtype_name(out)}")
    if tuple(out.shape) != shape:
        raise ValueError(
            f"out must have the shape of the result, {shape}, received {tuple(out.shape)}"
        )
    if not is_contiguous(out) or not is_writable(out):
        raise ValueError("out must be C-contiguous and writable; leave it out to get a new array")
    if out is images:
        return True
    if disjoint(out, images):
        return False
    if address(out) == address(images) and size(out) == size(images) and is_contiguous(images):
        return True
    raise ValueError(
        "out overlaps images without being the same memory; pass images itself or another array"
    )


def fitted(
    kernels: Kernels, images: Pictures, shape: Shape, side: tuple[int, int], *, copy: bool
) -> Pictures:
    """The pictures as a C-contiguous batch of another size: cut off, or with the bottom row and
    the right column repeated. A view where nothing changes, unless a copy is asked for.

    Parameters
    ----------
    kernels : Kernels
        Of the backend that works where the pictures are.
    images : uint8 array
        In any memory layout.
    shape : (N, H, W, C)
        What it is taken as: its own shape, with ones where that has fewer dimensions.
    side : (H, W)
        Of the result.
    """
    if not copy and side == shape[1:3] and is_contiguous(images):
        return reshaped(images, shape)
    result = empty_like(images, (shape[0], *side, shape[3]))
    kernels.fit(images, result)
    return result
