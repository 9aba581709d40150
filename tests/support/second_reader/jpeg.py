"""Sealed JPEGs read by the book: regions, public coefficients, the original file."""

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

from support.second_reader import jpeg_layout as layout
from support.second_reader.header import canonical, check_mac, expand
from support.second_reader.jpeg_decoder import Blocks, decode, mcus
from support.second_reader.jpeg_encoder import encode
from support.second_reader.jpeg_payload import header_of, payload, unpacked
from support.second_reader.jpeg_segments import Frame, Jpeg, Scan, parse, require
from support.second_reader.jpeg_tables import ANNEX_K
from support.second_reader.picture import open_part

Cells = list[int]  # x0, y0, x1, y1


def owners(frame: Frame, regions: list[Cells]) -> dict[tuple[int, int], int]:
    """The region of each sealed cell (column, row): the first that has it."""
    found: dict[tuple[int, int], int] = {}
    for index, (x0, y0, x1, y1) in enumerate(regions):
        columns, rows = frame.cells
        require(0 <= x0 < x1 <= columns and 0 <= y0 < y1 <= rows, "a region beyond the picture")
        for y in range(y0, y1):
            for x in range(x0, x1):
                found.setdefault((x, y), index)
    return found


def public_blocks(frame: Frame, sealed) -> Iterator[tuple[int, int, bool]]:
    """Component, number, is it a dummy: of each block in no sealed cell, in the order of 3.3."""
    for cell_row in range(frame.cells[1]):
        for c, one in enumerate(frame.components):
            width, (columns, rows) = frame.stored(c)[0], frame.real(c)
            for row in range(cell_row * one.v, (cell_row + 1) * one.v):
                for column in range(width):
                    if (column // one.h, cell_row) not in sealed:
                        yield c, row * width + column, column >= columns or row >= rows


def tokens(frame: Frame, blocks: Blocks, sealed) -> Iterator[bytes]:
    """The public coefficients as they are hashed."""
    for c, number, dummy in public_blocks(frame, sealed):
        if not dummy:
            block = blocks[c][number]
            places = [k for k in range(64) if block[k] or not k]
            mask = sum(1 << k for k in places)
            yield struct.pack(f"<Q{len(places)}h", mask, *(block[k] for k in places))


def public_sha256(jpeg: Jpeg, blocks: Blocks, sealed) -> str:
    frame = jpeg.frame.described()
    quant = layout.quant_field(jpeg.frame, jpeg.quant)
    head = canonical({"frame": frame, "quant": quant})
    digest = hashlib.sha256(layout.LABEL + b"public coefficients" + head)
    for token in tokens(jpeg.frame, blocks, sealed):
        digest.update(token)
    return digest.hexdigest()


def region_scan(frame: Frame, cells: Cells, tables: dict) -> tuple[Frame, Scan]:
    """A region as if it were a picture of its own (3.4)."""
    x0, y0, x1, y1 = cells
    width, height = 8 * frame.hmax * (x1 - x0), 8 * frame.vmax * (y1 - y0)
    small = replace(frame, kind=0xC1, width=width, height=height)
    chosen = [(c, *[int(c in (1, 2))] * 2) for c in range(len(frame.components))]
    return small, Scan(chosen, 0, 63, 0, 0, 0, 0, 0, tables)


def _opened_region(part: bytes, frame: Frame) -> tuple[dict, bytes]:
    """Tables, and the bits with their byte stuffing."""
    require(part[0] in (0, 1), "a region part of unknown mode")
    tables, at = (ANNEX_K, 1) if part[0] == 0 else layout.region_tables(part, len(frame.components))
    return tables, part[at:].replace(b"\xff", b"\xff\0")


def region_blocks(part: bytes, frame: Frame, cells: Cells) -> Blocks:
    """The coefficients of a region part, block by block of its rectangle."""
    tables, data = _opened_region(part, frame)
    small, scan = region_scan(frame, cells, tables)
    scan.end = len(data)
    blocks, (recipe,) = decode(Jpeg(data, small, [scan]))
    require(not recipe.tail.strip(b"\0"), "something after a region's bits")
    require(all(value == (1 << size) - 1 for value, size in recipe.padding), "padding of zeros")
    return blocks


def put_region(blocks: Blocks, frame: Frame, cells: Cells, own, region: Blocks) -> None:
    """Put the blocks of cells that are `own` to their places."""
    x0, y0, x1, _ = cells
    for c, one in enumerate(frame.components):
        small, large = (x1 - x0) * one.h, frame.stored(c)[0]
        for number, block in enumerate(region[c]):
            row, column = divmod(number, small)
            if (x0 + column // one.h, y0 + row // one.v) in own:
                blocks[c][(y0 * one.v + row) * large + x0 * one.h + column] = block
            else:
                require(not any(block[1:]), "a block of an earlier region that is not empty")


def wrapped_region(part: bytes, jpeg: Jpeg, cells: Cells, *segments: bytes) -> bytes:
    """A region part as a JPEG of its own for any decoder; `segments` go in after SOI."""
    tables, data = _opened_region(part, jpeg.frame)
    small, scan = region_scan(jpeg.frame, cells, tables)
    return wrapped(small, jpeg.quant, scan, data, *segments)


def wrapped(frame: Frame, quant: dict, scan: Scan, data: bytes, *segments: bytes) -> bytes:
    """One sequential scan as a file."""
    sof = struct.pack(">BHHB", frame.precision, frame.height, frame.width, len(frame.components))
    sof += b"".join(bytes([c.id, 16 * c.h + c.v, c.tq]) for c in frame.components)
    sos = bytes([len(scan.components)])
    sos += b"".join(bytes([frame.components[c].id, 16 * d + a]) for c, d, a in scan.components)
    dqt = b"".join(
        struct.pack(">B64H", 16 + n, *quant[n]) for n in {c.tq for c in frame.components}
    )
    dht = b"".join(table.segment(16 * kind + n) for (kind, n), table in scan.tables.items())
    parts = ((0xDB, dqt), (0xC1, sof), (0xC4, dht), (0xDA, sos + b"\0\x3f\0"))
    made = b"".join(b"\xff%c" % m + struct.pack(">H", len(body) + 2) + body for m, body in parts)
    return b"\xff\xd8" + b"".join(segments) + made + data + b"\xff\xd9"


def place_dummies(blocks: Blocks, jpeg: Jpeg, sealed, listed) -> None:
    """Public dummy blocks: AC 0 and the DC of the block before in the MCU, or as listed."""
    exceptions = dict(listed)
    for index, (c, number, before) in enumerate(public_dummies(jpeg.frame, sealed)):
        values = exceptions.pop(index, {0: blocks[c][before][0]})
        blocks[c][number] = [values.get(place, 0) for place in range(64)]
    require(not exceptions, "a dummy block that is not there")


def public_dummies(frame: Frame, sealed) -> Iterator[tuple[int, int, int]]:
    """Component, number, number of the block before it: dummy blocks as an MCU has them."""
    if len(frame.components) == 1:
        return
    scan = region_scan(frame, [0, 0, *frame.cells], {})[1]
    for index, unit in enumerate(mcus(frame, scan)):
        if divmod(index, frame.cells[0])[::-1] in sealed:
            continue
        for (_, before), (c, number) in zip([(0, 0), *unit], unit, strict=False):
            row, column = divmod(number, frame.stored(c)[0])
            if column >= frame.real(c)[0] or row >= frame.real(c)[1]:
                yield c, number, before


def walk(skeleton: bytes, blocks: Blocks, recipes: list) -> bytes:
    """The original up to its EOI: each scan is coded again, right after its SOS (3.5)."""
    jpeg = parse(skeleton, bare=True)
    require(len(jpeg.scans) == len(recipes), "not as many recipes as scans")
    out, at = [], 0
    for scan, recipe in zip(jpeg.scans, recipes, strict=True):
        out += [skeleton[at : scan.start], encode(jpeg.frame, scan, blocks, recipe)]
        at = scan.start
    return b"".join(out) + skeleton[at:]


class Sealed:
    """A sealed JPEG: its header, boxes and public coefficients, checked against each other."""

    def __init__(self, data: bytes, beside: bytes | None = None) -> None:
        self.jpeg = parse(data)
        self.boxes = payload(self.jpeg) if beside is None else unpacked(beside)
        self.header = header_of(self.boxes)
        self.frame = self.jpeg.frame
        require(self.header["frame"] == self.frame.described(), "rotated or cropped after sealing")
        quant = layout.quant_field(self.frame, self.jpeg.quant)
        require(self.header["quant"] == quant, "compressed again after sealing")
        self.cells = [region["cells"] for region in self.header["regions"]]
        require(len(self.cells) == len(self.boxes.get(b"fcRg", [])), "a part for each region")
        self.owners = owners(self.frame, self.cells)
        self.blocks, _ = decode(self.jpeg)
        digest = public_sha256(self.jpeg, self.blocks, self.owners)
        require(digest == self.header["public_sha256"], "the public picture was changed")
        self._require_empty_cells()

    def _require_empty_cells(self) -> None:
        for c, one in enumerate(self.frame.components):
            width, (columns, rows) = self.frame.stored(c)[0], self.frame.real(c)
            for number, block in enumerate(self.blocks[c]):
                row, column = divmod(number, width)
                sealed = (column // one.h, row // one.v) in self.owners
                if sealed and column < columns and row < rows:
                    require(not any(block), "something in a sealed cell")

    def region_part(self, index: int, region_key: bytes) -> bytes:
        return open_part(self.header, index, self.boxes[b"fcRg"][index], region_key)

    def open_region(self, index: int, region_key: bytes) -> None:
        """Put the coefficients of one region to their places."""
        own = {cell for cell, owner in self.owners.items() if owner == index}
        if own:
            part = self.region_part(index, region_key)
            region = region_blocks(part, self.frame, self.cells[index])
            put_region(self.blocks, self.frame, self.cells[index], own, region)

    def others(self, content_key: bytes) -> Blocks:
        """The coefficients with all regions that were not forgotten, where some were."""
        check_mac(self.header, content_key)
        forgotten = self.header["forgotten"]
        require(forgotten[-1] == "original" and not self.boxes[b"fcPv"][0], "a private part")
        for index in range(len(self.cells)):
            if index in forgotten:
                require(not self.boxes[b"fcRg"][index], "a part that was forgotten")
            else:
                self.open_region(index, expand(content_key, layout.region_info(index)))
        return self.blocks

    def original(self, content_key: bytes) -> bytes:
        """The bytes of the file that was sealed."""
        check_mac(self.header, content_key)
        for index in range(len(self.cells)):
            self.open_region(index, expand(content_key, layout.region_info(index)))
        require(self.header["private"] == ["original"], "other private parts than there are")
        key = expand(content_key, layout.ORIGINAL_INFO)
        part = open_part(self.header, len(self.cells), self.boxes[b"fcPv"][0], key)
        private = layout.Private(part)
        if self.header["coding"] == "transcoded":
            require(not private.recipe + private.skeleton + private.dummies, "a recipe for nothing")
            return private.check(private.tail)
        place_dummies(self.blocks, self.jpeg, self.owners, layout.dummies(private.dummies))
        original = walk(private.skeleton, self.blocks, layout.recipes(private.recipe))
        return private.check(original + private.tail)


def open_jpeg(
    data: bytes, key: bytes | Callable[[dict], bytes], beside: bytes | None = None
) -> bytes:
    """The original of a sealed JPEG, by its content key or what finds it in the header.

    `beside` is the payload where it is a sidecar.
    """
    sealed = Sealed(data, beside)
    return sealed.original(key(sealed.header) if callable(key) else key)
