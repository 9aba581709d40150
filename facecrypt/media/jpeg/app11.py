"""Boxes in APP11 segments of a JPEG (ISO/IEC 19566-5, annex D; ISO/IEC 18477-3).

A box is cut into packets. Each repeats the box's length and type, and says of which box it is
and in which place.
"""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from facecrypt.errors import ContainerError

__all__ = ["find_box", "packets"]

_APP11, _SOS, _EOI = 0xEB, 0xDA, 0xD9
_HEAD = struct.Struct(">2sHI8s")  # common identifier, box, place from 1, length and type
_MOST = 0xFFFF - 2 - _HEAD.size
# Without length: TEM, restart markers, SOI.
_BARE = {0x01, *range(0xD0, 0xD9)}


def packets(box: bytes, number: int = 1) -> bytes:
    """APP11 segments that hold a box.

    Parameters
    ----------
    box : bytes
        With its length, of 4 bytes, and its type.
    number : int
        Tells the boxes of a file apart.
    """
    head, body = box[:8], memoryview(box)[8:]
    out: list[bytes | memoryview] = []
    for place, at in enumerate(range(0, max(len(body), 1), _MOST), 1):
        piece = body[at : at + _MOST]
        out.append(struct.pack(">BBH", 0xFF, _APP11, 2 + _HEAD.size + len(piece)))
        out += (_HEAD.pack(b"JP", number, place, head), piece)
    return b"".join(out)


def find_box(file: BinaryIO, kind: bytes, start: bytes) -> bytes | None:
    """The box of a type whose content starts so; what follows the first scan is not read.

    Parameters
    ----------
    file : binary file, at its beginning
    kind : bytes
        Four letters.
    start : bytes

    Returns
    -------
    bytes or None
        The box with its length and type; None where there is none, or the file is no JPEG.

    Raises
    ------
    ContainerError
        A packet of it is missing, doubled or changed, or there are two.
    """
    if file.read(2) != b"\xff\xd8":
        return None
    boxes: dict[tuple[int, bytes], list[tuple[int, bytes]]] = {}
    for payload in _app11(file):
        _, number, place, head = _HEAD.unpack(payload[: _HEAD.size])
        # Another program may have taken our number for a box of its own.
        boxes.setdefault((number, head), []).append((place, payload[_HEAD.size :]))
    found = [
        (head, pieces)
        for (_, head), pieces in boxes.items()
        if head[4:] == kind and any(piece.startswith(start) for _, piece in pieces)
    ]
    if len(found) > 1:
        raise ContainerError("the payload is damaged: there are two")
    return _joined(*found[0]) if found else None


def _joined(head: bytes, pieces: list[tuple[int, bytes]]) -> bytes:
    pieces.sort(key=lambda piece: piece[0])
    body = b"".join(piece for _, piece in pieces)
    whole = [place for place, _ in pieces] == list(range(1, len(pieces) + 1))
    if not whole or int.from_bytes(head[:4], "big") != 8 + len(body):
        raise ContainerError("the payload is incomplete: packets of it are missing or too many")
    return head + body


def _app11(file: BinaryIO) -> Iterator[bytes]:
    """The payloads of packets before the first scan, as far as the file is sound."""
    while True:
        byte = file.read(1)
        if byte != b"\xff":
            return
        marker = 0xFF
        while marker == 0xFF:
            marker = (file.read(1) or b"\0")[0]
        if marker in (0, _SOS, _EOI):
            return
        if marker in _BARE:
            continue
        (length,) = struct.unpack(">H", file.read(2).rjust(2, b"\0"))
        if length < 2:
            return
        if marker != _APP11:
            file.seek(length - 2, 1)
            continue
        payload = file.read(length - 2)
        if payload[:2] == b"JP" and len(payload) >= _HEAD.size:
            yield payload
