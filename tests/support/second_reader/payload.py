"""The payload: a JUMBF superbox with a description, the header and the parts."""

import struct

from support.second_reader.header import canonical, parse

DESCRIPTION = b"facecrypt sealed" + bytes([3]) + b"facecrypt" + bytes(1)


def boxes(data: bytes) -> list:
    out = []
    while data:
        size, kind = struct.unpack(">I4s", data[:8])
        start = 8
        if size == 1:
            (size,), start = struct.unpack(">Q", data[8:16]), 16
        assert start <= size <= len(data)
        out.append((kind, data[start:size]))
        data = data[size:]
    return out


def unpack(data: bytes) -> tuple[dict, list]:
    """The header, and the boxes of the parts."""
    ((kind, body),) = boxes(data)
    assert kind == b"jumb"
    (first, description), (second, text), *parts = boxes(body)
    assert (first, second) == (b"jumd", b"json")
    assert description == DESCRIPTION
    return parse(text), parts


def pack(header: dict) -> bytes:
    """A payload without parts, of a header that may be anything."""
    inner = _box(b"jumd", DESCRIPTION) + _box(b"json", canonical(header))
    return _box(b"jumb", inner)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body
