"""Entropy-coded bytes to coefficients (T.81, F.2 and G.2), and what the coefficients do not tell.

Blocks are lists of 64 numbers in zigzag order, `blocks[component][row * columns + column]`.
"""

from dataclasses import dataclass, field

from support.second_reader.jpeg_segments import PROGRESSIVE, Frame, Jpeg, Refused, Scan, require
from support.second_reader.jpeg_tables import Bits

Blocks = list[list[list[int]]]


@dataclass
class Recipe:
    """How a writer used its freedom in one scan (3.5)."""

    policy: int = 0
    breaks: list[int] = field(default_factory=list)  # blocks before which an EOB run was written
    padding: list[tuple[int, int]] = field(default_factory=list)  # value, bits; one an interval
    pad_bit: int = 1  # for all of them, where the list is empty
    zrl: dict[int, int] = field(default_factory=dict)  # block: needless ZRLs before its EOB
    tail: bytes = b""


def empty_blocks(frame: Frame) -> Blocks:
    sizes = [frame.stored(c) for c in range(len(frame.components))]
    return [[[0] * 64 for _ in range(columns * rows)] for columns, rows in sizes]


def mcus(frame: Frame, scan: Scan):
    """For each MCU the blocks in coding order: (place in the scan's components, block number)."""
    if len(scan.components) == 1:
        c = scan.components[0][0]
        width, (columns, rows) = frame.stored(c)[0], frame.real(c)
        for row in range(rows):
            for column in range(columns):
                yield [(0, row * width + column)]
        return
    across, down = frame.cells
    shapes = [(frame.components[c].h, frame.components[c].v) for c, _, _ in scan.components]
    for y in range(down):
        for x in range(across):
            yield [
                (place, (y * v + dy) * across * h + x * h + dx)
                for place, (h, v) in enumerate(shapes)
                for dy in range(v)
                for dx in range(h)
            ]


def decode(jpeg: Jpeg) -> tuple[Blocks, list[Recipe]]:
    require(jpeg.frame is not None and jpeg.scans, "no picture in it")
    if jpeg.frame.kind != PROGRESSIVE:
        scanned = sorted(c for scan in jpeg.scans for c, _, _ in scan.components)
        once = scanned == list(range(len(jpeg.frame.components)))
        require(once, "a component in no scan, or in two")
    blocks = empty_blocks(jpeg.frame)
    recipes = [_Reader(jpeg, scan, blocks).run() for scan in jpeg.scans]
    for part in blocks:
        for block in part:
            require(min(block) >= -32768 and max(block) <= 32767, "a coefficient beyond 16 bits")
    return blocks, recipes


def interval_end(data: bytes, at: int, end: int) -> int:
    """Where the bytes of an interval stop: at an FF that is not a stuffed one."""
    while (at := data.find(b"\xff", at, end)) >= 0:
        if data[at + 1 : at + 2] != b"\0" or at + 1 >= end:
            return at
        at += 2
    return end


class _Reader:
    """One scan."""

    def __init__(self, jpeg: Jpeg, scan: Scan, blocks: Blocks) -> None:
        self._data, self._frame, self._scan, self._blocks = jpeg.data, jpeg.frame, scan, blocks
        self._recipe, self._number = Recipe(), 0
        self._bits, self._run, self._before = Bits(b""), 0, []
        if jpeg.frame.kind != PROGRESSIVE:
            self._block = self._sequential
        elif scan.ss == 0:
            self._block = self._dc_refined if scan.ah else self._dc_first
        else:
            self._block = self._ac_refined if scan.ah else self._ac_first

    def run(self) -> Recipe:
        units = list(mcus(self._frame, self._scan))
        size = self._scan.restart or len(units)
        at, end = self._scan.start, self._scan.end
        for interval, first in enumerate(range(0, len(units), size)):
            if interval:
                marker = bytes([0xFF, 0xD0 + (interval - 1) % 8])
                require(self._data[at : at + 2] == marker, "a restart marker missing")
                at += 2
            stop = interval_end(self._data, at, end)
            plain = self._data[at:stop].replace(b"\xff\0", b"\xff")
            self._interval(Bits(plain), units[first : first + size])
            used = plain[: len(plain) - self._bits.left // 8]
            at += len(used) + used.count(b"\xff")
        self._recipe.tail = self._data[at:end]
        return self._recipe

    def _interval(self, bits: Bits, units) -> None:
        self._bits, self._run, self._before = bits, 0, [0] * 4
        try:
            for unit in units:
                for place, number in unit:
                    c, dc, ac = self._scan.components[place]
                    self._block(place, self._blocks[c][number], dc, ac)
                    self._number += 1
        except (EOFError, ValueError, IndexError, KeyError) as error:
            raise Refused(f"a scan cannot be read: {error!r}") from error
        require(bits.left >= 0 and not self._run, "a scan ends early")
        pad = bits.left % 8
        self._recipe.padding.append((bits.take(pad), pad))

    def _difference(self, place: int, dc: int) -> int:
        size = self._bits.symbol(self._scan.tables[0, dc])
        require(size <= 16, "a DC category beyond 16")
        self._before[place] += self._bits.signed(size)
        return self._before[place]

    def _sequential(self, place: int, block: list, dc: int, ac: int) -> None:
        block[0] = self._difference(place, dc)
        bits, table = self._bits, self._scan.tables[1, ac]
        k, needless = 1, 0
        while k < 64:
            run, size = divmod(bits.symbol(table), 16)
            if size:
                k += run
                block[k] = bits.signed(size)
                k, needless = k + 1, 0
            elif run == 15:
                k, needless = k + 16, needless + 1
            else:
                require(run == 0, "an EOB run in a sequential scan")
                break
        self._end_of_block(k, needless)

    def _end_of_block(self, k: int, needless: int) -> None:
        require(k <= self._scan.se or not needless, "a block ends in ZRL")
        if needless:
            self._recipe.zrl[self._number] = needless

    def _dc_first(self, place: int, block: list, dc: int, ac: int) -> None:
        block[0] = self._difference(place, dc) << self._scan.al

    def _dc_refined(self, place: int, block: list, dc: int, ac: int) -> None:
        block[0] |= self._bits.take(1) << self._scan.al

    def _new_run(self, run: int) -> None:
        """EOBn: this block and so many after it have nothing more in this band."""
        self._run = (1 << run) + self._bits.take(run)
        self._recipe.breaks.append(self._number + self._run)

    def _ac_first(self, place: int, block: list, dc: int, ac: int) -> None:
        bits, scan = self._bits, self._scan
        if self._run:
            self._run -= 1
            return
        k, needless = scan.ss, 0
        while k <= scan.se:
            run, size = divmod(bits.symbol(scan.tables[1, ac]), 16)
            if size:
                k += run
                block[k] = bits.signed(size) << scan.al
                k, needless = k + 1, 0
            elif run == 15:
                k, needless = k + 16, needless + 1
            else:
                self._new_run(run)
                self._run -= 1
                break
        self._end_of_block(k, needless)
        require(k <= scan.se + 1, "a band overrun")

    def _ac_refined(self, place: int, block: list, dc: int, ac: int) -> None:
        bits, scan = self._bits, self._scan
        k, unit = scan.ss, 1 << scan.al
        while k <= scan.se and not self._run:
            run, size = divmod(bits.symbol(scan.tables[1, ac]), 16)
            new = 0
            if size:
                require(size == 1, "a refined coefficient of another size than 1")
                new = unit if bits.take(1) else -unit
            elif run < 15:
                self._new_run(run)
                break
            k = self._skipped(block, k, run)
            if new:
                block[k] = new
            k += 1
        if self._run:
            self._skipped(block, k, 64)
            self._run -= 1

    def _skipped(self, block: list, k: int, zeros: int) -> int:
        """Read a correction bit of each non-zero, up to the place after so many zeros."""
        scan, bits = self._scan, self._bits
        while k <= scan.se:
            if block[k]:
                if bits.take(1):
                    block[k] += (1 << scan.al) * (1 if block[k] > 0 else -1)
            elif zeros:
                zeros -= 1
            else:
                break
            k += 1
        return k
