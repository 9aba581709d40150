"""Faces cut out of pictures as tensors, pixel for pixel as facenet-pytorch 2.6.0 cuts them."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from facecrypt.errors import BackendUnavailableError
from facecrypt.files import PathLike, media_error
from facecrypt.integrations._pictures import as_rgb, as_uint8

if TYPE_CHECKING:
    import torch

__all__ = ["extract_face", "fixed_image_standardization", "import_torch", "picture_size"]

# What OpenCV writes; Pillow's own is 75.
QUALITY = 95


def extract_face(
    img: Any,
    box: Sequence[float],
    image_size: int = 160,
    margin: int = 0,
    save_path: PathLike | None = None,
) -> "torch.Tensor":
    """Cut a face out of a picture.

    Parameters
    ----------
    img : picture
        As :meth:`facecrypt.integrations.facenet_pytorch.MTCNN.detect` takes one.
    box : four numbers
        ``x0, y0, x1, y1`` as that gives them; cut off at the edges of the picture.
    image_size : int
        Side of the crop in pixels.
    margin : int
        Pixels of the crop, both sides together, that lie outside the box.
    save_path : path, optional
        Where the crop goes as a picture. Folders are made, what is there is replaced.

    Returns
    -------
    (3, image_size, image_size) float32 tensor
        0 to 255. A Pillow picture is resampled bilinearly, an array by OpenCV's
        INTER_AREA, a tensor by torch's "area".

    Raises
    ------
    ValueError
        No pixel of the picture lies in the box; a margin as large as the crop.
    BackendUnavailableError
        torch is missing.
    MediaError
        The crop cannot be written.
    """
    torch = import_torch()
    if not 0 <= margin < image_size:
        raise ValueError(f"margin must be at least 0 and below {image_size}, received {margin}")
    x0, y0, x1, y1 = map(float, box)
    dx, dy = (margin * side / (image_size - margin) / 2 for side in (x1 - x0, y1 - y0))
    width, height = picture_size(img)
    left, top = int(max(x0 - dx, 0)), int(max(y0 - dy, 0))
    whole = left, top, int(min(x1 + dx, width)), int(min(y1 + dy, height))
    if whole[0] >= whole[2] or whole[1] >= whole[3]:
        raise ValueError(
            f"box must hold pixels of the picture of {width}x{height}, received {(x0, y0, x1, y1)}"
        )
    face = _resampled(torch, img, whole, image_size)
    if save_path is not None:
        _save(face, save_path, None if isinstance(img, Image.Image) else QUALITY)
    return torch.from_numpy(face.transpose(2, 0, 1).astype(np.float32, order="C"))


def fixed_image_standardization(image_tensor: Any) -> Any:
    """Numbers 0 to 255 as -0.996 to 0.996, as the networks of facenet-pytorch want them.

    Examples
    --------
    >>> fixed_image_standardization(np.array([0.0, 127.5, 255.0])).tolist()
    [-0.99609375, 0.0, 0.99609375]
    """
    return (image_tensor - 127.5) / 128.0


def picture_size(img: Any) -> tuple[int, int]:
    """Width and height of a picture, an array or a tensor."""
    return img.size if isinstance(img, Image.Image) else (img.shape[1], img.shape[0])


def import_torch() -> ModuleType:
    try:
        import torch
    except ImportError as error:
        raise BackendUnavailableError(
            "crops of faces are torch tensors: pip install torch, or use detect, which needs none"
        ) from error
    return torch


def _resampled(
    torch: ModuleType, img: Any, whole: tuple[int, int, int, int], size: int
) -> np.ndarray:
    """A part of a picture as (size, size, 3), by the filter that its kind has there."""
    if isinstance(img, Image.Image):
        rgb = as_rgb(img.crop(whole))
        return np.asarray(rgb.resize((size, size), Image.Resampling.BILINEAR))
    x0, y0, x1, y1 = whole
    part = img[y0:y1, x0:x1]
    if isinstance(part, torch.Tensor):
        part = (part[:, :, None] if part.ndim == 2 else part[:, :, :3]).expand(-1, -1, 3)
        planes = part.permute(2, 0, 1)[None].float()
        small = torch.nn.functional.interpolate(planes, size=(size, size), mode="area")
        return small[0].permute(1, 2, 0).byte().cpu().numpy()
    if part.dtype.kind != "f":
        part = as_uint8(part)
    if part.dtype == np.uint16:
        part = (part >> 8).astype(np.uint8)
    part = part[:, :, None] if part.ndim == 2 else part[:, :, :3]
    part = np.ascontiguousarray(np.broadcast_to(part, (*part.shape[:2], 3)))
    return cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA)


def _save(face: np.ndarray, path: PathLike, quality: int | None) -> None:
    picture = Image.fromarray(as_uint8(face))
    options: dict[str, Any] = {} if quality is None else {"quality": quality}
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, **options)
    except OSError as error:
        raise media_error(path, error) from error
