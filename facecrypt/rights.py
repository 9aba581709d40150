"""Whose a file is, who may read it, what is noted of it: kept when another takes its place."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["Rights"]

_LIST = "system.posix_acl_access"
_NOTES = "user."


@dataclass(frozen=True)
class Rights:
    """Owner, group, permission bits, access list and notes of a file.

    Parameters
    ----------
    owner, group : int
    mode : int
    listed : bytes, optional
        The access list as Linux keeps it. The group's bits then say what all that it lists may do
        at most.
    """

    owner: int
    group: int
    mode: int
    listed: bytes | None = None
    notes: tuple[tuple[str, bytes], ...] = ()

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """Those of a file; None where the system knows no such rights (Windows)."""
        if not hasattr(os, "fchown"):
            return None
        found, listed = path.stat(), None
        if hasattr(os, "getxattr"):
            with suppress(OSError):
                listed = os.getxattr(path, _LIST)
        mode = stat.S_IMODE(found.st_mode) & 0o777
        return cls(found.st_uid, found.st_gid, mode, listed, tuple(_notes(path)))

    def give(self, fd: int) -> None:
        """Give them to an open file, as far as this process may; the umask counts for nothing.

        A file that does not get the group is closed to its own group as to all others, and the
        other way round: nobody may then read it who might not before.
        """
        if not hasattr(os, "fchown") or not hasattr(os, "fchmod"):
            return  # Windows
        # First: what may not be written takes none.
        for name, note in self.notes if hasattr(os, "setxattr") else ():
            with suppress(OSError):
                os.setxattr(fd, name, note)
        # Who may not give a file away may still have it in another group.
        for owner in self.owner, -1:
            try:
                os.fchown(fd, owner, self.group)
            except OSError:
                continue
            break
        kept = os.fstat(fd).st_gid == self.group
        kept = kept and (self.listed is None or _gives_list(fd, self.listed))
        # FAT has no permissions to set.
        with suppress(OSError):
            os.fchmod(fd, self.mode if kept else _narrowed(self.mode))


def _notes(path: Path) -> Iterator[tuple[str, bytes]]:
    if hasattr(os, "listxattr") and hasattr(os, "getxattr"):
        with suppress(OSError):
            for name in os.listxattr(path):
                if name.startswith(_NOTES):
                    yield name, os.getxattr(path, name)


def _gives_list(fd: int, listed: bytes) -> bool:
    if not hasattr(os, "setxattr"):
        return False  # macOS
    try:
        os.setxattr(fd, _LIST, listed)
    except OSError:
        return False
    return True


def _narrowed(mode: int) -> int:
    both = mode >> 3 & mode & 0o7
    return mode & 0o700 | both << 3 | both
