"""A sealed file that is changed in its place, so that nothing which others do to it is lost."""

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from facecrypt.errors import MediaError
from facecrypt.files import media_error
from facecrypt.leftovers import HAS_LOCKS, open_to_lock, try_lock

__all__ = ["ChangedMeanwhile", "Seen", "check_names", "held"]

# A picture takes some milliseconds.
_SECONDS, _PAUSE = 10.0, 0.02


class ChangedMeanwhile(Exception):
    """A file is not the one that was read, or not as it was then; it has not been replaced."""


@dataclass(frozen=True)
class Seen:
    """A file as it was before it was read.

    Parameters
    ----------
    path : Path
    state : tuple of int
        Which file has the name, and what tells that one of its bytes was written.
    """

    path: Path
    state: tuple[int, ...]

    @classmethod
    def of(cls, path: Path) -> Self:
        """As it is now; MediaError where there is none."""
        try:
            return cls(path, _state(path.lstat()))
        except OSError as error:
            raise media_error(path, error) from error

    def check(self) -> None:
        """ChangedMeanwhile where the name is another file's by now, or that file was written."""
        found = None
        with suppress(OSError):
            found = _state(self.path.lstat())
        if found != self.state:
            raise ChangedMeanwhile


@contextmanager
def held(path: Path) -> Iterator[Seen]:
    """The file of that name, which nobody else changes in this way as long.

    It is locked where the system has ``flock``; whoever does not ask for the lock may do as they
    like, which :meth:`Seen.check` tells.

    Raises
    ------
    MediaError
        There is none, or another process has it locked and does not let go of it.
    """
    if not HAS_LOCKS:
        # Windows replaces no file that is open.
        yield Seen.of(path)
        return
    fd = _locked(path)
    try:
        yield Seen(path, _state(os.fstat(fd)))
    finally:
        os.close(fd)


def _locked(path: Path) -> int:
    until = time.monotonic() + _SECONDS
    while True:
        try:
            fd = open_to_lock(path)
        except OSError as error:
            raise media_error(path, error) from error
        free = try_lock(fd)
        # Who had it locked may have put another file in its place.
        if free and _has_name(fd, path):
            return fd
        holder = "" if free else _holder(fd)
        os.close(fd)
        if time.monotonic() > until:
            raise MediaError(
                f"{path}: another program is at work on it{holder}; run it again when that is done"
            )
        if not free:
            time.sleep(_PAUSE)


def _has_name(fd: int, path: Path) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.fstat(fd), path.lstat())
    return False


def _holder(fd: int) -> str:
    """Which process has locked a file, where Linux lists it and the list leaves no doubt."""
    found = set()
    # Not every file system has the number of its device there that it has elsewhere.
    place = f":{os.fstat(fd).st_ino}"
    with suppress(OSError):
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].endswith(place):
                found.add(fields[4])
    return f" (process {found.pop()})" if len(found) == 1 else ""


def _state(found: os.stat_result) -> tuple[int, ...]:
    # ctime tells of what mtime hides: somebody who puts a backup there keeps its date.
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def check_names(path: Path) -> None:
    """Refuse a file that is only linked here, and warn of one that has other names, too.

    Raises
    ------
    MediaError
        What the link leads to would stay as it was.
    """
    if os.path.islink(path):  # noqa: PTH114 (of a path too long Path makes an exception)
        raise MediaError(
            f"{path}: is a link, and what it leads to would stay; name the file itself"
        )
    with suppress(OSError):
        if path.stat().st_nlink > 1:
            warnings.warn(
                f"{path}: has other names (hard links), under which it stays as it was",
                stacklevel=4,
            )
