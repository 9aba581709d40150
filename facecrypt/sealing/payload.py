"""The payload: header and encrypted parts as one run of bytes, the same in every carrier.

It is a JUMBF superbox (ISO/IEC 19566-5), which JPEG has a place for and other files carry as it
is: a description box with our UUID, a box of JSON with the header, and a box for each part.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Self

from facecrypt.errors import ContainerError
from facecrypt.limits import MAX_HEADER_BYTES
from facecrypt.sealing.header import Header

__all__ = ["DESCRIPTION", "PRIVATE", "REGION", "START", "Payload", "box_head", "read_header"]

UUID = b"facecrypt sealed"
# Toggles: can be asked for, has a label.
DESCRIPTION = UUID + b"\x03facecrypt\0"
REGION, PRIVATE = b"fcRg", b"fcPv"
# How the content of our superbox begins, by which it is found among others.
START = struct.pack(">I4s", 8 + len(DESCRIPTION), b"jumd") + UUID


@dataclass(frozen=True)
class Payload:
    """What belongs to a sealed picture and is no part of how it looks.

    Parameters
    ----------
    header : Header
    regions : sequence of bytes
        Ciphertext of each region, where the carrier does not hold it in its pixels.
    private : sequence of bytes
        Ciphertext of each private part, in the order of the header's names.
    """

    header: Header
    regions: Sequence[bytes | memoryview] = ()
    private: Sequence[bytes | memoryview] = ()

    def to_bytes(self) -> bytes:
        """The superbox."""
        boxes = [
            *_box(b"jumd", DESCRIPTION),
            *_box(b"json", self.header.to_bytes()),
            *(piece for part in self.regions for piece in _box(REGION, part)),
            *(piece for part in self.private for piece in _box(PRIVATE, part)),
        ]
        return b"".join((box_head(b"jumb", sum(map(len, boxes))), *boxes))

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Self:
        """Parse and check a payload; a header is checked as :meth:`Header.from_bytes` does.

        Raises
        ------
        ContainerError
            Anything that :meth:`to_bytes` would not have written.
        """
        if bytes(data[:1]) == b"{":
            Header.from_bytes(bytes(data))  # of version 1, which says so
        outer = _boxes(memoryview(data))
        kind, body = next(outer)
        if kind != b"jumb" or next(outer, None) is not None:
            raise ContainerError("the payload is damaged: it is not one box with all in it")
        # One box at a time: millions may be in what the header says has none.
        inner = _boxes(body)
        kind, text = next(inner)
        if kind != b"jumd" or text != DESCRIPTION:
            raise ContainerError("the payload is damaged: it does not begin with a header")
        kind, text = next(inner, (b"", memoryview(b"")))
        if kind != b"json":
            raise ContainerError("the payload is damaged: it does not begin with a header")
        header = Header.from_bytes(bytes(text))
        if header.content.streamed:
            raise ContainerError(f"the header is that of a {header.carrier}, not of a picture")
        regions = len(header.regions) if header.content.carried else 0
        kinds = iter([REGION] * regions + [PRIVATE] * len(header.private))
        parts = []
        for kind, part in inner:
            if kind != next(kinds, None):
                raise ContainerError("the payload is damaged: parts are missing or too many")
            parts.append(part)
        if next(kinds, None) is not None:
            raise ContainerError("the payload is damaged: parts are missing or too many")
        payload = cls(header, parts[:regions], parts[regions:])
        if payload != payload.with_header(header):
            raise ContainerError("the payload is damaged: a part that was forgotten is there")
        return payload

    def with_header(self, header: Header) -> Self:
        """The same parts under another header; those are empty that it says are forgotten."""
        gone, count = header.forgotten_parts, len(header.regions)
        if not gone:
            return replace(self, header=header)
        regions = [b"" if index in gone else part for index, part in enumerate(self.regions)]
        private = [b"" if count + n in gone else part for n, part in enumerate(self.private)]
        return type(self)(header, regions, private)


def read_header(file: BinaryIO) -> Header:
    """The header of a payload at which a file stands; the parts behind it are not read.

    Raises
    ------
    ContainerError
        There is none, or it is damaged.
    """
    if _read_head(file)[0] == b"jumb":
        kind, size = _read_head(file)
        if kind == b"jumd" and size == len(DESCRIPTION) and file.read(size) == DESCRIPTION:
            kind, size = _read_head(file)
            if kind == b"json" and size <= MAX_HEADER_BYTES:
                return Header.from_bytes(file.read(size))
    raise ContainerError("the payload is damaged: it does not begin with a header")


def _read_head(file: BinaryIO) -> tuple[bytes, int]:
    """Type of a box, and the size of its content."""
    (size, kind), head = struct.unpack(">I4s", file.read(8).ljust(8, b"\0")), 8
    if size == 1:
        (size,), head = struct.unpack(">Q", file.read(8).ljust(8, b"\0")), 16
    if size < head:
        raise ContainerError("the payload is damaged: a box is smaller than its head")
    return kind, size - head


def box_head(kind: bytes, size: int) -> bytes:
    """How a box with so many bytes of content begins."""
    if size + 8 < 1 << 32:
        return struct.pack(">I4s", size + 8, kind)
    return struct.pack(">I4sQ", 1, kind, size + 16)


def _box(kind: bytes, body: bytes | memoryview) -> Iterable[bytes | memoryview]:
    return box_head(kind, len(body)), body


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The boxes that lie in some bytes, none of them left over."""
    if not data:
        raise ContainerError("the payload is damaged: it is empty")
    while data:
        if len(data) < 8:
            raise ContainerError("the payload is damaged: it is cut short")
        size, kind = struct.unpack(">I4s", data[:8])
        start = 8
        if size == 1 and len(data) >= 16:
            (size,), start = struct.unpack(">Q", data[8:16]), 16
            if size < 1 << 32:
                raise ContainerError("the payload is damaged: a size is not in its short form")
        if not start <= size <= len(data):
            raise ContainerError("the payload is damaged: it is cut short")
        yield kind, data[start:size]
        data = data[size:]
