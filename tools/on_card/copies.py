"""How fast a card copies, by size, as Markdown: what all other figures there are a part of.

python tools/on_card/copies.py [--bytes 4294967296]

GB/s count the bytes once. Medians of nine copies each; what the host does before a copy counts.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from numba import cuda

ROUNDS = 9
SMALLEST = 1 << 12


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bytes", type=int, default=1 << 32, help="the largest size")
    largest = parser.parse_args().bytes
    print("| bytes | on the card | to the card | from it | to it, pinned | from it, pinned |")
    print("|---|---|---|---|---|---|")
    size = min(SMALLEST, largest)
    while size <= largest:
        print(f"| {size:,} | {' | '.join(f'{speed:.2f}' for speed in speeds(size))} |")
        size *= 16


def speeds(size: int) -> list[float]:
    """GB/s of each kind of copy."""
    one, other = (cuda.device_array(size, np.uint8) for _ in range(2))
    usual = np.zeros(size, np.uint8)
    pinned = cuda.pinned_array(size, np.uint8)
    pinned[:] = 0
    copies: list[Callable[[], object]] = [
        lambda: other.copy_to_device(one),
        lambda: one.copy_to_device(usual),
        lambda: one.copy_to_host(usual),
        lambda: one.copy_to_device(pinned),
        lambda: one.copy_to_host(pinned),
    ]
    return [size / seconds(copy) / 1e9 for copy in copies]


def seconds(copy: Callable[[], object]) -> float:
    """The median of some, after one that warms up."""
    taken = []
    for _ in range(ROUNDS + 1):
        cuda.synchronize()
        started = time.perf_counter()
        copy()
        cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return median(taken[1:])


if __name__ == "__main__":
    main()
