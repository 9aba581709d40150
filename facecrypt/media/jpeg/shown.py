"""The segments of a JPEG that may stay when the rest is hidden, made anew."""

import struct
from typing import NamedTuple

from facecrypt.media.exif import clean_exif, orientation, turned_exif
from facecrypt.media.jpeg.frame import Frame
from facecrypt.media.profile import kept_profile

__all__ = ["Segments", "public_segments"]

_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_ICC, _EXIF = b"ICC_PROFILE\0", b"Exif\0\0"
# Of the segments that count, how they begin and how long they are at least.
_COUNTED = {_APP0: (b"JFIF\0", 14), _APP1: (_EXIF, 6), _APP2: (_ICC, 15), _APP14: (b"Adobe", 12)}
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
    rgb : bool
        Decoders take the three components for red, green and blue.
    several : bool
        A kind that counts stands there twice: some decoders take the first, others the last.
    """

    jfif: bytes
    exif: bytes | None
    icc: bytes | None
    adobe: bytes
    turn: int
    rgb: bool = False
    several: bool = False

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
    found: dict[int, list[bytes]] = {marker: [] for marker in (_APP0, _APP1, _APP2, _APP14)}
    for segment in frame.segments:
        payload = bytes(data[segment.offset + 4 : segment.offset + segment.length])
        name_of, least = _COUNTED.get(segment.marker, (b"", 0))
        if name_of and payload.startswith(name_of) and len(payload) >= least:
            found[segment.marker].append(payload)
    # Of two, libjpeg takes the last to say what colours are, and most take the first EXIF.
    jfif = [payload[:12] + bytes(2) for payload in found[_APP0][:1]]
    exif = found[_APP1][0][6:] if found[_APP1] else None
    adobe = found[_APP14][-1][:12] if found[_APP14] else b""
    profile = {piece[12]: piece[14:] for piece in found[_APP2]}
    turn = orientation(exif)
    icc = b"".join(profile[number] for number in sorted(profile)) or None
    kept = clean_exif(exif) if keep_metadata else None
    space = {1: b"GRAY", 4: b"CMYK"}.get(len(frame.components), b"RGB ")
    return Segments(
        b"".join(jfif),
        turned_exif(kept, turn) if kept is not None or turn != 1 else None,
        kept_profile(icc, space, name),
        adobe,
        turn,
        not jfif and _is_rgb(frame, adobe),
        len(profile) < len(found[_APP2]) or any(len(found[m]) > 1 for m in found if m != _APP2),
    )


def _is_rgb(frame: Frame, adobe: bytes) -> bool:
    """As libjpeg decides it of a file without JFIF (``default_decompress_parms``)."""
    if len(frame.components) != 3:
        return False
    return adobe[11] == 0 if adobe else frame.ids == tuple(b"RGB")


def _segment(marker: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(payload)) + payload
