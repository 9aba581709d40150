"""PNG: its chunks are read here, its pixels by OpenCV.

Specification: W3C, Portable Network Graphics, third edition (2025).
"""

import struct
import zlib

from facecrypt.errors import RESAVE, ContainerError, MediaError
from facecrypt.limits import MAX_PROFILE_BYTES
from facecrypt.media.colour import COLOUR_SIZES, sound_colour
from facecrypt.media.decoders import cv2_pixels
from facecrypt.media.exif import orientation
from facecrypt.media.png import SIGNATURE, walk
from facecrypt.media.source import STILL, Source

__all__ = ["read_png"]

_KEPT = {b"IHDR", b"acTL", b"iCCP", b"eXIf", b"tRNS", b"PLTE", b"IDAT", *COLOUR_SIZES}
_PIXELS = (b"IHDR", b"PLTE", b"tRNS")


def read_png(data: bytes) -> Source:
    """The header of a PNG file.

    Raises
    ------
    MediaError
        It is damaged, animated, or of Apple's own kind.
    """
    if data[12:16] == b"CgBI":
        # No damage: Xcode writes it into apps for iOS, with channels and zlib header changed.
        raise MediaError(
            "a PNG of Apple's own kind (CgBI) is read by Apple's software alone; open it in "
            "Preview and save it anew, or use 'xcrun pngcrush -revert-iphone-optimizations'"
        )
    try:
        seen, plain = _chunks(data)
    except ContainerError as error:
        raise MediaError(str(error), hint=RESAVE) from None
    if len(seen[b"IHDR"]) != 13:
        raise MediaError("damaged PNG: IHDR must have 13 bytes", hint=RESAVE)
    if b"acTL" in seen:
        raise MediaError(f"the PNG {STILL}")
    width, height, _, colour = struct.unpack(">IIBB", seen[b"IHDR"][:10])
    exif = seen.get(b"eXIf")
    return Source(
        width,
        height,
        lambda: cv2_pixels(b"".join(plain)),
        icc=_inflate_profile(seen[b"iCCP"]) if b"iCCP" in seen else None,
        exif=exif,
        turn=orientation(exif),
        alpha=b"tRNS" in seen or colour in (4, 6),
        colour=sound_colour(seen),
    )


def _chunks(data: bytes) -> tuple[dict[bytes, bytes], list[bytes | memoryview]]:
    """The first chunk of each kind, and the file with only what makes pixels.

    libpng inflates, limits and complains of the rest.
    """
    seen: dict[bytes, bytes] = {}
    plain: list[bytes | memoryview] = [SIGNATURE]
    last, at = b"", len(SIGNATURE)
    for kind, payload in walk(data):
        end = at + 12 + len(payload)
        first = kind not in seen
        # Decoders pass over colour chunks behind the pixels.
        late = kind in COLOUR_SIZES and b"IDAT" in seen
        if kind in _KEPT and first and not late:
            seen[kind] = b"" if kind == b"IDAT" else bytes(payload)
        before = kind in _PIXELS and first and b"IDAT" not in seen
        if before or (kind == b"IDAT" and (first or last == b"IDAT")) or kind == b"IEND":
            plain.append(memoryview(data)[at:end])
        last, at = kind, end
    return seen, plain


def _inflate_profile(payload: bytes) -> bytes:
    """The profile in an iCCP chunk, none of it where it is damaged; a bomb is cut off."""
    packed = payload.partition(b"\0")[2][1:]
    inflater = zlib.decompressobj()
    try:
        return inflater.decompress(packed, MAX_PROFILE_BYTES + 1)
    except zlib.error:
        return b""
