"""Coefficients to entropy-coded bytes, by tables and a recipe (T.81, F.1 and G.1)."""

from contextlib import suppress
from dataclasses import replace

from support.second_reader.jpeg_decoder import Blocks, Recipe, mcus
from support.second_reader.jpeg_segments import PROGRESSIVE, Frame, Jpeg, Refused, Scan
from support.second_reader.jpeg_tables import BitWriter

LIBJPEG, NO_LIMIT, LISTED = 0, 1, 2
LONGEST_RUN, MOST_CORRECTIONS = 0x7FFF, 937


def encode(frame: Frame, scan: Scan, blocks: Blocks, recipe: Recipe) -> bytes:
    """The bytes from after the SOS to the next marker."""
    try:
        return _Writer(frame, scan, blocks, recipe).run() + recipe.tail
    except KeyError as error:
        raise Refused(f"a scan cannot be written: {error.args[0]}") from error


def find_recipes(jpeg: Jpeg, blocks: Blocks, recipes: list[Recipe]) -> list[Recipe]:
    """The recipes with the first EOB policy that gives each scan's own bytes."""
    return [
        _fitting(jpeg, scan, blocks, recipe)
        for scan, recipe in zip(jpeg.scans, recipes, strict=True)
    ]


def _fitting(jpeg: Jpeg, scan: Scan, blocks: Blocks, recipe: Recipe) -> Recipe:
    runs = jpeg.frame.kind == PROGRESSIVE and scan.ss > 0
    for policy in (LIBJPEG, NO_LIMIT, LISTED) if runs else (LIBJPEG,):
        tried = replace(recipe, policy=policy)
        # A policy that the file does not have may need a symbol that its tables lack.
        with suppress(Refused):
            if encode(jpeg.frame, scan, blocks, tried) == jpeg.data[scan.start : scan.end]:
                return tried
    raise Refused("a scan that comes out otherwise")


class _Writer:
    def __init__(self, frame: Frame, scan: Scan, blocks: Blocks, recipe: Recipe) -> None:
        self._frame, self._scan, self._blocks, self._recipe = frame, scan, blocks, recipe
        self._out, self._number, self._before = BitWriter(), 0, [0] * 4
        self._run, self._waiting = 0, []
        self._breaks = set(recipe.breaks if recipe.policy == LISTED else [])
        self._ac = 0
        if frame.kind != PROGRESSIVE:
            self._block = self._sequential
        elif scan.ss == 0:
            self._block = self._dc_refined if scan.ah else self._dc_first
        else:
            self._block = self._ac_refined if scan.ah else self._ac_first

    def run(self) -> bytes:
        units = list(mcus(self._frame, self._scan))
        size = self._scan.restart or len(units)
        parts = []
        for interval, first in enumerate(range(0, len(units), size)):
            if interval:
                parts.append(bytes([0xFF, 0xD0 + (interval - 1) % 8]))
            plain = self._interval(units[first : first + size], interval)
            parts.append(plain.replace(b"\xff", b"\xff\0"))
        return b"".join(parts)

    def _interval(self, units, interval: int) -> bytes:
        self._before = [0] * 4
        for unit in units:
            for place, number in unit:
                if self._number in self._breaks:
                    self._flush()
                c, dc, self._ac = self._scan.components[place]
                self._block(place, self._blocks[c][number], dc)
                self._number += 1
        self._flush()
        if size := -self._out.over % 8:
            self._out.put(self._pad(interval, size), size)
        return self._out.taken()

    def _pad(self, interval: int, size: int) -> int:
        ones = (1 << size) - 1
        if self._recipe.padding:
            return self._recipe.padding[interval][0] & ones
        return ones * self._recipe.pad_bit

    def _symbol(self, symbol: int) -> None:
        self._out.symbol(self._scan.tables[1, self._ac], symbol)

    def _difference(self, place: int, value: int, dc: int) -> None:
        difference, self._before[place] = value - self._before[place], value
        size = abs(difference).bit_length()
        self._out.symbol(self._scan.tables[0, dc], size)
        self._out.signed(difference, size)

    def _sequential(self, place: int, block: list, dc: int) -> None:
        self._difference(place, block[0], dc)
        if self._band(block, 0):
            for _ in range(self._recipe.zrl.get(self._number, 0)):
                self._symbol(0xF0)
            self._symbol(0)

    def _band(self, block: list, shift: int) -> int:
        """Write the non-zeros of the band; the number of zeros after the last."""
        run, ready = 0, not self._run
        for value in block[max(1, self._scan.ss) : self._scan.se + 1]:
            size = (abs(value) >> shift).bit_length()
            if not size:
                run += 1
                continue
            if not ready:
                self._flush()
                ready = True
            for _ in range(run // 16):
                self._symbol(0xF0)
            self._symbol(run % 16 * 16 + size)
            self._out.signed((abs(value) >> shift) * (1 if value > 0 else -1), size)
            run = 0
        return run

    def _dc_first(self, place: int, block: list, dc: int) -> None:
        self._difference(place, block[0] >> self._scan.al, dc)

    def _dc_refined(self, place: int, block: list, dc: int) -> None:
        self._out.put(block[0] >> self._scan.al & 1, 1)

    def _ac_first(self, place: int, block: list, dc: int) -> None:
        if not self._band(block, self._scan.al):
            return
        if needless := self._recipe.zrl.get(self._number, 0):
            self._flush()
            for _ in range(needless):
                self._symbol(0xF0)
        self._run += 1
        self._flush_if_due()

    def _ac_refined(self, place: int, block: list, dc: int) -> None:
        scan = self._scan
        sizes = [abs(value) >> scan.al for value in block[: scan.se + 1]]
        last_new = max((k for k in range(scan.ss, scan.se + 1) if sizes[k] == 1), default=0)
        run, corrections = 0, []
        for k in range(scan.ss, scan.se + 1):
            if not sizes[k]:
                run += 1
                continue
            while run > 15 and k <= last_new:
                self._flush()
                self._symbol(0xF0)
                run -= 16
                corrections = self._corrected(corrections)
            if sizes[k] > 1:
                corrections.append(sizes[k] & 1)
                continue
            self._flush()
            self._symbol(run * 16 + 1)
            self._out.put(int(block[k] > 0), 1)
            corrections, run = self._corrected(corrections), 0
        if run or corrections:
            self._run += 1
            self._waiting += corrections
            self._flush_if_due()

    def _corrected(self, corrections: list) -> list:
        for bit in corrections:
            self._out.put(bit, 1)
        return []

    def _flush_if_due(self) -> None:
        long = self._recipe.policy == LIBJPEG and len(self._waiting) > MOST_CORRECTIONS
        if long or self._run == LONGEST_RUN:
            self._flush()

    def _flush(self) -> None:
        """Write the EOB run that waits, and the correction bits of its blocks."""
        if self._run:
            size = self._run.bit_length() - 1
            self._symbol(size * 16)
            self._out.put(self._run & (1 << size) - 1, size)
            self._run = 0
        self._waiting = self._corrected(self._waiting)
