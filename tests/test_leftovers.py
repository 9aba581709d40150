import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from facecrypt import SecretKey, encrypt_files
from facecrypt.leftovers import remove_stale

# Writes under a hidden name, as on systems without O_TMPFILE, and stops when that is begun.
WRITER = """
import os, sys, time
from facecrypt import files, pending

pending._open_nameless = lambda *_: None

def half(fd, data):
    os.write(fd, data[: len(data) // 2])
    print("begun", flush=True)
    time.sleep(600)

pending._fill = half
files.atomic_write(sys.argv[1] + "/a", b"private" * 1000)
"""


@pytest.fixture
def writer(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "begun\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def leftover(folder) -> Path:
    [name] = os.listdir(folder)
    return folder / name


def kill(process) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def age(path, hours=2) -> None:
    then = time.time() - hours * 3600
    os.utime(path, (then, then))


def test_what_a_killed_writer_leaves_is_private(tmp_path, writer):
    kill(writer)
    assert leftover(tmp_path).stat().st_mode & 0o777 == 0o600


def test_an_old_leftover_of_a_dead_process_goes(tmp_path, writer):
    kill(writer)
    age(leftover(tmp_path))
    remove_stale(tmp_path)
    assert os.listdir(tmp_path) == []


def test_an_old_leftover_goes_though_it_may_not_be_written_to(tmp_path, writer):
    kill(writer)
    leftover(tmp_path).chmod(0o400)
    age(leftover(tmp_path))
    remove_stale(tmp_path)
    assert os.listdir(tmp_path) == []


def test_what_a_living_process_writes_stays(tmp_path, writer):
    age(leftover(tmp_path))
    remove_stale(tmp_path)
    assert leftover(tmp_path).stat().st_size == 3500


def test_a_young_leftover_stays(tmp_path, writer):
    kill(writer)
    remove_stale(tmp_path)
    assert leftover(tmp_path).stat().st_size == 3500


def test_only_names_of_that_form_go(tmp_path):
    stay = [".facecrypt-0123456789abcdef.tmp.png", ".facecrypt-x.tmp", "a.tmp", ".facecrypt"]
    for name in stay:
        (tmp_path / name).write_bytes(b"")
        age(tmp_path / name)
    for accented in "\u00e9", "e\u0301":  # questions to the file system that were cut short
        (tmp_path / f".facecrypt-2123456789abcdef{accented}.tmp").write_bytes(b"")
        age(tmp_path / f".facecrypt-2123456789abcdef{accented}.tmp")
    os.mkfifo(tmp_path / ".facecrypt-0123456789abcdef.tmp")
    (tmp_path / ".facecrypt-1123456789abcdef.tmp").symlink_to("a.tmp")
    remove_stale(tmp_path)
    assert len(os.listdir(tmp_path)) == 6
    remove_stale(tmp_path / "missing")


def test_a_later_run_removes_them(tmp_path, photo):
    stale = tmp_path / "out" / ".facecrypt-0123456789abcdef.tmp"
    stale.parent.mkdir()
    stale.write_bytes(b"")
    age(stale)
    cv2.imwrite(str(tmp_path / "a.png"), photo)
    done = encrypt_files(tmp_path / "a.png", tmp_path / "out", SecretKey.generate(), regions=[])
    assert done.done == 1
    assert not stale.exists()
