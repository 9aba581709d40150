"""What is made of a picture is no more open than it, and as old as it."""

import os

import cv2
import numpy as np
import pytest

from facecrypt import Region, SecretKey, decrypt_file, decrypt_files, encrypt_file, encrypt_files
from facecrypt.cli import main
from facecrypt.files import atomic_write
from facecrypt.pending import Pending

KEY = SecretKey.generate()
FACE = [Region(2, 2, 20, 20)]
CHANGED = 1_234_567_890_123_456_789


@pytest.fixture(autouse=True)
def mask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(params=["nameless", "hidden"])
def way(request, monkeypatch):
    if request.param == "hidden":
        monkeypatch.setattr("facecrypt.pending._open_nameless", lambda *_: None)


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "in" / "a.png"
    path.parent.mkdir()
    cv2.imwrite(str(path), np.arange(64 * 48 * 3, dtype=np.uint8).reshape(64, 48, 3))
    os.utime(path, ns=(CHANGED, CHANGED))
    return path


def mode(path) -> int:
    return path.stat().st_mode & 0o7777


def made(folder) -> dict[str, tuple[int, int]]:
    return {path.suffix: (mode(path), path.stat().st_mtime_ns) for path in folder.iterdir()}


@pytest.mark.parametrize("bits", [0o600, 0o640, 0o644, 0o440])
@pytest.mark.parametrize("sidecar", [False, True])
def test_files(tmp_path, plain, way, bits, sidecar):
    plain.chmod(bits)
    sealed, back = tmp_path / "sealed" / "a.png", tmp_path / "back" / "a.png"
    sealed.parent.mkdir()
    back.parent.mkdir()
    encrypt_file(plain, sealed, KEY, regions=FACE, sidecar=sidecar)
    decrypt_file(sealed, back, KEY)
    wanted = {".png": (bits, CHANGED)}
    assert made(back.parent) == wanted
    assert made(sealed.parent) == wanted | ({".fcrypt": (bits, CHANGED)} if sidecar else {})


def test_jobs(tmp_path, plain, way):
    plain.chmod(0o600)
    assert encrypt_files(plain.parent, tmp_path / "sealed", KEY, regions=FACE).done == 1
    assert decrypt_files(tmp_path / "sealed", tmp_path / "back", KEY).done == 1
    assert made(tmp_path / "sealed") == made(tmp_path / "back") == {".png": (0o600, CHANGED)}
    assert encrypt_files(plain.parent, tmp_path / "sealed", KEY, regions=FACE).skipped == 1


def test_schemes(tmp_path, plain, monkeypatch):
    plain.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    assert main(["scheme", "etc", "keygen", "-o", "k.npz", "--like", "in/a.png"]) == 0
    assert main(["scheme", "etc", "encrypt", "in", "--key", "k.npz", "-o", "sealed", "-q"]) == 0
    assert main(["scheme", "etc", "decrypt", "sealed", "--key", "k.npz", "-o", "back", "-q"]) == 0
    assert made(tmp_path / "sealed") == made(tmp_path / "back") == {".png": (0o600, CHANGED)}


def test_faces_drawn_into_a_picture(tmp_path, plain, monkeypatch):
    plain.chmod(0o600)
    assert main(["detect", str(plain), "--draw", str(tmp_path / "drawn"), "-q"]) in (0, 4)
    assert made(tmp_path / "drawn") == {".png": (0o600, CHANGED)}


def test_the_umask_takes_away(tmp_path, plain, way):
    plain.chmod(0o666)
    os.umask(0o027)
    encrypt_file(plain, tmp_path / "a.png", KEY, regions=FACE)
    assert mode(tmp_path / "a.png") == 0o640


def test_no_bits_but_those_to_read_and_write_are_taken(tmp_path, plain, way):
    plain.chmod(0o4755)
    encrypt_file(plain, tmp_path / "a.png", KEY, regions=FACE)
    assert mode(tmp_path / "a.png") == 0o644


@pytest.mark.parametrize(("old", "new"), [(0o600, 0o600), (0o666, 0o640)])
def test_what_is_replaced_is_not_opened_to_more(tmp_path, plain, way, old, new):
    plain.chmod(0o640)
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "a.png").chmod(old)
    encrypt_file(plain, tmp_path / "a.png", KEY, regions=FACE, overwrite=True)
    assert mode(tmp_path / "a.png") == new


def test_what_is_made_of_nothing_keeps_its_own_mode_and_date(tmp_path, way):
    atomic_write(tmp_path / "a", b"")
    assert mode(tmp_path / "a") == 0o644
    assert (tmp_path / "a").stat().st_mtime_ns > CHANGED


def test_a_date_that_cannot_be_set_is_no_error(tmp_path, way, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "utime", refuse)
    with Pending(tmp_path / "a", b"whole", times=(CHANGED, CHANGED)) as file:
        file.name_it()
    assert (tmp_path / "a").read_bytes() == b"whole"
