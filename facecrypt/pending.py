"""A file that is whole on the disk before it has its name."""

import contextlib
import errno
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Self

from facecrypt.leftovers import hidden_name, lock
from facecrypt.placing import NO_LINKS, place, replace
from facecrypt.rights import Rights

__all__ = ["Data", "Pending"]

# The bytes of a file; or what writes them into one that is open for writing and reading, and is
# given also a path by which others may open it.
Data = bytes | bytearray | memoryview | Callable[[BinaryIO, Path], object]

# What a file system or a kernel answers that has no nameless files.
_NO_TMPFILE = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS, errno.ENOENT}


class Pending:
    """Data on the disk without a name, or where there is no such thing under a hidden one.

    Use it as a context: what has not got its name by the end is gone. Until then the file is
    locked (:func:`facecrypt.leftovers.lock`), also under its name.

    Parameters
    ----------
    path : Path
        The name it is to have.
    data : bytes-like or callable
        What writes it is given the file, and a path by which others may open it until then.
    overwrite : bool
        The name may be another file's, which the new one then replaces in one step.
    mode : int, optional
        Permission bits from the first byte on; the umask may take some away.
    times : tuple of int, optional
        Its dates of access and of change, in nanoseconds.
    rights : Rights, optional
        Whose it is to be and who may read it, instead of `mode`.
    """

    def __init__(
        self,
        path: Path,
        data: Data,
        *,
        overwrite: bool = False,
        mode: int | None = None,
        times: tuple[int, int] | None = None,
        rights: Rights | None = None,
    ) -> None:
        self._rights = rights
        mode = mode if rights is None else rights.mode & 0o600
        self.path, self._data, self._overwrite = path, data, overwrite
        self._mode, self._times = 0o666 if mode is None else mode, times
        self._hidden: Path | None = None
        # Who is given a path has to be allowed to write there.
        open_mode = self._mode | 0o600 if callable(data) else self._mode
        self._fd: int | None = _open_nameless(path, open_mode)
        try:
            if self._fd is None:
                self._write_hidden()
            else:
                self._fill(self._fd, Path(f"/proc/self/fd/{self._fd}"))
                if rights is not None:
                    rights.give(self._fd)
                elif open_mode != self._mode:
                    os.chmod(self._fd, self._status.st_mode & self._mode)  # noqa: PTH101 (no path)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def name_it(self, check: Callable[[], object] | None = None) -> None:
        """Give the file its name, which costs no more room on the disk.

        Parameters
        ----------
        check : callable, optional
            Of a file that replaces another: asked as late as can be, its error leaves that other
            file there. With it no name is given that is free.

        Raises
        ------
        OSError
            FileExistsError where the name is taken and not to be overwritten. What has the name
            still has it.
        """
        if self._hidden is None:
            try:
                self._name_nameless(check)
                return
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
            self._write_again()
        self._name_hidden(check)

    def has_its_name(self) -> bool:
        """Whether the name is this file's, also where giving it ended in an error."""
        try:
            return os.path.samestat(self._status, self.path.lstat())
        except OSError:
            return False

    def close(self) -> None:
        """Let go of the file, and of its data if it has no name yet."""
        if self._hidden is not None:
            with contextlib.suppress(OSError):
                self._hidden.unlink()
            self._hidden = None
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)

    def _name_nameless(self, check: Callable[[], object] | None) -> None:
        assert self._fd is not None
        lock(self._fd)
        self._date(self._fd)
        if check is None:
            try:
                _link(self._fd, self.path)
                return
            except FileExistsError:
                if not self._overwrite:
                    raise
        # linkat never replaces; a rename does, and both names hold whole files.
        hidden = hidden_name(self.path)
        _link(self._fd, hidden)
        replace(hidden, self.path, check)

    def _write_again(self) -> None:
        assert self._fd is not None
        with os.fdopen(os.dup(self._fd), "rb") as whole:
            self.close()
            if callable(self._data):
                whole.seek(0)
                self._data = lambda file, _: shutil.copyfileobj(whole, file)
            self._write_hidden()

    def _fill(self, fd: int, place: Path) -> None:
        write = self._data
        data = (lambda file: write(file, place)) if callable(write) else write
        self._status = _fill(fd, data)

    def _write_hidden(self) -> None:
        granted = None if self._rights else _granted(self.path, self._mode)
        hidden = hidden_name(self.path)
        self._fd = _create(hidden, 0o600)
        self._hidden = hidden
        locked = lock(self._fd)
        self._fill(self._fd, hidden)
        if self._rights is not None:
            self._rights.give(self._fd)
        elif granted is not None and stat.S_IMODE(hidden.stat().st_mode) != granted:
            # FAT has no permissions to set.
            with contextlib.suppress(OSError):
                hidden.chmod(granted)
        if not locked:
            # Windows renames no file that is open.
            os.close(self._fd)
            self._fd = None

    def _name_hidden(self, check: Callable[[], object] | None) -> None:
        assert self._hidden is not None
        hidden = self._hidden
        self._date(hidden if self._fd is None else self._fd)
        if self._overwrite:
            replace(hidden, self.path, check)
        else:
            place(hidden, self.path)
        self._hidden = None

    def _date(self, file: int | Path) -> None:
        # Last, for a hidden name with an old date looks left over where nobody sees the lock. Not
        # every file system keeps dates.
        if self._times is not None:
            with contextlib.suppress(OSError):
                os.utime(file, ns=self._times)


def _fill(
    fd: int, data: bytes | bytearray | memoryview | Callable[[BinaryIO], object]
) -> os.stat_result:
    with open(fd, "w+b" if callable(data) else "wb", closefd=False) as file:
        if callable(data):
            data(file)
        else:
            file.write(data)
        file.flush()
        os.fsync(fd)
    return os.fstat(fd)


def _open_nameless(path: Path, mode: int) -> int | None:
    """A file through O_TMPFILE; None where the system has no such thing."""
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag or not Path("/proc/self/fd").is_dir():
        return None
    try:
        return os.open(path.parent, flag | os.O_RDWR, mode)
    except OSError as error:
        if error.errno in _NO_TMPFILE and path.parent.is_dir():
            return None
        raise


def _link(fd: int, name: Path) -> None:
    # Only with a folder's descriptor does CPython call linkat(AT_SYMLINK_FOLLOW), without which
    # the link would be one to the symbolic link in /proc.
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        os.link(f"/proc/self/fd/{fd}", name, src_dir_fd=folder)
    finally:
        os.close(folder)


def _granted(path: Path, mode: int) -> int:
    """What the umask and the folder leave of a mode: asking for the umask would change it."""
    probe = hidden_name(path)
    fd = _create(probe, mode)
    try:
        return stat.S_IMODE(os.fstat(fd).st_mode)
    finally:
        os.close(fd)
        probe.unlink()


def _create(path: Path, mode: int) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, mode)
