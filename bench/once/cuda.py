"""Bandwidth of the CUDA backend against a copy on the card, as Markdown.

    python -m bench.once.cuda [--bytes 4294967296] [--rounds 15] > bench/CUDA.md

Calls are timed by events of the card: what a call uploads counts, what Python does before it does
not. In each round every row has its turn, in an order of its own; a figure is the median of the
rounds, a ratio the median of the rounds' own ratios. GB/s count every byte of the data once: a
copy and an XOR both read it and write it. Before that every row has to give the bytes of the
native backend, on less data, which is also where one thread of the processor is timed.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from statistics import median
from typing import Any

import numpy as np

from facecrypt import backends
from facecrypt.backends import Kernels
from facecrypt.backends.operands import Blocks, Gather, Lanes, Pixels, Rows

CHUNK = 4 << 20
PROVEN = 1 << 26  # bytes
MANY = 1 << 16  # lanes
COPY = "copy on the card"


@dataclass(frozen=True)
class Row:
    """What to time: `run` takes kernels, so many bytes of data, and as many others."""

    name: str
    size: int
    run: Callable[[Kernels, Any, Any], None]


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bytes", type=int, default=1 << 32, help="size of the data")
    parser.add_argument("--proven", type=int, default=PROVEN, help="size of what is compared")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    reason = backends.available()["cuda"]
    if reason is not None:
        sys.stderr.write(f"bench_cuda: nothing can be measured: {reason}\n")
        return 1
    processor = proven(rows(options.proven))
    table = rows(options.bytes)
    sys.stdout.write(heading(options) + markdown(measured(table, options.rounds), processor))
    return 0


def orbits(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys of so many lanes."""
    rng = np.random.default_rng(1)
    return rng.uniform(3.99, 4.0, count), rng.uniform(0.0, 0.5, count)


def rows(size: int) -> list[Row]:
    """All but the copy, for data of about this size; none of which it has not one item."""
    many = min(MANY, size // 64)
    table = [
        lanes("sealing stream, XOR in place", size, 64 * -(-size // CHUNK), CHUNK, 2),
        lanes(f"{many} lanes, 2 B an iterate, XOR in place", size, many, size, 2),
        lanes(f"{many} lanes, 1 B an iterate, XOR in place", size, many, size, 1),
        lanes(f"{many} lanes, 1 B an iterate, bytes alone", size, many, size, 1, alone=True),
        each_its_key(size),
        pixels("pbe without order, 32 x 32 x 3, in place", size, (32, 32, 3), ordered=False),
        pixels("pbe, logistic-pixel, 32 x 32 x 3, in place", size, (32, 32, 3), ordered=True),
        pixels("the same, 2160 x 3840 x 3", size, (2160, 3840, 3), ordered=True),
        cat_map(size),
        le(size),
    ]
    return [row for row in table if row.size > 0]


def lanes(name: str, size: int, count: int, chunk: int, width: int, *, alone: bool = False) -> Row:
    operands = Lanes(*orbits(count), 256, width, chunk)

    def run(kernels: Kernels, data: Any, spare: Any) -> None:
        kernels.lanes(None if alone else data, data, operands, threads=1)

    return Row(name, size, run)


def each_its_key(size: int) -> Row:
    operands = Rows(*orbits(size // 3072), 3000)

    def run(kernels: Kernels, data: Any, spare: Any) -> None:
        kernels.rows(data, data, operands, threads=1)

    return Row("a key for each 32 x 32 x 3, published bytes", size // 3072 * 3072, run)


def pixels(name: str, size: int, shape: tuple[int, int, int], *, ordered: bool) -> Row:
    rng = np.random.default_rng(2)
    mask = rng.integers(0, 2, shape, dtype=np.uint8) * np.uint8(255)
    order = rng.integers(0, 6, shape[:2], dtype=np.uint8) if ordered else None
    count = size // mask.size

    def run(kernels: Kernels, data: Any, spare: Any) -> None:
        pictures = data.reshape(count, *shape)
        kernels.pixels(pictures, pictures, Pixels(order, mask), threads=1)

    return Row(name, count * mask.size, run)


def cat_map(size: int) -> Row:
    index = np.random.default_rng(3).permutation(32 * 32).astype(np.int32)
    count = size // 3072

    def run(kernels: Kernels, data: Any, spare: Any) -> None:
        shape = count, index.size, 3
        kernels.gather(data.reshape(shape), spare.reshape(shape), Gather(index, None), threads=1)

    return Row("pixels moved within 32 x 32 x 3", count * 3072, run)


def le(size: int) -> Row:
    rng = np.random.default_rng(4)
    perm = rng.permutation(96).astype(np.int32)[None]
    mask = rng.integers(0, 16, (1, 96), dtype=np.uint8)
    operands = Blocks((4, 12), nibbles=True, perm=perm, mask=mask)
    count = size // 3072

    def run(kernels: Kernels, data: Any, spare: Any) -> None:
        shape = count, 32, 96
        kernels.blocks(data.reshape(shape), spare.reshape(shape), operands, threads=1)

    return Row("le, blocks of 4 x 4, 32 x 32 x 3", count * 3072, run)


def proven(table: list[Row]) -> dict[str, float]:
    """GB/s of one thread of the processor by row, once both backends agree."""
    from numba import cuda

    speeds = {}
    size = max(row.size for row in table)
    noise = np.random.default_rng(5).integers(0, 256, size, dtype=np.uint8)
    for row in table:
        data, spare = noise[: row.size].copy(), np.zeros(row.size, np.uint8)
        there = [cuda.to_device(array) for array in (data, spare)]
        row.run(backends.get("cuda"), *there)
        started = time.perf_counter()
        row.run(backends.get("native"), data, spare)
        speeds[row.name] = row.size / (time.perf_counter() - started) / 1e9
        for expected, array in zip((data, spare), there, strict=True):
            if not np.array_equal(array.copy_to_host(), expected):
                raise SystemExit(f"bench_cuda: other bytes than the native backend: {row.name}")
    return speeds


def measured(table: list[Row], rounds: int) -> dict[str, tuple[float, float]]:
    """Medians by row of GB/s and of the ratio to the round's copy."""
    from numba import cuda

    kernels = backends.get("cuda")
    size = max(row.size for row in table)
    data, spare = (cuda.device_array(size, np.uint8) for _ in range(2))
    copy = Row(COPY, size, lambda kernels, data, spare: spare.copy_to_device(data))
    speeds: dict[str, list[float]] = {row.name: [] for row in (copy, *table)}
    for number in range(rounds + 1):
        for row in random.sample([copy, *table], len(table) + 1):
            views = data[: row.size], spare[: row.size]
            begin, end = cuda.event(), cuda.event()
            begin.record()
            row.run(kernels, *views)
            end.record()
            end.synchronize()
            if number > 0:  # the first round warms up
                seconds = begin.elapsed_time(end) / 1e3
                speeds[row.name].append(row.size / seconds / 1e9)
    return {
        name: (median(got), median(a / b for a, b in zip(got, speeds[COPY], strict=True)))
        for name, got in speeds.items()
    }


def heading(options: argparse.Namespace) -> str:
    from numba import cuda

    # Numba's simulator has none.
    card = getattr(cuda.get_current_device(), "name", "no card, in the simulator")
    name = card.decode() if isinstance(card, bytes) else card
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"# CUDA backend on {name}\n\n{date.today().isoformat()}, commit {commit or 'unknown'}, "
        f"numba-cuda {version('numba-cuda')}, {options.bytes / 2**30:.3g} GiB, median of "
        f"{options.rounds} rounds. {' '.join(__doc__.split(chr(10) * 2)[2].split())}\n\n"
    )


def markdown(figures: dict[str, tuple[float, float]], processor: dict[str, float]) -> str:
    lines = ["| | GB/s | of a copy | times one thread of the processor |", "|---|---|---|---|"]
    for name, (speed, ratio) in figures.items():
        times = f"{speed / processor[name]:.0f}" if name in processor else ""
        lines.append(f"| {name} | {speed:.0f} | {ratio:.2f} | {times} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
