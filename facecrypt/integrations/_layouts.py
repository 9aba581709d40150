"""Pictures of other libraries with channels last, as facecrypt works on them, and back.

torch is not imported here: a tensor shows itself.
"""

import sys
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from PIL import Image

from facecrypt.backends.arrays import dtype_name, library

__all__ = ["channels_last", "like", "on_host", "pillow_picture"]

MODES = ("L", "RGB", "RGBA")
PART = 1 << 18


def channels_last(picture: Any) -> Any:
    """A picture or a batch with its channels last: a view where there can be one.

    Parameters
    ----------
    picture : Pillow picture, array (H, W), (H, W, C) or (N, H, W, C), tensor (C, H, W) or
        (N, C, H, W)
        Pillow pictures are gray, RGB or RGBA. Samples are uint8.

    Returns
    -------
    array, or tensor on a card where the picture is one

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
        planes = sys.modules["torch"].from_numpy(_split(pixels)).to(picture.device)
    else:
        planes = pixels.movedim(-1, -3).contiguous()
    # A subclass is one of torchvision's, whose transforms go by it.
    return planes.as_subclass(type(picture))


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
    if tensor.ndim not in (3, 4) or tensor.shape[-3] not in (1, 3, 4):
        raise ValueError(
            "a tensor must be (C, H, W) or (N, C, H, W) of 1, 3 or 4 channels, received "
            f"{tuple(tensor.shape)}; permute(2, 0, 1) puts channels first"
        )
    moved = tensor.movedim(-3, -1)
    if not tensor.is_cpu:
        return moved
    return moved.numpy() if moved.is_contiguous() else _merged(tensor.numpy())


def _merged(planes: np.ndarray) -> np.ndarray:
    """(..., C, H, W) as (..., H, W, C), by OpenCV: 10 times as fast as a copy by strides."""
    channels, height, width = planes.shape[-3:]
    batch = planes.reshape(-1, channels, height, width)
    out = np.empty((len(batch), height, width, channels), np.uint8)
    for part in _parts(batch):
        rows = [batch[part, channel].reshape(-1, width) for channel in range(channels)]
        cv2.merge(rows, out[part].reshape(-1, width, channels))
    return out.reshape(*planes.shape[:-3], height, width, channels)


def _split(pixels: np.ndarray) -> np.ndarray:
    """The inverse of :func:`_merged`."""
    height, width, channels = pixels.shape[-3:]
    batch = pixels.reshape(-1, height, width, channels)
    out = np.empty((len(batch), channels, height, width), np.uint8)
    for part in _parts(batch):
        rows = cv2.split(batch[part].reshape(-1, width, channels))
        for channel, plane in enumerate(rows):
            out[part, channel] = plane.reshape(-1, height, width)
    return out.reshape(*pixels.shape[:-3], channels, height, width)


def _parts(batch: np.ndarray) -> Iterator[slice]:
    """Small pictures together, for each call costs; not so many that they leave the cache."""
    step = max(1, PART // max(1, batch[:1].size))
    return (slice(start, start + step) for start in range(0, len(batch), step))
