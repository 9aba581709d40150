"""What carriers share that keep every pixel: faces are sealed where they are in the pixels."""

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facecrypt.errors import ContainerError, MediaError
from facecrypt.keys import RecipientLike, RegionKey, Unwraps, content_subkey
from facecrypt.limits import MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES
from facecrypt.media import Picture, encode_image
from facecrypt.media.decoders import check_pillow_size
from facecrypt.media.pictures import naming
from facecrypt.media.png import SIGNATURE
from facecrypt.media.readers import file_suffix
from facecrypt.regions import turned_grid
from facecrypt.sealing.carriers.carrier import Opened, Source
from facecrypt.sealing.carriers.originals import pack, unpack
from facecrypt.sealing.content import Content, Pixels
from facecrypt.sealing.header import Header
from facecrypt.sealing.images import CELLS, Original, SealedPixels, open_pixels, seal_pixels
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.padding import doubled, padded
from facecrypt.sealing.parts import open_part
from facecrypt.sealing.payload import Payload
from facecrypt.sealing.pixels import Sealed
from facecrypt.sealing.readback import DIFFERS, check_encoded

__all__ = [
    "SealedPicture",
    "decode_sealed",
    "encode_pixels",
    "erase_pixels",
    "is_edited_picture",
    "is_hidden_picture",
    "open_picture",
    "seal_picture",
    "shown_digests",
    "with_header",
]

_TIFF = (b"II*\0", b"MM\0*")


class SealedPicture(NamedTuple):
    """Sealed pixels, what goes along with them, and the payload.

    Attributes
    ----------
    sealed : Sealed
    like : Picture
        The plain picture.
    payload : Payload
    """

    sealed: Sealed
    like: Picture
    payload: Payload


def seal_picture(
    source: Source, recipients: Sequence[RecipientLike], options: Seal, suffix: str
) -> SealedPicture:
    """Decode a plain picture and seal its faces, and the file that it is.

    Raises
    ------
    MediaError
        It cannot be decoded, or is too large for a file of that suffix; or the file does not come
        back from what was sealed.
    """
    picture = source.decode(keep_metadata=options.keep_metadata)
    check_size(suffix, picture.pixels)
    if picture.left_out:
        left_out = ", ".join(picture.left_out)
        warnings.warn(
            f"{source.name}only the first picture goes along; left out: {left_out}",
            stacklevel=2,
        )
    grid = turned_grid(CELLS.side, picture.turn, *picture.pixels.shape[:2])
    shown = shown_digests(picture)
    original = _original(source, picture.pixels, options) if options.original else None
    made = seal_pixels(
        picture.pixels, recipients, options, grid=grid, shown=shown, original=original
    )
    if original is not None:
        _check_original(made, picture.pixels, source.data, options)
    payload = Payload(made.sealed.header, private=[part.data for part in made.private])
    return SealedPicture(made.sealed, picture, payload)


def _original(source: Source, pixels: np.ndarray, options: Seal) -> Original:
    text = pack(source.data, pixels)
    text = doubled(text, 1) if options.padding == "double" else padded(text)
    if len(text) > MAX_PAYLOAD_BYTES - MAX_HEADER_BYTES:
        raise MediaError(
            f"its {len(source.data)} bytes do not fit into a sealed picture; seal it without "
            "them, with --no-original"
        )
    return Original(file_suffix(source.data[:64], source.suffix), text)


def _check_original(made: SealedPixels, pixels: np.ndarray, data: bytes, options: Seal) -> None:
    """Give the file back from what was sealed, as a reader does, and compare."""
    header, sealed = made.sealed.header, np.array(made.private[0])
    key = content_subkey(made.content_key, "private original")
    text = open_part(header, len(header.regions), sealed, key, backend=options.backend)
    if unpack(text.data, pixels) != data:
        raise MediaError(DIFFERS.format("original"))


def shown_digests(picture: Picture) -> dict[str, bytes]:
    """SHA-256 of what changes how a picture looks and is not in its pixels."""
    shown = {"icc": picture.icc, "exif": picture.exif}
    shown |= {kind.decode(): data for kind, data in picture.colour}
    return {name: hashlib.sha256(data).digest() for name, data in shown.items() if data is not None}


def encode_pixels(
    sealed: Sealed, like: Picture, suffix: str, payload: bytes, chunk: bytes | None = None
) -> bytes:
    """Sealed pixels as a file, with the colour profile and the kept EXIF of the plain one.

    Parameters
    ----------
    sealed : Sealed
    like : Picture
        The plain one.
    suffix : str
        Names the format.
    payload : bytes
        That of the picture.
    chunk : bytes, optional
        The PNG chunk that it goes into; None where it lies beside the picture.

    Raises
    ------
    MediaError
        It cannot be written so, or what was encoded does not read back as it is.
    """
    chunks = () if chunk is None else ((chunk, payload),)
    data = encode_image(
        suffix, sealed.image, icc=like.icc, exif=like.exif, colour=like.colour, chunks=chunks
    )
    try:
        if Payload.from_bytes(payload).header != sealed.header:
            raise MediaError("the header does not read back as it was")
        check_encoded(data, sealed.image, *chunks or (None,))
    except ContainerError as error:
        raise MediaError(str(error)) from error
    return data


def erase_pixels(source: Source, payload: Payload, chunk: bytes | None = None) -> bytes | None:
    """A sealed picture encoded anew with the pixels of its forgotten regions gray; None where they
    are so already. `chunk` is as of :func:`encode_pixels`.

    Raises
    ------
    ContainerError
        The file is damaged, or the payload is that of another picture.
    MediaError
        The picture, which has its payload beside it, is of a format that is not written.
    """
    picture = decode_sealed(source)
    sealed = with_header(picture, payload.header)
    if sealed.is_erased():
        return None
    suffix = ".png" if source.data.startswith(SIGNATURE) else ".tif"
    if suffix == ".tif" and source.data[:4] not in _TIFF:
        raise MediaError("is neither PNG nor TIFF; save it as PNG, with its sidecar's name too")
    return encode_pixels(sealed.erased(), picture, suffix, payload.to_bytes(), chunk)


def check_size(suffix: str, pixels: np.ndarray) -> None:
    """Refuse, before any work is done, a picture that could not be read back from this format.

    Raises
    ------
    MediaError
    """
    # What else TIFF holds is read by OpenCV, up to the limit of all pictures.
    by_pillow = pixels.dtype == np.uint8 and pixels.shape[2:] == (4,)
    if by_pillow and suffix.lower() in (".tif", ".tiff"):
        check_pillow_size("TIFF", pixels.shape[1], pixels.shape[0])


def open_picture(
    source: Source,
    payload: Payload,
    identities: Sequence[Unwraps | RegionKey],
    options: Open,
) -> Opened:
    """Decode the pixels and open what the identities can."""
    header, content = payload.header, payload.header.content
    if not isinstance(content, Pixels) or bool(content.original) != bool(header.private):
        raise ContainerError("the payload is that of another kind of picture, or damaged")
    picture = decode_sealed(source)
    sealed = with_header(picture, header)
    beside = _is_beside_edited(content, picture)
    pixels, unlocked, edited = open_pixels(sealed, identities, options, beside=beside)
    original, place = None, len(header.regions)
    if place in unlocked.keys and not edited:
        data = np.array(payload.private[0], np.uint8)
        text = open_part(header, place, data, unlocked.keys[place], backend=options.backend)
        original = unpack(text.data, pixels)
    return Opened(
        header,
        replace(picture, pixels=pixels),
        edited,
        regions=unlocked.regions(header),
        whole=unlocked.whole,
        original=original,
        unerased=sealed.unerased,
    )


def is_edited_picture(source: Source, header: Header) -> bool:
    """As of :class:`Carrier`."""
    picture = decode_sealed(source)
    return with_header(picture, header).edited or _is_beside_edited(header.content, picture)


def is_hidden_picture(source: Source, header: Header) -> bool:
    """Whether what was sealed is hidden, whatever became of the pixels around it."""
    return with_header(decode_sealed(source), header).has_sealed()


def _is_beside_edited(content: Content, picture: Picture) -> bool:
    """Whether what is shown beside the pixels is not what was sealed."""
    return shown_digests(picture) != (content.shown if isinstance(content, Pixels) else {})


def decode_sealed(source: Source) -> Picture:
    """The pixels of a sealed file, and what came with them.

    Raises
    ------
    ContainerError
        The file is damaged.
    """
    with _as_container_errors(source.path):
        return source.decode(keep_metadata=True)


def with_header(picture: Picture, header: Header) -> Sealed:
    """A sealed picture; ContainerError where the header belongs to one of another size or type."""
    pixels = picture.pixels
    if header.shape[2:] == (1,) and pixels.ndim == 2:
        pixels = pixels[..., None]  # PNG and TIFF know one kind of gray
    return Sealed(pixels, header)


@contextmanager
def _as_container_errors(path: Path | None) -> Iterator[None]:
    """A sealed picture that cannot be decoded is a damaged sealed file.

    Without the remedy for plain ones: what a viewer saves anew is sealed no more.
    """
    try:
        with naming(path):
            yield
    except MediaError as error:
        raise ContainerError(error.message) from error
