"""Pictures in and out: exact pixels the right way up, and the metadata that may stay.

Pixels are RGB or gray everywhere outside the readers; BGR does not leave them.
"""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from facecrypt.errors import RESAVE, MediaError
from facecrypt.files import PathLike, read_at_most
from facecrypt.limits import MAX_PIXELS, MAX_SIDE
from facecrypt.media.colour import check_colour, differs_from_srgb
from facecrypt.media.decoders import fence, hear
from facecrypt.media.exif import clean_exif
from facecrypt.media.png import encode_png
from facecrypt.media.profile import kept_profile
from facecrypt.media.readers import reader
from facecrypt.media.refused import is_refused_format
from facecrypt.media.source import Chunks, Source
from facecrypt.media.tiff import encode_tiff
from facecrypt.media.video_kinds import VIDEO_SUFFIXES

__all__ = [
    "LOSSY",
    "MAX_PIXELS",
    "MAX_SIDE",
    "Picture",
    "decode_image",
    "encode_image",
    "naming",
    "read_bounded",
    "read_file",
    "read_image",
    "same_pixels",
    "upright",
]

_MAX_BYTES = 2**32
LOSSY = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".webp": "WebP",
    ".avif": "AVIF",
    ".heic": "HEIC",
    ".jp2": "JPEG 2000",
    ".jxl": "JPEG XL",
    ".gif": "GIF",
}


@dataclass(frozen=True, eq=False)
class Picture:
    """Decoded pixels and what belongs to them.

    Attributes
    ----------
    pixels : (H, W), (H, W, 3) or (H, W, 4) array, uint8 or uint16, C-contiguous
        Gray, RGB or RGBA, upright. Gray with alpha and palettes with transparency become
        RGBA, other palettes RGB, 1-, 2- and 4-bit gray uint8 scaled to 0..255. PNM of another
        white than 255 or 65535 and JPEG 2000 of 9 to 15 bits are scaled to the full range of
        uint8 or uint16, from which rounding gives every sample back.
    icc : bytes or None
        Colour profile, cut to the length it gives itself and to tags of the standard, where it
        fits the pixels: one of CMYK, or of RGB beside gray pixels, is left out.
    exif : bytes or None
        Rebuilt from harmless tags, without thumbnail and with orientation 1; only
        where asked for.
    colour : tuple of (type, payload)
        The chunks of a PNG that say how its samples are meant: cICP, mDCV, cLLI, sRGB, gAMA
        and cHRM, in that order, where they are there and sane.
    left_out : tuple of str
        What else the file holds, in words: a gain map, another picture, a video.
    turn : int
        EXIF orientation of the pixels as the file has them; `pixels` are upright.
    """

    pixels: np.ndarray
    icc: bytes | None = None
    exif: bytes | None = None
    colour: Chunks = ()
    left_out: tuple[str, ...] = ()
    turn: int = 1


def read_image(path: PathLike, *, keep_metadata: bool = False) -> Picture:
    """Read a picture file.

    Parameters
    ----------
    path : path of a JPEG, PNG, WebP, AVIF, TIFF, BMP, GIF, PNM or JPEG 2000 file
        Recognised by content; the suffix does not matter.
    keep_metadata : bool
        Also give the cleaned EXIF block.

    Returns
    -------
    Picture

    Raises
    ------
    MediaError
        The path, what is wrong and what to do: missing, unreadable, another format, cut
        short, animated or of several pages, floating point, or over the limits
        (`MAX_PIXELS`, `MAX_SIDE`), which are checked before any pixel is decoded.

    Warns
    -----
    UserWarning
        The colour profile is damaged or larger than 1 MiB, and is left out. The decoder found
        something wrong, and gave pixels nevertheless; what it says of it.

    Notes
    -----
    Files cut short are refused. Damage in the middle of a JPEG is not noticed, since
    JPEG has no checksum: the pixels are those every viewer shows.
    """
    data = read_file(path)
    with naming(path):
        return decode_image(data, keep_metadata=keep_metadata, name=f"{path}: ")


def read_file(path: PathLike) -> bytes:
    """The bytes of a picture file; a large file of another kind is refused before it is loaded.

    Raises
    ------
    MediaError
        As :func:`read_image` raises it, but for what only decoding shows.
    """
    with naming(path):
        try:
            with Path(path).open("rb") as file:
                _check_kind(file.peek(64)[:64], Path(path).suffix.lower())
                return read_bounded(file)
        except MediaError:
            raise
        except OSError as error:
            failure = MediaError(error.strerror or str(error))
            failure.errno = error.errno
            raise failure from error


def _check_kind(head: bytes, suffix: str) -> None:
    """MediaError where a file is no picture; of what is called a video, another is expected."""
    try:
        reader(head)
    except MediaError:
        if suffix not in VIDEO_SUFFIXES or is_refused_format(head):
            raise
        why = "no video that facecrypt knows, or its beginning is damaged" if head else "empty"
        raise MediaError(f"is {why}; get the whole file anew from where it came") from None


def read_bounded(file: BinaryIO) -> bytes:
    """What is left of an open file; MediaError where that is more than a picture may have."""
    data = read_at_most(file, _MAX_BYTES)
    if data is None:
        raise MediaError(f"larger than the {_MAX_BYTES} bytes a picture file may have")
    return data


@contextmanager
def naming(path: PathLike | None) -> Iterator[None]:
    """Errors within begin with the name of the file, where it has one."""
    try:
        yield
    except MediaError as error:
        if path is None or error.message.startswith(f"{path}: "):
            raise
        named = MediaError(f"{path}: {error.message}", hint=error.hint)
        named.errno = error.errno
        raise named from error


def decode_image(data: bytes, *, keep_metadata: bool = False, name: str = "") -> Picture:
    """Decode a picture file held in memory; see :func:`read_image`.

    Parameters
    ----------
    data : bytes
    keep_metadata : bool
    name : str
        What warnings begin with.

    Examples
    --------
    >>> decode_image(encode_image(".png", np.zeros((2, 3), np.uint16))).pixels.shape
    (2, 3)
    """
    (source, pixels), said = hear(lambda: _decoded(data))
    for line in said:
        warnings.warn(f"{name}the decoder says: {line}", stacklevel=3)
    _check_pixels(pixels, source)
    return Picture(
        np.ascontiguousarray(upright(pixels, source.turn)),
        icc=kept_profile(source.icc, b"GRAY" if pixels.ndim == 2 else b"RGB ", name),
        exif=clean_exif(source.exif) if keep_metadata else None,
        colour=source.colour,
        left_out=source.left_out,
        turn=source.turn,
    )


def encode_image(
    suffix: str,
    pixels: np.ndarray,
    *,
    icc: bytes | None = None,
    exif: bytes | None = None,
    colour: Iterable[tuple[bytes, bytes]] = (),
    chunks: Iterable[tuple[bytes, bytes]] = (),
) -> bytes:
    """Encode pixels without loss, in the format a file suffix names.

    Parameters
    ----------
    suffix : str
        ``.png``, ``.tif`` or ``.tiff``, in either case.
    pixels : (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) array, uint8 or uint16
    icc, exif : bytes, optional
        As in :class:`Picture`.
    colour : iterable of (type, payload)
        As in :class:`Picture`. TIFF has no place for them.
    chunks : iterable of (type, payload)
        Extra PNG chunks, for ``.png`` alone.

    Returns
    -------
    bytes

    Raises
    ------
    MediaError
        A lossy or unknown format.
    TypeError, ValueError
        Pixels of another dtype or shape; chunks that are not as described; chunks for TIFF.

    Warns
    -----
    UserWarning
        As TIFF, the picture will look other, since its colour chunks are left out.
    """
    kind, colour = suffix.lower(), check_colour(colour)
    if kind == ".png":
        return encode_png(pixels, icc=icc, exif=exif, chunks=(*colour, *chunks))
    if kind in (".tif", ".tiff"):
        if tuple(chunks):
            raise ValueError("a TIFF file takes no PNG chunks; write .png, or use a sidecar")
        if differs_from_srgb(colour) and icc is None:
            names = ", ".join(kind.decode() for kind, _ in colour)
            warnings.warn(
                f"TIFF has no place for what this PNG says of its colours ({names}): it may look "
                "other; write .png",
                stacklevel=2,
            )
        return encode_tiff(pixels, icc=icc, exif=exif)
    if kind in LOSSY:
        raise MediaError(
            f"{LOSSY[kind]} ({kind}) is lossy and would destroy the sealed pixels; write .png"
        )
    raise MediaError(f"{suffix!r} is not a format facecrypt writes; write .png, .tif or .tiff")


def same_pixels(decoded: np.ndarray, pixels: np.ndarray) -> bool:
    """Whether pixels read from a file are those that were written: files know one kind of gray."""
    expected = pixels[..., 0] if pixels.shape[2:] == (1,) else pixels
    return decoded.dtype == expected.dtype and np.array_equal(decoded, expected)


def _decoded(data: bytes) -> tuple[Source, np.ndarray]:
    with fence():
        source = reader(data[:64])(data)
        _check_size(source)
        return source, source.load()


def _check_size(source: Source) -> None:
    size = f"{source.width}x{source.height}"
    if min(source.width, source.height) < 1:
        raise MediaError(f"the header says {size} pixels, which is no picture")
    if max(source.width, source.height) > MAX_SIDE or source.width * source.height > MAX_PIXELS:
        raise MediaError(
            f"the header says {size} pixels; at most {MAX_PIXELS} in all and {MAX_SIDE} a side "
            "are read; scale or cut the picture"
        )


def _check_pixels(pixels: np.ndarray, source: Source) -> None:
    if pixels.dtype not in (np.uint8, np.uint16):
        raise MediaError(
            f"samples of type {pixels.dtype} cannot be sealed; "
            "scale the picture to 8 or 16 bits and save it as PNG"
        )
    # Two parsers read the file; where they disagree, neither is to be believed.
    if sorted(pixels.shape[:2]) != sorted((source.height, source.width)):
        raise MediaError(
            f"damaged: the header says {source.width}x{source.height} pixels, "
            f"the data {pixels.shape[1]}x{pixels.shape[0]}",
            hint=RESAVE,
        )
    if source.alpha and pixels.shape[2:] != (4,):
        raise MediaError("its transparency would be lost; save it as RGBA PNG")


def upright(pixels: np.ndarray, turn: int) -> np.ndarray:
    """Apply an EXIF orientation (CIPA DC-008, tag 274) to an array of samples."""
    if turn == 1:
        return pixels
    import cv2

    # NumPy views would do, but copying them into order takes several times as long.
    if turn in (2, 3, 4):
        return cv2.flip(pixels, {2: 1, 3: -1, 4: 0}[turn])
    turned = cv2.transpose(pixels)
    return turned if turn == 5 else cv2.flip(turned, {6: 1, 7: -1, 8: 0}[turn])
