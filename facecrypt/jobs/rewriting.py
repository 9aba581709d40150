"""Many sealed files changed, each in its place or all into a folder, and one summary."""

import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path

from facecrypt.errors import AuthenticationError, ContainerError
from facecrypt.files import PathLike, already_exists
from facecrypt.jobs.inputs import Input, find_in_place, find_inputs
from facecrypt.jobs.pool import Progress, run_batch
from facecrypt.jobs.summary import Result, Summary
from facecrypt.keys import Recipient, SecretKey
from facecrypt.sealing.carriers.sidecar_names import short_ids
from facecrypt.sealing.copies import remove_copies
from facecrypt.sealing.finding import find_sealed
from facecrypt.sealing.forgetting import Forget
from facecrypt.sealing.header import Header
from facecrypt.sealing.images import Identities, Recipients, identities_of
from facecrypt.sealing.parts import numbers
from facecrypt.sealing.rewrapping import Rewrap
from facecrypt.sealing.several import warn_of_others

__all__ = ["change_files", "forget_files", "rewrap_files"]


def rewrap_files(
    paths: PathLike | Iterable[PathLike],
    identities: Identities,
    recipients: Recipients = (),
    *,
    keep: bool = False,
    drop: Iterable[str | Recipient | SecretKey] = (),
    out_dir: PathLike | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Summary:
    """Change who may open many sealed files; see :func:`rewrap_file`.

    Files that are open to those who are asked for, and to nobody else, are skipped: so a run that
    was stopped can be run again.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, folders and patterns, as of :func:`encrypt_files`.
    out_dir : path, optional
        Write changed files there, under their names. None: each is replaced, in one step.
    workers, progress
        As of :func:`encrypt_files`.
    overwrite : bool
        Replace what is in `out_dir`.

    Warns
    -----
    UserWarning
        No file was open to somebody who is to be dropped; or files were skipped of which nobody can
        say whether they are as asked for, since the identities are those that no longer open them.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Identity, Region, encrypt_files, verify
    >>> from facecrypt.media import encode_image
    >>> alice, bob = Identity.generate(), Identity.generate()
    >>> picture, faces = encode_image(".png", np.zeros((32, 32), np.uint8)), [Region(0, 0, 16, 16)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     photos, sealed = Path(folder, "photos"), Path(folder, "sealed")
    ...     photos.mkdir()
    ...     for name in "a.png", "b.png":
    ...         size = (photos / name).write_bytes(picture)
    ...     summary = encrypt_files(photos, sealed, alice.recipient, regions=faces)
    ...     summary = rewrap_files(sealed, alice, bob.recipient, keep=True)
    ...     verify(sealed / "a.png", bob).whole
    True
    >>> summary.done
    2
    """
    holders = identities_of(identities)
    request = Rewrap.of(recipients, keep=keep, drop=drop)
    met: set[str] = set()
    unchecked: set[Path] = set()

    def is_done(path: Path, header: Header) -> bool:
        met.update(request.dropped(header))
        if not request.is_done(header):
            return False
        if not request.is_true(header, holders):
            unchecked.add(path)
        return True

    def change(item: Input, output: Path | None) -> Header:
        return request.apply(item.source, holders, output, overwrite=overwrite)

    summary = change_files(
        paths,
        out_dir,
        change,
        is_done,
        request.is_done,
        workers=workers,
        progress=progress,
        overwrite=overwrite,
    )
    for unknown in sorted(request.drop - met):
        warnings.warn(f"no file was open to {unknown}, who was to be dropped", stacklevel=2)
    if unchecked:
        warnings.warn(_not_checked(unchecked), stacklevel=2)
    return summary


def forget_files(
    paths: PathLike | Iterable[PathLike],
    identities: Identities,
    regions: Sequence[int],
    *,
    out_dir: PathLike | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Summary:
    """Erase faces of sealed files for good; see :func:`forget_regions`.

    Files of which these regions were forgotten, which an identity has to show, are skipped. All
    other parameters are as of :func:`rewrap_files`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_files, inspect
    >>> from facecrypt.media import encode_image
    >>> key, picture = SecretKey.generate(), encode_image(".png", np.zeros((32, 32), np.uint8))
    >>> faces = [Region(0, 0, 16, 16), Region(16, 16, 32, 32)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     photos, sealed = Path(folder, "photos"), Path(folder, "sealed")
    ...     photos.mkdir()
    ...     for name in "a.png", "b.png":
    ...         size = (photos / name).write_bytes(picture)
    ...     summary = encrypt_files(photos, sealed, key, regions=faces)
    ...     summary = forget_files(sealed, key, [1])
    ...     inspect(sealed / "a.png").forgotten_regions
    (1,)
    >>> summary.done
    2
    """
    holders = identities_of(identities)
    request = Forget(tuple(numbers(regions)))

    def is_done(path: Path, header: Header) -> bool:
        return request.is_done(path, header, holders)

    def change(item: Input, output: Path | None) -> Header:
        return request.apply(item.source, holders, output, overwrite=overwrite)

    return change_files(
        paths,
        out_dir,
        change,
        is_done,
        request.is_said,
        workers=workers,
        progress=progress,
        overwrite=overwrite,
    )


def change_files(
    paths: PathLike | Iterable[PathLike],
    out_dir: PathLike | None,
    change: Callable[[Input, Path | None], Header],
    is_done: Callable[[Path, Header], bool],
    is_right: Callable[[Header], bool],
    *,
    workers: int | None,
    progress: Progress | None,
    overwrite: bool,
) -> Summary:
    """Change sealed files, and skip those of which it is done.

    Parameters
    ----------
    change : callable
        Is given an input and the output, which is None for a file that is to be replaced.
    is_done : callable
        Whether a file with this header is as it is to be; AuthenticationError where that is not to
        be believed.
    is_right : callable
        Whether a header says that it is done, to be believed or not.
    """

    changed: dict[Path, set[bytes]] = {}

    def one(item: Input) -> Result:
        header, skipped = looked_at(item)
        # From several threads, of which one makes the set.
        changed.setdefault(item.output.parent, set()).update(short_ids(item.output, header))
        if skipped and out_dir is None:
            warn_of_others(item.output, is_right)
        return _result(item, header, skipped=skipped)

    def looked_at(item: Input) -> tuple[Header, bool]:
        _, headers = find_sealed(item.source)
        # Of every input, for it may take notes.
        done = _done(item.source, headers, is_done)
        if out_dir is None:
            if done is not None:
                return done, True
            return change(item, None), False
        if item.output.exists() and not overwrite:
            return _same_done(item, headers, is_done), True
        return change(item, item.output), False

    find = find_in_place if out_dir is None else partial(find_inputs, rename=_same_name)
    summary = run_batch(paths, out_dir, one, workers, progress, find=find)
    for folder, pictures in changed.items():
        remove_copies(folder, pictures)
    return summary


def _same_name(_: Path, name: Path) -> Path:
    return name


def _same_done(
    item: Input,
    sources: Sequence[Header],
    is_done: Callable[[Path, Header], bool],
) -> Header:
    """The header of an output that is this input as it is to be; MediaError where it is not."""
    wanted, called = {header.picture_id for header in sources}, sources[0].content.called
    try:
        _, headers = find_sealed(item.output)
    except ContainerError:
        raise already_exists(item.output, f" and is not a sealed {called}") from None
    if not all(header.picture_id in wanted for header in headers):
        raise already_exists(item.output, f", sealed from another {called}")
    done = _done(item.output, headers, is_done)
    if done is None:
        raise already_exists(item.output, ", and not as it is asked for")
    return done


def _done(
    path: Path, headers: Iterable[Header], is_done: Callable[[Path, Header], bool]
) -> Header | None:
    """The header by which a file is as it is to be, None where one has to be changed.

    Of several beside a picture one may be another sealing's, which the keys do not open; where none
    is to be believed, the AuthenticationError of the last.
    """
    found, refused = [], None
    for header in headers:
        try:
            found.append((header, is_done(path, header)))
        except AuthenticationError as error:
            refused = error
    if not found and refused is not None:
        raise refused
    return found[0][0] if all(done for _, done in found) else None


def _not_checked(files: Collection[Path]) -> str:
    these = "1 file names" if len(files) == 1 else f"{len(files)} files name"
    return (
        f"{these} only those who were asked for, and no key that was given opens it any more: "
        "whether that is true was not checked; verify it with a key of theirs"
    )


def _result(item: Input, header: Header, *, skipped: bool) -> Result:
    return Result(
        item.source,
        item.output,
        len(header.regions),
        skipped=skipped,
        forgotten=header.forgotten_regions,
    )
