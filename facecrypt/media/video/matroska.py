"""A payload in Matroska and WebM: an attachment at the end of the Segment.

Specifications: RFC 8794 (EBML) and RFC 9559 (Matroska). Readers walk the elements of the Segment;
nothing points at the attachment, so that players meet it only after the last picture.
"""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from facecrypt.errors import ContainerError
from facecrypt.media.video.place import (
    MAX_WALKED,
    Place,
    cut_off,
    fill_with,
    size_of,
    the_only_one,
)

__all__ = ["MIME", "NAME", "append_element", "find_element", "said_end"]

NAME = b"sealed.fcrypt"
MIME = b"application/x-facecrypt"

_EBML, _SEGMENT = 0x1A45DFA3, 0x18538067
_ATTACHMENTS, _ATTACHED = 0x1941A469, 0x61A7
_FILE_NAME, _FILE_MIME, _FILE_UID, _FILE_DATA = 0x466E, 0x4660, 0x46AE, 0x465C
_UID = b"fcrypted"  # any number but 0
_WIDE = 8


class _Element(NamedTuple):
    ident: int
    start: int
    size_at: int
    body: int
    end: int | None  # None: its size is unknown, and it ends with the file or at its parent's next


def append_element(file: BinaryIO, size: int, chunks: Iterable[bytes]) -> Place:
    """Write a payload at the end of the Segment of a finished file, and count it in its size.

    Parameters
    ----------
    file : binary file
        Open for reading and writing; its Segment must be the last element.
    size : int
        Of the payload.
    chunks : iterable of bytes
        The payload.

    Returns
    -------
    Place

    Raises
    ------
    ContainerError
        The Segment does not end with the file, its size has no room to grow, or there is a
        payload already.
    ValueError
        The chunks are not `size` bytes.
    """
    if find_element(file) is not None:
        raise ContainerError("holds a sealed part already")
    end = size_of(file)
    segment = _Walk(file).segment(end)
    if segment is None or segment.end not in {None, end}:
        raise ContainerError("does not end where its Segment ends; write the video anew")
    head = _head(size)
    place = Place(end + len(head), size, end, end + len(head) + size)
    if segment.end is not None:
        width = segment.body - segment.size_at
        field = _size(place.end - segment.body, width)
        place = place._replace(field_at=segment.size_at, field=_size(end - segment.body, width))
    file.seek(end)
    file.write(head)
    fill_with(file, size, iter(chunks))
    if segment.end is not None:
        file.seek(segment.size_at)
        file.write(field)
    return place


def find_element(file: BinaryIO) -> Place | None:
    """Find the payload of a file by walking the elements of its Segment; None where there is none.

    Raises
    ------
    ContainerError
        There are two, or the one is cut off.
    """
    end = size_of(file)
    walk = _Walk(file)
    segment = walk.segment(end)
    if segment is None:
        return None
    stop = end if segment.end is None else min(segment.end, end)
    found = []
    for element in walk(segment.body, stop):
        # Of those within a Segment only clusters may be of unknown size (RFC 9559, section 4.5).
        if element.ident == _ATTACHMENTS and element.end is not None:
            found += _in_attachments(walk, segment, element, end)
    return the_only_one(found)


def said_end(file: BinaryIO) -> int | None:
    """Where the Segment of a file is to end; None where it does not say that, or there is none."""
    segment = _Walk(file).segment(size_of(file))
    return None if segment is None else segment.end


def _in_attachments(
    walk: "_Walk", segment: _Element, attachments: _Element, end: int
) -> list[Place]:
    stop = min(_end(attachments, end), end)
    files = [one for one in walk(attachments.body, stop) if one.ident == _ATTACHED]
    found = []
    for attached in files:
        data, ours = None, False
        for child in walk(attached.body, min(_end(attached, stop), stop)):
            if child.ident == _FILE_NAME:
                ours = _body(walk.file, child, len(NAME)) == NAME
            elif child.ident == _FILE_DATA:
                data = child
        if ours and data is not None:
            # Alone, it takes its parent with it; beside others, its parent stays.
            whole = attachments if len(files) == 1 else attached
            found.append(_place(segment, whole, data, end))
    return found


def _place(segment: _Element, whole: _Element, data: _Element, end: int) -> Place:
    size = _end(data, end) - data.body
    if _end(data, end) > end:
        raise cut_off(end - data.body, size)
    place = Place(data.body, size, whole.start, _end(whole, end))
    if not data.body + size <= place.end <= _end(segment, end):
        raise ContainerError("its sealed part goes beyond what holds it; get an undamaged copy")
    if segment.end is None:
        return place
    width = segment.body - segment.size_at
    shorter = segment.end - segment.body - (place.end - place.start)
    return place._replace(field_at=segment.size_at, field=_size(shorter, width))


class _Walk:
    """The elements of a file. They may nest, and overlap: of all together so many are looked at."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self._left = file, MAX_WALKED

    def segment(self, end: int) -> _Element | None:
        for number, element in enumerate(self(0, end)):
            if element.ident == _SEGMENT:
                return element
            if number == 0 and element.ident != _EBML:
                return None
        return None

    def __call__(self, at: int, end: int) -> Iterator[_Element]:
        """The elements between two places; what is no element ends the walk.

        One of unknown size, as live recordings have clusters, counts as empty: its children follow
        as if they were beside it, and none of them can be taken for another.
        """
        while (element := _element(self.file, at, end)) is not None:
            if not self._left:
                raise ContainerError(
                    f"has more than {MAX_WALKED} elements; remux it first, as with ffmpeg -c copy"
                )
            self._left -= 1
            yield element
            at = element.body if element.end is None else element.end


def _element(file: BinaryIO, at: int, end: int) -> _Element | None:
    if at >= end:
        return None
    file.seek(at)
    head = file.read(min(12, end - at))
    ident_width = 9 - head[0].bit_length()
    if ident_width > 4 or len(head) <= ident_width:
        return None
    size_width = 9 - head[ident_width].bit_length()
    body = ident_width + size_width
    if size_width > _WIDE or len(head) < body:
        return None
    ident = int.from_bytes(head[:ident_width])
    ones = (1 << 7 * size_width) - 1
    size = int.from_bytes(head[ident_width:body]) & ones
    after = None if size == ones else at + body + size
    return _Element(ident, at, at + ident_width, at + body, after)


def _end(element: _Element, end: int) -> int:
    return end if element.end is None else element.end


def _body(file: BinaryIO, element: _Element, limit: int) -> bytes:
    """What an element holds, cut behind the byte that is too much."""
    file.seek(element.body)
    length = limit + 1 if element.end is None else min(element.end - element.body, limit + 1)
    return file.read(length)


def _size(size: int, width: int) -> bytes:
    # All ones would mean that it is unknown.
    if size >= (1 << 7 * width) - 1:
        raise ContainerError("the size of its Segment has no room to grow; write the video anew")
    return (size | 1 << 7 * width).to_bytes(width)


def _head(size: int) -> bytes:
    """All of the attachment that stands before its data."""
    data = _ident(_FILE_DATA) + _size(size, _WIDE)
    inner = (
        *(_whole(_FILE_NAME, NAME), _whole(_FILE_MIME, MIME), _whole(_FILE_UID, _UID)),
        data,
    )
    attached = b"".join(inner)
    middle = _ident(_ATTACHED) + _size(len(attached) + size, _WIDE) + attached
    return _ident(_ATTACHMENTS) + _size(len(middle) + size, _WIDE) + middle


def _whole(ident: int, body: bytes) -> bytes:
    return _ident(ident) + _size(len(body), 1) + body


def _ident(ident: int) -> bytes:
    return ident.to_bytes((ident.bit_length() + 7) // 8)
