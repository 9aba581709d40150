"""Many files: which goes where, a pool of threads, resume, and one summary.

Reading, detecting, sealing, encoding and writing all release the GIL, so a worker
is a thread that takes one picture from file to file: while one detects, others
read and write. Memory is bounded by the number of workers.
"""

import errno
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import KW_ONLY, dataclass, field, replace
from pathlib import Path

from facecrypt.detector import Detector, default_detector
from facecrypt.errors import ContainerError, MediaError
from facecrypt.files import PathLike, already_exists
from facecrypt.jobs.inputs import Input, find_inputs, make_folder, prepare
from facecrypt.jobs.resume import check_opened, check_sealed, key_names
from facecrypt.jobs.summary import Result, Summary
from facecrypt.keys import RecipientLike
from facecrypt.leftovers import remove_stale
from facecrypt.machine import cores
from facecrypt.regions import Region
from facecrypt.sealing.files import decode_file, find_sealed, open_file, seal_file
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.images import Identities, Recipients, identities_of, recipients_of
from facecrypt.sealing.options import GROW, Open, Seal

__all__ = ["Result", "Summary", "decrypt_files", "encrypt_files"]

Boxes = Sequence[Region] | Mapping[str, Sequence[Region]]
Progress = Callable[[Result, int], None]


def encrypt_files(
    paths: PathLike | Iterable[PathLike],
    out_dir: PathLike,
    recipients: Recipients,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    resume: bool = True,
    regions: Boxes | None = None,
    detector: Detector | None = None,
    cipher: str = CIPHERS[0],
    grow: float = GROW,
    shape: str = "box",
    sidecar: bool = False,
    keep_metadata: bool = False,
    overwrite: bool = False,
    backend: str = "auto",
) -> Summary:
    """Encrypt the faces of many pictures; see :func:`encrypt_file`.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, folders (with all below them; the tree is kept) and glob patterns. Sealed
        pictures in folders are passed over; one that is named is an error.
    out_dir : path
        ``a/b.jpg`` below a folder becomes ``out_dir/a/b.png``.
    workers : int, optional
        Threads; one for each core this process may use if None.
    progress : callable, optional
        Called with a :class:`Result` and the number of pictures after each picture,
        always from the calling thread.
    resume : bool
        Skip pictures whose output is there, if it is this picture, sealed as asked: for the
        same keys, with the same options, of the same pixels. What exists otherwise is an
        error unless ``overwrite``. So several processes may fill one folder.
    regions : sequence of Region, or mapping of path to sequence of Region, optional
        What to encrypt in every picture, or in each, by its path relative to the folder
        or as given. A picture the mapping lacks is an error, never left in the clear.

    Returns
    -------
    Summary
        One failed picture does not stop the others; look at ``failed``.

    Raises
    ------
    ValueError
        Two inputs would have the same output, or an output would replace an input.
    MediaError
        There is no such input.
    """
    options = Seal(
        detector=default_detector() if detector is None and regions is None else detector,
        cipher=cipher,
        grow=grow,
        shape=shape,
        sidecar=sidecar,
        keep_metadata=keep_metadata,
        overwrite=overwrite,
        backend=backend,
    )
    job = FileEncryptor(recipients_of(recipients), options, resume=resume)
    return run_batch(paths, out_dir, lambda item: job(item, regions), workers, progress)


@dataclass
class FileEncryptor:
    """What is done to each picture of a batch; can be pickled where its parts can.

    Parameters
    ----------
    recipients : sequence of recipients
    options : Seal
        ``detector`` is not needed where every call is given regions.
    resume : bool
        As in :func:`encrypt_files`.
    """

    recipients: Sequence[RecipientLike]
    options: Seal
    _: KW_ONLY
    resume: bool
    names: Counter = field(init=False)

    def __post_init__(self) -> None:
        # Stretches a passphrase, too: now, rather than in every worker.
        self.names = key_names(recipient.wrap(bytes(32)) for recipient in self.recipients)

    def __call__(self, item: Input, regions: Boxes | None = None) -> Result:
        """Encrypt one picture, or find that it was; raises what :func:`encrypt_file` raises."""
        if not item.named and _is_sealed(item.source):
            return Result(item.source, item.output, sealed=True)
        own = regions_of(item.source, item.relative, regions)
        options = replace(self.options, regions=own)
        if item.output.exists() and not options.overwrite:
            return self._there(item, options)
        try:
            header = seal_file(item.source, item.output, self.recipients, options)
        except MediaError as error:
            if error.errno != errno.EEXIST or options.overwrite:
                raise
            # Another process was faster.
            return self._there(item, options)
        return Result(item.source, item.output, len(header.regions))

    def _there(self, item: Input, options: Seal) -> Result:
        if not self.resume:
            raise already_exists(item.output)
        header = check_sealed(item, self.recipients, self.names, options)
        return Result(item.source, item.output, len(header.regions), skipped=True)


def decrypt_files(
    paths: PathLike | Iterable[PathLike],
    out_dir: PathLike,
    identities: Identities,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    resume: bool = True,
    regions: Sequence[int] | None = None,
    allow_edited: bool = False,
    overwrite: bool = False,
    backend: str = "auto",
) -> Summary:
    """Give the faces of many pictures back; see :func:`decrypt_file`, :func:`encrypt_files`.

    With ``resume``, pictures whose output exists are opened again in memory; those whose
    output is the same are skipped, and the others are errors unless ``overwrite``.
    """
    holders = identities_of(identities)
    options = Open(regions=regions, allow_edited=allow_edited, overwrite=overwrite, backend=backend)

    def there(item: Input) -> Result:
        if not resume:
            raise already_exists(item.output)
        opened = decode_file(item.source, holders, options)
        check_opened(item.output, opened)
        return Result(item.source, item.output, len(opened.header.regions), skipped=True)

    def one(item: Input) -> Result:
        if item.output.exists() and not overwrite:
            return there(item)
        try:
            opened = open_file(item.source, item.output, holders, options)
        except MediaError as error:
            if error.errno != errno.EEXIST or overwrite:
                raise
            # Another process was faster.
            return there(item)
        return Result(item.source, item.output, len(opened.header.regions), edited=opened.edited)

    return run_batch(paths, out_dir, one, workers, progress)


def run_batch(
    paths: PathLike | Iterable[PathLike],
    out_dir: PathLike,
    one: Callable[[Input], Result],
    workers: int | None,
    progress: Progress | None,
    *,
    find: Callable[..., tuple[list[Input], Mapping[str, int]]] = find_inputs,
) -> Summary:
    """Run `one` on what `find` makes of the paths, in a pool of threads; its errors are results."""
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be at least 1, received {workers}")
    inputs, ignored = find(paths, Path(out_dir))
    if inputs:
        make_folder(Path(out_dir))
    for folder in {item.output.parent for item in inputs}:
        remove_stale(folder)
    started = time.perf_counter()
    results: dict[Input, Result] = {}

    def work(item: Input) -> Result:
        try:
            prepare(item)
            return one(item)
        except Exception as error:
            # Whatever a damaged picture does to a decoder, the other pictures go on.
            forget_frames(error)
            return Result(item.source, item.output, error=error)

    def collect(futures: Iterable[Future]) -> None:
        for future in futures:
            result = future.result()
            results[pending.pop(future)] = result
            if progress is not None:
                progress(result, len(inputs))

    size = min(workers or cores(), max(len(inputs), 1))
    pending: dict[Future, Input] = {}
    pool = ThreadPoolExecutor(size, thread_name_prefix="facecrypt")
    try:
        for item in inputs:
            if len(pending) >= 2 * size:
                collect(wait(pending, return_when=FIRST_COMPLETED).done)
            pending[pool.submit(work, item)] = item
        while pending:
            collect(wait(pending, return_when=FIRST_COMPLETED).done)
    finally:
        # On Ctrl-C: start nothing more, let the pictures in work finish, then go.
        pool.shutdown(wait=True, cancel_futures=True)
    ordered = tuple(results[item] for item in inputs)
    return Summary(ordered, time.perf_counter() - started, ignored)


def forget_frames(error: BaseException | None) -> None:
    """Let go of the variables an error saw: a thousand failures would hold a thousand pictures."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _is_sealed(path: Path) -> bool:
    try:
        find_sealed(path)
    except (ContainerError, MediaError):
        # Damaged, or not to be read: sealing it says what is wrong.
        return False
    return True


def regions_of(source: Path, relative: Path, regions: Boxes | None) -> Sequence[Region] | None:
    """Those of one picture; ValueError where a mapping lacks it."""
    if not isinstance(regions, Mapping):
        return regions
    # Never by the bare name: a/x.jpg must not get the boxes of b/x.jpg.
    for name in (relative.as_posix(), str(source)):
        if name in regions:
            return regions[name]
    raise ValueError(
        f"{source}: no boxes are given for {relative.as_posix()}; "
        "give an empty list where there is nothing to encrypt"
    )
