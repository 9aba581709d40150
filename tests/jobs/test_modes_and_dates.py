"""What is made of a picture is no more open than it, and as old as it."""

import os
import struct

import cv2
import numpy as np
import pytest

from facecrypt import (
    Region,
    SecretKey,
    decrypt_file,
    decrypt_files,
    encrypt_file,
    encrypt_files,
    forget_regions,
    rewrap_file,
)
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


@pytest.fixture(params=[False, True], ids=["inside", "beside"])
def sealed(request, tmp_path, plain):
    path = tmp_path / "sealed" / "a.png"
    path.parent.mkdir()
    encrypt_file(plain, path, KEY, regions=FACE, sidecar=request.param)
    return path


def changed(sealed, bits, **of_owner) -> set[tuple[int, int, int]]:
    """What became of the files of a sealed picture that had these rights."""
    for path in sealed.parent.iterdir():
        if of_owner:
            os.chown(path, of_owner["owner"], of_owner["group"])
        path.chmod(bits)
    rewrap_file(sealed, KEY, SecretKey.generate(), keep=True)
    forget_regions(sealed, KEY, [0])
    found = [path.stat() for path in sealed.parent.iterdir()]
    assert {one.st_mtime_ns for one in found} == {CHANGED}
    return {(one.st_uid, one.st_gid, one.st_mode & 0o7777) for one in found}


@pytest.mark.parametrize("bits", [0o666, 0o755, 0o640, 0o444, 0o600])
def test_what_is_changed_in_its_place_keeps_its_bits(sealed, way, bits):
    os.umask(0o077)
    assert changed(sealed, bits) == {(os.getuid(), os.getgid(), bits)}


ROOT = pytest.mark.skipif(os.getuid() != 0, reason="gives files to others")


@ROOT
@pytest.mark.parametrize("bits", [0o600, 0o640, 0o400])
def test_what_is_changed_in_its_place_keeps_owner_and_group(sealed, way, bits):
    assert changed(sealed, bits, owner=65534, group=65533) == {(65534, 65533, bits)}


@ROOT
def test_who_may_not_give_the_owner_gives_the_group(sealed, way, monkeypatch):
    give = os.fchown

    def group_alone(fd, owner, group):
        if owner != -1:
            raise PermissionError(1, "not permitted")
        give(fd, owner, group)

    monkeypatch.setattr(os, "fchown", group_alone)
    assert changed(sealed, 0o640, owner=65534, group=65533) == {(0, 65533, 0o640)}


@ROOT
@pytest.mark.parametrize(
    ("bits", "left"), [(0o640, 0o600), (0o664, 0o644), (0o604, 0o600), (0o666, 0o666)]
)
def test_a_group_that_cannot_be_given_opens_the_file_to_nobody(
    sealed, way, monkeypatch, bits, left
):
    def refuse(*_):
        raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    assert changed(sealed, bits, owner=0, group=65533) == {(0, 0, left)}


def test_an_access_list_stays(sealed, way):
    """It lets a user read, and not the group, whose bits then say what it grants at most."""
    nobody = 0xFFFFFFFF
    entries = (1, 6, nobody), (2, 4, 65534), (4, 0, nobody), (0x10, 4, nobody), (0x20, 0, nobody)
    listed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in entries)
    name = "system.posix_acl_access"
    try:
        os.setxattr(sealed, name, listed)
    except (AttributeError, OSError):
        pytest.skip("the file system keeps no access lists")
    rewrap_file(sealed, KEY, SecretKey.generate(), keep=True)
    forget_regions(sealed, KEY, [0])
    assert os.getxattr(sealed, name) == listed
    assert mode(sealed) == 0o640


@pytest.mark.parametrize("bits", [0o644, 0o400])
def test_notes_of_programs_stay(sealed, way, bits):
    """As file managers keep tags, and browsers where a file came from."""
    notes = {"user.xdg.tags": b"holiday", "user.empty": b""}
    try:
        for name, note in notes.items():
            os.setxattr(sealed, name, note)
    except (AttributeError, OSError):
        pytest.skip("the file system keeps no notes")
    sealed.chmod(bits)
    rewrap_file(sealed, KEY, SecretKey.generate(), keep=True)
    forget_regions(sealed, KEY, [0])
    assert {name: os.getxattr(sealed, name) for name in os.listxattr(sealed)} == notes
    assert mode(sealed) == bits


def test_an_access_list_that_cannot_be_given_opens_the_file_to_nobody(sealed, way, monkeypatch):
    # The group's bits are those that a list has for all it names; the group itself may have none.
    monkeypatch.setattr(os, "getxattr", lambda *_: b"a list", raising=False)
    monkeypatch.delattr(os, "setxattr", raising=False)
    assert changed(sealed, 0o640) == {(os.getuid(), os.getgid(), 0o600)}
