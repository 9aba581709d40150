"""JPEG: its markers are read here, its pixels by OpenCV.

Specification: ITU-T T.81, annex B; of several pictures in a file, CIPA DC-007.
"""

import re
import struct

import numpy as np

from facecrypt.errors import RESAVE, MediaError
from facecrypt.limits import MAX_SCANNED, MAX_SCANS
from facecrypt.media.decoders import DAMAGED, cv2_pixels
from facecrypt.media.exif import byte_order, first_directory, orientation
from facecrypt.media.source import Source

__all__ = ["read_jpeg"]

# 00 is a stuffed byte, FF a fill byte; D0 to D7 restart inside a scan.
_HEAD = re.compile(rb"\xff[^\x00\xff]")
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_GAIN_MAPS = (b"hdr-gain-map", b"HDRGainMap")  # Adobe's and Google's; Apple's
_GAIN_MAP_ISO = b"urn:iso:std:iso:ts:21496:-1\0"
_ENTRIES, _ENTRY_BYTES = 0xB002, 16
_PREVIEWS = {0x010001, 0x010002}


def read_jpeg(data: bytes) -> Source:
    """The markers of a JPEG file up to its first scan.

    Raises
    ------
    MediaError
        It is damaged, or of a kind that is not read exactly.
    """
    frame: tuple[int, int, int, int] | None = None
    exif, profile, adobe, arithmetic = None, {}, False, False
    segments, scan = _segments(data)
    for marker, payload in segments:
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
        raise MediaError(f"the JPEG is {DAMAGED}", hint=RESAVE)
    depth, height, width, components = frame
    if depth != 8 or components not in (1, 3, 4):
        raise MediaError(
            f"a JPEG of {components} components of {depth} bits is not read; save it as PNG"
        )
    if components == 4 and not adobe:
        # Without Adobe's marker nothing tells ink from its complement.
        raise MediaError("a CMYK JPEG without Adobe marker is ambiguous; convert it to RGB")
    # Marker codes do not occur inside a scan, but for those of restarts.
    end = data.find(b"\xff\xd9", scan)

    def load() -> np.ndarray:
        _check_scans(data, width * height)
        _check_density(data, width * height, arithmetic=arithmetic)
        try:
            return cv2_pixels(data)
        except MediaError as error:
            if end >= 0:
                raise
            raise MediaError(
                "the JPEG ends without its end marker: it was cut short, or written so",
                hint=RESAVE,
            ) from error

    icc = b"".join(profile[number] for number in sorted(profile)) if profile else None
    left_out = _left_out(data, segments, end) if end >= 0 else ()
    turn = orientation(exif)
    return Source(width, height, load, icc=icc, exif=exif, turn=turn, left_out=left_out)


def _segments(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """Markers and payloads before the first scan, and where that begins."""
    found: list[tuple[int, bytes]] = []
    at = 2
    # What is no marker is passed over, as by decoders.
    while (marker := _HEAD.search(data, at)) is not None:
        at = marker.start()
        head = data[at : at + 4]
        if len(head) < 4 or head[1] in (0xD9, 0xDA):
            return found, at
        if head[1] == 0x01 or 0xD0 <= head[1] <= 0xD7:
            at += 2
            continue
        length = int.from_bytes(head[2:], "big")
        if length < 2:
            return found, at
        found.append((head[1], data[at + 4 : at + 2 + length]))
        at += 2 + length
    return found, len(data)


def _check_scans(data: bytes, pixels: int) -> None:
    """Each scan of a progressive JPEG costs a pass over all pixels, and few bytes."""
    # A count that is never too low, and cheap; bytes behind the picture may add to it.
    most = min(MAX_SCANS, MAX_SCANNED // max(pixels, 1))
    if data.count(b"\xff\xda") <= most:
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
    if scans > most:
        size = "" if most == MAX_SCANS else f" of {pixels} pixels"
        raise MediaError(
            f"the JPEG has {scans} scans; at most {most} are read{size}; save the picture anew"
        )


def _check_density(data: bytes, pixels: int, *, arithmetic: bool) -> None:
    """A Huffman code has a bit for each block of 64 pixels at least; fewer were cut off."""
    if not arithmetic and pixels > 8 * 64 * len(data):
        raise MediaError(
            f"the JPEG has {len(data)} bytes for {pixels} pixels, fewer than a bit for each block "
            "of 64: it was cut short; get an intact copy"
        )


def _left_out(data: bytes, segments: list[tuple[int, bytes]], end: int) -> tuple[str, ...]:
    """What a file holds beside its first picture; previews of that one are not counted."""
    xmp = b"".join(body for marker, body in segments if marker == 0xE1 and body.startswith(_XMP))
    second = [body for marker, body in segments if marker == 0xE2]
    names = []
    gain_map = any(name in xmp or data.find(name, end) >= 0 for name in _GAIN_MAPS) or any(
        body.startswith(_GAIN_MAP_ISO) for body in second
    )
    listed = next((body[4:] for body in second if body.startswith(b"MPF\0")), None)
    if listed is None:
        others = int(data.find(b"\xff\xd8\xff", end) >= 0)
    else:
        others = _other_pictures(listed)
    if gain_map:
        names.append("a gain map (Ultra HDR)")
    if others > gain_map:
        names.append(
            "another picture" if others - gain_map == 1 else f"{others - gain_map} pictures"
        )
    if data.find(b"ftyp", end) >= 0:
        names.append("a video (motion photo)")
    return tuple(names)


def _other_pictures(block: bytes) -> int:
    """How many pictures an index lists beside the first, and beside its previews."""
    try:
        order = byte_order(block)
        entry = first_directory(block)[0].get(_ENTRIES)
    except ValueError:
        return 0
    kinds = (
        [
            struct.unpack_from(order + "I", entry.data, at)[0] & 0xFFFFFF
            for at in range(_ENTRY_BYTES, len(entry.data) - _ENTRY_BYTES + 1, _ENTRY_BYTES)
        ]
        if entry
        else []
    )
    return sum(kind not in _PREVIEWS for kind in kinds)
