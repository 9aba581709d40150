"""JPEG 2000: whether a file is whole and how deep its samples are, which decoders do not tell.

Specification: ITU-T T.800, annexes A (codestream) and I (JP2 boxes).
"""

import struct

from facecrypt.errors import MediaError

__all__ = ["check_whole", "white_of"]

_START, _SIZE = b"\xff\x4f", b"\xff\x51"
_TILE, _DATA, _END = b"\xff\x90", b"\xff\x93", b"\xff\xd9"
_CODING, _OF_COMPONENT = b"\xff\x52", b"\xff\x53"
# Each costs a decoder some 500 bytes, whatever is in it. Usual blocks have 4096 samples; of 128, a
# picture of the most pixels has so many.
_MAX_BLOCKS = 1 << 21
_SHORT = "damaged or cut short: {}; get an intact copy"


def check_whole(data: bytes) -> None:
    """Refuse a file in which tiles, parts of tiles or the end are missing, or with too many blocks.

    A byte count tells nothing: a picture of one colour has a few hundred at any size.

    Raises
    ------
    MediaError
        What is missing.
    """
    try:
        start = _codestream(data)
        tiles, samples, at = _main_header(data, start)
        smallest = _smallest_block(data, start + 2, at)
        seen: set[int] = set()
        while data[at : at + 2] == _TILE:
            index, length = struct.unpack_from(">HI", data, at + 4)
            seen.add(index)
            # Without a length the part reaches to the end, which it has to have.
            after = at + length if length >= 12 else data.rindex(_END, at)
            smallest = min(smallest, _smallest_block(data, at, after))
            at = after
    except (struct.error, ValueError):
        raise MediaError(_SHORT.format("its markers lead nowhere")) from None
    if data[at : at + 2] != _END:
        raise MediaError(_SHORT.format("its end is missing"))
    if len(seen) != tiles:
        raise MediaError(_SHORT.format(f"{len(seen)} of {tiles} tiles are there"))
    if samples > _MAX_BLOCKS * smallest:
        raise MediaError(
            f"a JPEG 2000 file with {samples // smallest} code blocks is not read, for each costs "
            f"memory, and {_MAX_BLOCKS} may be; save it as PNG"
        )


def white_of(data: bytes) -> int:
    """The largest value of a sample, of a file that is whole.

    Raises
    ------
    MediaError
        The samples are not unsigned integers of 8 to 16 bits, the same in all components.
    """
    at = _codestream(data)
    (count,) = struct.unpack_from(">H", data, at + 40)
    depths = set(data[at + 42 : at + 42 + 3 * count : 3])
    palette = data.find(b"pclr", 0, at)
    if palette >= 0:
        # Decoders replace indices by colours, whose depths stand here.
        depths = set(data[palette + 7 : palette + 7 + data[palette + 6]])
    # The depth less one, and whether samples are signed.
    if len(depths) != 1 or not 7 <= max(depths) <= 15:
        kinds = sorted(f"{'signed ' if d & 0x80 else ''}{(d & 0x7F) + 1}" for d in depths)
        raise MediaError(
            f"a JPEG 2000 file with samples of {', '.join(kinds) or 'no'} bits is not read: "
            "they must be unsigned, of 8 to 16 bits and all alike; save it as PNG"
        )
    return (2 << max(depths)) - 1


def _codestream(data: bytes) -> int:
    """Where it begins: in a bare file at once, else in the box that holds it."""
    at = 0
    while data[at : at + 2] != _START:
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"jp2c":
            return at + (16 if length == 1 else 8)
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
        if length < 8:
            raise ValueError("no box leads to the codestream")
        at += length
    return at


def _main_header(data: bytes, at: int) -> tuple[int, int, int]:
    """The number of tiles and of samples, and where the first part of a tile begins."""
    if data[at : at + 4] != _START + _SIZE:
        raise ValueError("no size")
    right, bottom, _, _, width, height, left, top = struct.unpack_from(">8I", data, at + 8)
    if not width or not height:
        raise ValueError("tiles without a size")
    tiles = -(-(right - left) // width) * -(-(bottom - top) // height)
    (components,) = struct.unpack_from(">H", data, at + 40)
    samples = right * bottom * components
    at += 2
    while data[at : at + 2] != _TILE:
        at += _segment(data, at)
    return tiles, samples, at


def _segment(data: bytes, at: int) -> int:
    """The length of a segment, marker and all."""
    (length,) = struct.unpack_from(">H", data, at + 2)
    if length < 2:
        raise ValueError("a segment without a length")
    return 2 + length


def _smallest_block(data: bytes, at: int, end: int) -> int:
    """Samples of the smallest code blocks that the segments before any data tell of."""
    # T.800, table A.18: at most 4096.
    found = 1 << 12
    while at < end and data[at : at + 2] != _DATA:
        kind, after = data[at : at + 2], at + _segment(data, at)
        # Behind the way of coding and the order of packets; of a component, behind its number.
        place = {_CODING: at + 10, _OF_COMPONENT: at + 7}.get(kind)
        if place is not None:
            across, down = data[place] & 0xF, data[place + 1] & 0xF
            found = min(found, 1 << across + down + 4)
        at = after
    return found
