"""MTCNN with its presets, beside every other detector that is installed: one thread each.

"functions" is the default with the same files and without our kernels: onnxruntime runs the
functions in them. Rows named after an instruction set are the default with its kernels.
"""

from collections.abc import Callable, Mapping
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
FUNCTIONS = "functions"
RIVAL = "facenet-pytorch"
# MiB, after pictures of up to 1920x1080.
MEMORY = {"default": 120.0}


def prepare(folder: Path, scale: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make the pictures, the same for all."""
    return {"cases": make_cases(folder, scale, options["photos"])}


def specs(isas: list[str], peers: str) -> list[Spec]:
    """A process for each detector: none shares threads or memory with another."""
    own = [Spec("bench.detector", part) for part in (*PRESETS, FUNCTIONS)]
    own += [Spec("bench.detector", isa, isa=isa) for isa in isas[:-1]]
    theirs = [Spec("bench.peers", name, python=peers) for name in DETECTORS]
    return [Spec("bench.rivals", "machine"), *own, *theirs]


def rows(part: str, scale: str, data: Mapping[str, Any]) -> list[Row]:
    """Rows of a preset, of the functions, or of an instruction set, which the process has."""
    if part == FUNCTIONS:
        return case_rows(part, data["cases"], _by_functions())
    from facecrypt import MTCNN

    model = MTCNN(device="cpu", preset=part if part in PRESETS[1:] else None)

    def detect(image: NDArray[np.uint8]) -> Boxes:
        return [(r.x0, r.y0, r.x1, r.y1) for r in model.detect(image)]

    return case_rows(part, data["cases"], detect)


def _by_functions() -> Callable[[NDArray[np.uint8]], Boxes]:
    """The default without kernels, and else the same."""
    from facecrypt.detector.cascade import AreaSampler
    from facecrypt.detector.networks import OUTPUTS, Networks
    from facecrypt.detector.presets import DEFAULT
    from facecrypt.detector.stages import Stages
    from facecrypt.models.sessions import MODELS, import_runtime

    onnxruntime = import_runtime("measuring")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False
    sessions = [
        onnxruntime.InferenceSession(
            MODELS / f"{name}.onnx", options, providers=["CPUExecutionProvider"]
        )
        for name in OUTPUTS
    ]
    stages = Stages(Networks(*sessions, "cpu"), DEFAULT)

    def detect(image: NDArray[np.uint8]) -> Boxes:
        sampler = AreaSampler(image)
        squares = stages.refine(sampler, stages.propose(sampler))
        return stages.finish(sampler, squares)[0].tolist()

    return detect


def tables(found: Measured, isas: list[str]) -> list[Table]:
    """A table for each case."""
    cases = [name.removeprefix("default, ") for name in found.sizes if name.startswith("default")]
    return [_table(found, case, isas) for case in cases]


def _table(found: Measured, case: str, isas: list[str]) -> Table:
    own = (*PRESETS, *reversed(isas[:-1]), FUNCTIONS)
    names = [f"{name}, {case}" for name in (*own, *DETECTORS)]
    default, fast, _ = names[:3]
    rival, peers = f"{RIVAL}, {case}", [f"{name}, {case}" for name in MTCNNS]
    functions = f"{FUNCTIONS}, {case}"
    goals = [
        Goal(default, functions, 0.6, at_most=True, inverse=True, name=FUNCTIONS),
        Goal(default, rival, 0.15, at_most=True, inverse=True, name=RIVAL),
        Goal(fast, rival, 0.1, at_most=True, inverse=True, name=RIVAL),
    ]
    measured = [peer for peer in peers if peer in found.samples]
    if measured:
        best = max(measured, key=lambda peer: median(found.rates(peer, "cpu")))
        label = f"the fastest MTCNN peer, {best.removesuffix(f', {case}')}"
        goals.append(Goal(default, best, 0.35, at_most=True, inverse=True, name=label))
    return Table(case, "ms", names, (rival, functions), goals, proof="faces found")


def gains(found: Measured) -> list[Gain]:
    """Whether the cores were free."""
    return [Gain("SHA-256", "SHA-256, 2 threads", None)]
