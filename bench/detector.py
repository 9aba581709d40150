"""MTCNN with its presets, beside every other detector that is installed: one thread each."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.harness import Measured, Row, Spec
from bench.peers import DETECTORS, MTCNNS
from bench.pictures import Boxes, case_rows, make_cases
from bench.report import Gain, Goal, Table

__all__ = ["MEMORY", "ROUNDS", "gains", "prepare", "rows", "specs", "tables"]

ROUNDS = {"tiny": 1, "quick": 5, "full": 15}
PRESETS = ("default", "fast", "recall")
RIVAL = "facenet-pytorch"
# MiB, after pictures of up to 1920x1080.
MEMORY = {"default": 200.0}


def prepare(folder: Path, scale: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make the pictures, the same for all."""
    return {"cases": make_cases(folder, scale, options["photos"])}


def specs(isas: list[str], peers: str) -> list[Spec]:
    """A process for each detector: none shares threads or memory with another."""
    own = [Spec("bench.detector", preset) for preset in PRESETS]
    theirs = [Spec("bench.peers", name, python=peers) for name in DETECTORS]
    return [Spec("bench.rivals", "machine"), *own, *theirs]


def rows(part: str, scale: str, data: Mapping[str, Any]) -> list[Row]:
    """Rows of one preset."""
    from facecrypt import MTCNN

    model = MTCNN(device="cpu", preset=None if part == "default" else part)

    def detect(image: NDArray[np.uint8]) -> Boxes:
        return [(r.x0, r.y0, r.x1, r.y1) for r in model.detect(image)]

    return case_rows(part, data["cases"], detect)


def tables(found: Measured, isas: list[str]) -> list[Table]:
    """A table for each case."""
    cases = [name.removeprefix("default, ") for name in found.sizes if name.startswith("default")]
    return [_table(found, case) for case in cases]


def _table(found: Measured, case: str) -> Table:
    names = [f"{name}, {case}" for name in (*PRESETS, *DETECTORS)]
    default, fast, _ = names[:3]
    rival, peers = f"{RIVAL}, {case}", [f"{name}, {case}" for name in MTCNNS]
    goals = [
        Goal(default, rival, 0.35, at_most=True, inverse=True, name=RIVAL),
        Goal(fast, rival, 0.25, at_most=True, inverse=True, name=RIVAL),
    ]
    measured = [peer for peer in peers if peer in found.samples]
    if measured:
        best = max(measured, key=lambda peer: median(found.rates(peer, "cpu")))
        label = f"the fastest MTCNN peer, {best.removesuffix(f', {case}')}"
        goals.append(Goal(default, best, 0.7, at_most=True, inverse=True, name=label))
    return Table(case, "ms", names, (rival,), goals, proof="faces found")


def gains(found: Measured) -> list[Gain]:
    """Whether the cores were free."""
    return [Gain("SHA-256", "SHA-256, 2 threads", None)]
