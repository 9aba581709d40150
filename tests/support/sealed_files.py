"""Sealed pictures as files, put together as docs/format.md says."""

from facecrypt import Sealed
from facecrypt.media.png import encode_png
from facecrypt.sealing.payload import Payload

__all__ = ["sealed_png"]


def sealed_png(sealed: Sealed) -> bytes:
    """A PNG file with the payload in its chunk."""
    return encode_png(sealed.image, chunks=[(b"fcRP", Payload(sealed.header).to_bytes())])
