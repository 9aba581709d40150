"""Copies that killed runs left of a sealed file go when the file is changed again."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from PIL import Image

from facecrypt import (
    Region,
    SecretKey,
    encrypt_file,
    forget_files,
    forget_regions,
    rewrap_file,
    rewrap_files,
)

KEY, OTHER = SecretKey(bytes(range(32))), SecretKey(bytes(range(1, 33)))
FACES = [Region(0, 0, 16, 16), Region(16, 16, 48, 32)]
# Rewraps a file, and is killed when that is whole and about to take the old one's place.
KILLED = """
import os, signal, sys
from facecrypt import SecretKey, pending, rewrap_file

pending.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
key, other = SecretKey(bytes(range(32))), SecretKey(bytes(range(1, 33)))
rewrap_file(sys.argv[1], key, other, keep=True)
"""
KINDS = {
    "png": ("a.png", False),
    "jpeg": ("a.jpg", False),
    "png beside": ("a.png", True),
    "jpeg beside": ("a.jpg", True),
}
WAYS = {
    "a file is forgotten of": lambda path: forget_regions(path, KEY, [1]),
    "files are forgotten of": lambda path: forget_files(path.parent, KEY, [1]),
    "a file is rewrapped": lambda path: rewrap_file(path, KEY, OTHER, keep=True),
    "files are rewrapped": lambda path: rewrap_files(path.parent, KEY, OTHER, keep=True),
}


@pytest.fixture(params=KINDS)
def sealed(request, tmp_path, photo) -> Path:
    name, sidecar = KINDS[request.param]
    return seal(tmp_path, photo, name, sidecar=sidecar)


def seal(tmp_path, photo, name, *, sidecar=False) -> Path:
    plain, path = tmp_path / f"plain{Path(name).suffix}", tmp_path / "out" / name
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(photo).save(plain)
    encrypt_file(plain, path, KEY, regions=FACES, sidecar=sidecar)
    return path


def hidden(folder: Path, digit: str = "0") -> Path:
    return folder / f".facecrypt-{digit * 16}.tmp"


def left(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if name.startswith("."))


@pytest.mark.parametrize("way", WAYS)
def test_what_a_killed_run_left_goes(sealed, way):
    done = subprocess.run([sys.executable, "-c", KILLED, sealed], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(left(sealed.parent)) == 1
    WAYS[way](sealed)
    assert left(sealed.parent) == []


def test_also_where_nothing_else_is_left_to_do(sealed):
    forget_files(sealed, KEY, [1])
    rewrap_files(sealed, KEY, OTHER, keep=True)
    holder = next(sealed.parent.glob("*.fcrypt"), sealed)
    for again in (
        lambda: forget_files(sealed, KEY, [1]),
        lambda: rewrap_files(sealed, KEY, OTHER, keep=True),
    ):
        shutil.copy(holder, hidden(sealed.parent))
        assert again().skipped == 1
        assert left(sealed.parent) == []


def test_in_the_folder_of_the_outputs(sealed, tmp_path):
    out = tmp_path / "new"
    forget_files(sealed, KEY, [1], out_dir=out)
    shutil.copy(next(sealed.parent.glob("*.fcrypt"), sealed), hidden(out))
    forget_files(sealed, KEY, [1], out_dir=out)
    assert left(out) == []


def test_what_is_of_another_picture_stays(tmp_path, photo):
    path, other = (seal(tmp_path, photo, name) for name in ("a.jpg", "b.jpg"))
    shutil.copy(other, hidden(path.parent))
    forget_regions(path, KEY, [1])
    assert left(path.parent) == [hidden(path.parent).name]
    forget_files([path, other], KEY, [1])
    assert left(path.parent) == []


def test_what_somebody_writes_stays(tmp_path, photo):
    path = seal(tmp_path, photo, "a.jpg")
    shutil.copy(path, hidden(path.parent))
    hidden(path.parent, "1").touch()  # a writer that has just begun
    with hidden(path.parent).open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("error")
        fcntl.flock(file, fcntl.LOCK_EX)
        forget_regions(path, KEY, [1])
    assert len(left(path.parent)) == 2


def test_what_cannot_be_told_is_named(tmp_path, photo):
    path = seal(tmp_path, photo, "a.jpg")
    hidden(path.parent).write_bytes(path.read_bytes()[:200])
    for change in WAYS.values():
        with pytest.warns(UserWarning, match="was left by a run that was killed, and may") as said:
            change(path)
        assert [str(one.message).split(": ")[0] for one in said] == [str(hidden(path.parent))]
    assert len(left(path.parent)) == 1
