"""Sealed files that somebody else changes, too, while they are changed: nothing is lost."""

import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from support.clips import write_clip

from facecrypt import (
    FacecryptError,
    Header,
    Identity,
    MediaError,
    Region,
    SecretKey,
    encrypt_file,
    forget_regions,
    inspect,
    pending,
    rewrap_file,
    verify,
)
from facecrypt.sealing import holding
from facecrypt.sealing.forgetting import Forget
from facecrypt.sealing.parts import forgotten
from facecrypt.sealing.rewriting import change_file

KEY, BOB = SecretKey(bytes(range(32))), Identity.generate()
MORE = BOB.recipient.wrap(bytes(32))
FACES = [Region(0, 0, 16, 16), Region(32, 16, 64, 48)]
KINDS = {
    "png": ("a.png", False),
    "jpeg": ("a.jpg", False),
    "png beside": ("a.png", True),
    "jpeg beside": ("a.jpg", True),
    "video": ("a.mp4", False),
    "video beside": ("a.mp4", True),
}
LOCKS = pytest.mark.skipif(not holding.HAS_LOCKS, reason="the system has no flock")


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """Of each kind a folder with a sealed file, and another with one of another picture."""
    folder = tmp_path_factory.mktemp("kinds")
    clip = write_clip(folder / "plain.mp4", 2)
    for kind, (name, sidecar) in KINDS.items():
        for color in "one", "other":
            (folder / color / kind).mkdir(parents=True)
            if name.endswith(".mp4"):
                plain = clip
            else:
                plain = folder / f"{color}{Path(name).suffix}"
                Image.new("RGB", (64, 48), "red" if color == "one" else "blue").save(plain)
            path = folder / color / kind / name
            encrypt_file(plain, path, KEY, regions=FACES, sidecar=sidecar)
    return folder


@pytest.fixture(params=KINDS)
def sealed(request, tmp_path, material) -> Path:
    name, _ = KINDS[request.param]
    for color in "one", "other":
        shutil.copytree(material / color / request.param, tmp_path / color)
    return tmp_path / "one" / name


def all_of(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


def more(header: Header) -> Header:
    return replace(header, stanzas=(*header.stanzas, MORE))


def meanwhile(path: Path, work, *, times: int = 1):
    """A change that adds a recipient, while others do their work."""
    calls = []

    def change(header: Header) -> Header:
        calls.append(header)
        if len(calls) <= times:
            work(len(calls))
        return more(header)

    change.calls = calls
    return change


def put_other(path: Path) -> None:
    """Another sealed file takes the name, as with ``encrypt --force``."""
    for each in path.parent.iterdir():
        each.unlink()
    for each in (path.parent.parent / "other").iterdir():
        shutil.copy2(each, path.parent)


def test_what_took_the_name_is_what_is_changed(sealed):
    change = meanwhile(sealed, lambda _: put_other(sealed))
    other = inspect(sealed.parent.parent / "other" / sealed.name)
    header = change_file(sealed, None, change)
    assert [one.picture_id == other.picture_id for one in change.calls] == [False, True]
    assert inspect(sealed) == header == more(other)


def test_what_was_deleted_stays_so(sealed):
    for each in list(sealed.parent.iterdir()):
        kept = all_of(sealed)
        with pytest.raises(FacecryptError):
            change_file(sealed, None, meanwhile(sealed, lambda _, each=each: each.unlink()))
        assert all_of(sealed) == {name: data for name, data in kept.items() if name != each.name}
        each.write_bytes(kept[each.name])


def test_what_is_written_in_place_with_its_old_date_is_seen(sealed):
    old, away = inspect(sealed), sealed.parent.parent / "away" / sealed.name
    away.parent.mkdir()
    new = change_file(sealed, away, lambda header: replace(header, mac=bytes(32)))

    def put_back(_):
        for each in away.parent.iterdir():
            here = sealed.parent / each.name
            found = here.stat()
            if each.read_bytes() == here.read_bytes():
                continue  # the picture of a sidecar
            here.write_bytes(each.read_bytes())
            os.utime(here, ns=(found.st_atime_ns, found.st_mtime_ns))
            assert here.stat().st_size == found.st_size

    change = meanwhile(sealed, put_back)
    change_file(sealed, None, change)
    assert change.calls == [old, new]
    assert inspect(sealed).mac == bytes(32)


def test_who_is_always_overtaken_says_so(sealed):
    def touch(call):
        for each in sealed.parent.iterdir():
            each.write_bytes(each.read_bytes())
            os.utime(each, ns=(call, call))

    before = all_of(sealed)
    with pytest.raises(MediaError, match="was changed meanwhile by another program; run it again"):
        change_file(sealed, None, meanwhile(sealed, touch, times=99))
    assert all_of(sealed) == before


def test_the_look_comes_last(sealed, monkeypatch):
    """Also what happens while the new file is whole and has only its hidden name."""
    replaced, place = [], pending.replace

    def late(hidden, path, check):
        if not replaced:
            replaced.append(path)
            put_other(sealed)
        place(hidden, path, check)

    monkeypatch.setattr(pending, "replace", late)
    other = inspect(sealed.parent.parent / "other" / sealed.name)
    rewrap_file(sealed, KEY, BOB.recipient, keep=True)
    assert inspect(sealed).picture_id == other.picture_id
    assert len(all_of(sealed)) == len(all_of(sealed.parent.parent / "other" / sealed.name))
    assert verify(sealed, BOB).whole


def test_what_was_deleted_late_does_not_come_back(sealed, monkeypatch):
    link = pending._link

    def late(fd, name):
        sealed.unlink(missing_ok=True)
        link(fd, name)

    monkeypatch.setattr(pending, "_link", late)
    with pytest.raises(MediaError, match="no such file"):
        rewrap_file(sealed, KEY, BOB.recipient, keep=True)
    assert not sealed.exists()
    assert not [each for each in sealed.parent.iterdir() if each.name.startswith(".")]


@LOCKS
def test_two_at_once(sealed):
    """One waits for the other, and goes on from what that made."""
    other = threading.Thread(target=forget_regions, args=(sealed, KEY, [0]))

    def change(header: Header) -> Header:
        if other.ident is None:
            other.start()
            other.join(0.3)
            assert other.is_alive(), "it did not wait"
        return forgotten(header, [KEY], [1])

    change_file(sealed, None, change)
    other.join()
    found = inspect(sealed)
    assert found.forgotten_regions == (0, 1)
    assert Forget((0, 1)).is_done(sealed, found, [KEY])
    assert verify(sealed, KEY).forgotten == (0, 1)


HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "r+b")
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


@LOCKS
def test_who_waits_too_long_says_for_whom(sealed, monkeypatch):
    monkeypatch.setattr(holding, "_SECONDS", 0.1)
    before = all_of(sealed)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(sealed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(MediaError) as error:
            rewrap_file(sealed, KEY, BOB.recipient, keep=True)
        who = f" (process {holder.pid})" if holder_is_listed(holder.pid, sealed) else ""
        holder.stdin.close()
    assert str(error.value) == (
        f"{sealed}: another program is at work on it{who}; run it again when that is done"
    )
    assert all_of(sealed) == before
    rewrap_file(sealed, KEY, BOB.recipient, keep=True)
    assert verify(sealed, BOB).whole


def holder_is_listed(pid: int, path: Path) -> bool:
    try:
        listed = Path("/proc/locks").read_text()
    except OSError:
        return False
    return bool(re.search(rf" {pid} \S+:{path.stat().st_ino} ", listed))


def test_without_locks_it_looks_all_the_same(sealed, monkeypatch):
    monkeypatch.setattr(holding, "HAS_LOCKS", False)
    test_what_took_the_name_is_what_is_changed(sealed)
    sealed.unlink()
    with pytest.raises(MediaError, match="no such file"):
        rewrap_file(sealed, KEY, BOB.recipient, keep=True)
