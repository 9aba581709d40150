"""One reader for each picture format: the header first, the pixels when asked.

JPEG, PNG and TIFF headers are read here and not by Pillow, which reports damaged
metadata by warnings: those are global, and worker threads cannot silence them.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from facecrypt.errors import ContainerError, MediaError
from facecrypt.limits import MAX_PROFILE_BYTES, MAX_SCANS
from facecrypt.media.decoders import (
    DAMAGED,
    cv2_pixels,
    frames,
    open_by_pillow,
    pillow_pixels,
)
from facecrypt.media.exif import orientation
from facecrypt.media.jpeg2000 import check_whole
from facecrypt.media.png import SIGNATURE, walk
from facecrypt.media.tiff import tiff_header

__all__ = ["Source", "is_picture", "reader"]

_PNM = re.compile(rb"P[1-6](?:#|\s+[#\d])")
# 00 is a stuffed byte, FF a fill byte, D0 to D7 restart inside a scan.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_STILL = "is animated, and all frames but one would be lost; extract the frames as PNG first"


class Source(NamedTuple):
    """A picture whose header was read.

    ``load`` gives gray, RGB or RGBA pixels. ``turn`` is the EXIF orientation they still
    need, ``exif`` the raw block. ``alpha``: the file is known to have transparency.
    """

    width: int
    height: int
    load: Callable[[], np.ndarray]
    icc: bytes | None = None
    exif: bytes | None = None
    turn: int = 1
    alpha: bool = False


def reader(head: bytes) -> Callable[[bytes], Source]:
    """Choose by the first bytes of a file, 64 of them if there are.

    Raises
    ------
    MediaError
        No picture, or of a format that is not read.
    """
    for test, read in _READERS:
        if test(head):
            return read
    for test, reason in _REFUSED:
        if test(head):
            raise MediaError(reason)
    raise MediaError("not a picture facecrypt reads; save it as PNG, JPEG, WebP, AVIF or TIFF")


def is_picture(head: bytes) -> bool:
    """Whether a file is a picture, of a format that is read or of one that is refused.

    For files whose name does not say so: text may begin with the marks of BMP and PNM, and
    is told apart by what must follow them.
    """
    if head[:2] == b"BM":
        return 12 <= int.from_bytes(head[14:18], "little") <= 124
    if head[:1] == b"P" and head[1:2] in b"123456":
        return _PNM.match(head) is not None
    return any(test(head) for test, _ in (*_READERS, *_REFUSED))


def _read_png(data: bytes) -> Source:
    seen: dict[bytes, bytes] = {}
    # For the decoder only what makes pixels: libpng inflates, limits and complains of the rest.
    plain: list[bytes | memoryview] = [SIGNATURE]
    last, at = b"", len(SIGNATURE)
    try:
        for kind, payload in walk(data):
            end = at + 12 + len(payload)
            first = kind not in seen
            if kind in (b"IHDR", b"acTL", b"iCCP", b"eXIf", b"tRNS", b"PLTE", b"IDAT") and first:
                seen[kind] = b"" if kind == b"IDAT" else bytes(payload)
            before = kind in (b"IHDR", b"PLTE", b"tRNS") and first and b"IDAT" not in seen
            if before or (kind == b"IDAT" and (first or last == b"IDAT")) or kind == b"IEND":
                plain.append(memoryview(data)[at:end])
            last, at = kind, end
    except ContainerError as error:
        raise MediaError(f"{error}; get an intact copy") from None
    if len(seen[b"IHDR"]) != 13:
        raise MediaError("damaged PNG: IHDR must have 13 bytes")
    if b"acTL" in seen:
        raise MediaError(f"the PNG {_STILL}")
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
    )


def _inflate_profile(payload: bytes) -> bytes:
    """The profile in an iCCP chunk, none of it where it is damaged; a bomb is cut off."""
    packed = payload.partition(b"\0")[2][1:]
    inflater = zlib.decompressobj()
    try:
        return inflater.decompress(packed, MAX_PROFILE_BYTES + 1)
    except zlib.error:
        return b""


def _read_jpeg(data: bytes) -> Source:
    """Walk the markers up to the scan (ITU-T T.81, annex B)."""
    frame: tuple[int, int, int, int] | None = None
    exif, profile, adobe, arithmetic = None, {}, False, False
    for marker, payload in _segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and len(payload) >= 6:
            frame = frame or struct.unpack(">BHHB", payload[:6])
            arithmetic = marker > 0xC8
        elif marker == 0xE1 and payload[:6] == b"Exif\0\0":
            exif = exif or payload[6:]
        elif marker == 0xE2 and payload[:12] == b"ICC_PROFILE\0" and len(payload) > 14:
            profile[payload[12]] = payload[14:]
        elif marker == 0xEE and payload[:5] == b"Adobe":
            adobe = True
    if frame is None:
        raise MediaError(f"the JPEG is {DAMAGED}")
    depth, height, width, components = frame
    if depth != 8 or components not in (1, 3, 4):
        raise MediaError(
            f"a JPEG of {components} components of {depth} bits is not read; save it as PNG"
        )
    if components == 4 and not adobe:
        # Without Adobe's marker nothing tells ink from its complement.
        raise MediaError("a CMYK JPEG without Adobe marker is ambiguous; convert it to RGB")

    def load() -> np.ndarray:
        _check_scans(data)
        _check_density(data, width * height, arithmetic=arithmetic)
        return cv2_pixels(data)

    icc = b"".join(profile[number] for number in sorted(profile)) if profile else None
    return Source(width, height, load, icc=icc, exif=exif, turn=orientation(exif))


def _check_scans(data: bytes) -> None:
    """Each scan of a progressive JPEG costs a pass over all pixels, and few bytes."""
    # A count that is never too low, and cheap; bytes behind the picture may add to it.
    if data.count(b"\xff\xda") <= MAX_SCANS:
        return
    scans, at = 0, 2
    while marker := _MARKER.search(data, at):
        kind = data[marker.end() - 1]
        if kind == 0xD9:
            break
        at = marker.end()
        if kind not in (0x01, 0xD8):
            at += int.from_bytes(data[at : at + 2], "big")
        scans += kind == 0xDA
    if scans > MAX_SCANS:
        raise MediaError(
            f"the JPEG has {scans} scans; at most {MAX_SCANS} are read; save the picture anew"
        )


def _check_density(data: bytes, pixels: int, *, arithmetic: bool) -> None:
    """A Huffman code has a bit for each block of 64 pixels at least; fewer were cut off."""
    if not arithmetic and pixels > 8 * 64 * len(data):
        raise MediaError(
            f"the JPEG has {len(data)} bytes for {pixels} pixels, fewer than a bit for each block "
            "of 64: it was cut short; get an intact copy"
        )


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        head = data[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0xD9, 0xDA):
            return
        if head[1] == 0x01 or 0xD0 <= head[1] <= 0xD7:
            at += 2
            continue
        length = int.from_bytes(head[2:], "big")
        if length < 2:
            return
        yield head[1], data[at + 4 : at + 2 + length]
        at += 2 + length


def _read_tiff(data: bytes) -> Source:
    header = tiff_header(data)

    def load() -> np.ndarray:
        if header.plain:
            return cv2_pixels(data)
        return pillow_pixels(open_by_pillow("TIFF", data))

    # Both libraries turn TIFF pixels upright; and a TIFF file is its own EXIF block.
    return Source(header.width, header.height, load, icc=header.icc, exif=data)


def _read_by_pillow(name: str, *, decode: bool = True) -> Callable[[bytes], Source]:
    """A reader with Pillow for the header, and for the pixels unless OpenCV is better."""

    def read(data: bytes) -> Source:
        image = open_by_pillow(name, data)
        if frames(image) > 1:
            raise MediaError(f"the {name} file {_STILL}")
        exif = image.info.get("exif")
        exif = exif.removeprefix(b"Exif\0\0") if exif else None
        return Source(
            *image.size,
            (lambda: pillow_pixels(image)) if decode else (lambda: cv2_pixels(data)),
            icc=image.info.get("icc_profile"),
            exif=exif,
            turn=orientation(exif),
            alpha=image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info,
        )

    return read


def _read_jpeg2000(data: bytes) -> Source:
    check_whole(data)
    return _read_by_pillow("JPEG2000", decode=False)(data)


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(starts)


def _brand(*brands: bytes) -> Callable[[bytes], bool]:
    """ISO base media file whose major or compatible brands hold one of these."""
    return lambda head: (
        head[4:8] == b"ftyp"
        and any(brand in head[8 : min(int.from_bytes(head[:4], "big"), 64)] for brand in brands)
    )


_READERS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Source]], ...] = (
    (_begins(b"\xff\xd8\xff"), _read_jpeg),
    (_begins(b"\x89PNG\r\n\x1a\n"), _read_png),
    (_begins(b"II*\0", b"MM\0*"), _read_tiff),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", _read_by_pillow("WEBP")),
    (_brand(b"avif", b"avis"), _read_by_pillow("AVIF")),
    (_begins(b"GIF87a", b"GIF89a"), _read_by_pillow("GIF")),
    (_begins(b"BM"), _read_by_pillow("BMP")),
    (_begins(b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"), _read_by_pillow("PPM", decode=False)),
    (
        _begins(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
        _read_jpeg2000,
    ),
)

# Those that are no TIFF: of Fujifilm, Olympus, Panasonic, Sigma, Canon (CRW), Minolta.
_CAMERA_RAW = (
    b"FUJIFILMCCD-RAW",
    b"IIRO",
    b"IIRS",
    b"MMOR",
    b"IIU\0",
    b"FOVb",
    b"II\x1a\0\0\0HEAPCCDR",
    b"\0MRM",
)

_REFUSED: tuple[tuple[Callable[[bytes], bool], str], ...] = (
    (
        _brand(b"heic", b"heix", b"hevc", b"mif1", b"msf1"),
        "HEIC is not read; convert it to PNG or JPEG first",
    ),
    (
        _begins(b"\0\0\0\x0cJXL ", b"\xff\x0a"),
        "JPEG XL is not read; convert it to PNG first",
    ),
    (
        _begins(b"v/1\x01", b"#?RADIANCE", b"#?RGBE", b"PF\n", b"Pf\n"),
        "floating-point samples cannot be sealed; tone-map the picture to 8 or 16 bits, as PNG",
    ),
    (
        lambda head: _brand(b"crx ")(head) or head.startswith(_CAMERA_RAW),
        "camera raw files are not read; export the picture as PNG or TIFF",
    ),
    (_begins(b"II+\0", b"MM\0+"), "BigTIFF is not read; save the picture as classic TIFF or PNG"),
)
