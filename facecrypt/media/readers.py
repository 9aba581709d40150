"""One reader for each picture format: the header first, the pixels when asked.

JPEG, PNG and TIFF headers are read in modules of their own and not by Pillow, which reports
damaged metadata by warnings: those are global, and worker threads cannot silence them.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from facecrypt.errors import MediaError
from facecrypt.media import avif
from facecrypt.media.decoders import cv2_pixels, frames, open_by_pillow, pillow_pixels
from facecrypt.media.exif import orientation
from facecrypt.media.jpeg2000 import check_whole, white_of
from facecrypt.media.jpeg_file import read_jpeg
from facecrypt.media.png_file import read_png
from facecrypt.media.pnm import pnm_pixels
from facecrypt.media.refused import Test, begins, brand, is_refused_format, refusal
from facecrypt.media.samples import full_range
from facecrypt.media.source import STILL, Source
from facecrypt.media.tiff import tiff_header

__all__ = ["FILE_SUFFIXES", "Source", "file_suffix", "is_picture", "reader"]

_PNM = re.compile(rb"P[1-6](?:#|\s+[#\d])")


def reader(head: bytes) -> Callable[[bytes], Source]:
    """Choose by the first bytes of a file, 64 of them if there are.

    Raises
    ------
    MediaError
        No picture, or of a format that is not read.
    """
    return _format(head).read


def file_suffix(head: bytes, suffix: str = "") -> str:
    """What the name of a file ends in: `suffix`, where the format that it begins as has it.

    Names lie; content does not. Else it is the usual one of the format. In small letters.

    Examples
    --------
    >>> file_suffix(b"II*\\0", ".TIFF"), file_suffix(b"II*\\0", ".png")
    ('.tiff', '.tif')
    """
    suffixes = _format(head).suffixes
    return suffix.lower() if suffix.lower() in suffixes else suffixes[0]


def is_picture(head: bytes) -> bool:
    """Whether a file is a picture, of a format that is read or of one that is refused.

    For files whose name does not say so: text may begin with the marks of BMP and PNM, and
    is told apart by what must follow them.
    """
    if head[:2] == b"BM":
        return 12 <= int.from_bytes(head[14:18], "little") <= 124
    if head[:1] == b"P" and head[1:2] in b"123456":
        return _PNM.match(head) is not None
    return is_refused_format(head) or any(one.test(head) for one in _FORMATS)


def _read_tiff(data: bytes) -> Source:
    header = tiff_header(data)

    def load() -> np.ndarray:
        if header.plain:
            return cv2_pixels(data)
        return pillow_pixels(open_by_pillow("TIFF", data))

    # Both libraries turn TIFF pixels upright; and a TIFF file is its own EXIF block.
    return Source(header.width, header.height, load, icc=header.icc, exif=data)


def _read_by_pillow(
    name: str, pixels: Callable[[bytes], np.ndarray] | None = None
) -> Callable[[bytes], Source]:
    """A reader with Pillow for the header, and for the pixels unless another is given."""

    def read(data: bytes) -> Source:
        image = open_by_pillow(name, data)
        if frames(image) > 1:
            raise MediaError(f"the {name} file {STILL}")
        exif = image.info.get("exif")
        exif = exif.removeprefix(b"Exif\0\0") if exif else None
        return Source(
            *image.size,
            (lambda: pixels(data)) if pixels else (lambda: pillow_pixels(image)),
            icc=image.info.get("icc_profile"),
            exif=exif,
            turn=orientation(exif),
            alpha=image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info,
        )

    return read


def _read_jpeg2000(data: bytes) -> Source:
    check_whole(data)
    white = white_of(data)
    read = _read_by_pillow("JPEG2000", lambda data: _scaled(cv2_pixels(data), white))
    return read(data)


def _scaled(pixels: np.ndarray, white: int) -> np.ndarray:
    return pixels if white in (255, 65535) else full_range(pixels, white)


def _read_avif(data: bytes) -> Source:
    avif.check_depth(data)
    source = _read_by_pillow("AVIF")(data)
    # A profile says more than a code, and a viewer of PNG would heed the code alone.
    return source if source.icc else source._replace(colour=avif.colour_of(data))


class _Format(NamedTuple):
    test: Test
    read: Callable[[bytes], Source]
    suffixes: tuple[str, ...]


_FORMATS = (
    _Format(
        begins(b"\xff\xd8\xff"),
        read_jpeg,
        (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp"),
    ),
    _Format(begins(b"\x89PNG\r\n\x1a\n"), read_png, (".png",)),
    _Format(begins(b"II*\0", b"MM\0*"), _read_tiff, (".tif", ".tiff")),
    _Format(
        lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
        _read_by_pillow("WEBP"),
        (".webp",),
    ),
    _Format(brand(b"avif", b"avis"), _read_avif, (".avif",)),
    _Format(begins(b"GIF87a", b"GIF89a"), _read_by_pillow("GIF"), (".gif",)),
    _Format(begins(b"BM"), _read_by_pillow("BMP"), (".bmp", ".dib")),
    _Format(
        begins(b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"),
        _read_by_pillow("PPM", pnm_pixels),
        (".pnm", ".ppm", ".pgm", ".pbm"),
    ),
    _Format(
        begins(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
        _read_jpeg2000,
        (".jp2", ".jpf", ".jpx", ".j2k", ".j2c", ".jpc"),
    ),
)
FILE_SUFFIXES = tuple(suffix for one in _FORMATS for suffix in one.suffixes)


def _format(head: bytes) -> _Format:
    for one in _FORMATS:
        if one.test(head):
            return one
    raise refusal(head)
