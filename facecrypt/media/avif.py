"""AVIF: how deep its samples are, which Pillow does not tell.

Specifications: ISO/IEC 14496-12 (boxes), AV1 Codec ISO Media File Format Binding 1.2.
"""

import struct
from collections.abc import Iterator

from facecrypt.errors import MediaError

__all__ = ["check_depth"]

_HOLDERS = (b"meta", b"iprp", b"ipco")
_HIGH, _TWELVE = 0x40, 0x20


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


def _bits(configuration: memoryview) -> int:
    if len(configuration) < 3 or not configuration[2] & _HIGH:
        return 8
    return 12 if configuration[2] & _TWELVE else 10


def _boxes(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
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
        if kind in _HOLDERS:
            # meta is a full box: version and flags come before its boxes.
            yield from _boxes(body[4:] if kind == b"meta" else body)
        at += length
