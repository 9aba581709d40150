"""A sealed file that gets another payload: in its place or elsewhere, whole or not at all."""

from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import FacecryptError, MediaError
from facecrypt.files import PathLike, named, prepared
from facecrypt.media.pictures import naming, read_bounded
from facecrypt.sealing.carriers import Carrier, Rewritten, SealedFile
from facecrypt.sealing.carriers.sidecar_names import (
    remember_rewritten,
    several_fit,
    sidecar_path,
)
from facecrypt.sealing.files import write_sealed
from facecrypt.sealing.finding import opened_sealed, sealed_large
from facecrypt.sealing.header import Header
from facecrypt.sealing.holding import ChangedMeanwhile, Seen, check_names, held
from facecrypt.sealing.payload import Payload
from facecrypt.sealing.several import Change, changed_headers

__all__ = ["change_file"]

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
        Header to header. Of several beside a picture all are changed that it does not refuse with
        an AuthenticationError, for each may open the picture; `output` gets the first of these.
    overwrite : bool
        Replace `output` if it exists.

    Raises
    ------
    MediaError
        It is a link, of which the target would stay as it was; or it cannot be written; or others
        change it all the time. Nothing has changed then, but that of several sidecars some may be.

    Warns
    -----
    UserWarning
        The file has other names (hard links), and under these stays as it was.
    """
    path = Path(path)
    if output is not None:
        return _write_changed(path, Path(output), change, overwrite=overwrite)
    check_names(path)
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
        _, new = _changed(payloads, change)[0]
        made = _rewritten(carrier, file, new)
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
        pairs = _changed(payloads, change)
        made = [_rewritten(carrier, file, new) for _, new in pairs]
    data = [one.data for one in made if one.data is not None]
    if len(data) > 1:
        # Each would show what the other says is forgotten.
        raise several_fit(path, len(data), "picture")
    for one in made:
        if one.beside is not None:
            check_names(sidecar_path(path, one.header))
    with ExitStack() as stack:
        picture = None
        if data:
            picture = stack.enter_context(prepared(path, data[0], overwrite=True, like=path))
        # First what readers go by: a run killed in between leaves what the next one finishes.
        for (old, _), one in zip(pairs, made, strict=True):
            if one.beside is not None:
                _replace_beside(path, seen, old, one)
        if picture is not None:
            named(picture, seen.check)
    return made[0].header


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


def _changed(payloads: list[Payload], change: Change) -> list[tuple[Payload, Payload]]:
    """Payloads that the change does not refuse, before and after it."""
    headers = changed_headers([payload.header for payload in payloads], change)
    pairs = zip(payloads, headers, strict=True)
    return [(old, old.with_header(header)) for old, header in pairs if header is not None]


def _rewritten(carrier: Carrier, file: BinaryIO, new: Payload) -> Rewritten:
    file.seek(0)
    return carrier.erase(file, new) if new.header.forgotten else carrier.rewrite(file, new)
