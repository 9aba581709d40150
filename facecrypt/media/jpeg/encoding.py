"""Pixels coded as a JPEG, for what cannot stay the JPEG it is."""

import numpy as np
from numpy.typing import NDArray

from facecrypt.errors import MediaError

__all__ = ["encode"]

_QUALITY = 95


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """A sequential JPEG of quality 95, colours not sampled down.

    Parameters
    ----------
    pixels : (H, W) or (H, W, 3) uint8 array

    Raises
    ------
    MediaError
        JPEG has no such samples.
    """
    import cv2

    if pixels.dtype != np.uint8 or pixels.shape[2:] not in ((), (3,)):
        raise MediaError(f"JPEG does not hold {pixels.dtype} samples of shape {pixels.shape}")
    bgr = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        _QUALITY,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    done, data = cv2.imencode(".jpg", bgr, options)
    if not done:
        raise MediaError("cannot be coded as JPEG")
    return data.tobytes()
