"""Whether there is room on a disk, before work that takes long is begun."""

import errno
import shutil
from pathlib import Path

from facecrypt.errors import Hint, MediaError
from facecrypt.files import media_error

__all__ = ["check_room", "share_a_disk"]

_MIB = 1 << 20


def check_room(folder: Path, needed: int, hint: Hint | None = None) -> None:
    """MediaError, with a hint, where so many bytes are not free in a folder, or it is not there."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise media_error(folder, error) from error
    if free < needed:
        full = MediaError(
            f"{folder}: {needed / _MIB:.1f} MiB are needed and {free / _MIB:.1f} MiB are free; "
            "free some or choose another folder",
            hint=hint,
        )
        full.errno = errno.ENOSPC
        raise full


def share_a_disk(one: Path, other: Path) -> bool:
    """Whether what is written to one folder is missing in the other."""
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError as error:
        raise media_error(one, error) from error
