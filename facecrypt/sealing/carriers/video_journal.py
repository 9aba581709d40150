"""What the first pass over a video found, noted as it is found: a killed run goes on from there.

Looking for faces takes most of the time. The notes lie beside the output under a hidden name, and
go when it is there.
"""

import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from facecrypt.leftovers import try_lock

__all__ = ["Journal", "journal_for"]

_MOST = 1 << 30


class Journal:
    """Detections of an earlier run, and a file for those of this one.

    Parameters
    ----------
    file : binary file, optional
        Open for reading and writing; without one nothing is noted.
    about : dict
        What has to be the same for notes to count: the video and the settings.

    Attributes
    ----------
    recorded : dict
        Number of a frame -> (n, 5) array of ``x0, y0, x1, y1, score``.
    """

    def __init__(
        self, file: BinaryIO | None = None, about: Mapping[str, Any] | None = None
    ) -> None:
        self.recorded: dict[int, np.ndarray] = {}
        self._file = file
        if file is not None:
            first = _line(about)
            end = self._read(file, first)
            file.seek(end)
            file.truncate()
            if not end:
                file.write(first)

    def note(self, frame: int, found: np.ndarray) -> None:
        """Add what was found in a frame."""
        if self._file is not None:
            self._file.write(_line([frame, found.tolist()]))
            self._file.flush()

    def _read(self, file: BinaryIO, first: bytes) -> int:
        """Take over what there is; returns where its last whole line ends."""
        if file.readline(len(first)) != first:
            return 0
        end = len(first)
        for line in file:
            if not line.endswith(b"\n") or end > _MOST:
                break
            try:
                frame, found = json.loads(line)
                self.recorded[int(frame)] = np.array(found, np.float64).reshape(-1, 5)
            except (ValueError, TypeError):
                break
            end += len(line)
        return end


@contextmanager
def journal_for(output: Path, about: Mapping[str, Any] | None) -> Iterator[Journal]:
    """The journal of a video that is to become `output`; none where `about` is None.

    It stays where the run is interrupted, and where the system refused something: a disk may
    have room later. A courtesy: where no such file can be, the work is done without.
    """
    path = output.with_name(f".{output.name}.facecrypt-boxes.jsonl")
    file = None if about is None else _open(path)
    if file is None:
        yield Journal()
        return
    with file:
        try:
            yield Journal(file, about)
        except Exception as error:
            # What another run made meanwhile needs no notes either.
            refused = error.errno if isinstance(error, OSError) else None
            if refused in (None, errno.EEXIST):
                _remove(path)
            raise
        _remove(path)


def _open(path: Path) -> BinaryIO | None:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        fd = os.open(path, flags, 0o600)
    except OSError:
        return None
    file = os.fdopen(fd, "r+b")
    found = os.fstat(fd)
    # Whoever could write here could take boxes away; another run may be at work.
    own = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
    if not stat.S_ISREG(found.st_mode) or not own or not try_lock(fd):
        file.close()
        return None
    return file


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _line(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"
