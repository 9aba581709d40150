"""JPEG scans taken apart and put together again to the byte, with regions cut out.

A sealed JPEG is defined by its coefficients: what is public is a JPEG whose sealed cells are
all zero, and the coefficients of a region are a small scan of their own. ``docs/format.md``
describes the parts. Nothing here knows keys, hashes, EXIF or the payload.
"""

from facecrypt.media.jpeg.app11 import find_box, packets, replace_box
from facecrypt.media.jpeg.cutting import Cut, cut, place, restore, tokens
from facecrypt.media.jpeg.encoding import encode
from facecrypt.media.jpeg.frame import Frame, Segment, parse, read_coefficients
from facecrypt.media.jpeg.shown import Segments, public_segments
from facecrypt.media.jpeg.turning import how_turned

__all__ = [
    "Cut",
    "Frame",
    "Segment",
    "Segments",
    "cut",
    "encode",
    "find_box",
    "how_turned",
    "packets",
    "parse",
    "place",
    "public_segments",
    "read_coefficients",
    "replace_box",
    "restore",
    "tokens",
]
