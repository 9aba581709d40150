"""The private part of a JPEG: everything of the original that its coefficients are not."""

import base64
import struct
import zlib
from itertools import pairwise
from typing import NamedTuple

from facecrypt.errors import ContainerError
from facecrypt.sealing.padding import padded

__all__ = ["Private"]

_HEAD = struct.Struct(">III32sQ")
# What deflate knows before the first byte, fixed by the format: how most files begin.
_DICTIONARY = base64.b64decode(
    "/8AAEQgAAAAAAwEiAAIRAQMRAf/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMF"
    "BQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNE"
    "RUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrC"
    "w8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/EAB8BAAMBAQEBAQEBAQEAAAAAAAABAgMEBQYH"
    "CAkKC//EALURAAIBAgQEAwQHBQQEAAECdwABAgMRBAUhMQYSQVEHYXETIjKBCBRCkaGxwQkjM1LwFWJy0QoWJDTh"
    "JfEXGBkaJicoKSo1Njc4OTpDREVGR0hJSlNUVVZXWFlaY2RlZmdoaWpzdHV2d3h5eoKDhIWGh4iJipKTlJWWl5iZ"
    "mqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uLj5OXm5+jp6vLz9PX29/j5+v/aAAwDAQACEQMR"
    "AD8A/9n/2P/gABBKRklGAAEBAAABAAEAAA=="
)
_MOST = 1 << 28


class Private(NamedTuple):
    """What gives the bytes of a file back, beside its coefficients.

    Attributes
    ----------
    sha256 : bytes
        Of the original.
    size : int
        Of the original, in bytes.
    recipe, skeleton, dummies, tail : bytes
        As of :class:`facecrypt.media.jpeg.Cut`. Of a file that was coded anew all are empty but
        the tail, which is the original.
    """

    sha256: bytes
    size: int
    recipe: bytes
    skeleton: bytes
    dummies: bytes
    tail: bytes

    def to_bytes(self) -> bytes:
        """``be4(n) || n bytes of raw deflate || be8(length of the tail) || tail``, padded."""
        sizes = len(self.recipe), len(self.skeleton), len(self.dummies)
        head = _HEAD.pack(*sizes, self.sha256, self.size)
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY)
        packed = deflate.compress(head + self.recipe + self.skeleton + self.dummies)
        packed += deflate.flush()
        return padded(
            struct.pack(">I", len(packed)) + packed + struct.pack(">Q", len(self.tail)) + self.tail
        )

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> "Private":
        """The inverse; ContainerError where it is malformed."""
        data = memoryview(data)
        (size,) = struct.unpack(">I", data[:4].tobytes().rjust(4, b"\0"))
        packed, rest = data[4 : 4 + size], data[4 + size :]
        inflate = zlib.decompressobj(-15, _DICTIONARY)
        try:
            plain = inflate.decompress(packed, _MOST)
        except zlib.error:
            plain = b""
        if not inflate.eof or inflate.unused_data or len(plain) < _HEAD.size or len(rest) < 8:
            raise ContainerError("the private part is damaged")
        recipe, skeleton, dummies, sha256, length = _HEAD.unpack_from(plain)
        (tail,) = struct.unpack(">Q", rest[:8])
        if _HEAD.size + recipe + skeleton + dummies != len(plain) or tail > len(rest) - 8:
            raise ContainerError("the private part is damaged")
        ends = _HEAD.size, _HEAD.size + recipe, _HEAD.size + recipe + skeleton, len(plain)
        first, second, third = (plain[a:b] for a, b in pairwise(ends))
        return cls(sha256, length, first, second, third, bytes(rest[8 : 8 + tail]))
