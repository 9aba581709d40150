"""AVIF: how deep its samples are and how they are meant, which Pillow does not tell.

Specifications: ISO/IEC 14496-12 (boxes), AV1 Codec ISO Media File Format Binding 1.2, and of
the codes of colours ITU-T H.273.
"""

import struct
from collections.abc import Iterator

from facecrypt.errors import MediaError
from facecrypt.media.source import Chunks

__all__ = ["check_depth", "colour_of"]

# What leads to the properties of pictures, each in the one before it.
_HOLDERS = (b"meta", b"iprp", b"ipco")
_HIGH, _TWELVE = 0x40, 0x20
# 2 is "unspecified". Viewers show the curves of video (1, 6, 14, 15) as that of sRGB (13).
_UNSPECIFIED, _BT709, _USUAL_CURVES = 2, 1, (1, 6, 13, 14, 15)


def check_depth(data: bytes) -> None:
    """Refuse a picture of more than 8 bits: Pillow would cut them off without a word.

    Raises
    ------
    MediaError
    """
    bits = max(
        (_bits(body) for kind, body in _boxes(memoryview(data)) if kind == b"av1C"), default=8
    )
    if bits > 8:
        raise MediaError(
            f"an AVIF of {bits} bits would be cut to 8; save it as PNG of 16 bits, "
            "or as one of 8 bits where that is enough"
        )


def colour_of(data: bytes) -> Chunks:
    """The chunk that says of a PNG what this file says of its colours; none where that is sRGB."""
    boxes = _boxes(memoryview(data))
    bodies = [bytes(body[:8]) for kind, body in boxes if kind == b"colr"]
    code = next((body for body in bodies if body[:4] == b"nclx" and len(body) == 8), None)
    if code is None:
        return ()
    primaries, curve = struct.unpack_from(">HH", code, 4)
    usual = primaries == _BT709 and curve in _USUAL_CURVES
    if usual or _UNSPECIFIED in (primaries, curve) or max(primaries, curve) > 255:
        return ()
    # Decoded samples are RGB of the full range.
    return ((b"cICP", bytes((primaries, curve, 0, 1))),)


def _bits(configuration: memoryview) -> int:
    if len(configuration) < 3 or not configuration[2] & _HIGH:
        return 8
    return 12 if configuration[2] & _TWELVE else 10


def _boxes(
    view: memoryview, holders: tuple[bytes, ...] = _HOLDERS
) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes of a file, and those in the boxes that lead to properties; damage ends the walk."""
    at = 0
    while at + 8 <= len(view):
        length, kind = struct.unpack_from(">I4s", view, at)
        start = at + 8
        if length == 1 and start + 8 <= len(view):
            (length,) = struct.unpack_from(">Q", view, start)
            start += 8
        length = length or len(view) - at
        if length < start - at:
            return
        body = view[start : at + length]
        yield kind, body
        if holders[:1] == (kind,):
            # meta is a full box: version and flags come before its boxes.
            yield from _boxes(body[4:] if kind == b"meta" else body, holders[1:])
        at += length
