"""A finished file gets its name without ever replacing another, on any file system.

One system call looks and names at once, so that neither threads nor processes come between:
``link``; where there are no links (FAT, exFAT, some network folders) Linux's ``renameat2``;
where there is neither, an empty file made exclusively reserves the name.
"""

import contextlib
import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

__all__ = ["NO_LINKS", "place", "replace"]

# What a file system without hard links answers; EINVAL is Windows' on FAT.
NO_LINKS = frozenset((errno.EOPNOTSUPP, errno.EPERM, errno.ENOSYS, errno.EMLINK, errno.EINVAL))
# EPERM comes from sandboxes that do not know the call.
_NO_RENAMEAT2 = frozenset((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM))
_AT_FDCWD, _RENAME_NOREPLACE = -100, 1


def place(hidden: Path, path: Path) -> None:
    """Rename ``hidden`` to ``path``, which must be free; FileExistsError where it is not.

    Where it fails, ``hidden`` is still there and ``path`` is as it was.
    """
    try:
        os.link(hidden, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
    else:
        hidden.unlink()
        return
    with _bad_names(hidden):
        if not _rename_to_free_name(hidden, path):
            _rename_to_reserved_name(hidden, path)


def replace(hidden: Path, path: Path, check: Callable[[], object] | None = None) -> None:
    """Rename ``hidden`` to ``path``, whether it is free or not; failing, remove ``hidden``.

    Asked last, `check` may refuse by an error.
    """
    try:
        if check is not None:
            check()
        with _bad_names(hidden):
            hidden.replace(path)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _bad_names(hidden: Path) -> Iterator[None]:
    """Some drivers call a name they cannot store missing; with the file there, it is the name."""
    try:
        yield
    except FileNotFoundError as error:
        if not hidden.exists():
            raise
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL)) from error


def _rename_to_free_name(hidden: Path, path: Path) -> bool:
    """Linux's rename that refuses an existing name; False where there is no such thing."""
    call = _renameat2()
    if call is None:
        return False
    names = os.fsencode(hidden), os.fsencode(path)
    if call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_NOREPLACE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NO_RENAMEAT2:
        return False
    raise OSError(code, os.strerror(code))


@cache
def _renameat2() -> Callable[..., int] | None:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return None
    call.argtypes = ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint
    call.restype = ctypes.c_int
    return call


def _rename_to_reserved_name(hidden: Path, path: Path) -> None:
    # Killed between these calls, a process leaves an empty file: the price of such a system.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        hidden.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
