"""onnxruntime reports to its makers unless told otherwise; under facecrypt it does not.

It is silent where a variable says that it runs in continuous integration. So these processes are
started with next to no variables, and are not what pytest itself was started with.
"""

import os
import shutil
import subprocess
import sys

import pytest
from support.places import ROOT

from facecrypt.cli.doctor import telemetry

pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")

ASTRONAUT = ROOT / "examples" / "astronaut.png"
COMMAND = "import sys; from facecrypt.cli import main; sys.exit(main(sys.argv[1:]))"
FIND = f"""
import time
from facecrypt import MTCNN
from facecrypt.media import read_image
print(len(MTCNN().detect(read_image({str(ASTRONAUT)!r}).pixels)), flush=True)
time.sleep(600)
"""
SWITCH = "ORT_DISABLE_TELEMETRY"


def bare(home, **more):
    return {"HOME": str(home), "PATH": os.environ["PATH"], **more}


def python(code, *args, env):
    return subprocess.run(
        [sys.executable, "-c", code, *args], env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        (["detect", str(ASTRONAUT)], "astronaut.png: 1 face"),
        (["inspect", "--guess", str(ASTRONAUT)], "looks     encrypted nowhere"),
        (["doctor"], "ok    telemetry: off; onnxruntime reports nothing to its makers"),
    ],
    ids=["detect", "guess", "doctor"],
)
def test_nothing_is_left_in_the_home_folder(tmp_path, args, shown):
    done = python(COMMAND, *args, env=bare(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert shown in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", ["1", "true", "on", "YES"])
def test_what_the_user_said_is_kept(tmp_path, said):
    code = f"import os; from facecrypt import MTCNN; MTCNN(); print(os.environ[{SWITCH!r}])"
    done = python(code, env=bare(tmp_path, **{SWITCH: said}))
    assert (done.stdout, done.stderr) == (f"{said}\n", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("said", "why"),
    [("0", f"{SWITCH} is '0'"), ("", "onnxruntime was imported before facecrypt could switch it")],
)
def test_doctor_says_that_it_is_on(monkeypatch, said, why):
    # Not in a process where it is on: that would report.
    monkeypatch.setenv(SWITCH, said)
    found = telemetry()
    assert not found.ok
    assert found.needed
    assert found.detail.startswith(f"on: {why}")
    assert found.remedy == f"set {SWITCH}=1 in the environment before Python starts"
    assert os.environ[SWITCH] == said


@pytest.mark.slow
def test_no_host_name_is_looked_up(tmp_path):
    # The first report is due ten seconds after the start, from a thread of native code.
    namespace = ["unshare", "--net", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*namespace, "true"], check=False).returncode:
        pytest.skip("needs the right to make a network of its own: unshare --net --mount")
    watch = [
        sys.executable,
        ROOT / "tests" / "support" / "lookups.py",
        tmp_path / "resolv.conf",
        "16",
    ]
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [*namespace, *watch, sys.executable, "-c", FIND],
        env=bare(home),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["1", "control.invalid"]
    assert list(home.iterdir()) == []
