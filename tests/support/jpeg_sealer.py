"""A slow writer of sealed JPEGs, so that the second reader can be tested without the package.

It makes other choices than the package where the format leaves one: the public scans are sequential
and not interleaved, tables have every symbol, Padmé is left out, all that may be stored is.
"""

import base64
import hashlib
import hmac
import struct
import zlib
from dataclasses import replace

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from support.jpeg_oddities import EVERY_SYMBOL, segment
from support.second_reader import jpeg_layout as layout
from support.second_reader.header import aad, canonical, expand
from support.second_reader.jpeg import (
    owners,
    public_blocks,
    public_dummies,
    public_sha256,
    region_scan,
)
from support.second_reader.jpeg_decoder import Blocks, Recipe, decode, empty_blocks, mcus
from support.second_reader.jpeg_encoder import encode, find_recipes
from support.second_reader.jpeg_segments import Frame, Jpeg, Refused, Scan, parse
from support.second_reader.jpeg_tables import ANNEX_K
from support.second_reader.payload import DESCRIPTION


def seal(data: bytes, regions: list, key: bytes, *, deflate: bool = True, keys=()) -> bytes:
    """The sealed JPEG; regions are cells `[x0, y0, x1, y1)`, `keys` what wraps the content key."""
    jpeg = parse(data)
    blocks, recipes = decode(jpeg)
    recipes = find_recipes(jpeg, blocks, recipes)
    sealed = owners(jpeg.frame, regions)
    parts = {
        layout.region_info(index): region_part(
            jpeg.frame, blocks, cells, {c for c, i in sealed.items() if i == index}
        )
        for index, cells in enumerate(regions)
    }
    listed = dummy_list(jpeg, blocks, sealed)
    parts[layout.ORIGINAL_INFO] = private_part(jpeg, recipes, listed, deflate=deflate)
    public = filled(jpeg.frame, blocks, sealed)
    header = {
        "format": "facecrypt",
        "version": 2,
        "software": "the tests",
        "carrier": "jpeg",
        "coding": "exact",
        "cipher": "aes-256-gcm",
        "frame": jpeg.frame.described(),
        "quant": layout.quant_field(jpeg.frame, jpeg.quant),
        "regions": [{"cells": cells} for cells in regions],
        "public_sha256": public_sha256(jpeg, public, sealed),
        "private": ["original"],
        "keys": list(keys),
    }
    if bytes(one.id for one in jpeg.frame.components) == b"RGB":
        # Without JFIF and Adobe, which this writer leaves out, that is what colours are told by.
        header["shown"] = {"colours": hashlib.sha256(b"RGB").hexdigest()}
    coded = _encrypted(header, parts, key)
    text = canonical(header)
    header["mac"] = hmac.digest(expand(key, layout.LABEL + b"header"), text, "sha256").hex()
    return public_file(jpeg, public, superbox(header, coded))


def _encrypted(header: dict, parts: dict[bytes, bytes], key: bytes) -> list[bytes]:
    """Parts encrypted; their commitments, tags and digests go into the header."""
    own = [expand(key, info) for info in parts]
    header["commitments"] = _joined(expand(one, layout.LABEL + b"commitment") for one in own)
    text, coded = aad(header), []
    for one, part in zip(own, parts.values(), strict=True):
        material = expand(one, layout.LABEL + b"aes-256-gcm", 44)
        coded.append(AESGCM(material[:32]).encrypt(material[32:], part, text))
    header["tags"] = _joined(part[-16:] for part in coded)
    header["digests"] = _joined(
        hashlib.sha256(layout.LABEL + b"sealed" + part[:-16]).digest() for part in coded[:-1]
    )
    return [part[:-16] for part in coded]


def _joined(entries) -> str:
    return base64.b64encode(b"".join(entries)).decode()


def region_part(frame: Frame, blocks: Blocks, cells: list, own: set) -> bytes:
    """Mode 0 where Annex K has the symbols, else mode 1 with every symbol."""
    small, scan = region_scan(frame, cells, ANNEX_K)
    region = _cut(frame, blocks, cells, own, (small, scan))
    try:
        return b"\0" + encode(small, scan, region, Recipe()).replace(b"\xff\0", b"\xff") + bytes(5)
    except Refused:
        count = min(2, len(frame.components))
        tables = {(kind, n): EVERY_SYMBOL[kind] for n in range(count) for kind in (0, 1)}
        small, scan = region_scan(frame, cells, tables)
        listed = b"".join(_listed(table) for table in tables.values())
        bits = encode(small, scan, region, Recipe()).replace(b"\xff\0", b"\xff")
        return b"\1" + listed + bits


def _listed(table) -> bytes:
    top = max(n for n, count in enumerate(table.counts, 1) if count)
    return bytes([top, *table.counts[:top]]) + table.symbols


def _cut(frame: Frame, blocks: Blocks, cells: list, own: set, where: tuple) -> Blocks:
    small, scan = where
    x0, y0, _, _ = cells
    region, before = empty_blocks(small), [0] * 4
    for unit in mcus(small, scan):
        for c, number in unit:
            one = frame.components[c]
            row, column = divmod(number, small.stored(c)[0])
            if (x0 + column // one.h, y0 + row // one.v) in own:
                at = (y0 * one.v + row) * frame.stored(c)[0] + x0 * one.h + column
                region[c][number] = blocks[c][at]
            else:
                region[c][number] = [before[c]] + [0] * 63
            before[c] = region[c][number][0]
    return region


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def rising(numbers: list[int]) -> bytes:
    steps = [b - a for a, b in zip([0, *numbers], numbers, strict=False)]
    return b"".join(map(varint, [len(numbers), *steps]))


def recipe_part(recipes: list[Recipe]) -> bytes:
    return varint(len(recipes)) + b"".join(map(_recipe, recipes))


def _recipe(recipe: Recipe) -> bytes:
    pads = [(value, (1 << size) - 1) for value, size in recipe.padding if size]
    padding = 1 if all(v == m for v, m in pads) else 0 if not any(v for v, _ in pads) else 2
    flags = recipe.policy | padding << 2 | bool(recipe.tail) << 4 | bool(recipe.zrl) << 5
    out = bytes([flags])
    if recipe.policy == 2:
        out += rising(recipe.breaks)
    if padding == 2:
        values = bytes(value for value, _ in recipe.padding)
        out += varint(len(values)) + values
    if recipe.zrl:
        out += varint(len(recipe.zrl))
        for before, (number, count) in zip([0, *recipe.zrl], recipe.zrl.items(), strict=False):
            out += varint(number - before) + varint(count)
    return out + (varint(len(recipe.tail)) + recipe.tail if recipe.tail else b"")


def private_part(jpeg: Jpeg, recipes: list[Recipe], listed: bytes, *, deflate: bool) -> bytes:
    at, kept = 0, []
    for scan in jpeg.scans:
        kept.append(jpeg.data[at : scan.start])
        at = scan.end
    skeleton = b"".join(kept) + jpeg.data[at : jpeg.end]
    pieces = [recipe_part(recipes), skeleton, listed]
    body = struct.pack(">3I", *map(len, pieces)) + hashlib.sha256(jpeg.data).digest()
    body += struct.pack(">Q", len(jpeg.data)) + b"".join(pieces)
    pack = zlib.compressobj(9 if deflate else 0, zlib.DEFLATED, -15, zdict=layout.dictionary())
    packed, tail = pack.compress(body) + pack.flush(), jpeg.data[jpeg.end :]
    return struct.pack(">I", len(packed)) + packed + struct.pack(">Q", len(tail)) + tail


def dummy_list(jpeg: Jpeg, blocks: Blocks, sealed) -> bytes:
    """Coded dummies that are not AC 0 with the DC of the block before in the MCU."""
    frame, shared = jpeg.frame, [scan for scan in jpeg.scans if len(scan.components) > 1]
    coded = {c for scan in shared for c, _, _ in scan.components}
    out, last = b"", 0
    for index, (c, number, before) in enumerate(public_dummies(frame, sealed)):
        block = blocks[c][number]
        if c not in coded or block == [blocks[c][before][0]] + [0] * 63:
            continue
        places = [k for k in range(64) if block[k] or not k]
        mask = sum(1 << k for k in places)
        values = struct.pack(f"<{len(places)}h", *(block[k] for k in places))
        out, last = out + varint(index - last) + struct.pack("<Q", mask) + values, index
    return out


def filled(frame: Frame, blocks: Blocks, sealed) -> Blocks:
    public = empty_blocks(frame)
    for c, number, _ in public_blocks(frame, sealed):
        public[c][number] = blocks[c][number]
    return public


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def superbox(header: dict, coded: list[bytes]) -> bytes:
    kinds = [b"fcRg"] * (len(coded) - 1) + [b"fcPv"]
    parts = [box(kind, part) for kind, part in zip(kinds, coded, strict=True)]
    return box(b"jumd", DESCRIPTION) + box(b"json", canonical(header)) + b"".join(parts)


def app11(content: bytes, most: int = 300) -> bytes:
    """Small packets, so that files of tests have several."""
    head = struct.pack(">I4s", 8 + len(content), b"jumb")
    pieces = [content[at : at + most] for at in range(0, len(content), most)]
    return b"".join(
        segment(0xEB, b"JP" + struct.pack(">HI", 1, place) + head + piece)
        for place, piece in enumerate(pieces, 1)
    )


def public_file(jpeg: Jpeg, public: Blocks, content: bytes) -> bytes:
    """A scan for each component, whatever the original had."""
    where = [(kind, n) for n in (0, 1) for kind in (0, 1)]
    tables = {place: EVERY_SYMBOL[place[0]] for place in where}
    frame = replace(jpeg.frame, kind=0xC1)
    out = b"\xff\xd8" + app11(content)
    out += segment(0xDB, b"".join(
        struct.pack(">B64H", 16 + n, *jpeg.quant[n]) for n in {c.tq for c in frame.components}
    ))  # fmt: skip
    sof = struct.pack(">BHHB", frame.precision, frame.height, frame.width, len(frame.components))
    out += segment(
        0xC1, sof + b"".join(bytes([c.id, 16 * c.h + c.v, c.tq]) for c in frame.components)
    )
    out += segment(0xC4, b"".join(tables[k, n].segment(16 * k + n) for k, n in where))
    for c, one in enumerate(frame.components):
        scan = Scan([(c, 0, 0)], 0, 63, 0, 0, 0, 0, 0, tables)
        out += segment(0xDA, bytes([1, one.id, 0, 0, 63, 0]))
        out += encode(frame, scan, public, Recipe())
    return out + b"\xff\xd9"
