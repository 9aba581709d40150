"""Hidden copies of sealed files from before a change, which killed runs left behind."""

import os
import warnings
from collections.abc import Set
from pathlib import Path

from facecrypt.errors import ContainerError, MediaError
from facecrypt.leftovers import abandoned, remove_unless_locked
from facecrypt.sealing.carriers.sidecar_names import short_id, short_ids
from facecrypt.sealing.finding import find_sealed
from facecrypt.sealing.header import Header
from facecrypt.sealing.payload import read_header

__all__ = ["remove_copies", "remove_copies_of"]


def remove_copies_of(path: Path, header: Header) -> None:
    """:func:`remove_copies` of one file that was changed, and has this header."""
    remove_copies(path.parent, short_ids(path, header))


def remove_copies(folder: Path, pictures: Set[bytes]) -> None:
    """Remove what killed runs left in a folder of sealed files that were changed since.

    A copy of such a file opens as the file did before: with a face that was forgotten since, and to
    whoever may no longer open it. Nothing goes that somebody still writes.

    Parameters
    ----------
    folder : Path
    pictures : set of bytes
        Short ids of what was changed, and of what lies beside it.

    Warns
    -----
    UserWarning
        Of something that was left nobody can say what it is a copy of, as where it was cut short;
        or it cannot be removed.
    """
    for path in abandoned(folder):
        found = _picture_id(path)
        if found in pictures:
            remove_unless_locked(path, lambda _: True)
        elif found is not None:
            continue
        if os.path.lexists(path):
            warnings.warn(
                f"{path}: was left by a run that was killed, and may hold a picture as it was "
                "before; delete it",
                stacklevel=3,
            )


def _picture_id(path: Path) -> bytes | None:
    """The short one of a sealed file, or of what lies beside one; None where there is none."""
    try:
        with path.open("rb") as file:
            return short_id(read_header(file))
    except (ContainerError, OSError):
        pass  # it is no sidecar
    try:
        _, headers = find_sealed(path)
    except (ContainerError, MediaError):
        return None
    return short_id(headers[0])
