"""The suites: ``python -m bench [kernels|schemes|detector|recall|pipeline|all]``."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from bench import report
from bench.harness import Measured, measure

__all__ = ["SUITES", "main", "run"]

SUITES = ("kernels", "schemes", "detector", "recall", "pipeline")


def run(suite: str, scale: str, options: dict[str, Any]) -> tuple[str, Measured]:
    """Measure one suite.

    Parameters
    ----------
    suite : str
    scale : {"tiny", "quick", "full"}
        "tiny" is for tests: it shows that all runs and agrees.
    options : dict
        ``peers``, the interpreter of the environment with peers; ``photos``, a folder or None;
        ``wider``, two archives or None, and ``wider_count``, how many pictures of them.

    Returns
    -------
    str, Measured
        The report in Markdown, and all that was measured.
    """
    from facecrypt import _native

    module, isas = import_module(f"bench.{suite}"), list(_native.supported_isas())
    rounds = module.ROUNDS[scale]
    load = report.Load()
    with tempfile.TemporaryDirectory() as folder:
        data = module.prepare(Path(folder), scale, options) if hasattr(module, "prepare") else {}
        specs = module.specs(isas, options["peers"])
        found = measure(specs, scale, rounds, data)
    parts = [f"## {suite.capitalize()}", "", report.machine(isas), load.text()]
    parts += [f"{rounds} rounds, scale {scale}. `python -m bench {suite}`", ""]
    parts += [module.text(found)] if hasattr(module, "text") else []
    parts += [report.render(table, found) for table in module.tables(found, isas)]
    parts.append(report.gain_table(module.gains(found), found))
    if limits := getattr(module, "MEMORY", None):
        # Of pictures that are given the limit knows nothing: they may be larger.
        parts.append(report.memory_table(found, {} if options["photos"] else limits))
    parts += [f"Not here: {part} ({reason})." for part, reason in found.absent.items()]
    return "\n".join(parts), found


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("suite", nargs="?", default="all", choices=[*SUITES, "all"])
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller batches")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all samples, too")
    parser.add_argument(
        "--peers",
        default=sys.executable,
        metavar="PYTHON",
        help="interpreter of the environment that has the detectors to compare with",
    )
    parser.add_argument(
        "--photos",
        type=Path,
        metavar="DIR",
        help="one more case of the detector; where photographs with known faces are looked for",
    )
    parser.add_argument(
        "--wider",
        type=Path,
        nargs=2,
        metavar=("SPLIT", "PICTURES"),
        help="recall: wider_face_split.zip and WIDER_val.zip, as downloaded",
    )
    parser.add_argument(
        "--wider-count", type=int, default=300, metavar="N", help="so many of its pictures"
    )
    chosen = parser.parse_args(arguments)
    options = {
        "peers": chosen.peers,
        "photos": chosen.photos,
        "wider": chosen.wider,
        "wider_count": chosen.wider_count,
    }
    results = {}
    for suite in SUITES if chosen.suite == "all" else [chosen.suite]:
        text, found = run(suite, "quick" if chosen.quick else "full", options)
        results[suite] = asdict(found)
        print(text, flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
