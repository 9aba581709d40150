"""What tools/on_card carries, and its steps with limits of time; its `rehearse` runs all of it."""

import os
import runpy
import subprocess

import pytest
from support.places import ROOT

FOLDER = ROOT / "tools" / "on_card"
PREPARE = runpy.run_path(str(FOLDER / "prepare.py"))


def test_what_a_machine_lacks():
    there = PREPARE["installed"](
        "# a comment\nnumpy\nOpenCV.Python_headless==5.0.0\npillow==13.0.0  # newer\n\n"
    )
    assert there == {"numpy": None, "opencv-python-headless": "5.0.0", "pillow": "13.0.0"}
    found = [
        ("numpy", "2.4.6"),
        ("opencv-python-headless", "5.0.0"),
        ("pillow", "12.0.0"),
        ("isal", "1.9.1"),
    ]
    assert PREPARE["missing"](found, there) == ["pillow==12.0.0", "isal==1.9.1"]


def test_what_is_needed_there():
    wanted = [PREPARE["canonical"](one) for one in PREPARE["requirements"]()]
    assert {"numpy", "cryptography", "isal", "onnxruntime", "cython", "setuptools"} <= set(wanted)
    assert {"numba-cuda", "pytest", "pytest-xdist", "hypothesis"} <= set(wanted)
    assert not any(one.startswith("facecrypt") for one in wanted)
    there = PREPARE["installed"]((FOLDER / "packages.txt").read_text())
    assert not {"isal", "cryptography", "cython", "setuptools"} & set(there)


@pytest.mark.parametrize(("limit", "code"), [(1000, 0), (1, 1)])
def test_too_much_to_carry_is_an_error(tmp_path, capsys, limit, code):
    (tmp_path / "a.whl").write_bytes(bytes(3 << 20))
    assert PREPARE["weigh"](tmp_path, limit) == code
    said = capsys.readouterr()
    assert "3.0 MiB  a.whl" in said.out
    assert ("more than 1 MiB" in said.err) is bool(code)


def steps(tmp_path, script, budget=20):
    """Run a script after steps.sh; its exit status, and what the summary says of each step."""
    carried = tmp_path / "carried"
    carried.mkdir()
    whole = f'. "{FOLDER}/steps.sh"\nbegin "$0" "$1" --simulate\n{script}\nexit "$code"'
    done = subprocess.run(
        ["bash", "-euc", whole, carried, tmp_path / "out"],
        env=os.environ | {"BUDGET": str(budget)},
        check=False,
    )
    lines = (tmp_path / "out" / "summary.txt").read_text().splitlines()
    return done.returncode, {line.split()[0]: line.split(" s  ")[1] for line in lines}


def test_a_failing_step_keeps_none_from_running(tmp_path):
    script = "step one 50 bash -c 'echo said; exit 3' || true\nstep two 50 true"
    assert steps(tmp_path, script) == (1, {"one": "failed (3)", "two": "done"})
    assert (tmp_path / "out" / "one.txt").read_text() == "said\n"


def test_time_runs_out(tmp_path):
    script = "step slow 50 sleep 60 || true\nSECONDS=99\nstep late 50 true || true"
    expected = {"slow": "stopped, out of time", "late": "not run, no time left"}
    assert steps(tmp_path, script, budget=4) == (1, expected)


def test_all_steps_done(tmp_path):
    assert steps(tmp_path, "step one 50 true") == (0, {"one": "done"})
