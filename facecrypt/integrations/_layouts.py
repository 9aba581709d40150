"""Pictures of other libraries with channels last, as facecrypt works on them, and back.

torch is not imported here: a tensor shows itself.
"""

import sys
from typing import Any

import numpy as np
from PIL import Image

from facecrypt.backends.arrays import dtype_name, library

__all__ = ["channels_last", "like", "on_host", "pillow_picture"]

MODES = ("L", "RGB", "RGBA")


def channels_last(picture: Any) -> Any:
    """A picture or a batch with its channels last: a view where there can be one.

    Parameters
    ----------
    picture : Pillow picture, array (H, W), (H, W, C) or (N, H, W, C), tensor (..., C, H, W)
        Pillow pictures are gray, RGB or RGBA. Samples are uint8.

    Returns
    -------
    array or tensor
        The tensor where it was, the Pillow picture as an array.

    Raises
    ------
    TypeError
        No picture, or samples of another type.
    ValueError
        Another mode, or a shape that no such tensor has.
    """
    if isinstance(picture, Image.Image):
        if picture.mode not in MODES:
            raise ValueError(
                f"a picture must be of mode 'L', 'RGB' or 'RGBA', received {picture.mode!r}; "
                "convert it first: picture.convert('RGB')"
            )
        return np.asarray(picture)
    tensor = _is_tensor(picture)
    if not (tensor or isinstance(picture, np.ndarray)):
        raise TypeError(
            "a picture must be a Pillow picture, an array or a tensor, "
            f"received {type(picture).__name__}"
        )
    if (kind := dtype_name(picture)) != "uint8":
        raise TypeError(
            f"a picture must hold uint8, received {kind}; put the encryption before what makes "
            "fractions (ToDtype, ToTensor, Normalize), which would not come back exactly"
        )
    return _moved(picture) if tensor else picture


def like(pixels: Any, picture: Any) -> Any:
    """Pixels with channels last, an array or a tensor, as the kind of picture, and where it is,
    that :func:`channels_last` was given."""
    if isinstance(picture, Image.Image):
        return Image.fromarray(pixels)
    if not _is_tensor(picture):
        return pixels
    if isinstance(pixels, np.ndarray):
        pixels = sys.modules["torch"].from_numpy(pixels).to(picture.device)
    # A subclass is one of torchvision's, whose transforms go by it.
    return pixels.movedim(-1, -3).contiguous().as_subclass(type(picture))


def on_host(pixels: Any) -> np.ndarray:
    """What :func:`channels_last` gives as an array in memory."""
    return pixels.cpu().numpy() if _is_tensor(pixels) else pixels


def pillow_picture(pixels: np.ndarray) -> Image.Image:
    """Pixels as :func:`facecrypt.decrypt_image` gives them.

    Raises
    ------
    ValueError
        16 bits a sample in colour, which Pillow cannot hold.
    """
    if pixels.shape[2:] == (1,):
        pixels = pixels[:, :, 0]
    if pixels.dtype == np.uint16 and pixels.ndim == 3:
        raise ValueError("a picture has 16 bits a sample in colour, which Pillow cannot hold")
    return Image.fromarray(pixels)


def _is_tensor(picture: Any) -> bool:
    """Whether it is a tensor of torch, or of a subclass."""
    return library(picture) == "torch"


def _moved(tensor: Any) -> Any:
    if tensor.ndim < 3 or tensor.shape[-3] not in (1, 3, 4):
        raise ValueError(
            "a tensor must be (C, H, W) or (N, C, H, W) of 1, 3 or 4 channels, received "
            f"{tuple(tensor.shape)}; permute(2, 0, 1) puts channels first"
        )
    return tensor.movedim(-3, -1)
