"""PNG files by hand, and as others read them."""

import base64
import struct
import zlib

import cv2
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

# The one-pixel PNG that circulates on the web; not made by this package.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


SIGNATURE = PIXEL[:8]


def chunk(kind, payload=b""):
    """A chunk as the specification writes it, section 5.3."""
    crc = zlib.crc32(kind + payload)
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", crc)


HEAD = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))


DATA = chunk(b"IDAT", zlib.compress(b"\0\x80"))


END = chunk(b"IEND")


def by_cv2(data):
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


def pictures(max_side=40):
    shapes = st.tuples(
        st.integers(1, max_side), st.integers(1, max_side), st.sampled_from([0, 1, 3, 4])
    ).map(lambda s: s[:2] if s[2] == 0 else s)
    return st.sampled_from([np.uint8, np.uint16]).flatmap(lambda kind: hnp.arrays(kind, shapes))
