"""Many files sealed or opened: which goes where, what is there already, and one summary."""

import errno
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event

from facecrypt.detector import Detector, default_detector
from facecrypt.errors import MediaError
from facecrypt.files import PathLike, already_exists
from facecrypt.jobs.boxes import Boxes, regions_of
from facecrypt.jobs.inputs import Input, find_inputs, png_name
from facecrypt.jobs.outputs import OtherNames
from facecrypt.jobs.pool import Progress, run_batch
from facecrypt.jobs.resume import check_opened, check_sealed, key_names
from facecrypt.jobs.summary import Result, Summary
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.sealing.carriers import (
    FileCarrier,
    Opened,
    OpenedFile,
    file_carrier,
    opened_name,
    sealed_name,
)
from facecrypt.sealing.content import Jpeg
from facecrypt.sealing.files import open_file, seal_file, write_opened
from facecrypt.sealing.finding import is_sealed, is_surely_sealed
from facecrypt.sealing.header import CIPHERS, Header
from facecrypt.sealing.images import Identities, Recipients, identities_of, recipients_of
from facecrypt.sealing.in_memory import decode_file
from facecrypt.sealing.options import GROW, PADDINGS, Open, Seal, VideoOptions, Watch

__all__ = ["FileEncryptor", "decrypt_files", "encrypt_files"]


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
    as_png: bool = False,
    padding: str = PADDINGS[0],
    original: bool = True,
    overwrite: bool = False,
    backend: str = "auto",
    video: VideoOptions = VideoOptions(),  # noqa: B008 (frozen)
    watch: Watch | None = None,
) -> Summary:
    """Encrypt the faces of many pictures and videos; see :func:`encrypt_file`.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, folders (with all below them; the tree is kept) and glob patterns. Sealed
        pictures in folders are passed over; one that is named is an error.
    out_dir : path
        ``a/b.jpg`` below a folder becomes ``out_dir/a/b.jpg``, and ``a/b.webp`` ``a/b.png``.
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
    as_png : bool
        Write PNG of JPEG files, too.
    padding, video
        As of :func:`encrypt_file`.
    original : bool
        As of :func:`encrypt_file`.
    watch : callable, optional
        Called while a video is worked on, from the threads that do: with its path, how many
        frames are done, and of how many, or 0 where that is not known.

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

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey
    >>> from facecrypt.media import encode_image
    >>> key, picture = SecretKey.generate(), encode_image(".png", np.zeros((32, 32), np.uint8))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     photos, sealed = Path(folder, "photos"), Path(folder, "sealed")
    ...     photos.mkdir()
    ...     for name in "a.png", "b.png":
    ...         size = (photos / name).write_bytes(picture)
    ...     summary = encrypt_files(photos, sealed, key, regions=[Region(0, 0, 16, 16)])
    ...     sorted(path.name for path in sealed.iterdir())
    ['a.png', 'b.png']
    >>> summary.done, summary.regions
    (2, 2)
    """
    stop = Event()
    options = Seal(
        detector=default_detector() if detector is None and regions is None else detector,
        cipher=cipher,
        grow=grow,
        shape=shape,
        sidecar=sidecar,
        keep_metadata=keep_metadata,
        padding=padding,
        original=original,
        overwrite=overwrite,
        backend=backend,
        video=video,
        watch=_interruptible(watch, stop),
    )
    job = FileEncryptor(recipients_of(recipients), options, resume=resume)
    find = partial(find_inputs, rename=png_name if as_png else sealed_name)
    return run_batch(
        paths, out_dir, lambda item: job(item, regions), workers, progress, find=find, stop=stop
    )


def _interruptible(watch: Watch | None, stop: Event) -> Watch:
    """What ends the work on a video that nobody waits for any more: it may take hours."""

    def watching(path: Path, done: int, total: int) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        if watch is not None:
            watch(path, done, total)

    return watching


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
        # What is damaged, or cannot be read, fails: sealing it says what is wrong.
        if not item.named and is_surely_sealed(item.source):
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
        return _result(item, header)

    def _there(self, item: Input, options: Seal) -> Result:
        if not self.resume:
            raise already_exists(item.output)
        header = check_sealed(item, self.recipients, self.names, options)
        return _result(item, header, skipped=True)


def _result(item: Input, header: Header, *, skipped: bool = False) -> Result:
    transcoded = isinstance(header.content, Jpeg) and not header.content.exact
    return Result(
        item.source, item.output, len(header.regions), skipped=skipped, transcoded=transcoded
    )


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
    watch: Watch | None = None,
) -> Summary:
    """Give the faces of many pictures back; see :func:`decrypt_file`, :func:`encrypt_files`.

    Outputs are the files that were sealed, and end as these did. Of a picture that was sealed
    without its original, or is not opened whole, the output is a PNG. With ``resume``, pictures
    whose output exists are opened again in memory; those whose output is the same are skipped, and
    the others are errors unless ``overwrite``.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_files
    >>> from facecrypt.media import encode_image
    >>> key, picture = SecretKey.generate(), encode_image(".png", np.zeros((32, 32), np.uint8))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     photos, sealed = Path(folder, "photos"), Path(folder, "sealed")
    ...     photos.mkdir()
    ...     for name in "a.png", "b.png":
    ...         size = (photos / name).write_bytes(picture)
    ...     summary = encrypt_files(photos, sealed, key, regions=[Region(0, 0, 16, 16)])
    ...     summary = decrypt_files(sealed, Path(folder, "restored"), key)
    ...     Path(folder, "restored", "a.png").read_bytes() == picture
    True
    """
    holders, stop = identities_of(identities), Event()
    options = Open(
        regions=regions,
        allow_edited=allow_edited,
        overwrite=overwrite,
        backend=backend,
        watch=_interruptible(watch, stop),
    )

    whole = regions is None and any(hasattr(holder, "unwrap") for holder in holders)
    one = _FileDecryptor(holders, options, resume=resume, whole=whole)
    return run_batch(paths, out_dir, one, workers, progress, find=one.find, stop=stop)


@dataclass
class _FileDecryptor:
    """What is done to each file of a batch that is opened, once they are found."""

    holders: Sequence[Unwraps | RegionKey]
    options: Open
    _: KW_ONLY
    resume: bool
    whole: bool
    others: OtherNames = field(init=False)

    def find(
        self, paths: PathLike | Iterable[PathLike], out_dir: Path
    ) -> tuple[list[Input], Mapping[str, int]]:
        rename = opened_name if self.whole else sealed_name
        inputs, ignored = find_inputs(paths, out_dir, rename=rename)
        self.others = OtherNames({item.source: item.output for item in inputs}, out_dir)
        return inputs, ignored

    def __call__(self, item: Input) -> Result:
        overwrite = self.options.overwrite
        if not (overwrite or self.resume) and item.output.exists():
            raise already_exists(item.output)
        large = file_carrier(item.source)
        if large is not None:
            return self._large(item, large)
        opened = decode_file(item.source, self.holders, self.options)
        output = item.output
        if not opened.can_be(output.suffix):
            output = output.with_suffix(".png")
            self.others.take(output, item.source)
            if overwrite and output.exists() and is_sealed(output):
                raise MediaError(f"{output}: is sealed itself; choose another output folder")
        if output.exists() and not overwrite:
            return self._there(item, output, opened)
        try:
            write_opened(output, opened, overwrite=overwrite, like=item.source)
        except MediaError as error:
            if error.errno != errno.EEXIST or overwrite:
                raise
            # Another process was faster.
            return self._there(item, output, opened)
        return _opened_result(item.source, output, opened)

    def _there(self, item: Input, output: Path, opened: Opened) -> Result:
        if not self.resume:
            raise already_exists(output)
        check_opened(output, opened)
        return _opened_result(item.source, output, opened, skipped=True)

    def _large(self, item: Input, carrier: FileCarrier) -> Result:
        source, output = item.source, item.output
        options = replace(self.options, renamed=partial(self.others.take, source=source))
        try:
            opened = open_file(source, output, self.holders, options, exact=False)
        except MediaError as error:
            if error.errno != errno.EEXIST or not self.resume:
                raise
            opened = carrier.check_opened(source, output, self.holders, self.options)
            return _opened_result(source, opened.path, opened, skipped=True)
        path = opened.path if isinstance(opened, OpenedFile) else output
        return _opened_result(source, path, opened)


def _opened_result(
    source: Path, output: Path, opened: Opened | OpenedFile, *, skipped: bool = False
) -> Result:
    header = opened.header
    return Result(
        source,
        output,
        len(header.regions),
        skipped=skipped,
        edited=opened.edited and not skipped,
        forgotten=header.forgotten_regions,
        unerased=opened.unerased,
    )
