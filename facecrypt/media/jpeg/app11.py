"""Boxes in APP11 segments of a JPEG (ISO/IEC 19566-5, annex D; ISO/IEC 18477-3).

A box is cut into packets. Each repeats the box's length and type, and says of which box it is
and in which place.
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO, NamedTuple

from facecrypt.errors import ContainerError

__all__ = ["find_box", "packets", "replace_box"]

_APP11, _SOS, _EOI = 0xEB, 0xDA, 0xD9
_HEAD = struct.Struct(">2sHI8s")  # common identifier, box, place from 1, length and type
_MOST = 0xFFFF - 2 - _HEAD.size
# Of full packets twice as many as the largest file that is read has room for.
_MAX_PACKETS = 1 << 17
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
    found = _find(file, kind, start)
    if not found:
        return None
    return _joined(found[0].head, [(packet.place, packet.piece) for packet in found])


def replace_box(data: bytes, kind: bytes, start: bytes, box: bytes) -> bytes:
    """The same JPEG file with another box in place of the one that :func:`find_box` finds.

    Raises
    ------
    ContainerError
        There is none or several, or the new one would not be found.
    """
    found = _find(BytesIO(data), kind, start)
    if not found:
        raise ContainerError("the JPEG has no payload")
    view, at, pieces = memoryview(data), 0, []
    for packet in found:
        pieces.append(view[at : packet.start])
        if packet is found[0]:
            pieces.append(memoryview(packets(box, packet.number)))
        at = packet.end
    made = b"".join((*pieces, view[at:]))
    # Not where another program's box of our number has the new one's length and type.
    if find_box(BytesIO(made), kind, start) != box:
        raise ContainerError("the payload cannot be replaced: another box takes its number")
    return made


class _Packet(NamedTuple):
    """One segment: where it lies in the file, and what it holds."""

    start: int
    end: int
    number: int
    place: int
    head: bytes
    piece: bytes


def _find(file: BinaryIO, kind: bytes, start: bytes) -> list[_Packet]:
    """The packets of the box, in the order of the file; errors as of :func:`find_box`."""
    if file.read(2) != b"\xff\xd8":
        return []
    boxes: dict[tuple[int, bytes], list[_Packet]] = {}
    for count, packet in enumerate(one for one in _packets(file) if one.head[4:] == kind):
        if count == _MAX_PACKETS:
            raise ContainerError(f"has more than {_MAX_PACKETS} packets of boxes in APP11 segments")
        # Another program may have taken our number for a box of its own.
        boxes.setdefault((packet.number, packet.head), []).append(packet)
    found = [own for own in boxes.values() if any(packet.piece.startswith(start) for packet in own)]
    if len(found) > 1:
        raise ContainerError("the payload is damaged: there are two")
    return found[0] if found else []


def _joined(head: bytes, pieces: list[tuple[int, bytes]]) -> bytes:
    pieces.sort(key=lambda piece: piece[0])
    body = b"".join(piece for _, piece in pieces)
    whole = [place for place, _ in pieces] == list(range(1, len(pieces) + 1))
    if not whole or int.from_bytes(head[:4], "big") != 8 + len(body):
        raise ContainerError("the payload is incomplete: packets of it are missing or too many")
    return head + body


def _packets(file: BinaryIO) -> Iterator[_Packet]:
    """Packets before the first scan, as far as the file is sound."""
    at = 2
    while True:
        begin = at
        byte = file.read(1)
        if byte != b"\xff":
            return
        marker, at = 0xFF, at + 1
        while marker == 0xFF:
            marker, at = (file.read(1) or b"\0")[0], at + 1
        if marker in (0, _SOS, _EOI):
            return
        if marker in _BARE:
            continue
        (length,) = struct.unpack(">H", file.read(2).rjust(2, b"\0"))
        if length < 2:
            return
        at += length
        if marker != _APP11:
            file.seek(length - 2, 1)
            continue
        payload = file.read(length - 2)
        if payload[:2] == b"JP" and len(payload) >= _HEAD.size:
            _, number, place, head = _HEAD.unpack(payload[: _HEAD.size])
            yield _Packet(begin, at, number, place, head, payload[_HEAD.size :])
