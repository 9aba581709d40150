"""A picture and the sidecar beside it, written so that no picture is ever without its own."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from facecrypt.errors import ORPHAN, MediaError
from facecrypt.files import PathLike, named, prepared
from facecrypt.leftovers import hidden_name, remove_unless_locked
from facecrypt.pending import Data
from facecrypt.sealing.carriers import SealedFile
from facecrypt.sealing.carriers.sidecar_names import remember, sidecar_path, sidecars_of

__all__ = ["place_pair", "write_alone", "write_pair"]


def write_pair(
    path: PathLike, sealed: SealedFile, *, overwrite: bool, like: PathLike | None = None
) -> None:
    """Write a sealed picture and the header beside it.

    Both are whole on the disk before either has a name. The header gets its own first, since
    nobody looks for it before the picture has its own; what was there before goes last.

    Parameters
    ----------
    path : path of the picture
    sealed : SealedFile
        With a header for beside it.
    overwrite : bool
        Replace the picture and the sidecars that lie beside it, or beside its place.
    like : path, optional
        As :func:`facecrypt.files.atomic_write`.

    Raises
    ------
    MediaError
        Nothing was written, and what was there still is: a file exists, also a sidecar whose
        picture is gone, or the disk fails.
    """
    assert sealed.beside is not None
    path = Path(path)
    place_pair(
        path,
        sealed.data,
        sealed.beside,
        lambda: sidecar_path(path, sealed.header),
        overwrite=overwrite,
        like=like,
    )


def write_alone(
    path: PathLike, data: Data, *, overwrite: bool, like: PathLike | None = None
) -> None:
    """Write a sealed file that has its header in it.

    Parameters
    ----------
    overwrite : bool
        Replace the file, and remove the sidecars that lie beside it: they opened what it replaces.

    Raises
    ------
    MediaError
        Nothing was written, and what was there still is.
    """
    path = Path(path)
    # Where there is no file, one that was moved away may still need them.
    replaces = overwrite and os.path.lexists(path)
    old = sidecars_of(path, lately=True) if replaces else []
    with prepared(path, data, overwrite=overwrite, like=like) as file:
        named(file)
        for sidecar in old:
            remove_unless_locked(sidecar, lambda _: file.has_its_name())


def place_pair(
    path: Path,
    data: Data,
    beside: Data,
    name: Callable[[], Path],
    *,
    overwrite: bool,
    like: PathLike | None = None,
) -> None:
    """:func:`write_pair` of what is not in memory; `name` is asked when both are written."""
    old = sidecars_of(path, lately=True)
    if old and not overwrite and not os.path.lexists(path):
        raise MediaError(
            f"{old[0]}: is there already, without the picture it opens; move it to where that is",
            hint=ORPHAN,
        )
    with (
        prepared(path, data, overwrite=overwrite, like=like) as picture,
        prepared(hidden_name(path), beside, overwrite=overwrite, like=like) as header,
    ):
        header.path = name()
        # The header of the same sealing, for other recipients: it fits what is there as well.
        again = overwrite and header.path in old
        try:
            named(header)
            named(picture)
        except BaseException:
            # Also the call that fails may have done its work.
            if not again and header.has_its_name() and not picture.has_its_name():
                with contextlib.suppress(OSError):
                    header.path.unlink()
            raise
        remember(header.path)
        if overwrite:
            # Also those that others named meanwhile.
            old = list({*old, *sidecars_of(path, lately=True)})
        for sidecar in (each for each in old if each != header.path):
            # Another process may be about to name the picture of this one: until then it holds
            # the lock. If it was done before the lock is taken here, its picture may be the one
            # that counts now.
            remove_unless_locked(sidecar, lambda _: picture.has_its_name())
