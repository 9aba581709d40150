"""One process of a benchmark: ``bench.harness`` starts it and asks it, line by line.

It runs in environments of peers too, so it imports no package but its own and what the rows need.
"""

import json
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from bench.harness import Row, repeats_for, sample


def main() -> None:
    order = json.loads(sys.argv[1])
    # Peers print what they like: the pipe is ours alone.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        rows = _rows(order)
    except ImportError as error:
        _say(answers, {"absent": str(error)})
        return
    names = {row.name: row for row in rows}
    sizes = {row.name: row.size for row in rows}
    _say(answers, {"sizes": sizes, "agrees": {row.name: row.agrees for row in rows}})
    repeats: dict[str, int] = {}
    for line in sys.stdin:
        question, name = json.loads(line)
        try:
            answer = _answer(question, names.get(name), repeats)
        except AssertionError as error:
            _say(answers, {"wrong": f"{name}: {error}"})
            return
        _say(answers, {"answer": answer})


def _rows(order: dict[str, Any]) -> list[Row]:
    """The rows, imported as if the machine had one core where that is ordered."""
    cores = os.sched_getaffinity(0)
    if order["one_core"]:
        os.sched_setaffinity(0, {min(cores)})
    try:
        rows: list[Row] = import_module(order["module"]).rows(
            order["part"], order["scale"], order["data"]
        )
    finally:
        # Pinned to one core it would wait for whoever else has that one.
        os.sched_setaffinity(0, cores)
    return rows


def _answer(question: str, row: Row | None, repeats: dict[str, int]) -> Any:
    if row is None:
        # VmHWM, for ru_maxrss also counts the parent, as it was when they parted.
        return int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[0]) / 1024
    if question == "prove":
        return row.proof()
    if row.name not in repeats:
        repeats[row.name] = repeats_for(row)
    return sample(row, repeats[row.name])


def _say(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
