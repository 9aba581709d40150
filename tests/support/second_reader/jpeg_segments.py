"""The segments of a JPEG (T.81, annex B): frame, tables, and where each scan lies."""

import struct
from dataclasses import dataclass, field, replace
from math import ceil

from support.second_reader.jpeg_tables import ANNEX_K, Table

SOI, EOI, SOS, DQT, DHT, DRI, TEM = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0x01
APP11, APP14 = 0xEB, 0xEE
SEQUENTIAL, PROGRESSIVE = (0xC0, 0xC1), 0xC2
OTHER_FRAMES = (0xC3, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xCB, 0xCC, 0xCD, 0xCE, 0xCF, 0xDC, 0xDE)


class Refused(Exception):
    """Not what this coder restores: the file is sealed as a transcoded one (3.6), or broken."""


def require(condition, why: str) -> None:
    if not condition:
        raise Refused(why)


@dataclass(frozen=True)
class Component:
    id: int
    h: int
    v: int
    tq: int


@dataclass(frozen=True)
class Frame:
    kind: int
    precision: int
    width: int
    height: int
    components: tuple[Component, ...]

    @property
    def hmax(self) -> int:
        return max(c.h for c in self.components)

    @property
    def vmax(self) -> int:
        return max(c.v for c in self.components)

    @property
    def cells(self) -> tuple[int, int]:
        """Columns and rows of cells."""
        return ceil(self.width / (8 * self.hmax)), ceil(self.height / (8 * self.vmax))

    def real(self, c: int) -> tuple[int, int]:
        """Columns and rows of the blocks of a component that are not dummies."""
        one = self.components[c]
        return (
            ceil(ceil(self.width * one.h / self.hmax) / 8),
            ceil(ceil(self.height * one.v / self.vmax) / 8),
        )

    def stored(self, c: int) -> tuple[int, int]:
        """Columns and rows of its blocks, dummies included."""
        one, (columns, rows) = self.components[c], self.cells
        return columns * one.h, rows * one.v

    def described(self) -> list:
        """`frame` of the header."""
        parts = [[c.h, c.v, c.tq] for c in self.components]
        return [self.precision, self.width, self.height, parts]


@dataclass
class Scan:
    components: list[tuple[int, int, int]]  # index in the frame, DC table, AC table
    ss: int
    se: int
    ah: int
    al: int
    start: int  # of the entropy-coded bytes, right after the SOS segment
    end: int  # the next marker that is no RST
    restart: int
    tables: dict[tuple[int, int], Table]  # class and number: those in force at the SOS


@dataclass
class Jpeg:
    data: bytes
    frame: Frame | None = None
    scans: list[Scan] = field(default_factory=list)
    quant: dict[int, tuple[int, ...]] = field(default_factory=dict)
    segments: list[tuple[int, bytes]] = field(
        default_factory=list
    )  # marker and what follows length
    end: int = 0  # right after EOI, or the length of a file without one


def parse(data: bytes, *, bare: bool = False) -> Jpeg:
    """All of a JPEG. `bare`: a skeleton, in which no entropy-coded byte follows an SOS."""
    require(data[:2] == b"\xff\xd8", "does not start with SOI")
    jpeg, at = Jpeg(data), 2
    tables, restart = {}, 0
    while (place := _next_marker(data, at)) is not None:
        marker, at = data[place], place + 1
        if marker == EOI:
            jpeg.end = at
            return jpeg
        if marker in (0, TEM) or 0xD0 <= marker <= 0xD7:
            continue
        require(marker != SOI, "a second SOI")
        (length,) = struct.unpack(">H", data[at : at + 2].rjust(2, b"\0"))
        require(length >= 2 and at + length <= len(data), "a segment of wrong length")
        body, at = data[at + 2 : at + length], at + length
        jpeg.segments.append((marker, body))
        if marker == DHT:
            tables = tables | dict(_huffman(body))
        elif marker == DRI:
            require(len(body) == 2, "a DRI of wrong length")
            (restart,) = struct.unpack(">H", body)
        elif marker == DQT:
            _quantisers(body, jpeg)
        elif marker in SEQUENTIAL or marker == PROGRESSIVE:
            require(jpeg.frame is None, "two frames")
            jpeg.frame = _frame(marker, body)
        elif marker == SOS:
            end = at if bare else _entropy_end(data, at)
            jpeg.scans.append(_scan(jpeg.frame, body, (at, end), restart, tables))
            at = end
        require(marker not in OTHER_FRAMES, f"marker FF{marker:02X}: lossless, arithmetic or DNL")
    jpeg.end = len(data)
    return jpeg


def _next_marker(data: bytes, at: int) -> int | None:
    """Where the next marker's second byte is; junk and fill bytes before it are skipped."""
    while (at := data.find(b"\xff", at)) >= 0:
        while at < len(data) and data[at] == 0xFF:
            at += 1
        if at < len(data) and data[at]:
            return at
    return None


def _entropy_end(data: bytes, at: int) -> int:
    """The FF of the next marker that ends a scan; fill bytes before it count as coded ones."""
    while (at := data.find(b"\xff", at)) >= 0:
        if at + 1 < len(data) and data[at + 1] not in (0, 0xFF, *range(0xD0, 0xD8)):
            return at
        at += 1 if data[at + 1 : at + 2] == b"\xff" else 2
    return len(data)


def _huffman(body: bytes):
    at = 0
    while at < len(body):
        require(at + 17 <= len(body), "a DHT cut short")
        counts = list(body[at + 1 : at + 17])
        symbols = body[at + 17 : at + 17 + sum(counts)]
        require(len(symbols) == sum(counts), "a DHT cut short")
        try:
            yield divmod(body[at], 16), Table(counts, symbols)
        except ValueError as error:
            raise Refused(str(error)) from error
        at += 17 + sum(counts)


def _quantisers(body: bytes, jpeg: Jpeg) -> None:
    at = 0
    while at < len(body):
        wide, number = divmod(body[at], 16)
        size = 128 if wide else 64
        require(at + 1 + size <= len(body), "a DQT cut short")
        table = struct.unpack_from(">64H" if wide else ">64B", body, at + 1)
        same = jpeg.quant.get(number, table) == table
        require(same or not jpeg.scans, "a DQT redefined between scans")
        jpeg.quant[number] = table
        at += 1 + size


def _frame(marker: int, body: bytes) -> Frame:
    require(len(body) >= 6, "a SOF of wrong length")
    precision, height, width, count = struct.unpack(">BHHB", body[:6])
    require(len(body) == 6 + 3 * count, "a SOF of wrong length")
    require(height and width, "no height (DNL) or no width")
    require(1 <= count <= 4, "more than four components")
    rows = [body[6 + 3 * i : 9 + 3 * i] for i in range(count)]
    components = tuple(Component(i, *divmod(hv, 16), tq) for i, hv, tq in rows)
    require(all(1 <= n <= 4 for c in components for n in (c.h, c.v)), "a sampling beyond 4")
    if count == 1:
        components = (replace(components[0], h=1, v=1),)
    return Frame(marker, precision, width, height, components)


def _scan(frame, body, place, restart, tables) -> Scan:
    require(frame is not None, "a scan before the frame")
    count = body[0] if body else 0
    require(1 <= count <= 4 and len(body) == 4 + 2 * count, "a SOS of wrong length")
    ids = [c.id for c in frame.components]
    chosen = []
    for i in range(count):
        name, selectors = body[1 + 2 * i : 3 + 2 * i]
        require(name in ids, "a scan of an unknown component")
        chosen.append((ids.index(name), *divmod(selectors, 16)))
    require(len({c for c, _, _ in chosen}) == count, "a component twice in a scan")
    ss, se, approximation = body[-3:]
    if frame.kind != PROGRESSIVE:
        ss, se, approximation = 0, 63, 0
        tables = tables or ANNEX_K
    else:
        require(ss <= se <= 63 and (ss > 0) == (se > 0), "a band of wrong limits")
        require(ss == 0 or count == 1, "an AC scan of several components")
    return Scan(chosen, ss, se, *divmod(approximation, 16), *place, restart, tables)
