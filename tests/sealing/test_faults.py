"""No system call that fails, and no moment to be killed at, costs an output that was there."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from support.places import ROOT

SUPPORT = ROOT / "tests" / "support"
CALLS = {"open", "write", "fsync", "chmod", "utime", "link", "rename", "unlink"}


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    compiler = shutil.which("cc")
    if not sys.platform.startswith("linux") or compiler is None:
        pytest.skip("faults are injected on Linux, by a library that needs a C compiler")
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    command = [compiler, "-shared", "-fPIC", "-o", library, SUPPORT / "faults.c", "-ldl"]
    subprocess.run(command, check=True)
    return library


def cases(faults, folder, *what) -> list[dict]:
    command = [sys.executable, SUPPORT / "faulty_writes.py", folder, *what]
    environment = os.environ | {"LD_PRELOAD": str(faults)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def before(case) -> str:
    return "old" if case["force"] else "nothing"


def test_calls_that_fail(tmp_path, faults):
    found = cases(faults, tmp_path, "fail")
    assert {case["call"] for case in found} == CALLS
    assert len({(case["kind"], case["way"], case["force"]) for case in found}) == 12
    for case in found:
        # A name given twice may stay: the second is hidden, or that of an older sidecar.
        stuck = case["call"] in ("unlink", "open")
        if case["ended"] == "done":
            assert case["left"] == "new", case
        else:
            assert case["left"] in ((before(case), "new") if stuck else (before(case),)), case
        assert case["hidden"] == 0 or case["call"] == "unlink", case
        pairs = case["kind"] == "sidecar" and case["left"] != "nothing"
        assert case["beside"] == pairs or (case["beside"] == 2 and stuck), case


def test_kills(tmp_path, faults):
    found = cases(faults, tmp_path, "kill")
    assert {case["ended"] for case in found} == {"killed"}
    assert len({(case["kind"], case["way"], case["force"]) for case in found}) == 12
    for case in found:
        assert case["left"] in (before(case), "new"), case
        assert case["hidden"] <= (1 if case["way"] == "nameless" else 2), case
        # Of a picture of mode 0600 they are as private as it, and a later run removes them.
        assert case["modes"] in ([], ["0o600"]), case
        assert case["stale"] == 0, case


def test_calls_that_fail_while_a_file_is_changed(tmp_path, faults):
    found = cases(faults, tmp_path, "fail", "change")
    assert len({(case["kind"], case["way"]) for case in found}) == 8
    assert {case["ended"] for case in found} == {"done", "refused"}
    for case in found:
        stuck = case["call"] in ("unlink", "open")
        half = {"half"} if case["kind"] == "forget beside" else set()
        if case["ended"] == "done":
            assert case["left"] == "new", case
        else:
            assert case["left"] in {"old"} | half | ({"new"} if stuck else set()), case
        assert case["hidden"] == 0 or case["call"] == "unlink", case
        assert case["beside"] == ("beside" in case["kind"]), case


def test_kills_while_a_file_is_changed(tmp_path, faults):
    found = cases(faults, tmp_path, "kill", "change")
    assert {case["ended"] for case in found} == {"killed"}
    assert len({(case["kind"], case["way"]) for case in found}) == 8
    seen = {}
    for case in found:
        seen.setdefault(case["kind"], set()).add(case["left"])
        assert case["modes"] in ([], ["0o600"]), case
        assert (case["stale"], case["beside"]) == (0, "beside" in case["kind"]), case
    one_file = {"rewrap", "rewrap beside", "forget"}
    assert all(seen[kind] == {"old"} or seen[kind] == {"old", "new"} for kind in one_file)
    assert "half" in seen["forget beside"] <= {"old", "half", "new"}
