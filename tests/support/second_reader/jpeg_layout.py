"""Where the bytes of a sealed JPEG's parts lie: all that a format could lay out otherwise."""

import base64
import hashlib
import struct
import zlib

from support.second_reader.jpeg_decoder import Recipe
from support.second_reader.jpeg_segments import Frame, require
from support.second_reader.jpeg_tables import ANNEX_K, Table

LABEL = b"facecrypt v2 "
# What deflate knows before the first byte of a private part: SOF0, the DHT segments of annex K,
# SOS and EOI of a 4:2:0 picture, and the first 20 bytes of most files.
SOF = bytes.fromhex("ffc00011 08 00000000 03 012200 021101 031101")
ENDS = bytes.fromhex("ffda000c 03 0100 0211 0311 003f00 ffd9")
BEGIN = bytes.fromhex("ffd8 ffe0 0010 4a46494600 0101 00 0001 0001 0000")


def dictionary() -> bytes:
    dht = b""
    for number, kind in ((0, 0), (0, 1), (1, 0), (1, 1)):
        body = ANNEX_K[kind, number].segment(16 * kind + number)
        dht += b"\xff\xc4" + struct.pack(">H", len(body) + 2) + body
    return SOF + dht + ENDS + BEGIN


MOST_PRIVATE = 1 << 28


def region_info(index: int) -> bytes:
    return LABEL + b"region" + index.to_bytes(4, "big")


ORIGINAL_INFO = LABEL + b"private original"


def quant_field(frame: Frame, quant: dict) -> list[str]:
    """`quant` of the header: the tables that components name, by rising number."""
    used = sorted({c.tq for c in frame.components})
    return [base64.b64encode(struct.pack(">64H", *quant[tq])).decode() for tq in used]


def quant_tables(frame: Frame, field: list[str]) -> dict[int, tuple[int, ...]]:
    used = sorted({c.tq for c in frame.components})
    decoded = [struct.unpack(">64H", base64.b64decode(text)) for text in field]
    return dict(zip(used, decoded, strict=True))


def region_tables(part: bytes, components: int) -> tuple[dict, int]:
    """Tables of a region part of mode 1, and where its bits start."""
    tables, at = {}, 1
    for number in range(min(components, 2)):
        for kind in (0, 1):
            top = part[at]
            counts = part[at + 1 : at + 1 + top]
            at += 1 + top + sum(counts)
            tables[kind, number] = Table(counts, part[at - sum(counts) : at])
    return tables, at


class Numbers:
    """Reads a part from its start: varints (LEB128), bytes, bits."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        require(self.at + count <= len(self.data), "a part is cut short")
        self.at += count
        return self.data[self.at - count : self.at]

    def varint(self) -> int:
        value = shift = 0
        while True:
            (byte,) = self.take(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def rising(self) -> list[int]:
        """A count, the first number, and the differences to the others."""
        numbers, before = [], 0
        for _ in range(self.varint()):
            before += self.varint()
            numbers.append(before)
        return numbers


def recipes(data: bytes) -> list[Recipe]:
    """The recipe part: one for each scan."""
    read = Numbers(data)
    found = [_recipe(read) for _ in range(read.varint())]
    require(read.at == len(data), "a recipe is longer than it says")
    return found


def _recipe(read: Numbers) -> Recipe:
    (flags,) = read.take(1)
    recipe, padding = Recipe(policy=flags & 3), flags >> 2 & 3
    require(recipe.policy < 3 and padding < 3 and not flags >> 6, "a recipe of unknown flags")
    if recipe.policy == 2:
        recipe.breaks = read.rising()
    if padding == 2:
        # The values of the bits; how many there are, the coder knows.
        recipe.padding = [(value, 7) for value in read.take(read.varint())]
    else:
        recipe.pad_bit = padding
    if flags & 32:
        number = 0
        for _ in range(read.varint()):
            number += read.varint()
            recipe.zrl[number] = read.varint()
    if flags & 16:
        recipe.tail = read.take(read.varint())
    return recipe


class Private:
    """The private part's pieces; zeros pad it."""

    def __init__(self, part: bytes) -> None:
        outer = Numbers(part)
        (size,) = struct.unpack(">I", outer.take(4))
        inflate = zlib.decompressobj(-15, dictionary())
        read = Numbers(inflate.decompress(outer.take(size), MOST_PRIVATE))
        require(inflate.eof and not inflate.unused_data, "a part that does not end")
        sizes = struct.unpack(">3I", read.take(12))
        self.sha256 = read.take(32)
        (self.length,) = struct.unpack(">Q", read.take(8))
        self.recipe, self.skeleton, self.dummies = (read.take(size) for size in sizes)
        require(read.at == len(read.data), "a private part is longer than it says")
        (size,) = struct.unpack(">Q", outer.take(8))
        self.tail = outer.take(size)
        require(not any(outer.data[outer.at :]), "padding that is not of zeros")

    def check(self, original: bytes) -> bytes:
        require(len(original) == self.length, "the original came out in another length")
        require(hashlib.sha256(original).digest() == self.sha256, "the original came out otherwise")
        return original


def dummies(data: bytes) -> list[tuple[int, dict[int, int]]]:
    """Those that no rule gives: number among the public dummy blocks, values by position."""
    read, before, found = Numbers(data), 0, []
    while read.at < len(data):
        before += read.varint()
        (mask,) = struct.unpack("<Q", read.take(8))
        places = [k for k in range(64) if mask >> k & 1]
        values = struct.unpack(f"<{len(places)}h", read.take(2 * len(places)))
        found.append((before, dict(zip(places, values, strict=True))))
    return found
