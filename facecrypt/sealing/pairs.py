"""A picture and the sidecar beside it, written so that no picture is ever without its own."""

import contextlib
import os
from pathlib import Path

from facecrypt.errors import ORPHAN, MediaError
from facecrypt.files import PathLike, named, prepared
from facecrypt.leftovers import remove_unless_locked
from facecrypt.sealing.carriers import SealedFile
from facecrypt.sealing.carriers.sidecar_names import remember, sidecar_path, sidecars_of

__all__ = ["write_pair"]


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
    old = sidecars_of(path, lately=True)
    if old and not overwrite and not os.path.lexists(path):
        raise MediaError(
            f"{old[0]}: is there already, without the picture it opens; move it to where that is",
            hint=ORPHAN,
        )
    own = sidecar_path(path, sealed.header)
    # The header of the same sealing, for other recipients: it fits what is there as well.
    again = overwrite and own in old
    with (
        prepared(path, sealed.data, overwrite=overwrite, like=like) as picture,
        prepared(own, sealed.beside, overwrite=again, like=like) as header,
    ):
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
        for beside in (each for each in old if each != own):
            # Another process may be about to name the picture of this one: until then it holds
            # the lock. If it was done before the lock is taken here, its picture may be the one
            # that counts now.
            remove_unless_locked(beside, lambda _: picture.has_its_name())
