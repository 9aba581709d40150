"""Where the header lives: in a PNG chunk of the sealed picture, or in a file beside it.

The chunk is ``fcRP``: ancillary, private, *not* safe to copy, so that an editor
that does not know it drops it rather than carry it over to other pixels. The
sidecar ``NAME.fcrypt.json`` holds the same bytes; the digest and the tags in
them bind it to the picture, which may then be any lossless file of those pixels.
"""

import os
from collections import deque
from io import BytesIO
from pathlib import Path

import numpy as np

from facecrypt.container import Header, Sealed
from facecrypt.decoders import check_pillow_size
from facecrypt.errors import ContainerError, MediaError, NotSealedError
from facecrypt.files import atomic_write, read_small, remove
from facecrypt.limits import MAX_HEADER_BYTES
from facecrypt.media import Picture, decode_image, encode_image, read_image
from facecrypt.png import png_chunks, read_chunk
from facecrypt.readback import check_encoded

__all__ = [
    "check_destination",
    "check_size",
    "decode",
    "is_sealed",
    "read",
    "read_header",
    "sidecar_path",
    "write",
    "write_plain",
]

CHUNK = b"fcRP"
# What the cipher of a scheme needs beside its key; here, so that sealing can refuse such a file.
SCHEME_CHUNK = b"fcSC"
PNG_SUFFIXES, LOSSLESS_SUFFIXES = (".png",), (".png", ".tif", ".tiff")
LOSSY_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".webp", ".avif", ".heic", ".gif", ".jxl", ".jp2")

PathLike = str | os.PathLike[str]


def sidecar_path(path: PathLike) -> Path:
    """``photo.png`` -> ``photo.png.fcrypt.json``."""
    path = Path(path)
    return path.with_name(path.name + ".fcrypt.json")


def check_destination(path: PathLike, *, sidecar: bool) -> None:
    """Refuse, before any work is done, a file format that would not keep every pixel.

    Raises
    ------
    MediaError
    """
    suffix = Path(path).suffix.lower()
    allowed = LOSSLESS_SUFFIXES if sidecar else PNG_SUFFIXES
    if suffix in allowed:
        return
    if suffix in LOSSY_SUFFIXES:
        why = f"{suffix} does not keep every pixel exactly, so the faces could not be given back"
    elif suffix in LOSSLESS_SUFFIXES:
        why = f"{suffix} has no place for the header; use a sidecar"
    else:
        why = f"{suffix or 'a name without a suffix'} is not a format facecrypt writes"
    raise MediaError(f"{path}: {why}; write {' or '.join(allowed)}")


def check_size(path: PathLike, pixels: np.ndarray) -> None:
    """Refuse, before any work is done, a picture that could not be read back from this format.

    Raises
    ------
    MediaError
    """
    # What else TIFF holds is read by OpenCV, up to the limit of all pictures.
    by_pillow = pixels.dtype == np.uint8 and pixels.shape[2:] == (4,)
    if by_pillow and Path(path).suffix.lower() in (".tif", ".tiff"):
        try:
            check_pillow_size("TIFF", pixels.shape[1], pixels.shape[0])
        except MediaError as error:
            raise MediaError(f"{path}: {error}") from None


def write(path: PathLike, sealed: Sealed, *, like: Picture, sidecar: bool, overwrite: bool) -> None:
    """Write a sealed picture and its header, whole or not at all.

    Parameters
    ----------
    like : Picture
        Its ICC profile and kept EXIF go along.

    Raises
    ------
    MediaError
        It cannot be written, or what would be written does not read back as it is.
    """
    header = sealed.header.to_bytes()
    chunks = () if sidecar else ((CHUNK, header),)
    data = encode_image(
        Path(path).suffix, sealed.image, icc=like.icc, exif=like.exif, chunks=chunks
    )
    try:
        if Header.from_bytes(header) != sealed.header:
            raise ContainerError("the header does not read back as it was")
        check_encoded(data, sealed.image, *chunks or (None,))
    except (ContainerError, MediaError) as error:
        raise MediaError(f"{path}: {error}") from error
    if sidecar:
        # The picture is the commit mark: a sidecar without one is litter of an earlier run,
        # and an old picture must not be seen beside the new header.
        if overwrite:
            remove(path)
        elif Path(path).exists():
            raise MediaError(f"{path}: already exists; overwrite replaces it")
        remove(sidecar_path(path))
        atomic_write(sidecar_path(path), header)
    atomic_write(path, data, overwrite=overwrite)


def write_plain(path: PathLike, picture: Picture, *, overwrite: bool) -> None:
    """Write a picture without a header."""
    data = encode_image(Path(path).suffix, picture.pixels, icc=picture.icc, exif=picture.exif)
    atomic_write(path, data, overwrite=overwrite)


def read(path: PathLike) -> tuple[Sealed, Picture]:
    """Read a sealed picture and what came with it.

    Raises
    ------
    ContainerError
        No header, a damaged header, a file cut short, or a header of another picture.
    MediaError
        The file cannot be read as a picture.
    """
    data, embedded = _header_bytes(path)
    header = Header.from_bytes(data)
    try:
        if embedded:
            # The walk refuses what a decoder forgives: wrong checksums, a tail after the end.
            deque(png_chunks(Path(path).read_bytes()), maxlen=0)
        picture = read_image(path, keep_metadata=True)
    except MediaError as error:
        if error.errno is not None:
            raise
        raise ContainerError(str(error)) from error
    return _joined(header, picture), picture


def decode(data: bytes) -> tuple[Sealed, Picture]:
    """Read a sealed PNG file held in memory, with its header in it; errors as of :func:`read`."""
    found = read_chunk(BytesIO(data), CHUNK, limit=MAX_HEADER_BYTES)
    if found is None:
        raise NotSealedError(
            "holds no facecrypt header. Either it was never encrypted, or a program re-saved it "
            "and dropped the header"
        )
    header = Header.from_bytes(found)
    try:
        deque(png_chunks(data), maxlen=0)
        picture = decode_image(data, keep_metadata=True)
    except MediaError as error:
        raise ContainerError(str(error)) from error
    return _joined(header, picture), picture


def read_header(path: PathLike) -> Header:
    """Read the header alone: of the picture itself, else of the sidecar.

    Raises
    ------
    NotSealedError
        There is neither.
    ContainerError
        The header is damaged.
    """
    return Header.from_bytes(_header_bytes(path)[0])


def _joined(header: Header, picture: Picture) -> Sealed:
    pixels = picture.pixels
    if header.shape[2:] == (1,) and pixels.ndim == 2:
        pixels = pixels[..., None]  # PNG and TIFF know one kind of gray
    return Sealed(pixels, header)


def _header_bytes(path: PathLike) -> tuple[bytes, bool]:
    """The header, and whether the picture itself holds it."""
    data = read_chunk(path, CHUNK, limit=MAX_HEADER_BYTES)
    if data is not None:
        return data, True
    beside = sidecar_path(path)
    if beside.exists():
        return read_small(beside, MAX_HEADER_BYTES), False
    raise NotSealedError(
        f"{path}: holds no facecrypt header. Either it was never encrypted, or a program "
        f"re-saved it and dropped the header, or {beside.name} is missing beside it"
    )


def is_sealed(path: PathLike) -> bool:
    """Whether there is a header, sound or not."""
    try:
        read_header(path)
    except NotSealedError:
        return False
    except ContainerError:
        return True
    return True
