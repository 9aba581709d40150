"""What real JPEGs have beside plain scans, put into a JPEG by hand: (what, bytes)."""

import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, pairwise

import numpy as np
from PIL import Image, ImageCms

from support.second_reader.jpeg_decoder import decode, mcus
from support.second_reader.jpeg_encoder import LISTED, NO_LIMIT, encode
from support.second_reader.jpeg_segments import DHT, PROGRESSIVE, parse
from support.second_reader.jpeg_tables import Table

TAIL, JUNK = b"\xff\xd3", b"junk, no segment"
EVERY_SYMBOL = {0: Table([0] * 4 + [16], range(16)), 1: Table([0] * 7 + [128, 128], range(256))}


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def thumbnail() -> bytes:
    """A small JPEG, as cameras put it into EXIF."""
    file = io.BytesIO()
    Image.fromarray(np.full((12, 16, 3), (200, 40, 90), np.uint8)).save(file, "JPEG")
    return file.getvalue()


def exif(orientation: int, *, preview: bytes = b"", order: str = "<") -> bytes:
    """An APP1 with Orientation and, in IFD1, a thumbnail."""
    head = b"Exif\0\0" + (b"II" if order == "<" else b"MM")
    first = struct.pack(order + "HHHIHH", 1, 0x0112, 3, 1, orientation, 0)
    at = 8 + len(first) + 4
    if not preview:
        return segment(0xE1, head + struct.pack(order + "HI", 42, 8) + first + bytes(4))
    entries = ((0x0103, 3, 6), (0x0201, 4, at + 2 + 3 * 12 + 4), (0x0202, 4, len(preview)))
    second = struct.pack(order + "H", len(entries))
    for tag, kind, value in entries:
        number = struct.pack(order + ("H" if kind == 3 else "I"), value)
        second += struct.pack(order + "HHI", tag, kind, 1) + number.ljust(4, b"\0")
    ifds = first + struct.pack(order + "I", at) + second + bytes(4)
    return segment(0xE1, head + struct.pack(order + "HI", 42, 8) + ifds + preview)


def after_soi(data: bytes, *segments: bytes) -> bytes:
    return data[:2] + b"".join(segments) + data[2:]


def oddities(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every edit that makes sense of this JPEG, which has an EOI and nothing after it."""
    assert data.endswith(b"\xff\xd9")
    yield from _metadata(data)
    yield from _ends(data)
    yield from _segments(data)
    yield from _scans(data)


def _metadata(data: bytes) -> Iterator[tuple[str, bytes]]:
    small = thumbnail()
    for orientation in range(1, 9):
        made = exif(orientation, preview=small, order="<>"[orientation % 2])
        yield f"exif-thumbnail-{orientation}", after_soi(data, made)
    yield "exif-orientation-6", after_soi(data, exif(6))
    yield "exif-twice", after_soi(data, exif(3), exif(8, preview=small))
    yield "exif-broken", after_soi(data, segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff"))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    halves = profile[:200], profile[200:]
    parts = [
        segment(0xE2, b"ICC_PROFILE\0" + bytes([number, 2]) + half)
        for number, half in enumerate(halves, 1)
    ]
    yield "icc", after_soi(data, *parts)
    yield "xmp", after_soi(data, segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"))
    yield "comment", after_soi(data, segment(0xFE, b"a comment"), segment(0xFE, b"another"))
    yield "empty-comment", after_soi(data, segment(0xFE, b""))
    yield "photoshop", after_soi(data, segment(0xED, b"Photoshop 3.0\x008BIM\x04\x0c\0\0" + small))
    box = struct.pack(">I4s", 8 + 4, b"free") + b"seal"
    described = struct.pack(">I4s", 8 + 23, b"jumd") + bytes(16) + b"\3other\0"
    jumbf = struct.pack(">I4s", 8 + len(described + box), b"jumb") + described + box
    app11 = segment(0xEB, b"JP" + struct.pack(">HI", 1, 1) + jumbf)
    yield "other-jumbf", after_soi(data, app11)
    yield "jfxx", after_soi(data, segment(0xE0, b"JFXX\0\x10" + small))
    yield "jfif-too-short", data[:2] + segment(0xE0, b"JFIF\0\1\1\0\0") + data[2:]


def _ends(data: bytes) -> Iterator[tuple[str, bytes]]:
    small = thumbnail()
    yield "no-eoi", data[:-2]
    yield "trailer", data + b"bytes after the end"
    yield "trailer-zeros", data + bytes(100_000)
    yield "second-image", with_second_image(data, small)
    yield "stray-rst", data[:-2] + TAIL + data[-2:]
    yield "scan-tail", data[:-2] + b"\0\0\x12\x34" + data[-2:]
    yield "fill-before-eoi", data[:-2] + b"\xff\xff\xff" + data[-2:]


def with_second_image(data: bytes, second: bytes) -> bytes:
    """Multi-picture format: an index in APP2, and another JPEG after EOI."""
    size = len(data) + 4 + 4 + 82
    index = struct.pack("<2sHIH", b"II", 42, 8, 3)
    index += struct.pack("<HHI4s", 0xB000, 7, 4, b"0100")
    index += struct.pack("<HHII", 0xB001, 4, 1, 2)
    index += struct.pack("<HHIII", 0xB002, 7, 32, 50, 0)
    # Offsets count from "II", 10 bytes into the file; that of the first image is 0.
    index += struct.pack("<IIIHH", 0x20030000, size, 0, 0, 0)
    index += struct.pack("<IIIHH", 0, len(second), size - 10, 0, 0)
    return after_soi(data, segment(0xE2, b"MPF\0" + index)) + second


def _starts(data: bytes) -> list[int]:
    """Where the segments start, up to the first scan."""
    at, found = 2, []
    while data[at + 1] != 0xDA:
        found.append(at)
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return [*found, at]


def _segments(data: bytes) -> Iterator[tuple[str, bytes]]:
    starts = _starts(data)
    filled = data
    for at in reversed(starts):
        filled = filled[:at] + b"\xff\xff" + filled[at:]
    yield "fill-bytes", filled
    at = starts[1]
    yield "junk", data[:at] + JUNK + data[at:]
    pieces = [(data[at + 1], at, end) for at, end in pairwise(starts)]
    by_kind = {kind: data[at:end] for kind, at, end in pieces}
    frame = next(at for kind, at, _ in pieces if 0xC0 <= kind <= PROGRESSIVE)
    yield "dqt-twice", data[:frame] + by_kind[0xDB] + data[frame:]
    yield "no-jfif", data[:2] + data[starts[1] :]
    if 0xDD not in by_kind:
        long = segment(0xDD, struct.pack(">H", 60000))
        yield "dri-longer-than-the-scan", data[:frame] + long + data[frame:]
    if data[frame + 1] != PROGRESSIVE:
        twelve = b"\xff\xc1" + data[frame + 2 : frame + 4] + b"\x0c" + data[frame + 5 :]
        yield "12-bit", data[:frame] + twelve
        bare = data
        for kind, at, end in reversed(pieces):
            bare = bare[:at] + bare[end:] if kind == DHT else bare
        yield "no-dht", bare


def rewritten(data: bytes, change) -> bytes:
    """The same coefficients by other recipes."""
    jpeg = parse(data)
    blocks, recipes = decode(jpeg)
    for number in reversed(range(len(jpeg.scans))):
        scan = jpeg.scans[number]
        recipe = change(recipes[number], len(jpeg.scans) - 1 - number)
        data = data[: scan.start] + encode(jpeg.frame, scan, blocks, recipe) + data[scan.end :]
    return data


def _scans(data: bytes) -> Iterator[tuple[str, bytes]]:
    def padded(mask):
        return lambda recipe, _: replace(
            recipe, padding=[(mask & (1 << n) - 1, n) for _, n in recipe.padding]
        )

    yield "padding-0", rewritten(data, padded(0))
    yield "padding-mixed", rewritten(data, padded(0b0101101))
    yield "tail-in-each-scan", rewritten(data, lambda recipe, _: replace(recipe, tail=TAIL))
    if parse(data).frame.kind == PROGRESSIVE:
        short = [n for n in range(2000) if n % 3 == 0]
        cut = rewritten(data, lambda r, _: replace(r, policy=LISTED, breaks=short))
        yield "short-eob-runs", cut
        yield "many-corrections", many_corrections(data)
        yield "many-corrections-no-limit", many_corrections(data, policy=NO_LIMIT)
    else:
        ends = needless_zrl(data)
        if len(parse(data).frame.components) > 1:
            yield "other-dummies", other_dummies(data)
        yield "needless-zrl", rewritten(data, lambda recipe, _: replace(recipe, zrl=ends))


def many_corrections(data: bytes, counts=(63,), **recipe) -> bytes:
    """So many coefficients a block, by turns, and none is small; a table of every symbol.

    Refinement then has correction bits alone, more than libjpeg lets wait for an EOB run.
    """
    jpeg = parse(data)
    blocks, recipes = decode(jpeg)
    rng = np.random.default_rng(5)
    for part in blocks:
        for block, count in zip(part, cycle(counts), strict=False):
            large = rng.integers(4, 8, count) * rng.choice((-1, 1), count)
            block[1:] = large.tolist() + [0] * (63 - count)
    where = [(kind, number) for kind in (0, 1) for number in (0, 1)]
    tables = segment(DHT, b"".join(EVERY_SYMBOL[k].segment(16 * k + n) for k, n in where))
    for scan, own in reversed(list(zip(jpeg.scans, recipes, strict=True))):
        scan.tables = {place: EVERY_SYMBOL[place[0]] for place in where}
        start = data.rindex(b"\xff\xda", 0, scan.start)
        coded = encode(jpeg.frame, scan, blocks, replace(own, **recipe))
        data = data[:start] + tables + data[start : scan.start] + coded + data[scan.end :]
    return data


def other_dummies(data: bytes) -> bytes:
    """Its dummy blocks hold something; its tables must be those of Annex K."""
    jpeg = parse(data)
    blocks, (recipe,) = decode(jpeg)
    rng = np.random.default_rng(6)
    for c, part in enumerate(blocks):
        width, (columns, rows) = jpeg.frame.stored(c)[0], jpeg.frame.real(c)
        for number, block in enumerate(part):
            if number % width >= columns or number // width >= rows:
                block[:3] = rng.integers(-9, 9, 3).tolist()
                block[63] = 1
    (scan,) = jpeg.scans
    coded = encode(jpeg.frame, scan, blocks, recipe)
    return data[: scan.start] + coded + data[scan.end :]


def needless_zrl(data: bytes) -> dict[int, int]:
    """Blocks whose end is 16 zeros or more: each other one gets a ZRL before its EOB."""
    jpeg = parse(data)
    blocks, _ = decode(jpeg)
    scan = jpeg.scans[0]
    coded = [
        blocks[scan.components[place][0]][number]
        for unit in mcus(jpeg.frame, scan)
        for place, number in unit
    ]
    return {n: 1 for n, block in enumerate(coded) if n % 2 and not any(block[40:])}
