"""Rows, the processes that hold them, and rounds in which every row has its turn.

A row is something to time. Rows live in worker processes (``bench.worker``): an instruction set
has to be forced before the first import, and peers need environments of their own. Only one
worker does anything at a time; a round asks every row of every worker once, in an order of its
own, so that whatever else slows the machine slows all rows alike.
"""

import hashlib
import json
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

__all__ = ["Measured", "Row", "Sample", "Spec", "digest", "measure", "median_and_mad", "sample"]

ROOT = Path(__file__).parent.parent

# After code heavy in AVX-512 a core stays at a lower clock for up to a millisecond.
RELAX = 1.5e-3
# Shorter bursts end before the clock and the caches have settled.
BURST = 4e-3
# A process that has slept gets a second core only after some 150 ms of asking for one: measured
# on Linux in a virtual machine, where two threads gained 1.0 before and 1.7 after. Batches last.
WAKE, LONG_BURST = 0.2, 50e-3


class Sample(NamedTuple):
    """Seconds that one run took: on the clock, and of the processor."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Row:
    """Something to time.

    Parameters
    ----------
    name : str
        Unique among all rows of a suite.
    run : callable
    size : float
        What one run does, in units of its table: gigabytes, pictures, calls.
    prove : callable, optional
        Runs it once, untimed, and raises an AssertionError if the output is wrong. What it
        returns goes into JSON, and is equal for all rows that agree. Without it the row is run.
    agrees : str
        Rows that name the same thing must give the same proof.
    threads : int
    """

    name: str
    run: Callable[[], object]
    size: float = 1.0
    prove: Callable[[], object] | None = None
    agrees: str = ""
    threads: int = 1

    def proof(self) -> object:
        """Run it once and say what shows that it did right; None where nothing has to."""
        if self.prove is not None:
            return self.prove()
        self.run()
        return None


@dataclass(frozen=True)
class Spec:
    """A worker: which rows, where.

    Parameters
    ----------
    module : str
        Has ``rows(part, scale, data)``, which raises ImportError for what is not installed.
    part : str
        Which of its rows.
    isa : str, optional
        ``FACECRYPT_ISA``.
    one_core : bool
        What asks for the number of cores when it is imported is told one.
    python : str
        The interpreter: another environment has other peers.
    """

    module: str
    part: str
    isa: str | None = None
    one_core: bool = True
    python: str = sys.executable


@dataclass
class Measured:
    """What became of a suite.

    Parameters
    ----------
    samples : dict of str to list of Sample
        By row, one a round.
    sizes : dict of str to float
    proofs : dict of str to object
    peaks : dict of str to float
        MiB of each worker at the end, by part.
    absent : dict of str to str
        Parts that are not here, and why.
    """

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    sizes: dict[str, float] = field(default_factory=dict)
    proofs: dict[str, Any] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def rates(self, name: str, clock: str = "wall") -> list[float]:
        """Size a second of each round; `clock` is a field of :class:`Sample`."""
        return [self.sizes[name] / getattr(s, clock) for s in self.samples[name]]

    def ratio(self, name: str, other: str, clock: str = "cpu") -> float:
        """Median over the rounds of how many times the rate of `other` the rate of `name` is."""
        pairs = zip(self.rates(name, clock), self.rates(other, clock), strict=True)
        return median(mine / theirs for mine, theirs in pairs)


def sample(row: Row, repeats: int) -> Sample:
    """Time so many runs, after a rest that only scalar code fills; seconds a run."""
    awake = time.perf_counter() + (WAKE if row.threads > 1 else 0)
    while time.perf_counter() < awake:
        row.run()
    rested = time.perf_counter() + RELAX
    while time.perf_counter() < rested:
        pass
    if repeats > 1:
        row.run()
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        row.run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Sample(wall / repeats, cpu / repeats)


def repeats_for(row: Row) -> int:
    """Runs that fill a burst."""
    burst, times = BURST if row.threads == 1 else LONG_BURST, []
    for _ in range(3):
        started = time.perf_counter()
        row.run()
        times.append(time.perf_counter() - started)
        if times[-1] > 10 * burst:  # even where half of it was warming up
            break
    return max(1, math.ceil(burst / min(times)))


def digest(array: Any) -> str:
    """The proof that two rows made the same bytes."""
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


def median_and_mad(values: Sequence[float]) -> tuple[float, float]:
    """The median, and the median of the distances to it."""
    middle = median(values)
    return middle, median(abs(value - middle) for value in values)


class _Worker:
    """One process with rows, asked through pipes in lines of JSON."""

    def __init__(self, spec: Spec, scale: str, data: Mapping[str, Any]):
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        environment = os.environ | (threads if spec.one_core else {})
        environment.pop("FACECRYPT_ISA", None)
        if spec.isa:
            environment["FACECRYPT_ISA"] = spec.isa
        order = {"module": spec.module, "part": spec.part, "one_core": spec.one_core}
        self._process = subprocess.Popen(
            [spec.python, "-m", "bench.worker", json.dumps(order | {"scale": scale, "data": data})],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.part = spec.part
        ready = self._answer()
        self.absent: str | None = ready.get("absent")
        self.sizes: dict[str, float] = ready.get("sizes", {})
        self.agrees: dict[str, str] = ready.get("agrees", {})

    def ask(self, question: str, row: str = "") -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([question, row]) + "\n")
        self._process.stdin.flush()
        return self._answer()["answer"]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker for {self.part!r} ended; its message is above")
        answer: dict[str, Any] = json.loads(line)
        if "wrong" in answer:
            raise RuntimeError(f"{self.part}: {answer['wrong']}")
        return answer


@contextmanager
def _workers(specs: Sequence[Spec], scale: str, data: Mapping[str, Any]) -> Iterator[list[_Worker]]:
    workers: list[_Worker] = []
    try:
        for spec in specs:
            workers.append(_Worker(spec, scale, data))
        yield workers
    finally:
        for worker in workers:
            worker.close()


def measure(
    specs: Sequence[Spec], scale: str, rounds: int, data: Mapping[str, Any] | None = None
) -> Measured:
    """Prove every row once, then time all of them in so many rounds.

    Raises
    ------
    RuntimeError
        An output is wrong, two rows that should agree do not, or a worker died.
    """
    found = Measured()
    with _workers(specs, scale, data or {}) as workers:
        owners = {row: worker for worker in workers for row in worker.sizes}
        _prove(owners, found)
        for turn in range(rounds):
            for row in random.Random(turn).sample(list(owners), len(owners)):
                taken = Sample(*owners[row].ask("sample", row))
                found.samples.setdefault(row, []).append(taken)
        for worker in workers:
            if worker.absent is not None:
                found.absent[worker.part] = worker.absent
            else:
                found.sizes |= worker.sizes
                found.peaks[worker.part] = worker.ask("peak")
    return found


def _prove(owners: Mapping[str, _Worker], found: Measured) -> None:
    first: dict[str, str] = {}
    for row, worker in owners.items():
        found.proofs[row] = worker.ask("prove", row)
        group = worker.agrees[row]
        if group and found.proofs[first.setdefault(group, row)] != found.proofs[row]:
            raise RuntimeError(f"{row!r} and {first[group]!r} give different bytes")
