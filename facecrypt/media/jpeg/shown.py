"""The segments of a JPEG that may stay when the rest is hidden, made anew."""

import struct
from typing import NamedTuple

from facecrypt.media.exif import clean_exif, orientation, turned_exif
from facecrypt.media.jpeg.frame import Frame
from facecrypt.media.profile import kept_profile

__all__ = ["Segments", "public_segments"]

_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_ICC, _EXIF = b"ICC_PROFILE\0", b"Exif\0\0"
_ICC_PIECE = 0xFFFF - 2 - len(_ICC) - 2


class Segments(NamedTuple):
    """What is shown beside the coefficients.

    Attributes
    ----------
    jfif : bytes
        Density of the pixels: the payload of APP0 without a thumbnail, or empty.
    exif : bytes or None
        An EXIF block with which way up the picture is and, where asked for, harmless tags.
    icc : bytes or None
    adobe : bytes
        How colours are coded: the payload of APP14, or empty.
    turn : int
        EXIF orientation.
    """

    jfif: bytes
    exif: bytes | None
    icc: bytes | None
    adobe: bytes
    turn: int

    def to_bytes(self) -> bytes:
        """The segments, in this order."""
        out = [_segment(_APP0, self.jfif)] if self.jfif else []
        if self.exif is not None:
            out.append(_segment(_APP1, _EXIF + self.exif))
        icc = self.icc or b""
        pieces = [icc[at : at + _ICC_PIECE] for at in range(0, len(icc), _ICC_PIECE)]
        for number, piece in enumerate(pieces, 1):
            out.append(_segment(_APP2, _ICC + bytes([number, len(pieces)]) + piece))
        if self.adobe:
            out.append(_segment(_APP14, self.adobe))
        return b"".join(out)


def public_segments(
    data: bytes, frame: Frame, *, keep_metadata: bool = False, name: str = ""
) -> Segments:
    """Read what may stay of the segments of a JPEG before its first scan.

    Parameters
    ----------
    data : bytes
    frame : Frame
        Of it.
    keep_metadata : bool
        Also harmless tags of EXIF: :func:`facecrypt.media.exif.clean_exif`.
    name : str
        What warnings begin with.
    """
    jfif = adobe = b""
    exif: bytes | None = None
    profile: dict[int, bytes] = {}
    for marker, offset, length in (
        (segment.marker, segment.offset, segment.length) for segment in frame.segments
    ):
        payload = bytes(data[offset + 4 : offset + length])
        if marker == _APP0 and payload[:5] == b"JFIF\0" and len(payload) >= 14 and not jfif:
            jfif = payload[:12] + bytes(2)
        elif marker == _APP1 and payload[:6] == _EXIF and exif is None:
            exif = payload[6:]
        elif marker == _APP2 and payload[:12] == _ICC and len(payload) > 14:
            profile.setdefault(payload[12], payload[14:])
        elif marker == _APP14 and payload[:5] == b"Adobe" and len(payload) >= 12 and not adobe:
            adobe = payload[:12]
    turn = orientation(exif)
    icc = b"".join(profile[number] for number in sorted(profile)) or None
    kept = clean_exif(exif) if keep_metadata else None
    space = {1: b"GRAY", 4: b"CMYK"}.get(len(frame.components), b"RGB ")
    return Segments(
        jfif,
        turned_exif(kept, turn) if kept is not None or turn != 1 else None,
        kept_profile(icc, space, name),
        adobe,
        turn,
    )


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(payload)) + payload
