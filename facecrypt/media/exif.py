"""EXIF: which way up a picture is, and a block rebuilt from harmless tags alone.

An EXIF block is a TIFF file without pixels (CIPA DC-008, section 4.5), so the few
functions here that read and write directories serve TIFF pictures as well. Reading
is total: a damaged block gives fewer tags or ValueError, and never a warning, which
worker threads could not silence without silencing everybody else's.
"""

import struct
from collections.abc import Mapping
from typing import Literal, NamedTuple

__all__ = [
    "EXIF_IFD",
    "GPS_IFD",
    "LONG",
    "SHORT",
    "UNDEFINED",
    "Entry",
    "Order",
    "byte_order",
    "clean_exif",
    "first_directory",
    "numbers",
    "orientation",
    "read_directory",
    "turned_exif",
    "write_directories",
]

Order = Literal["<", ">"]

ORIENTATION, EXIF_IFD, GPS_IFD = 0x112, 0x8769, 0x8825
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, Y_CB_CR_POSITIONING = 0x11A, 0x11B, 0x128, 0x213
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_MAX_TEXT, _MAX_NUMBERS = 1024, 64

# Tags that describe how, when and where the picture was taken, and whose work it is. Left out,
# beside what shows the picture (IFD1 thumbnail, MakerNote, previews in private tags, XMP): the
# camera's owner, serial numbers, descriptions and comments; subject areas and pixel sizes, which
# are wrong once the picture is upright. docs/security.md lists them.
_KEEP = {
    0: {0x10F, 0x110, 0x11A, 0x11B, 0x128, 0x131, 0x132, 0x13B, 0x213, 0x8298},
    EXIF_IFD: {
        *(0x829A, 0x829D, 0x8822, 0x8827, 0x9000, 0x9003, 0x9004, 0xA001, 0xA217, 0xA40C),
        *range(0x8830, 0x8836),
        *range(0x9010, 0x9013),
        *range(0x9201, 0x920B),
        *range(0x9290, 0x9293),
        *range(0xA20E, 0xA211),
        *range(0xA401, 0xA40B),
        *range(0xA432, 0xA435),
    },
    GPS_IFD: {*range(0x1B), 0x1D, 0x1E, 0x1F},
}


class Entry(NamedTuple):
    """One tag: TIFF type, number of values, and their bytes in the file's byte order."""

    type: int
    number: int
    data: bytes | memoryview


def byte_order(block: bytes) -> Order:
    """``"<"`` or ``">"`` of an EXIF block or classic TIFF file, or ValueError."""
    orders: dict[bytes, Order] = {b"II*\0": "<", b"MM\0*": ">"}
    order = orders.get(bytes(block[:4]))
    if order is None:
        raise ValueError("no TIFF header")
    return order


def first_directory(block: bytes) -> tuple[dict[int, Entry], int]:
    """The tags of IFD0 and the offset of the directory after it (0: none)."""
    order = byte_order(block)
    if len(block) < 8:
        raise ValueError("TIFF header cut short")
    return read_directory(block, struct.unpack_from(order + "I", block, 4)[0])


def read_directory(block: bytes, offset: int) -> tuple[dict[int, Entry], int]:
    """The tags of one directory; those that reach outside the block are left out.

    Their data are not copied: thousands of tags may claim the same bytes.
    """
    order, view = byte_order(block), memoryview(block)
    entries: dict[int, Entry] = {}
    try:
        (count,) = struct.unpack_from(order + "H", block, offset)
        for at in range(offset + 2, offset + 2 + 12 * count, 12):
            tag, kind, number, start = struct.unpack_from(order + "HHII", block, at)
            size = _SIZES.get(kind, 0) * number
            start = at + 8 if size <= 4 else start
            if 0 < size <= len(block) - start:
                # Of a tag that occurs twice the first counts, as it does for browsers.
                entries.setdefault(tag, Entry(kind, number, view[start : start + size]))
        (following,) = struct.unpack_from(order + "I", block, offset + 2 + 12 * count)
    except struct.error:
        # A directory cut short keeps the tags before the cut.
        following = 0
    return entries, following


def numbers(entries: Mapping[int, Entry], tag: int, order: str) -> tuple[int, ...]:
    """The values of an unsigned integer tag; none where it is missing or another type."""
    entry = entries.get(tag)
    if entry is None or entry.type not in (BYTE, SHORT, LONG):
        return ()
    code = {BYTE: "B", SHORT: "H", LONG: "I"}[entry.type]
    return struct.unpack(f"{order}{entry.number}{code}", entry.data)


def orientation(exif: bytes | None) -> int:
    """How to turn the pixels upright.

    Parameters
    ----------
    exif : bytes or None
        Block that begins with its byte order mark.

    Returns
    -------
    int
        1 to 8 as EXIF defines them; 1 where there is none, or no sane one.

    Examples
    --------
    >>> orientation(bytes.fromhex("49492a0008000000 0100 1201 0300 01000000 06000000 00000000"))
    6
    """
    try:
        values = numbers(first_directory(exif or b"")[0], ORIENTATION, byte_order(exif or b""))
    except ValueError:
        return 1
    return values[0] if len(values) == 1 and 1 <= values[0] <= 8 else 1


def clean_exif(exif: bytes | None) -> bytes | None:
    """Rebuild an EXIF block from an allow-list of tags.

    Nothing is copied as a whole: directories are read, known tags with plausible values
    are kept, and a new block is written. Thumbnails, previews, MakerNote, XMP, comments
    and anything in the gaps between tags cannot survive. Orientation becomes 1, since
    the pixels are turned upright.

    Parameters
    ----------
    exif : bytes or None
        An EXIF block, or a whole TIFF file.

    Returns
    -------
    bytes or None
        None where nothing is left to keep, or the block cannot be read.
    """
    try:
        order = byte_order(exif or b"")
        main = first_directory(exif or b"")[0]
    except ValueError:
        return None
    kept = {0: _kept(0, main)}
    for pointer in (EXIF_IFD, GPS_IFD):
        for offset in numbers(main, pointer, order)[:1]:
            kept[pointer] = _kept(pointer, read_directory(exif or b"", offset)[0])
    if not any(kept.values()):
        return None
    kept[0][ORIENTATION] = Entry(SHORT, 1, struct.pack(order + "H", 1))
    return _block(order, kept)


def turned_exif(exif: bytes | None, turn: int) -> bytes:
    """A clean block for pixels that are not upright.

    Parameters
    ----------
    exif : bytes or None
        As :func:`clean_exif` makes it; None for a block of this alone.
    turn : int
        Orientation, 1 to 8.

    Examples
    --------
    >>> orientation(turned_exif(None, 6))
    6
    """
    order = byte_order(exif) if exif else "<"
    main = dict(first_directory(exif)[0]) if exif else {}
    kept = {0: main}
    for pointer in (EXIF_IFD, GPS_IFD):
        for offset in numbers(main, pointer, order)[:1]:
            kept[pointer] = read_directory(exif or b"", offset)[0]
    inch = Entry(RATIONAL, 1, struct.pack(order + "II", 72, 1))
    # What a whole EXIF block has to say (CIPA DC-008, table 4).
    must = {X_RESOLUTION: inch, Y_RESOLUTION: inch}
    must[RESOLUTION_UNIT] = Entry(SHORT, 1, struct.pack(order + "H", 2))
    must[Y_CB_CR_POSITIONING] = Entry(SHORT, 1, struct.pack(order + "H", 1))
    kept[0] = must | main | {ORIENTATION: Entry(SHORT, 1, struct.pack(order + "H", turn))}
    return _block(order, kept)


def _block(order: Order, directories: Mapping[int, Mapping[int, Entry]]) -> bytes:
    """An EXIF block of IFD0 and those it points to."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    return head + write_directories(order, directories, 8)


def write_directories(
    order: str, directories: Mapping[int, Mapping[int, Entry]], start: int
) -> bytes:
    """Bytes of IFD0 (key 0) and those it points to (key: the pointer's tag), laid at ``start``."""
    main = dict(directories[0])
    subs = {tag: entries for tag, entries in directories.items() if tag and entries}
    main.update({tag: Entry(LONG, 1, bytes(4)) for tag in subs})
    at = start + len(_write_directory(order, main, start))
    tail = b""
    for tag, entries in subs.items():
        main[tag] = Entry(LONG, 1, struct.pack(order + "I", at + len(tail)))
        tail += _write_directory(order, entries, at + len(tail))
    return _write_directory(order, main, start) + tail


def _write_directory(order: str, entries: Mapping[int, Entry], start: int) -> bytes:
    table = struct.pack(order + "H", len(entries))
    values = b""
    begin = start + 2 + 12 * len(entries) + 4
    for tag, (kind, count, data) in sorted(entries.items()):
        table += struct.pack(order + "HHI", tag, kind, count)
        if len(data) <= 4:
            table += bytes(data).ljust(4, b"\0")
        else:
            table += struct.pack(order + "I", begin + len(values))
            # Values begin at even offsets (TIFF 6.0, section 2).
            values += bytes(data) + bytes(len(data) % 2)
    return table + bytes(4) + values


def _kept(directory: int, entries: Mapping[int, Entry]) -> dict[int, Entry]:
    return {
        tag: entry
        for tag, entry in entries.items()
        if tag in _KEEP[directory] and _plausible(entry)
    }


def _plausible(entry: Entry) -> bool:
    """Text or a few numbers: what is too small, or not free enough, to hold a picture."""
    if entry.type != ASCII:
        return entry.number <= _MAX_NUMBERS
    if entry.number > _MAX_TEXT:
        return False
    try:
        str(entry.data, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
