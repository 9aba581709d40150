"""A sealed file that gets another payload: in its place or elsewhere, whole or not at all."""

import os
import warnings
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import AuthenticationError, FacecryptError, MediaError
from facecrypt.files import PathLike, named, prepared
from facecrypt.media.pictures import naming, read_bounded
from facecrypt.sealing.carriers import Carrier, Rewritten, SealedFile
from facecrypt.sealing.carriers.sidecar_names import remember_rewritten, sidecar_path
from facecrypt.sealing.files import write_sealed
from facecrypt.sealing.finding import opened_sealed, sealed_large
from facecrypt.sealing.header import Header
from facecrypt.sealing.holding import ChangedMeanwhile, Seen, held
from facecrypt.sealing.payload import Payload

__all__ = ["Change", "change_file"]

Change = Callable[[Header], Header]
# Others change the same file now and then, not all the time.
_TRIES = 5


def change_file(
    path: PathLike, output: PathLike | None, change: Change, *, overwrite: bool = False
) -> Header:
    """Change the header of a sealed file, and erase what it then says is forgotten.

    Of a file that is replaced the date of change, the owner and who may read it stay.

    Parameters
    ----------
    path : path of the sealed file
    output : path, optional
        None: the file itself is replaced, in one step.
    change : callable
        Header to header. Of several beside a picture that is taken which it does not refuse with
        an AuthenticationError.
    overwrite : bool
        Replace `output` if it exists.

    Raises
    ------
    MediaError
        It is a link, of which the target would stay as it was; or it cannot be written; or others
        change it all the time. Nothing has changed then.

    Warns
    -----
    UserWarning
        The file has other names (hard links), and under these stays as it was.
    """
    path = Path(path)
    if output is not None:
        return _write_changed(path, Path(output), change, overwrite=overwrite)
    _check_names(path)
    for _ in range(_TRIES):
        with suppress(ChangedMeanwhile), held(path) as seen:
            try:
                return _change_here(path, seen, change)
            except FacecryptError:
                seen.check()  # of a file that somebody is just writing errors say nothing
                raise
    raise MediaError(f"{path}: was changed meanwhile by another program; run it again")


def _write_changed(path: Path, output: Path, change: Change, *, overwrite: bool) -> Header:
    if output.suffix.lower() != path.suffix.lower():
        raise MediaError(f"{output}: the file stays what it is; name it {path.suffix}")
    large = sealed_large(path)
    if large is not None:
        with naming(path):
            return large.change(path, output, change, overwrite=overwrite)
    with opened_sealed(path) as (file, carrier, payloads), naming(path):
        _, made = _first(carrier, file, payloads, change)
        data = made.data
        if data is None:
            file.seek(0)
            data = read_bounded(file)
    sealed = SealedFile(made.header, data, made.beside)
    write_sealed(output, sealed, overwrite=overwrite, like=path)
    return made.header


def _change_here(path: Path, seen: Seen, change: Change) -> Header:
    """ChangedMeanwhile where others changed the file while this was at work."""
    large = sealed_large(path)
    if large is not None:
        with naming(path):
            return large.change(path, None, change, overwrite=False)
    with opened_sealed(path) as (file, carrier, payloads), naming(path):
        old, made = _first(carrier, file, payloads, change)
    with ExitStack() as stack:
        picture = None
        if made.data is not None:
            picture = stack.enter_context(prepared(path, made.data, overwrite=True, like=path))
        # First what readers go by: a run killed in between leaves what the next one finishes.
        if made.beside is not None:
            _replace_beside(path, seen, old, made)
        if picture is not None:
            named(picture, seen.check)
    return made.header


def _replace_beside(path: Path, seen: Seen, old: Payload, made: Rewritten) -> None:
    assert made.beside is not None
    beside = sidecar_path(path, made.header)

    def check() -> None:
        seen.check()
        with suppress(OSError):
            if beside.read_bytes() == old.to_bytes():
                return
        raise ChangedMeanwhile

    with prepared(beside, made.beside, overwrite=True, like=beside) as header:
        named(header, check)
    remember_rewritten(beside)


def _first(
    carrier: Carrier, file: BinaryIO, payloads: list[Payload], change: Change
) -> tuple[Payload, Rewritten]:
    """The first payload that the change does not refuse, and what becomes of the file."""
    *others, old = payloads
    changed = None
    for payload in others:
        with suppress(AuthenticationError):
            old, changed = payload, change(payload.header)
            break
    new = old.with_header(changed or change(old.header))
    return old, carrier.erase(file, new) if new.header.forgotten else carrier.rewrite(file, new)


def _check_names(path: Path) -> None:
    if os.path.islink(path):  # noqa: PTH114 (of a path too long Path makes an exception)
        raise MediaError(
            f"{path}: is a link, and what it leads to would stay; name the file itself"
        )
    with suppress(OSError):
        if path.stat().st_nlink > 1:
            warnings.warn(
                f"{path}: has other names (hard links), under which it stays as it was",
                stacklevel=3,
            )
