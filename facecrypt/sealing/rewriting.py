"""A sealed file that gets another payload: in its place or elsewhere, whole or not at all."""

import os
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import AuthenticationError, MediaError
from facecrypt.files import PathLike, atomic_write
from facecrypt.media.pictures import naming, read_bounded
from facecrypt.sealing.carriers import Carrier, Rewritten, SealedFile
from facecrypt.sealing.carriers.sidecar_names import remember_rewritten, sidecar_path
from facecrypt.sealing.files import opened_sealed, sealed_large, write_sealed
from facecrypt.sealing.header import Header
from facecrypt.sealing.payload import Payload

__all__ = ["Change", "change_file"]

Change = Callable[[Header], Header]


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
        It is a link, of which the target would stay as it was; or it cannot be written. Nothing
        has changed then.

    Warns
    -----
    UserWarning
        The file has other names (hard links), and under these stays as it was.
    """
    path = Path(path)
    if output is None:
        _check_names(path)
    elif Path(output).suffix.lower() != path.suffix.lower():
        raise MediaError(f"{output}: the file stays what it is; name it {path.suffix}")
    large = sealed_large(path)
    if large is not None:
        to = None if output is None else Path(output)
        with naming(path):
            return large.change(path, to, change, overwrite=overwrite)
    with opened_sealed(path) as (file, carrier, payloads), naming(path):
        made = _first(carrier, file, payloads, change)
        data = made.data
        if data is None and output is not None:
            file.seek(0)
            data = read_bounded(file)
    if output is not None:
        assert data is not None
        sealed = SealedFile(made.header, data, made.beside)
        write_sealed(output, sealed, overwrite=overwrite, like=path)
        return made.header
    # First what readers go by: a run killed in between leaves what the next one finishes.
    if made.beside is not None:
        beside = sidecar_path(path, made.header)
        atomic_write(beside, made.beside, overwrite=True, like=beside)
        remember_rewritten(beside)
    if data is not None:
        atomic_write(path, data, overwrite=True, like=path)
    return made.header


def _first(carrier: Carrier, file: BinaryIO, payloads: list[Payload], change: Change) -> Rewritten:
    *others, last = payloads
    chosen = None
    for payload in others:
        with suppress(AuthenticationError):
            chosen = payload.with_header(change(payload.header))
            break
    chosen = chosen or last.with_header(change(last.header))
    return carrier.erase(file, chosen) if chosen.header.forgotten else carrier.rewrite(file, chosen)


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
