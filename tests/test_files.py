import errno
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.memory import traced

from facecrypt import pending
from facecrypt.errors import MediaError
from facecrypt.files import atomic_write, open_regular, read_at_most, read_small


@pytest.fixture(params=["nameless", "hidden"])
def way(request, monkeypatch):
    """Both ways to write: without a name until the end, and under a hidden one."""
    if request.param == "hidden":
        monkeypatch.setattr(pending, "_open_nameless", lambda *_: None)
    elif not hasattr(os, "O_TMPFILE"):
        pytest.skip("this system has no O_TMPFILE")
    return request.param


def test_writes_the_bytes_and_nothing_else(tmp_path, way):
    atomic_write(tmp_path / "a", b"content")
    assert (tmp_path / "a").read_bytes() == b"content"
    assert os.listdir(tmp_path) == ["a"]


def test_an_existing_file_stays_as_it_is(tmp_path, way):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(MediaError, match=r"a: already exists"):
        atomic_write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"


def test_a_file_that_appears_meanwhile_stays_as_it_is(tmp_path, way, monkeypatch):
    fill = pending._fill

    def slow_fill(fd, data):
        status = fill(fd, data)
        (tmp_path / "a").write_bytes(b"other")
        return status

    monkeypatch.setattr(pending, "_fill", slow_fill)
    with pytest.raises(MediaError, match="already exists"):
        atomic_write(tmp_path / "a", b"mine")
    assert (tmp_path / "a").read_bytes() == b"other"
    assert os.listdir(tmp_path) == ["a"]


def test_what_is_written_piece_by_piece_is_whole_too(tmp_path, way):
    def write(file, place):
        file.write(b"first, ")
        file.flush()
        with place.open("r+b") as other:
            other.seek(0, os.SEEK_END)
            other.write(b"second")
        file.seek(0)
        assert file.read() == b"first, second"
        assert os.listdir(tmp_path) in ([], [place.name])

    like = tmp_path.parent / "like"
    like.touch()
    like.chmod(0o440)
    atomic_write(tmp_path / "a", write, like=like)
    assert (tmp_path / "a").read_bytes() == b"first, second"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o440
    assert os.listdir(tmp_path) == ["a"]


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path, way):
    def write(file, place):
        file.write(b"half")
        raise MediaError("clip.mp4: no video")

    with pytest.raises(MediaError, match=r"^clip.mp4: no video$"):
        atomic_write(tmp_path / "a", write)
    assert not os.listdir(tmp_path)


def test_what_is_written_piece_by_piece_is_not_written_twice(tmp_path, monkeypatch):
    calls = []

    def refuse(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(pending, "_link", refuse)
    atomic_write(tmp_path / "a", lambda file, _: calls.append(file.write(b"content")))
    assert calls == [7]
    assert (tmp_path / "a").read_bytes() == b"content"


def test_overwrite_replaces_it(tmp_path, way):
    (tmp_path / "a").write_bytes(b"old")
    atomic_write(tmp_path / "a", b"new", overwrite=True)
    assert (tmp_path / "a").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


def test_overwrite_replaces_a_link_and_not_what_it_points_to(tmp_path, way):
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "a").symlink_to("target")
    atomic_write(tmp_path / "a", b"new", overwrite=True)
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert (tmp_path / "a").read_bytes() == b"new"


def test_mode_and_umask(tmp_path, way):
    before = os.umask(0o027)
    try:
        atomic_write(tmp_path / "public", b"")
        atomic_write(tmp_path / "secret", b"", mode=0o600)
    finally:
        os.umask(before)
    assert (tmp_path / "public").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_nothing(tmp_path, way, monkeypatch):
    def full(fd, data):
        os.write(fd, data[:3])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pending, "_fill", full)
    with pytest.raises(MediaError, match=r"a: no space left"):
        atomic_write(tmp_path / "a", b"content")
    assert os.listdir(tmp_path) == []


def test_a_folder_is_refused(tmp_path, way):
    with pytest.raises(MediaError, match="is a folder"):
        atomic_write(tmp_path, b"", overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_pipe_is_refused(tmp_path, way, overwrite):
    os.mkfifo(tmp_path / "a")
    with pytest.raises(MediaError, match="a: is a pipe, a socket or a device; name a file"):
        atomic_write(tmp_path / "a", b"", overwrite=overwrite)
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").is_fifo()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(MediaError, match="missing/a: no such file"):
        atomic_write(tmp_path / "missing" / "a", b"")


def test_read_small(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_small(tmp_path / "a", 5) == b"12345"
    with pytest.raises(MediaError, match="larger than the 4 bytes"):
        read_small(tmp_path / "a", 4)


WRITER = """
import sys
from facecrypt.files import atomic_write
print("ready", flush=True)
for number in range(100000):
    atomic_write(f"{sys.argv[1]}/{number}", b"x" * 300_000)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
def test_a_killed_writer_leaves_only_whole_files(tmp_path):
    for delay in (0.01, 0.03, 0.05, 0.08, 0.13):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE
        )
        writer.stdout.readline()
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        written = list(Path(tmp_path).iterdir())
        assert all(file.stat().st_size == 300_000 for file in written)
        for file in written:
            file.unlink()


def test_reading_takes_memory_for_what_is_there(tmp_path):
    (tmp_path / "f").write_bytes(b"12345")
    with traced() as peak, (tmp_path / "f").open("rb") as file:
        assert read_at_most(file, 1 << 32) == b"12345"
    assert 0 < peak.bytes < 1 << 20


def test_reading_goes_on_from_where_the_file_stands_up_to_the_limit(tmp_path):
    (tmp_path / "f").write_bytes(b"12345")
    with (tmp_path / "f").open("rb") as file:
        file.seek(2)
        assert read_at_most(file, 3) == b"345"
        assert read_at_most(file, 3) == b""
        file.seek(1)
        assert read_at_most(file, 3) is None
    assert read_at_most(io.BytesIO(b"123"), 3) == b"123"
    assert read_at_most(io.BytesIO(b"1234"), 3) is None


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
def test_files_whose_size_says_nothing_are_read():
    with Path("/proc/self/status").open("rb") as file:
        assert len(read_at_most(file, 1 << 20)) > 100
        file.seek(0)
        assert read_at_most(file, 100) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_what_nobody_named_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p")
    with pytest.raises(MediaError, match="p: is a pipe"), open_regular(tmp_path / "p"):
        pass
    with pytest.raises(MediaError, match="no such file"), open_regular(tmp_path / "q"):
        pass
