"""The command line as a process: signals, pipes, terminals, and names that are no text."""

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time

import cv2
import numpy as np
import pytest

FACECRYPT = (sys.executable, "-m", "facecrypt.cli")


# Unbuffered output would fail where it is printed rather than where it is flushed.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def facecrypt(*args, **rest):
    return subprocess.run(
        [*FACECRYPT, *map(os.fspath, args)], capture_output=True, check=False, **rest
    )


@pytest.fixture
def job(tmp_path, photo):
    """A picture large enough to take a moment, under many names, and a key."""
    facecrypt("keygen", "--symmetric", "-o", tmp_path / "k")
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(1)
    cv2.imwrite(str(tmp_path / "big.png"), rng.integers(0, 256, (900, 900, 3), dtype=np.uint8))
    for number in range(60):
        os.link(tmp_path / "big.png", tmp_path / "in" / f"{number:02}.png")
    return tmp_path


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_standard_streams_that_are_closed(job, closed):
    # The sealed file must not get the number of one, for what is printed would go into it.
    line = f'"$0" -m facecrypt.cli encrypt big.png -o out -k k --whole --json {closed}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable], cwd=job, capture_output=True, check=False
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    assert facecrypt("verify", "out/big.png", "-k", "k", cwd=job).returncode == 0


def test_ctrl_c(job):
    whole = ("encrypt", "in", "-o", "out", "-k", "k", "--whole")
    with subprocess.Popen(
        [*FACECRYPT, *whole], cwd=job, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not list(job.glob("out/*.png")) and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.decode().splitlines() == [
        "facecrypt: error: interrupted",
        "facecrypt: hint: outputs written so far are whole; run it again to do the rest",
    ]
    made = sorted(os.listdir(job / "out"))
    assert 0 < len(made) < 60
    assert set(made) <= set(os.listdir(job / "in"))
    done = facecrypt("verify", "out", "-k", "k", cwd=job)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(made)
    done = facecrypt(*whole, cwd=job)
    assert done.returncode == 0
    assert f"{len(made)} there already".encode() in done.stderr
    assert len(os.listdir(job / "out")) == 60


@pytest.mark.parametrize("pause", [0, 0.01, 0.3])
def test_ctrl_c_again_and_again(job, pause):
    whole = ("encrypt", "in", "-o", "out", "-k", "k", "--whole", "-j", "4")
    with subprocess.Popen(
        [*FACECRYPT, *whole], cwd=job, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while not list(job.glob("out/*.png")) and process.poll() is None:
            time.sleep(0.005)
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(pause)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"facecrypt: error: interrupted" in err
    assert b"terminate" not in err
    assert b"Traceback" not in err
    assert b"Exception" not in err
    assert facecrypt("verify", "out", "-k", "k", cwd=job).returncode == 0


def test_the_second_ctrl_c_does_not_wait(tmp_path):
    # A picture in work that never comes to its end: its detector waits.
    code = """
import threading, time
from facecrypt.cli.interrupts import second_ends
with second_ends():
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("first", flush=True)
        threading.Event().wait(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        for said in b"ready\n", b"first\n":
            assert process.stdout.readline() == said
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"facecrypt: error: interrupted\n")


def test_ctrl_c_while_onnxruntime_is_loaded(tmp_path):
    # Loaded half, it would say that it has to be installed.
    code = """
import signal, sys
from facecrypt.models.sessions import runtime

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime.capi.onnxruntime_pybind11_state":
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
try:
    runtime()
except KeyboardInterrupt:
    print("put off" if "onnxruntime.capi.build_and_package_info" in sys.modules else "torn")
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"put off\n", b"")


def test_ctrl_c_at_any_moment_of_the_start(job):
    """From when the command runs on; before, Python itself ends at a Ctrl-C."""
    code = """
import signal, sys
import facecrypt.cli
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
signal.setitimer(signal.ITIMER_REAL, float(sys.argv.pop()))
sys.argv = ["facecrypt", "detect", "in"]
sys.exit(facecrypt.cli.main())
"""
    for after in range(5, 120, 10):
        done = subprocess.run(
            [sys.executable, "-c", code, str(after / 1000)],
            cwd=job,
            capture_output=True,
            check=False,
        )
        if after > 40 and done.returncode == 0:
            return  # a fast machine is done by now
        assert done.returncode == 130, (after, done.stderr)
        assert done.stderr.splitlines()[0] == b"facecrypt: error: interrupted"


def test_a_background_job_is_not_interrupted(job):
    # A shell's script starts those with Ctrl-C ignored.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "from facecrypt.cli import main; sys.exit(main())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "encrypt", "in", "-o", "out", "-k", "k", "--whole"], cwd=job
    ) as process:
        while not list(job.glob("out/*.png")) and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0
    assert len(os.listdir(job / "out")) == 60


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110
@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("words", ["help", "help encrypt", "--version", "keys k"])
def test_a_full_disk_that_the_output_goes_to(job, words, buffered):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [*FACECRYPT, *words.split()],
            cwd=job,
            env={**os.environ, "PYTHONUNBUFFERED": buffered},
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    expected = b"facecrypt: error: standard output: no space left on the disk; free some"
    assert (done.returncode, done.stderr[: len(expected)]) == (1, expected)
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("piped", [b"", b"secret\nsecret\n"])
def test_without_a_terminal_no_passphrase_is_asked_for(job, piped):
    """What is typed would be shown, and what comes in a pipe taken for it."""
    environment = {name: text for name, text in os.environ.items() if "PASSPHRASE" not in name}
    done = subprocess.run(
        [*FACECRYPT, "encrypt", "in", "-o", "out", "-p", "--whole"],
        cwd=job,
        env=environment,
        input=piped,
        capture_output=True,
        start_new_session=True,
        check=False,
    )
    said = b"facecrypt: error: there is no terminal to type a passphrase at; set $FACECRYPT_PASS"
    assert (done.returncode, done.stderr[: len(said)]) == (2, said)
    assert not (job / "out").exists()


def test_a_reader_that_leaves(tmp_path):
    # 400 names of 200 characters do not fit into the buffer of a pipe.
    cv2.imwrite(str(tmp_path / "dot.png"), np.zeros((4, 4), np.uint8))
    (tmp_path / "in").mkdir()
    for number in range(400):
        os.link(tmp_path / "dot.png", tmp_path / "in" / f"{number:0200}.png")
    command = " ".join(FACECRYPT)
    for data in "detect in --json", "detect in":
        shell = f"{command} {data} | head -n 1"
        done = subprocess.run(
            shell, shell=True, cwd=tmp_path, env=BUFFERED, capture_output=True, check=True
        )
        assert (len(done.stdout.splitlines()), done.stderr) == (1, b"")


def test_a_reader_that_has_left(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe:
        done = subprocess.run(
            [*FACECRYPT, "keygen", "-q", "-o", tmp_path / "key.txt"],
            env=BUFFERED,
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def on_a_terminal(command, cwd) -> bytes:
    """What a command writes to standard error where that is a terminal."""
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 80))
    with subprocess.Popen(command, cwd=cwd, stderr=end, stdin=subprocess.DEVNULL) as process:
        os.close(end)
        said = b""
        while True:
            try:
                part = os.read(terminal, 1 << 16)
            except OSError:  # Linux says EIO where the other end is closed
                break
            if not part:
                break
            said += part
    os.close(terminal)
    assert process.returncode == 0, said
    return said


def test_the_bar_shows_on_a_terminal_alone(job):
    command = [*FACECRYPT, "encrypt", "in", "-k", "k", "--whole", "-o"]
    said = on_a_terminal([*command, "shown"], job)
    assert b"\r" in said.rstrip()
    assert b"60/60" in said
    assert said.endswith(b" images/s)\r\n")
    assert on_a_terminal([*command, "quiet", "-q"], job) == b""
    done = facecrypt(*command[3:], "piped", cwd=job)
    assert b"\r" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_names_that_are_no_text(job):
    name = b"caf\xe9.png"
    path = os.fsencode(job / "in") + b"/" + name
    os.link(job / "big.png", path)
    done = facecrypt("detect", path, cwd=job)
    assert (done.returncode, done.stdout) == (0, path + b": 0 faces\n")
    done = facecrypt("detect", path, "--json", cwd=job)
    assert done.returncode == 0
    (job / "boxes.json").write_bytes(done.stdout)
    done = facecrypt("encrypt", path, "-o", "out", "-k", "k", "--boxes", "boxes.json", cwd=job)
    assert done.returncode == 0, done.stderr
    done = facecrypt("verify", b"out/" + name, "-k", "k", cwd=job)
    assert (done.returncode, done.stdout) == (0, b"out/" + name + b": intact\n")


def test_the_research_cipher_warns_in_one_plain_line(job):
    whole = ("--whole", "--cipher", "logistic")
    done = facecrypt("encrypt", "big.png", "-o", "out", "-k", "k", *whole, cwd=job)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 0
    assert len(lines) == 2
    assert lines[0].startswith("facecrypt: warning: cipher='logistic' is for research")
    quiet = facecrypt("encrypt", "big.png", "-o", "new", "-k", "k", *whole, "-q", cwd=job)
    assert (quiet.returncode, quiet.stderr) == (0, b"")


def test_the_installed_command(job):
    script = os.path.join(os.path.dirname(sys.executable), "facecrypt")  # noqa: PTH118, PTH120
    done = subprocess.run(
        [script, "verify", "big.png", "-k", "k", "-x"], cwd=job, capture_output=True, check=False
    )
    assert done.returncode == 2
    assert b"unrecognized arguments: -x" in done.stderr
    assert json.loads(facecrypt("detect", job / "big.png", "--json").stdout) == {"big.png": []}
