"""Files that appear whole or not at all, and small files read with a bound."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

from facecrypt.errors import OVERWRITE, MediaError
from facecrypt.leftovers import hidden_name, lock
from facecrypt.placing import NO_LINKS, place, replace

__all__ = [
    "PathLike",
    "already_exists",
    "atomic_write",
    "media_error",
    "read_small",
    "refuse_special",
    "remove",
]

PathLike = str | os.PathLike[str]

# What a file system or a kernel answers that has no nameless files.
_NO_TMPFILE = {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS, errno.ENOENT}
_BAD_NAME = "a name this file system does not take; choose another"

_REMEDY = {
    errno.EEXIST: "already exists",
    errno.ENOENT: "no such file or folder",
    errno.ENOTDIR: "a part of this path is a file, not a folder",
    errno.EISDIR: "is a folder; name a file",
    errno.EACCES: "permission denied; choose another folder or change its permissions",
    errno.EPERM: "not permitted; choose another folder or change its permissions",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENOSPC: "no space left on the disk; free some or choose another folder",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.EINVAL: _BAD_NAME,
    errno.EILSEQ: _BAD_NAME,
    errno.ELOOP: "a link that leads back to itself; name a file",
}


def already_exists(path: PathLike, why: str = "") -> MediaError:
    """The error for a file that is there and is not to be replaced; `why` goes on."""
    return MediaError(f"{path}: already exists{why}", hint=OVERWRITE)


def media_error(path: PathLike, error: OSError) -> MediaError:
    """Say what the operating system refused and what to do; ``errno`` is kept."""
    reason = _REMEDY.get(error.errno or 0) or error.strerror or str(error)
    hint = OVERWRITE if error.errno == errno.EEXIST else None
    result = MediaError(f"{path}: {reason}", hint=hint)
    result.errno = error.errno
    return result


def atomic_write(
    path: PathLike,
    data: bytes | bytearray | memoryview,
    *,
    overwrite: bool = False,
    mode: int | None = None,
) -> None:
    """Write a file that is either absent or complete, whatever happens meanwhile.

    The data reach the disk (fsync) before the name exists. On Linux the file has no
    name until then, so a killed process leaves nothing behind; elsewhere, and for the
    moment between two system calls where a file is replaced, it has a hidden name in
    the same folder, and until it is whole only its owner may read it.

    Parameters
    ----------
    path : path of the file
        A symbolic link at ``path`` counts as an existing file: it is refused, or with
        ``overwrite`` itself replaced. Its target is never touched.
    data : bytes-like
    overwrite : bool
        Replace an existing file, in one step. Otherwise it is refused, also when it
        appears while the data are being written, by whomever.
    mode : int, optional
        Permission bits from the first byte on; the umask may take some away. Without
        it, those of the file that is replaced, else what the umask allows.

    Raises
    ------
    MediaError
        Nothing was written: the file exists, the disk is full, the folder is missing
        or read-only, or the path is a folder, a pipe or a device.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> atomic_write(Path(folder.name) / "key", b"secret", mode=0o600)
    >>> sorted(os.listdir(folder.name))
    ['key']
    >>> folder.cleanup()
    """
    path = Path(path)
    refuse_special(path)
    try:
        present = _lstat(path)
        if present is not None:
            if stat.S_ISDIR(present.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not overwrite:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            if mode is None and stat.S_ISREG(present.st_mode):
                mode = stat.S_IMODE(present.st_mode)
        if not _write_nameless(path, data, overwrite=overwrite, mode=mode):
            _write_hidden(path, data, overwrite=overwrite, mode=mode)
    except OSError as error:
        raise media_error(path, error) from error


def read_small(path: PathLike, limit: int = 1 << 16) -> bytes:
    """Read a file that has no reason to be large, such as a key or a header.

    Parameters
    ----------
    path : path of the file
    limit : int
        Bytes; one more is refused.

    Raises
    ------
    MediaError
        The file is missing, unreadable or larger.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise media_error(path, error) from error
    if len(data) > limit:
        raise MediaError(f"{path}: larger than the {limit} bytes such a file may have")
    return data


def remove(path: PathLike) -> None:
    """Remove a file if it is there; MediaError where that is refused."""
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise media_error(path, error) from error


def refuse_special(path: PathLike) -> None:
    """Raise MediaError where a pipe, a socket or a device is, also behind a link.

    Whoever opened a pipe would wait for its other end; whoever replaced a device would
    surprise its users.
    """
    try:
        mode = Path(path).stat().st_mode
    except OSError as error:
        # What is not there, or is a link to nowhere, is no device.
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return
        raise media_error(path, error) from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise MediaError(f"{path}: is a pipe, a socket or a device; name a file")


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _fill(fd: int, data: bytes | bytearray | memoryview, name_it: Callable[[], None]) -> None:
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)
        name_it()


def _write_nameless(
    path: Path, data: bytes | bytearray | memoryview, *, overwrite: bool, mode: int | None
) -> bool:
    """Write through O_TMPFILE; False where the system has no such thing."""
    flag = getattr(os, "O_TMPFILE", 0)
    if not flag or not Path("/proc/self/fd").is_dir():
        return False
    flags = flag | os.O_WRONLY | os.O_CLOEXEC
    try:
        fd = os.open(path.parent, flags, 0o666 if mode is None else mode)
    except OSError as error:
        if error.errno in _NO_TMPFILE and path.parent.is_dir():
            return False
        raise

    def link(name: Path) -> None:
        # Only with a folder's descriptor does CPython call linkat(AT_SYMLINK_FOLLOW),
        # without which the link would be one to the symbolic link in /proc.
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.link(f"/proc/self/fd/{fd}", name, src_dir_fd=folder)
        finally:
            os.close(folder)

    def name_it() -> None:
        try:
            link(path)
        except FileExistsError:
            if not overwrite:
                raise
            # linkat never replaces; a rename does, and both names hold whole files.
            hidden = hidden_name(path)
            link(hidden)
            replace(hidden, path)

    try:
        _fill(fd, data, name_it)
    except OSError as error:
        if error.errno in NO_LINKS:
            return False
        raise
    return True


def _write_hidden(
    path: Path, data: bytes | bytearray | memoryview, *, overwrite: bool, mode: int | None
) -> None:
    """Write under a hidden name in the same folder, then give the file its own."""
    granted = _granted(path, 0o666 if mode is None else mode)
    hidden = hidden_name(path)
    fd = _create(hidden, 0o600)
    try:
        lock(fd)
        _fill(fd, data, lambda: None)
        if stat.S_IMODE(hidden.stat().st_mode) != granted:
            # FAT has no permissions to set.
            with contextlib.suppress(OSError):
                hidden.chmod(granted)
        if not overwrite:
            place(hidden, path)
    except BaseException:
        with contextlib.suppress(OSError):
            hidden.unlink()
        raise
    if overwrite:
        replace(hidden, path)


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
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(path, flags, mode)
