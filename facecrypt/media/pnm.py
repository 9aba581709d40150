"""PNM: the value of white, which OpenCV heeds in text files and passes over in binary ones.

Specification: ppm(5), pgm(5) of Netpbm.
"""

import re

import numpy as np

from facecrypt.errors import RESAVE, MediaError
from facecrypt.media.decoders import cv2_pixels
from facecrypt.media.samples import full_range

__all__ = ["pnm_pixels"]

# Kind, width, height, white; comments may stand between them.
_GAP = rb"(?:\s|#[^\r\n]*[\r\n])+"
_HEAD = re.compile(rb"P[2356]" + _GAP + rb"\d+" + _GAP + rb"\d+" + _GAP + rb"(\d+)")


def pnm_pixels(data: bytes) -> np.ndarray:
    """Decode gray, RGB or bilevel pixels, scaled to 8 or 16 bits.

    Raises
    ------
    MediaError
        The file is damaged.
    """
    if data[:2] in (b"P1", b"P2", b"P3"):
        data += b"\n"  # OpenCV wants something behind the last number
    if data[:2] in (b"P1", b"P4"):
        return cv2_pixels(data)
    head = _HEAD.match(data)
    white = int(head[1]) if head and len(head[1]) < 6 else 0
    if head is None or not 0 < white < 65536:
        raise MediaError(
            "the PPM header is damaged: it says what white is as no number of 1 to 65535",
            hint=RESAVE,
        )
    if white in (255, 65535):
        return cv2_pixels(data)
    # As if white were the largest sample, OpenCV gives the samples as they are.
    full = b"255" if white < 256 else b"65535"
    return full_range(cv2_pixels(data[: head.start(1)] + full + data[head.end(1) :]), white)
