"""A batch that is killed, or that fills the disk, leaves whole files and can be run again."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from facecrypt import Region, SecretKey, decrypt_files, encrypt_files, verify
from facecrypt.cli import main

PICTURES = 30
MODES = ["embedded", "sidecar", "overwrite", "decrypt"]

# Forks a batch for each line it reads, so that a kill costs no import of the package.
SERVER = """
import os, sys
from facecrypt import Region, SecretKey, decrypt_files, encrypt_files
key, mode = SecretKey.load("k"), sys.argv[1]
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        if mode == "decrypt":
            decrypt_files("sealed", "out", key, workers=2)
        else:
            options = {"sidecar": mode == "sidecar", "overwrite": mode == "overwrite"}
            encrypt_files("in", "out", key, regions=[Region(5, 5, 90, 90)], workers=2, **options)
        os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()  # not before the child was killed: until then its number is its own
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def job(tmp_path):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    rng = np.random.default_rng(7)
    for number in range(PICTURES):
        where = tmp_path / "in" / ("sub" if number % 3 == 0 else ".")
        image = rng.integers(0, 256, (120, 100, 3), dtype=np.uint8)
        cv2.imwrite(str(where / f"{number}.png"), image)
    SecretKey.generate().save(tmp_path / "k")
    return tmp_path


def files(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def check_outputs(job, mode) -> int:
    """Every file is one that belongs there, and whole; how many pictures there are."""
    key, wanted, found = SecretKey.load(job / "k"), files(job / "in"), files(job / "out")
    made = {name for name in found if name.endswith(".png")}
    # What may replace a file has a hidden name between two system calls: one a worker.
    hidden = {name for name in found if name.split("/")[-1].startswith(".facecrypt-")}
    assert len(hidden) <= (2 if mode == "overwrite" else 0)
    for name in hidden:
        (job / "out" / name).unlink()
    rest = found - made - hidden
    assert made <= wanted
    if mode == "sidecar":
        # The picture is named second: killed between, a worker leaves a sidecar without one.
        pictures = [name.removesuffix(".fcrypt")[:-17] for name in rest]
        assert made <= set(pictures) <= wanted
        assert len(pictures) == len(set(pictures))
        orphans = [name for name in rest if name.removesuffix(".fcrypt")[:-17] not in made]
        assert len(orphans) <= 2
        # Refused by name until they are moved, or replaced by force.
        for name in orphans:
            (job / "out" / name).unlink()
    else:
        assert rest == set()
    for name in made:
        if mode == "decrypt":
            plain, back = (cv2.imread(str(job / where / name)) for where in ("in", "out"))
            assert back is not None, name
            assert (back == plain).all(), name
        else:
            verify(job / "out" / name, key)
    return len(made)


def killed_in_a_loop(job, mode, kills):
    key = SecretKey.load(job / "k")
    encrypt_files(job / "in", job / "sealed", key, regions=[Region(5, 5, 90, 90)])
    (job / "out").mkdir()
    moments, done, longest = random.Random(mode), 0, 0.0
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, mode],
        cwd=job,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:

        def batch(until: float | None) -> int:
            server.stdin.write("\n")
            server.stdin.flush()
            child = int(server.stdout.readline())
            if until is not None:
                time.sleep(until)
                os.kill(child, signal.SIGKILL)
            server.stdin.write("\n")
            server.stdin.flush()
            return int(server.stdout.readline())

        while done < kills:
            if longest == 0.0 or len(files(job / "out")) >= PICTURES:
                shutil.rmtree(job / "out")
                (job / "out").mkdir()
                started = time.perf_counter()
                assert batch(None) == 0
                longest = time.perf_counter() - started
                assert check_outputs(job, mode) == PICTURES
                if mode != "overwrite":
                    shutil.rmtree(job / "out")
                    (job / "out").mkdir()
            status = batch(moments.uniform(0, longest))
            assert status in (0, -signal.SIGKILL)
            done += status == -signal.SIGKILL
            made = check_outputs(job, mode)
            assert mode != "overwrite" or made == PICTURES
        assert batch(None) == 0
        server.stdin.close()
    assert check_outputs(job, mode) == PICTURES


@pytest.mark.parametrize("mode", MODES)
def test_killed_at_any_moment(job, mode):
    killed_in_a_loop(job, mode, 15)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_killed_at_many_moments(job, mode):
    killed_in_a_loop(job, mode, 200)


@pytest.fixture
def disk(tmp_path):
    """A disk of one megabyte."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root and mount")
    path = tmp_path / "disk"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)]
    tried = subprocess.run(mount, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"mounting a small disk is not allowed here: {tried.stderr.strip()}")
    yield path
    subprocess.run(["umount", str(path)], check=True)


@pytest.fixture
def large(tmp_path):
    """Eight pictures of 240 kB each, and a key."""
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(3)
    for number in range(8):
        image = rng.integers(0, 256, (200, 400, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "in" / f"{number}.png"), image)
    SecretKey.generate().save(tmp_path / "k")
    return tmp_path


@pytest.mark.parametrize("extra", [[], ["--sidecar"]], ids=["embedded", "sidecar"])
def test_a_full_disk(large, disk, capsys, extra):
    command = ["encrypt", str(large / "in"), "-o", str(disk / "out"), "-k", str(large / "k")]
    command += ["--whole", "--jobs", "2", "--no-original", *extra]
    key = SecretKey.load(large / "k")
    assert main(command) == 1
    said = capsys.readouterr().err.splitlines()
    made = sorted((disk / "out").rglob("*.png"))
    # 1024 kB hold four files of 240 kB, or three beside one in work.
    assert 3 <= len(made) <= 4
    for path in made:
        verify(path, key)
    rest = files(disk) - {str(path.relative_to(disk)) for path in made}
    assert {name.split(".png.")[0] + ".png" for name in rest} == (
        {str(path.relative_to(disk)) for path in made} if extra else set()
    )
    failed = {path.name for path in (large / "in").iterdir()} - {path.name for path in made}
    errors = [line for line in said if line.startswith("facecrypt: error: ")]
    assert len(errors) == len(failed)
    for name in failed:
        assert sum(f"/{name}" in line and "no space left" in line for line in errors) == 1
    assert said[-1].startswith(f"facecrypt: {len(made)} encrypted; {len(made)} regions; ")
    assert f"; {len(failed)} failed" in said[-1]
    subprocess.run(["mount", "-o", "remount,size=16m", str(disk)], check=True)
    assert main(command) == 0
    assert len(list((disk / "out").rglob("*.png"))) == 8


def test_a_full_disk_keeps_what_was_to_be_replaced(large, disk, capsys):
    key = SecretKey.load(large / "k")
    subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
    encrypt_files(large / "in", disk / "out", key, regions=[Region(0, 0, 50, 50)])
    before = {path: path.read_bytes() for path in (disk / "out").iterdir()}
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
    again = encrypt_files(
        large / "in", disk / "out", key, regions=[Region(0, 0, 50, 50)], overwrite=True
    )
    assert len(again.failed) == 8
    assert {path: path.read_bytes() for path in (disk / "out").iterdir()} == before
    assert len(decrypt_files(disk / "out", disk / "back", key).failed) == 8
    assert files(disk / "back") == set()
