"""Files to pixels and back."""

from facecrypt.media.pictures import (
    MAX_PIXELS,
    MAX_SIDE,
    Picture,
    decode_image,
    encode_image,
    read_image,
)

__all__ = [
    "MAX_PIXELS",
    "MAX_SIDE",
    "Picture",
    "decode_image",
    "encode_image",
    "read_image",
]
