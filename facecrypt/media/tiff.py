"""TIFF: what the header says, and an encoder without compression.

Specification: Adobe, TIFF revision 6.0 (1992), sections 2 to 7 and 18.
"""

import struct
from typing import NamedTuple

import numpy as np

from facecrypt.errors import MediaError
from facecrypt.media.exif import (
    EXIF_IFD,
    GPS_IFD,
    LONG,
    SHORT,
    UNDEFINED,
    Entry,
    Order,
    byte_order,
    first_directory,
    numbers,
    read_directory,
    write_directories,
)
from facecrypt.media.png import checked_pixels

__all__ = ["TiffHeader", "encode_tiff", "tiff_header"]

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES = 273, 277, 278, 279
PLANAR, TILE_WIDTH, EXTRA_SAMPLES, SAMPLE_FORMAT, ICC = 284, 322, 338, 339, 34675
GRAY, RGB = 1, 2
# None, three of fax, LZW, JPEG, both numbers of Deflate, PackBits. Of another one OpenCV
# may give a black picture and no error.
_READ = {1, 2, 3, 4, 5, 7, 8, 32946, 32773}
_NAMES = {
    6: "old-style JPEG",
    34712: "JPEG 2000",
    34887: "LERC",
    34925: "LZMA",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
}


class TiffHeader(NamedTuple):
    """Size and profile; ``plain`` where OpenCV decodes exactly these pixels.

    It multiplies colours by unassociated alpha, drops the alpha of gray pictures, and
    mixes up the tiles of pictures that are to be turned.
    """

    width: int
    height: int
    plain: bool
    icc: bytes | None


def tiff_header(data: bytes) -> TiffHeader:
    """Read the only directory of a TIFF file; refuse what would not be read exactly.

    Raises
    ------
    MediaError
        Several pages, a camera raw file, BigTIFF, a compression that is not read, or samples
        that are not unsigned integers of at most 8, or of 16 bits interleaved.
    """
    try:
        order = byte_order(data)
        tags, following = first_directory(data)
    except ValueError as error:
        raise MediaError(f"not a classic TIFF file ({error}); save it as PNG") from None
    width, height, samples = (
        (numbers(tags, tag, order) or (default,))[0]
        for tag, default in ((WIDTH, 0), (HEIGHT, 0), (SAMPLES, 1))
    )
    if not width or not height:
        raise MediaError("the TIFF header is damaged: it gives no size")
    if following or (numbers(tags, SUBFILE, order) or (0,))[0] & 1:
        raise MediaError(
            "the TIFF file holds several pages, or previews of a camera raw picture; "
            "export the one picture as PNG or as TIFF of one page"
        )
    _check_compression((numbers(tags, COMPRESSION, order) or (1,))[0])
    bits = set(numbers(tags, BITS, order) or (1,))
    kinds = set(numbers(tags, SAMPLE_FORMAT, order) or (1,))
    if kinds != {1} or not (bits == {16} or max(bits) <= 8):
        raise MediaError(
            f"TIFF samples of {'/'.join(map(str, sorted(bits)))} bits, sample format "
            f"{'/'.join(map(str, sorted(kinds)))}: only unsigned integers of 8 or 16 bits "
            "can be sealed; scale the picture to 16 bits and save it as PNG"
        )
    colour = (numbers(tags, PHOTOMETRIC, order) or (None,))[0]
    planar = (numbers(tags, PLANAR, order) or (1,))[0]
    if bits == {16} and (
        (colour, samples) not in {(GRAY, 1), (RGB, 3), (RGB, 4)} or (planar != 1 and samples > 1)
    ):
        raise MediaError(
            "a 16-bit TIFF must be gray, RGB or RGBA with interleaved samples; save it as PNG"
        )
    plain = bits == {16} or (
        bits == {8} and (colour, samples) in {(GRAY, 1), (RGB, 3)} and TILE_WIDTH not in tags
    )
    profile = tags.get(ICC)
    return TiffHeader(width, height, plain, bytes(profile.data) if profile else None)


def _check_compression(number: int) -> None:
    if number not in _READ:
        raise MediaError(
            f"TIFF compression {_NAMES.get(number, 'unknown')} ({number}) is not read; save the "
            "picture as PNG, or as TIFF with LZW or Deflate compression"
        )


def encode_tiff(
    pixels: np.ndarray, *, icc: bytes | None = None, exif: bytes | None = None
) -> bytes:
    """Encode pixels as baseline TIFF: one strip, no compression.

    Parameters
    ----------
    pixels : (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) array, uint8 or uint16
        Gray, RGB or RGBA (alpha not premultiplied).
    icc : bytes, optional
    exif : bytes, optional
        A block as :func:`facecrypt.media.exif.clean_exif` gives it; its directories
        become those of the file.

    Raises
    ------
    TypeError, ValueError
        An array of another dtype or shape, or more than the 4 GiB that TIFF offsets reach.
    """
    pixels = checked_pixels(pixels)
    order: Order = byte_order(exif) if exif else "<"
    height, width = pixels.shape[:2]
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    raw = pixels.astype(pixels.dtype.newbyteorder(order), copy=False).tobytes()
    raw += bytes(len(raw) % 2)
    if len(raw) + len(icc or b"") + len(exif or b"") > 2**32 - 2**12:
        raise ValueError("the picture is larger than a TIFF file can be; write .png")

    def entry(kind: int, *values: int) -> Entry:
        code = "I" if kind == LONG else "H"
        return Entry(kind, len(values), struct.pack(f"{order}{len(values)}{code}", *values))

    directories = _exif_directories(exif) if exif else {0: {}}
    directories[0] |= {
        WIDTH: entry(LONG, width),
        HEIGHT: entry(LONG, height),
        BITS: entry(SHORT, *[8 * pixels.itemsize] * channels),
        COMPRESSION: entry(SHORT, 1),
        PHOTOMETRIC: entry(SHORT, GRAY if channels == 1 else RGB),
        STRIP_OFFSETS: entry(LONG, 8),
        SAMPLES: entry(SHORT, channels),
        ROWS_PER_STRIP: entry(LONG, height),
        STRIP_BYTES: entry(LONG, pixels.nbytes),
        PLANAR: entry(SHORT, 1),
    }
    if channels == 4:
        directories[0][EXTRA_SAMPLES] = entry(SHORT, 2)
    if icc is not None:
        directories[0][ICC] = Entry(UNDEFINED, len(icc), icc)
    start = 8 + len(raw)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    return b"".join((head, raw, write_directories(order, directories, start)))


def _exif_directories(exif: bytes) -> dict[int, dict[int, Entry]]:
    order = byte_order(exif)
    main = first_directory(exif)[0]
    directories = {0: main}
    for pointer in (EXIF_IFD, GPS_IFD):
        for offset in numbers(main, pointer, order)[:1]:
            directories[pointer] = read_directory(exif, offset)[0]
    return directories
