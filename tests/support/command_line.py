"""The command line in this process."""

import contextlib
import io
from types import SimpleNamespace

import cv2
import numpy as np

from facecrypt.cli import main
from support.places import ROOT

ASTRONAUT = ROOT / "examples" / "astronaut.png"


def command(*args):
    """Run one command in this process; its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main([str(arg) for arg in args])
        except SystemExit as leave:
            code = leave.code
    return SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue().splitlines())


def files(folder) -> dict:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pixels(path) -> np.ndarray:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
