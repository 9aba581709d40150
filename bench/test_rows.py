"""Every row by pytest-benchmark: ``pytest bench``, or ``--benchmark-disable`` to run each once.

For a quick look at a row, and to see that all run. Rows are small here and follow each other in
one process: figures to be quoted come from ``python -m bench``.
"""

import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from bench.__main__ import SUITES
from bench.harness import Row

_folder = tempfile.TemporaryDirectory()  # until the interpreter ends


def _rows() -> Iterator:
    from facecrypt import _native

    for suite in SUITES:
        module, folder = import_module(f"bench.{suite}"), Path(_folder.name) / suite
        folder.mkdir()
        options = {"photos": None}
        data = module.prepare(folder, "tiny", options) if hasattr(module, "prepare") else {}
        for spec in module.specs(list(_native.supported_isas()), "python"):
            # Another instruction set needs a process of its own, and so do detectors of others.
            if spec.isa not in {None, _native.isa()} or spec.module == "bench.peers":
                continue
            try:
                rows = import_module(spec.module).rows(spec.part, "tiny", data)
            except ImportError:  # Numba
                continue
            for row in rows:
                yield pytest.param(row, suite, id=f"{suite}: {row.name}")


@pytest.mark.parametrize(("row", "suite"), list(_rows()))
def test_row(row: Row, suite: str, benchmark):
    row.proof()
    benchmark.group = suite
    benchmark(row.run)
