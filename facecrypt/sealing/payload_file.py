"""A payload that stays in its file: what is too large for memory is written and read as a stream.

Its bytes are those of :mod:`facecrypt.sealing.payload`.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Self

from facecrypt import limits
from facecrypt.errors import ContainerError
from facecrypt.sealing.ciphers import SEALED
from facecrypt.sealing.header import Header
from facecrypt.sealing.parts import Sealer
from facecrypt.sealing.payload import DESCRIPTION, PRIVATE, REGION, box_head
from facecrypt.sealing.streams import Plain, SealedStream, Span, StreamKey, open_stream, sealed_size

__all__ = ["PayloadCopy", "PayloadWriter", "StoredPayload"]

_Box = tuple[bytes, Span]
_BLOCK = 1 << 20


@dataclass(frozen=True)
class StoredPayload:
    """Where the parts of a payload lie in a file.

    Parameters
    ----------
    header : Header
    regions, private : tuple of Span
        Of the ciphertext of each part.
    """

    header: Header
    regions: tuple[Span, ...]
    private: tuple[Span, ...]

    @classmethod
    def read(cls, file: BinaryIO, span: Span) -> Self:
        """Parse and check all but the parts.

        Parameters
        ----------
        file : binary file
        span : Span
            Of the payload in it.

        Raises
        ------
        ContainerError
            Anything that `PayloadWriter` would not have written.
        """
        boxes = _boxes(file, span)
        kind, body = next(boxes)
        if kind != b"jumb" or body.end != span.end:
            raise _damaged("it is not one box with all in it")
        inner = _boxes(file, body)
        if _content(file, next(inner), b"jumd", len(DESCRIPTION)) != DESCRIPTION:
            raise _damaged("it does not begin with a header")
        text = _content(file, next(inner, None), b"json", limits.MAX_HEADER_BYTES)
        header = Header.from_bytes(text)
        if not header.content.streamed:
            raise ContainerError(f"the header is that of {header.carrier}, not of a video")
        if header.private != header.content.private:
            raise _damaged("parts are missing or too many")
        count, parts = len(header.regions), []
        kinds = iter([REGION] * count + [PRIVATE] * len(header.private))
        for kind, part in inner:
            if kind != next(kinds, None):
                raise _damaged("parts are missing or too many")
            parts.append(part)
        if next(kinds, None) is not None:
            raise _damaged("parts are missing or too many")
        if any(parts[index].size for index in header.forgotten_parts):
            raise _damaged("a forgotten part is not empty")
        return cls(header, tuple(parts[:count]), tuple(parts[count:]))

    @property
    def parts(self) -> tuple[Span, ...]:
        """All of them, as the header counts them."""
        return (*self.regions, *self.private)

    def open_part(self, file: BinaryIO, index: int, key: StreamKey) -> Iterator[memoryview]:
        """The plaintext of a part, chunk by chunk; errors as of :func:`open_stream`.

        Parameters
        ----------
        file : binary file
            That the payload is in.
        index : int
            As the header counts the parts.
        key : StreamKey
            Of the part.
        """
        header = self.header
        digest = header.digests[index] if index < len(header.regions) else None
        return open_stream(file, self.parts[index], header.tags[index], key, digest=digest)


class PayloadWriter:
    """Encrypts parts one after another; the header is known when the last one is done.

    Parameters
    ----------
    sealer : Sealer
    parts : sequence of Plain
        Regions, then private parts.
    """

    def __init__(self, sealer: Sealer, parts: Sequence[Plain]) -> None:
        self._sealer, self._parts, self._header = sealer, parts, sealer.header
        self._boxes = _boxes_size(sealed_size(plain.size) for plain in parts)
        self._start_size = len(_start(self._header, self._boxes))

    @property
    def size(self) -> int:
        """Of the payload."""
        return self._start_size + self._boxes

    def chunks(self) -> Iterator[bytes | memoryview]:
        """The payload, with a header that has no tags yet; each piece until the next is taken.

        Raises
        ------
        MediaError
            A part is shorter than was said.
        """
        yield self.start()
        count, tags, digests = len(self._header.regions), [], []
        for index, plain in enumerate(self._parts):
            yield box_head(_kind(index, self._header), sealed_size(plain.size))
            digest = hashlib.sha256(SEALED)
            for chunk in (sealed := SealedStream(plain, self._sealer.stream_key(index))):
                if index < count:
                    digest.update(chunk)
                yield chunk
            tags.append(sealed.tag)
            digests.append(digest.digest())
        self._header = self._sealer.finish(tags, digests[:count])

    def start(self) -> bytes:
        """What the payload begins with: written over what was there, once all chunks are taken."""
        return _start(self._header, self._boxes)

    @property
    def header(self) -> Header:
        """The finished header, once all chunks are taken."""
        return self._header


class PayloadCopy:
    """A payload with another header; parts that it says are forgotten are empty.

    Parameters
    ----------
    file : binary file
        That the payload is in.
    payload : StoredPayload
    header : Header
    """

    def __init__(self, file: BinaryIO, payload: StoredPayload, header: Header) -> None:
        self._file, self._header = file, header
        gone = header.forgotten_parts
        self._parts = [
            Span(part.start, 0 if index in gone else part.size)
            for index, part in enumerate(payload.parts)
        ]
        self._start = _start(header, _boxes_size(part.size for part in self._parts))

    @property
    def size(self) -> int:
        """Of the payload."""
        return len(self._start) + _boxes_size(part.size for part in self._parts)

    def chunks(self) -> Iterator[bytes]:
        """The payload."""
        yield self._start
        for index, part in enumerate(self._parts):
            yield box_head(_kind(index, self._header), part.size)
            for start in range(part.start, part.end, _BLOCK):
                self._file.seek(start)
                yield self._file.read(min(_BLOCK, part.end - start))


def _boxes_size(parts: Iterable[int]) -> int:
    return sum(len(box_head(REGION, size)) + size for size in parts)


def _kind(index: int, header: Header) -> bytes:
    return REGION if index < len(header.regions) else PRIVATE


def _start(header: Header, boxes: int) -> bytes:
    """All before the first part, of those whose boxes have so many bytes."""
    text = header.to_bytes()
    first = box_head(b"jumd", len(DESCRIPTION)), DESCRIPTION, box_head(b"json", len(text)), text
    return b"".join((box_head(b"jumb", sum(map(len, first)) + boxes), *first))


def _damaged(why: str) -> ContainerError:
    return ContainerError(f"the payload is damaged: {why}")


def _content(file: BinaryIO, box: _Box | None, kind: bytes, most: int) -> bytes:
    if box is None or box[0] != kind:
        raise _damaged("it does not begin with a header")
    if box[1].size > most:
        raise ContainerError(f"the header has {box[1].size} bytes; at most {most} may be")
    file.seek(box[1].start)
    return file.read(box[1].size)


def _boxes(file: BinaryIO, span: Span) -> Iterator[_Box]:
    """The boxes that lie in a part of a file, none of them left over."""
    place = span.start
    while place < span.end or place == span.start:
        file.seek(place)
        head = file.read(min(16, span.end - place))
        if len(head) < 8:
            raise _damaged("it is cut short")
        size, kind = struct.unpack(">I4s", head[:8])
        length = 8
        if size == 1 and len(head) == 16:
            (size,), length = struct.unpack(">Q", head[8:]), 16
            if size < 1 << 32:
                raise _damaged("a size is not in its short form")
        if size < length:
            raise _damaged("it is cut short")
        if size > span.end - place:
            raise _damaged(f"it is cut off after {span.end - place} of {size} bytes")
        yield kind, Span(place + length, size - length)
        place += size
