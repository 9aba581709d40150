"""Pictures as the schemes take them: checked, as one batch, padded and cropped."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Pictures", "as_batch", "check_out", "pad", "picture_shape"]

Pictures = NDArray[np.uint8]

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


def as_batch(images: Pictures) -> Pictures:
    """The same pictures as a C-contiguous (N, H, W, C) array: a view where that is possible."""
    if not isinstance(images, np.ndarray):
        raise TypeError(f"images must be a uint8 array, received {type(images).__name__}")
    if images.dtype != np.uint8:
        remedy = _FLOATS if images.dtype.kind == "f" else "; convert without changing a value"
        raise TypeError(f"images must hold uint8, received {images.dtype}{remedy}")
    shape = picture_shape(images.shape)
    # Asked first: ascontiguousarray makes a new object even of what is contiguous.
    if not images.flags.c_contiguous:
        images = np.ascontiguousarray(images)
    return images.reshape(-1 if images.size else 0, *shape)


def check_out(out: Pictures, images: Pictures, shape: tuple[int, ...]) -> bool:
    """Refuse an ``out`` that cannot take the result; True where it is the input itself."""
    if not isinstance(out, np.ndarray) or out.dtype != np.uint8:
        kind = getattr(out, "dtype", type(out).__name__)
        raise TypeError(f"out must be a uint8 array, received {kind}")
    if out.shape != shape:
        raise ValueError(f"out must have the shape of the result, {shape}, received {out.shape}")
    if not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError("out must be C-contiguous and writable; leave it out to get a new array")
    if out is images:
        return True
    if not np.may_share_memory(out, images):
        return False
    if (
        out.ctypes.data == images.ctypes.data
        and out.size == images.size
        and images.flags.c_contiguous
    ):
        return True
    raise ValueError(
        "out overlaps images without being the same memory; pass images itself or another array"
    )


def pad(batch: Pictures, height: int, width: int) -> Pictures:
    """Repeat the bottom row and the right column until the pictures are height x width."""
    _, h, w, _ = batch.shape
    if (h, w) == (height, width):
        return batch
    return np.pad(batch, ((0, 0), (0, height - h), (0, width - w), (0, 0)), mode="edge")
