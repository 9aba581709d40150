"""JPEG scans taken apart and put together again to the byte, with regions cut out.

A sealed JPEG is defined by its coefficients: what is public is a JPEG whose sealed cells are
all zero, and the coefficients of a region are a small scan of their own. ``docs/format.md``
describes the parts. Nothing here knows keys, hashes, EXIF or the payload.
"""

from facecrypt.media.jpeg.cutting import Cut, cut, place, restore, tokens
from facecrypt.media.jpeg.frame import Frame, Segment, parse, read_coefficients

__all__ = [
    "Cut",
    "Frame",
    "Segment",
    "cut",
    "parse",
    "place",
    "read_coefficients",
    "restore",
    "tokens",
]
