"""Files that appear whole or not at all, and small files read with a bound."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import OVERWRITE, MediaError
from facecrypt.pending import Data, Pending
from facecrypt.rights import Rights

__all__ = [
    "PathLike",
    "already_exists",
    "atomic_write",
    "media_error",
    "named",
    "open_regular",
    "prepared",
    "read_at_most",
    "read_small",
    "refuse_special",
    "remove",
]

PathLike = str | os.PathLike[str]

_BAD_NAME = "a name this file system does not take; choose another"

_REMEDY = {
    errno.EEXIST: "already exists",
    errno.ENOENT: "no such file or folder",
    errno.ENOTDIR: "a part of this path is a file, not a folder",
    errno.EISDIR: "is a folder; name a file",
    errno.EACCES: "permission denied; change its permissions, or name another place",
    errno.EPERM: "not permitted; change its permissions, or name another place",
    errno.EROFS: "the file system is read-only; name another place",
    errno.ENOSPC: "no space left on the disk; free some, or name another place",
    errno.EDQUOT: "the disk quota is used up; free some space, or name another place",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    errno.EINVAL: _BAD_NAME,
    errno.EILSEQ: _BAD_NAME,
    errno.ELOOP: "a link that leads back to itself; name a file",
}


def already_exists(path: PathLike, why: str = "") -> MediaError:
    """The error for a file that is there and is not to be replaced; `why` goes on."""
    result = MediaError(f"{path}: already exists{why}", hint=OVERWRITE)
    result.errno = errno.EEXIST
    return result


def media_error(path: PathLike, error: OSError) -> MediaError:
    """Say what the operating system refused and what to do; ``errno`` is kept."""
    reason = _REMEDY.get(error.errno or 0) or error.strerror or str(error)
    hint = OVERWRITE if error.errno == errno.EEXIST else None
    result = MediaError(f"{path}: {reason}", hint=hint)
    result.errno = error.errno
    return result


def atomic_write(
    path: PathLike,
    data: Data,
    *,
    overwrite: bool = False,
    mode: int | None = None,
    like: PathLike | None = None,
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
    data : bytes-like or callable
        What is too large for memory is written by a function, which is given the open file (to
        write and to read) and a path by which others may open it meanwhile.
    overwrite : bool
        Replace an existing file, in one step. Otherwise it is refused, also when it
        appears while the data are being written, by whomever.
    mode : int, optional
        Permission bits from the first byte on; the umask may take some away. Without
        it, those of the file that is replaced, else what the umask allows.
    like : path, optional
        The picture this one is made of. The new file takes its date of change, and is open to
        nobody to whom that one is closed. The file that is replaced may be named, too: then owner,
        group, permission bits and access list stay, as far as this process may give them, and
        where it may not nobody gets to read it who might not before.

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
    with prepared(path, data, overwrite=overwrite, mode=mode, like=like) as file:
        named(file)


def prepared(
    path: PathLike,
    data: Data,
    *,
    overwrite: bool = False,
    mode: int | None = None,
    like: PathLike | None = None,
) -> Pending:
    """The first half of :func:`atomic_write`: all but the name, which :func:`named` gives."""
    path = Path(path)
    refuse_special(path)
    times, source, rights = None, None, None
    if like is not None:
        source = _stat(like)
        times = source.st_atime_ns, source.st_mtime_ns
        mode = stat.S_IMODE(source.st_mode) & (0o666 if mode is None else mode)
    try:
        present = _lstat(path)
        if present is not None:
            if stat.S_ISDIR(present.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not overwrite:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            if stat.S_ISREG(present.st_mode) and (mode is None or like is not None):
                old = stat.S_IMODE(present.st_mode)
                mode = old if mode is None else old & mode
            if source is not None and os.path.samestat(source, present):
                rights = Rights.of(path)
        return Pending(path, data, overwrite=overwrite, mode=mode, times=times, rights=rights)
    except MediaError:
        raise  # of what writes the data, which says it better
    except OSError as error:
        raise media_error(path, error) from error


def named(file: Pending, check: Callable[[], object] | None = None) -> None:
    """Give a file its name; MediaError where that fails. `check` is as of `Pending.name_it`."""
    try:
        file.name_it(check)
    except OSError as error:
        raise media_error(file.path, error) from error


@contextmanager
def open_regular(path: PathLike) -> Iterator[BinaryIO]:
    """A file to read that nobody named; MediaError where it cannot be read, or is a pipe.

    What found it by its name must not wait for the other end of a pipe that has that name.
    """
    try:
        file = open(path, "rb", opener=_at_once)  # noqa: SIM115 (Path has no opener)
    except OSError as error:
        raise media_error(path, error) from error
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise MediaError(f"{path}: is a pipe, a socket or a device; move it away")
        yield file


def _at_once(path: str, flags: int) -> int:
    # Windows, which has no such flag, has no pipes in its folders either.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_at_most(file: BinaryIO, limit: int) -> bytes | None:
    """What is left of an open file; None where that is more than `limit` bytes.

    Of a file on disk no more is asked for than is there: Python takes memory for all of it.
    """
    left = limit
    with suppress(OSError):  # of what is in memory, or in an archive
        found = os.fstat(file.fileno())
        if stat.S_ISREG(found.st_mode):
            left = max(0, found.st_size - file.tell())
    data = file.read(min(left, limit) + 1)
    if left < len(data) <= limit:  # it grew, or its size says nothing
        data += file.read(limit + 1 - len(data))
    return None if len(data) > limit else data


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
            data = read_at_most(file, limit)
    except OSError as error:
        raise media_error(path, error) from error
    if data is None:
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


def _stat(path: PathLike) -> os.stat_result:
    try:
        return Path(path).stat()
    except OSError as error:
        raise media_error(path, error) from error


def _lstat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None
