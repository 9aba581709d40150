"""JPEGs for tests, by Pillow and OpenCV, and pixels that show something."""

import io

import cv2
import numpy as np
from PIL import Image

SOI, EOI = b"\xff\xd8", b"\xff\xd9"


def picture(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Smooth and rough places, so that blocks have few and many coefficients."""
    rng = np.random.default_rng(seed)
    shape = (height, width, channels) if channels > 1 else (height, width)
    rough = rng.integers(0, 256, shape).astype(float)
    smooth = cv2.GaussianBlur(rough, (0, 0), 3).reshape(shape)
    share = np.linspace(0, 0.4, width).reshape((1, width) + (1,) * (len(shape) - 2))
    return np.clip((smooth - 128) * 4 * (1 - share) + share * rough + 100, 0, 255).astype(np.uint8)


def by_pillow(pixels: np.ndarray, **options) -> bytes:
    """With Pillow's options: quality, subsampling, progressive, optimize, restart_marker_rows."""
    mode = "CMYK" if pixels.shape[2:] == (4,) else None
    image = Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes()) if mode else None
    out = io.BytesIO()
    (image or Image.fromarray(pixels)).save(out, "JPEG", **options)
    return out.getvalue()


def by_opencv(pixels: np.ndarray, **options) -> bytes:
    """With OpenCV's options: quality, sampling_factor, rst_interval, and so on."""
    flags = [
        item
        for name, value in options.items()
        for item in (getattr(cv2, f"IMWRITE_JPEG_{name.upper()}"), value)
    ]
    return cv2.imencode(".jpg", pixels, flags)[1].tobytes()


def decoded(data: bytes) -> np.ndarray:
    """What Pillow shows; of three components Y, Cb and Cr, without conversion to RGB."""
    image = Image.open(io.BytesIO(data))
    if image.mode == "RGB":
        image.draft("YCbCr", image.size)
    return np.asarray(image)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def find(data: bytes, marker: int) -> int:
    """Where the first segment of that marker begins."""
    at = 2
    while data[at + 1] != marker:
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return at


def without(data: bytes, marker: int) -> bytes:
    """Without all segments of that marker before the scan."""
    head, scan = data[: find(data, 0xDA)], data[find(data, 0xDA) :]
    out, at = head[:2], 2
    while at < len(head):
        size = 2 + int.from_bytes(head[at + 2 : at + 4], "big")
        if head[at + 1] != marker:
            out += head[at : at + size]
        at += size
    return out + scan


def sof(marker=0xC0, precision=8, height=8, width=8, components=((1, 0x11, 0),)) -> bytes:
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    body = bytes([precision]) + size + bytes([len(components)])
    return segment(marker, body + b"".join(map(bytes, components)))


DQT = segment(0xDB, bytes(1) + b"\1" * 64)
SOS = segment(0xDA, b"\1\1\0\0\x3f\0")
# T.81 K.3: 00 1010, padded: a block of zeros with the tables of Annex K.
GRAY = b"\x28"


def coded(bits: str) -> bytes:
    """A scan of those bits."""
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
