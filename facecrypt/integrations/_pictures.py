"""Pictures as other libraries hold them, as the array that the detector takes."""

from typing import Any

import numpy as np
from PIL import Image

__all__ = ["as_rgb", "as_uint8"]


def as_rgb(picture: Image.Image) -> Image.Image:
    """A Pillow picture in RGB.

    Raises
    ------
    ValueError
        A mode of more than 8 bits, which Pillow would clip rather than scale.
    """
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        raise ValueError(
            f"a picture must have 8 bits a sample, received mode {picture.mode!r}; "
            "scale it to 0..255 and convert it to 'L' or 'RGB'"
        )
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def as_uint8(picture: Any) -> np.ndarray:
    """The pixels of a Pillow picture, an array or a tensor.

    Parameters
    ----------
    picture : Pillow picture, or array or tensor (H, W) or (H, W, C) of numbers 0 to 255
        uint16 stands for 0 to 65535. Tensors are those of torch and, where they are
        eager, of TensorFlow. Fractions are rounded.

    Returns
    -------
    uint8 or uint16 array
        What :meth:`facecrypt.MTCNN.detect` takes, which also checks the shape.

    Raises
    ------
    TypeError
        No picture, or not of numbers.
    ValueError
        Numbers that are not 0 to 255.

    Examples
    --------
    >>> as_uint8(np.array([[0.0, 254.6]]))
    array([[  0, 255]], dtype=uint8)
    """
    if isinstance(picture, Image.Image):
        return np.asarray(as_rgb(picture))
    if hasattr(picture, "detach"):
        picture = picture.detach().cpu()
    if hasattr(picture, "numpy"):
        picture = picture.numpy()
    if not isinstance(picture, np.ndarray):
        raise TypeError(
            "a picture must be a Pillow picture, an array or a tensor, "
            f"received {type(picture).__name__}"
        )
    if picture.dtype in (np.uint8, np.uint16) or not picture.size:
        return picture
    if picture.dtype.kind not in "fiu":
        raise TypeError(f"a picture must hold numbers 0 to 255, received {picture.dtype}")
    low, high = picture.min(), picture.max()
    # Not the negation: NaN is neither.
    if not (low >= 0 and high <= 255):
        raise ValueError(f"a picture must hold numbers 0 to 255, received {low} to {high}")
    if picture.dtype.kind == "f" and 0 < high <= 1:
        raise ValueError(
            "a picture must hold numbers 0 to 255, received fractions up to "
            f"{high}; multiply them by 255"
        )
    return np.rint(picture).astype(np.uint8)
