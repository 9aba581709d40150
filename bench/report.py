"""Measurements as Markdown: tables with ratios, goals met or missed, and what machine it was."""

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.harness import ROOT, Measured, median_and_mad
from facecrypt.machine import cores, processor

__all__ = [
    "Gain",
    "Goal",
    "Load",
    "Table",
    "commit",
    "gain_table",
    "machine",
    "memory_table",
    "render",
    "versions",
]

PACKAGES = ("numpy", "cryptography", "opencv-python-headless", "onnxruntime", "isal", "numba")
# Units in which less is better, and how many of them a second has.
TIMES = {"us": 1e6, "ms": 1e3, "s": 1.0}


class Goal(NamedTuple):
    """What is wanted of a row.

    The ratio of the rates of `row` and `against`, or the other way round if `inverse`, is to be
    at least `wanted`, or `at_most` that. Without `against` it is the time of `row`, in `unit`.
    `clock` is what the ratio is of: processor time, or the clock on the wall.
    """

    row: str
    against: str | None
    wanted: float
    at_most: bool = False
    unit: str = "x"
    inverse: bool = False
    clock: str = "cpu"
    name: str = ""

    def value(self, found: Measured) -> float:
        if self.against is None:
            return median(TIMES[self.unit.strip()] / rate for rate in found.rates(self.row, "cpu"))
        pair = (self.against, self.row) if self.inverse else (self.row, self.against)
        return found.ratio(*pair, self.clock)

    def verdict(self, found: Measured) -> str:
        """The goal, what was reached, and by how much it was missed."""
        if self.row not in found.samples or self.against not in {None, *found.samples}:
            return f"{self.text()}: not measured"
        value = self.value(found)
        met = value <= self.wanted if self.at_most else value >= self.wanted
        off = _percent(value / self.wanted - 1)
        reached = f"{_number(value)}{self.unit}"
        return f"{self.text()}: {reached}, " + ("met" if met else f"**missed by {off}**")

    def text(self) -> str:
        sign = "at most" if self.at_most else "at least"
        against = self.name or self.against
        suffix = f" {against}" if against and self.unit == "x" else ""
        return f"{sign} {self.wanted:g}{self.unit}{suffix}"


class Gain(NamedTuple):
    """How much faster the row `two` is than the row `one`, and how much it should be."""

    one: str
    two: str
    wanted: float | None


@dataclass(frozen=True)
class Table:
    """Rows of one unit, in order.

    Parameters
    ----------
    title, unit : str
    rows : list of str
    against : sequence of str
        Rows to give ratios to.
    goals : list of Goal
    proof : str
        Heading of a column with what each row proved; none if empty.
    clock : str
        Of the ratios: "cpu", or "wall" where several cores work.
    """

    title: str
    unit: str
    rows: Sequence[str]
    against: Sequence[str]
    goals: Sequence[Goal]
    proof: str = ""
    clock: str = "cpu"


def render(table: Table, found: Measured) -> str:
    """The table in Markdown; rows and ratios that were not measured are left out."""
    rows = [row for row in table.rows if row in found.samples]
    against = [row for row in table.against if row in found.samples]
    times = "time" if table.unit in TIMES else "rate"
    heads = ["", f"{table.unit} on the clock", f"{table.unit} of processor time"]
    heads += [f"{times} / {name}" for name in against]
    heads += [table.proof] * bool(table.proof) + ["goal"] * bool(table.goals)
    lines = [f"### {table.title}", "", _line(heads), _line(["---"] * len(heads))]
    for row in rows:
        cells = [row, *(_figure(found, row, clock, table.unit) for clock in ("wall", "cpu"))]
        for name in against:
            pair = (name, row) if table.unit in TIMES else (row, name)
            cells.append(_number(found.ratio(*pair, table.clock)))
        cells += [str(found.proofs[row])] * bool(table.proof)
        if table.goals:
            cells.append("; ".join(g.verdict(found) for g in table.goals if g.row == row))
        lines.append(_line(cells))
    return "\n".join(lines) + "\n" if rows else ""


def gain_table(gains: Sequence[Gain], found: Measured) -> str:
    """Two threads against one; the first gain is of work that shares nothing.

    On the clock, and what processor time allows: twice one thread's over that of both. Where
    even the first gains less than is wanted, other work had the cores, and no goal is judged.
    """
    free = found.ratio(gains[0].two, gains[0].one, "wall")
    lines = ["### Two threads against one", "", "| | gain | at most, on free cores | goal |"]
    lines.append("|---|---|---|---|")
    for gain in gains:
        value, bound = (found.ratio(gain.two, gain.one, clock) for clock in ("wall", "cpu"))
        goal = ""
        if gain.wanted and free < gain.wanted:
            goal = f"at least {gain.wanted}x: not judged, {gains[0].one} gained {free:.2f}x"
        elif gain.wanted:
            goal = Goal(gain.two, gain.one, gain.wanted, clock="wall", name="one").verdict(found)
        lines.append(_line([gain.one, f"{value:.2f}", f"{2 * bound:.2f}", goal]))
    return "\n".join(lines) + "\n"


def memory_table(found: Measured, limits: Mapping[str, float]) -> str:
    """Most memory that each worker had, with limits of some."""
    lines = ["### Peak memory of the process", "", "| | MiB | goal |", "|---|---|---|"]
    for part, peak in found.peaks.items():
        goal = ""
        if part in limits:
            over = peak / limits[part] - 1
            goal = f"at most {limits[part]:g} MiB: "
            goal += "met" if over <= 0 else f"**missed by {_percent(over)}**"
        lines.append(_line([part, f"{peak:.0f}", goal]))
    return "\n".join(lines) + "\n"


def _figure(found: Measured, row: str, clock: str, unit: str) -> str:
    rates = found.rates(row, clock)
    values = [TIMES[unit] / rate for rate in rates] if unit in TIMES else rates
    middle, spread = median_and_mad(values)
    return f"{_number(middle)} ±{100 * spread / middle:.0f} %"


def _percent(part: float) -> str:
    """A miss is never 0 %."""
    off = 100 * abs(part)
    return f"{off:.0f} %" if off >= 1 else f"{off:.2g} %"


def _number(value: float) -> str:
    """Three digits, and no exponent where it is large."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


class Load:
    """Who else used the cores, from its making until :meth:`text`."""

    def __init__(self) -> None:
        self._before, self._started = _ticks(), os.getloadavg()[0]

    def text(self) -> str:
        """One sentence; the work of this process and its children is not counted as others'."""
        (busy, stolen, every, own), before = _ticks(), self._before
        whole = every - before[2]
        others = max(0.0, (busy - before[0]) - (own - before[3])) / whole
        return (
            f"Load average {self._started:.1f} at the start, {os.getloadavg()[0]:.1f} at the end; "
            f"other work took {100 * others:.0f} % of the cores, the host "
            f"{100 * (stolen - before[1]) / whole:.0f} %."
        )


def _ticks() -> tuple[float, float, float, float]:
    """Seconds of all cores so far: busy, stolen by the host, all; and those of this process."""
    line = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    user, nice, system, idle, wait, irq, soft, steal = (
        int(value) / os.sysconf("SC_CLK_TCK") for value in line
    )
    busy = user + nice + system + irq + soft
    times = os.times()
    return busy, steal, busy + idle + wait + steal, sum(times[:4])


def machine(isas: Sequence[str]) -> str:
    """Date, processor, versions and commit, for the head of a report."""
    return (
        f"{time.strftime('%Y-%m-%d %H:%M')}, {processor()}, {cores()} cores, {' < '.join(isas)}. "
        f"{versions(PACKAGES)}. Commit {commit()}."
    )


def versions(packages: Iterable[str]) -> str:
    """Of Python and of packages, or that one is not there."""
    found = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            found.append(f"no {package}")
    return ", ".join(found)


def commit() -> str:
    """Short, with a word on changes that are not in it; "unknown" outside a checkout."""
    if shutil.which("git") is None:
        return "unknown"

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    changed = git(
        "status", "--porcelain", "--untracked-files=no", "--", "facecrypt", "csrc", "bench"
    )
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if changed else "")
