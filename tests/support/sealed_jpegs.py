"""JPEGs sealed by the package, and their segments taken apart by hand."""

import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image

from facecrypt import SecretKey
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.in_memory import decode, encode
from facecrypt.sealing.options import Open, Seal

KEY = SecretKey(bytes(range(32)))


def seal(data: bytes, regions, *, recipients=(KEY,), **options) -> bytes:
    """The sealed file; no warning, so that what is coded anew does not pass unseen."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return encode(Source(data), list(recipients), Seal(regions=regions, **options)).data


def opened(data: bytes, *holders, **options):
    """What opening gives, by the key of the tests where no other is named."""
    return decode(Source(data), holders or [KEY], Open(**options))


def segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment before the first scan."""
    at = 2
    while True:
        marker, end = data[at + 1], at + 2 + int.from_bytes(data[at + 2 : at + 4])
        yield marker, at, end
        if marker == 0xDA:
            return
        at = end


def without(data: bytes, *markers: int) -> bytes:
    """As a program leaves a file that copies no segments of these markers."""
    out, last = data[:2], 2
    for marker, start, end in segments(data):
        out += b"" if marker in markers else data[start:end]
        last = end
    return out + data[last:]


def packets(data: bytes) -> tuple[bytes, list[bytes], bytes]:
    """What is before the APP11 segments, they, and what is after them."""
    found = [(start, end) for marker, start, end in segments(data) if marker == 0xEB]
    pieces = [data[start:end] for start, end in found]
    return data[: found[0][0]], pieces, data[found[-1][1] :]


APPS = (*range(0xE0, 0xF0), 0xFE)


def photo(width: int = 160, height: int = 120, seed: int = 0) -> np.ndarray:
    """Smooth, with some noise, so that blocks have coefficients of all sizes."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    wave = [120 + 90 * np.sin(x / (9 + c)) * np.cos(y / (7 + c)) for c in range(3)]
    pixels = np.stack(wave, axis=-1) + rng.normal(0, 12, (height, width, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def save(path, pixels=None, **options) -> bytes:
    """A JPEG file by Pillow."""
    pixels = photo() if pixels is None else pixels
    Image.fromarray(pixels).save(path, "JPEG", **options)
    return path.read_bytes()
