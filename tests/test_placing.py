"""Names given once: the system's own calls, and each made to fail as some file system does."""

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from facecrypt import pending, placing
from facecrypt.errors import MediaError
from facecrypt.files import atomic_write


def refuse(code):
    def call(*_, **__):
        raise OSError(code, os.strerror(code))

    return call


WAYS = ["link", "renameat2", "reserve", "reserve without renameat2"]


def take_away(way: str) -> None:
    """Leave this process no better way than this one."""
    pending._open_nameless = lambda *_: None
    if way != "link":
        os.link = refuse(errno.EPERM)
    if way == "reserve":
        # A flag no kernel knows: the real call answers EINVAL, as old FUSE drivers do.
        placing._RENAME_NOREPLACE = 1 << 30
    if way == "reserve without renameat2":
        placing._renameat2 = lambda: None


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    # Each is set to what it is, so that all are put back after the test.
    monkeypatch.setattr(pending, "_open_nameless", pending._open_nameless)
    monkeypatch.setattr(os, "link", os.link)
    monkeypatch.setattr(placing, "_RENAME_NOREPLACE", placing._RENAME_NOREPLACE)
    monkeypatch.setattr(placing, "_renameat2", placing._renameat2)
    take_away(request.param)
    if request.param == "renameat2" and placing._renameat2() is None:
        pytest.skip("this system has no renameat2")
    return request.param


def test_a_free_name_is_given(tmp_path, way):
    atomic_write(tmp_path / "a", b"mine")
    assert (tmp_path / "a").read_bytes() == b"mine"
    assert os.listdir(tmp_path) == ["a"]


def test_a_name_taken_while_writing_stays_with_who_took_it(tmp_path, way, monkeypatch):
    fill = pending._fill

    def late_fill(fd, data):
        status = fill(fd, data)
        (tmp_path / "a").write_bytes(b"other")
        return status

    monkeypatch.setattr(pending, "_fill", late_fill)
    with pytest.raises(MediaError, match="already exists") as caught:
        atomic_write(tmp_path / "a", b"mine")
    assert caught.value.errno == errno.EEXIST
    assert (tmp_path / "a").read_bytes() == b"other"
    assert os.listdir(tmp_path) == ["a"]


def test_of_many_threads_that_race_for_a_name_one_wins(tmp_path, way):
    for number in range(20):
        gate, won, lost = threading.Barrier(16), [], []
        path = tmp_path / str(number)

        def write(data, gate=gate, won=won, lost=lost, path=path):
            gate.wait()
            try:
                atomic_write(path, data)
            except MediaError as error:
                lost.append(error.errno)
            else:
                won.append(data)

        threads = [threading.Thread(target=write, args=(b"%d" % n * 999,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert lost == [errno.EEXIST] * 15
        assert won == [path.read_bytes()]
    assert len(os.listdir(tmp_path)) == 20


RACE = """
import sys
from facecrypt.files import atomic_write
from test_placing import take_away
take_away(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for number in range(300):
    try:
        atomic_write(f"{sys.argv[1]}/{number}", sys.argv[3].encode() * 500)
        print(number)
    except OSError as error:
        assert error.errno == 17, error
"""


@pytest.mark.parametrize("way", WAYS)
def test_of_two_processes_that_race_for_a_name_one_wins(tmp_path, way):
    start = [sys.executable, "-c", RACE, tmp_path, way]
    both = {
        name: subprocess.Popen(
            [*start, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent,
        )
        for name in "xy"
    }
    for process in both.values():
        assert process.stdout.readline() == "ready\n"
    for process in both.values():
        process.stdin.write("go\n")
        process.stdin.flush()
    won = {name: process.communicate(timeout=120)[0].split() for name, process in both.items()}
    assert all(process.returncode == 0 for process in both.values())
    assert sorted(won["x"] + won["y"], key=int) == [str(number) for number in range(300)]
    for name, numbers in won.items():
        assert all((tmp_path / n).read_bytes() == name.encode() * 500 for n in numbers)


@pytest.mark.parametrize("way", WAYS[2:], indirect=True)
def test_a_reservation_goes_where_the_rename_fails(tmp_path, way, monkeypatch):
    monkeypatch.setattr(Path, "replace", refuse(errno.EIO))
    with pytest.raises(MediaError, match="a: "):
        atomic_write(tmp_path / "a", b"mine")
    assert os.listdir(tmp_path) == []


def test_a_system_that_links_no_nameless_file_gets_a_hidden_one(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    atomic_write(tmp_path / "a", b"mine")
    assert (tmp_path / "a").read_bytes() == b"mine"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EILSEQ, errno.ENOENT])
def test_a_name_that_cannot_be_stored_is_called_so(tmp_path, monkeypatch, code):
    monkeypatch.setattr(pending, "_open_nameless", lambda *_: None)
    monkeypatch.setattr(os, "link", refuse(errno.EPERM))
    monkeypatch.setattr(placing, "_rename_to_free_name", refuse(code))
    monkeypatch.setattr(Path, "replace", refuse(code))
    for overwrite in False, True:
        with pytest.raises(MediaError, match=r"q\?: a name this file system does not take"):
            atomic_write(tmp_path / "q?", b"mine", overwrite=overwrite)
    assert os.listdir(tmp_path) == []
