"""Hidden names of files that are being written, and what killed processes left of them."""

import contextlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "HAS_LOCKS",
    "abandoned",
    "hidden_name",
    "lock",
    "open_to_lock",
    "remove_stale",
    "remove_unless_locked",
    "try_lock",
]

HAS_LOCKS = fcntl is not None
# With an accent it was a question to the file system (facecrypt.jobs.outputs).
_HIDDEN = re.compile("\\.facecrypt-[0-9a-f]{16}(?:\u00e9|e\u0301)?\\.tmp")
# Between its first two calls a writer has no lock yet; and not every network folder keeps
# locks between machines. No write takes as long as this without touching its file.
_SECONDS = 3600


def hidden_name(path: Path) -> Path:
    """A name in the same folder that no other writer has, short enough for any file system."""
    return path.with_name(f".facecrypt-{secrets.token_hex(8)}.tmp")


def lock(fd: int) -> bool:
    """Mark a file as being written; the system takes the mark away when the process ends.

    Returns
    -------
    bool
        Whether this system has such marks, be it that this file cannot be marked.
    """
    if fcntl is None:
        return False  # type: ignore[unreachable] # but on Windows it is
    with contextlib.suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return True


def try_lock(fd: int) -> bool:
    """As :func:`lock`; False where another process has marked the file."""
    if fcntl is None:
        return True  # type: ignore[unreachable] # but on Windows it is
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def remove_stale(folder: Path) -> None:
    """Remove what killed processes left in a folder: hidden, an hour old, and locked by nobody.

    A courtesy: what cannot be removed stays, and that is no error. Where the system has
    no ``flock`` (Windows) a writer cannot be told from a leftover, and nothing is removed.
    """
    if fcntl is None:
        return  # type: ignore[unreachable] # but on Windows it is
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _HIDDEN.fullmatch(entry.name):
                remove_unless_locked(Path(entry.path), _is_stale)


def abandoned(folder: Path) -> list[Path]:
    """What killed processes left in a folder, be it a moment ago: hidden, not empty, and locked by
    nobody.

    None where the system has no ``flock`` (Windows), nor where the folder cannot be read.
    """
    if fcntl is None:
        return []  # type: ignore[unreachable] # but on Windows it is
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        found = [Path(entry.path) for entry in entries if _HIDDEN.fullmatch(entry.name)]
    return [path for path in found if _is_dead(path)]


def _is_dead(path: Path) -> bool:
    with contextlib.suppress(OSError):
        fd = open_to_lock(path)
        try:
            seen = os.fstat(fd)
            # A writer locks its file while it is empty, and must not find it locked.
            return stat.S_ISREG(seen.st_mode) and seen.st_size > 0 and try_lock(fd)
        finally:
            os.close(fd)
    return False


def remove_unless_locked(path: Path, unwanted: Callable[[os.stat_result], bool]) -> None:
    """Remove a file that no writer has locked, if it is unwanted while none can lock it.

    A courtesy: what cannot be removed stays, and that is no error. Where the system has no
    ``flock`` what is wanted alone decides.
    """
    with contextlib.suppress(OSError):
        if fcntl is None:
            if unwanted(path.lstat()):  # type: ignore[unreachable] # but on Windows it is
                path.unlink()
            return
        fd = open_to_lock(path)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(fd)
            if stat.S_ISREG(found.st_mode) and unwanted(found):
                path.unlink()
        finally:
            os.close(fd)


def _is_stale(found: os.stat_result) -> bool:
    return found.st_mtime < time.time() - _SECONDS


def open_to_lock(path: Path) -> int:
    """Open a file for its lock alone; a link is refused, and a pipe not waited for."""
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        # Network folders lock only what is open for writing.
        return os.open(path, os.O_RDWR | flags)
    except PermissionError:
        return os.open(path, os.O_RDONLY | flags)
