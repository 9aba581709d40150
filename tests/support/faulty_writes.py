"""Seals, opens and changes files while system calls fail, or the process is killed; what is left,
as JSON.

Run with ``faults.c`` preloaded: ``python faulty_writes.py FOLDER fail|kill [change]``. Every call
is made to fail, the first, the second and so on, until there is none; or the process dies just
before it.
"""

import ctypes
import errno
import itertools
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np

from facecrypt import (
    AuthenticationError,
    FacecryptError,
    Region,
    SecretKey,
    decrypt_file,
    encrypt_file,
    forget_regions,
    inspect,
    rewrap_file,
    verify,
)
from facecrypt import pending as pending_files
from facecrypt.leftovers import remove_stale
from facecrypt.media import encode_image, read_image

CALLS = "open", "write", "fsync", "chmod", "utime", "link", "rename", "unlink"
ERRORS = errno.ENOSPC, errno.EIO
KEY, FACE = SecretKey(bytes(range(32))), [Region(2, 2, 20, 20)]
OTHER = SecretKey(bytes(range(32, 64)))
FAULTS = ctypes.CDLL(None)


class Case:
    """One way to write: what there is before, and what there may be after."""

    def __init__(self, here: Path, kind: str, way: str, mode: int, *, force: bool) -> None:
        self.kind, self.way, self.force = kind, way, force
        self.source, self.out = here / f"{kind}.source.png", here / "out"
        rng = np.random.default_rng(5)
        self.old, self.new = (rng.integers(0, 256, (24, 32, 3), np.uint8) for _ in "12")
        self.plain = here / "plain.png"
        self.plain.write_bytes(encode_image(".png", self.new))
        self.plain.chmod(mode)
        if kind == "decrypt":
            encrypt_file(self.plain, self.source, KEY, regions=FACE, overwrite=True)
        else:
            self.source = self.plain
        self.before = here / f"{kind}.before"
        self.before.mkdir(exist_ok=True)
        if force:
            old = here / "old.png"
            old.write_bytes(encode_image(".png", self.old))
            target = self.before / "a.png"
            if kind == "decrypt":
                shutil.copyfile(old, target)
            else:
                shutil.rmtree(self.before)
                self.before.mkdir()
                encrypt_file(old, target, KEY, regions=FACE, sidecar=kind == "sidecar")

    def begin(self) -> None:
        shutil.rmtree(self.out, ignore_errors=True)
        if self.force:
            shutil.copytree(self.before, self.out)
        else:
            self.out.mkdir()

    def run(self) -> None:
        target = self.out / "a.png"
        if self.kind == "decrypt":
            decrypt_file(self.source, target, KEY, overwrite=self.force)
        else:
            sidecar = self.kind == "sidecar"
            encrypt_file(
                self.source, target, KEY, regions=FACE, sidecar=sidecar, overwrite=self.force
            )

    def left(self) -> str:
        """ "old", "new", "nothing", or "broken"."""
        target, back = self.out / "a.png", self.out.with_name("back.png")
        if not target.exists():
            return "nothing"
        try:
            if self.kind == "decrypt":
                pixels = read_image(target).pixels
            else:
                verify(target, KEY)
                decrypt_file(target, back, KEY, overwrite=True)
                pixels = read_image(back).pixels
        except FacecryptError as error:
            return f"broken: {error}"
        if (pixels == self.new).all():
            return "new"
        return "old" if (pixels == self.old).all() else "broken"

    def report(self, call: str, number: int, ended: str) -> None:
        names = sorted(os.listdir(self.out))
        hidden = [self.out / name for name in names if name.startswith(".facecrypt-")]
        modes = sorted({oct(path.stat().st_mode & 0o777) for path in hidden})
        for path in hidden:
            os.utime(path, (0, 0))
        remove_stale(self.out)
        line = {
            "kind": self.kind,
            "way": self.way,
            "force": self.force,
            "call": call,
            "number": number,
            "ended": ended,
            "left": self.left(),
            "hidden": len(hidden),
            "modes": modes,
            "stale": sum(path.exists() for path in hidden),
            "beside": sum(name.endswith(".fcrypt") for name in names),
        }
        print(json.dumps(line), flush=True)


class Change(Case):
    """A file rewrapped, or its face forgotten, in its place."""

    def __init__(self, here: Path, kind: str, way: str, mode: int, *, force: bool) -> None:
        self.kind, self.way, self.force = kind, way, force
        self.out, self.before = here / "out", here / f"{kind}.before"
        self.before.mkdir(exist_ok=True)
        plain = here / "plain.png"
        pixels = np.random.default_rng(5).integers(0, 256, (24, 32, 3), np.uint8)
        plain.write_bytes(encode_image(".png", pixels))
        plain.chmod(mode)
        sidecar = "beside" in kind
        encrypt_file(
            plain, self.before / "a.png", KEY, regions=FACE, sidecar=sidecar, overwrite=True
        )

    def run(self) -> None:
        if "rewrap" in self.kind:
            rewrap_file(self.out / "a.png", KEY, OTHER)
        else:
            forget_regions(self.out / "a.png", KEY, [0])

    def left(self) -> str:
        """ "old", "new", "half", which the next run makes new, or "broken"."""
        target = self.out / "a.png"
        if "rewrap" in self.kind:
            return {(True, False): "old", (False, True): "new"}.get(
                (self.opens(KEY), self.opens(OTHER)), "broken"
            )
        if not self.opens(KEY):
            return "broken"
        if not verify(target, KEY).unerased:
            return "new" if inspect(target).forgotten else "old"
        self.run()
        return "broken" if verify(target, KEY).unerased else "half"

    def opens(self, key: SecretKey) -> bool:
        try:
            verify(self.out / "a.png", key)
        except AuthenticationError:
            return False
        return True


def arm(folder: Path, call: str, number: int, code: int) -> None:
    FAULTS.fault_arm(os.fsencode(folder), call.encode(), number, code)


def fail_every_call(case: Case) -> None:
    for call, code in itertools.product(CALLS, ERRORS):
        for number in itertools.count(1):
            case.begin()
            arm(case.out, call, number, code)
            try:
                case.run()
            except FacecryptError:
                ended = "refused"
            else:
                ended = "done"
            if not FAULTS.fault_disarm():
                break
            case.report(call, number, ended)


def kill_before_every_call(case: Case) -> None:
    for number in itertools.count(1):
        case.begin()
        child = os.fork()
        if child == 0:
            arm(case.out, "any", number, -1)
            case.run()
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == 0:
            break
        case.report("any", number, "killed" if status == -9 else f"exit {status}")


if __name__ == "__main__":
    nameless = pending_files._open_nameless
    todo = {"fail": (fail_every_call, 0o644), "kill": (kill_before_every_call, 0o600)}
    go, mode = todo[sys.argv[2]]
    for way in "nameless", "hidden":
        pending_files._open_nameless = nameless if way == "nameless" else lambda *_: None
        if sys.argv[3:]:
            for kind in "rewrap", "rewrap beside", "forget", "forget beside":
                go(Change(Path(sys.argv[1]), kind, way, mode, force=True))
            continue
        for kind, force in itertools.product(("png", "sidecar", "decrypt"), (False, True)):
            go(Case(Path(sys.argv[1]), kind, way, mode, force=force))
