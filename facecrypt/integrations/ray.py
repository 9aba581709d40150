"""Many files over the machines of a Ray cluster that share a folder.

The pictures and the outputs do not pass through Ray: each worker reads from and writes
to the shared folder, and only names, counts and errors travel. So does the local engine
one picture: the code that encrypts is the same, and so are names, resume and errors.
"""

import contextlib
import os
import secrets
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from facecrypt.detector import MTCNN, Detector
from facecrypt.errors import BackendUnavailableError
from facecrypt.files import PathLike, atomic_write, remove
from facecrypt.integrations._ray_pool import Pool
from facecrypt.integrations._ray_worker import Task, Worker
from facecrypt.integrations.batch_encryptor import public_keys
from facecrypt.jobs.boxes import Boxes, regions_of
from facecrypt.jobs.inputs import Input, find_inputs, make_folder, png_name
from facecrypt.jobs.pool import Progress
from facecrypt.jobs.sealing import FileEncryptor
from facecrypt.jobs.summary import Result, Summary
from facecrypt.leftovers import remove_stale
from facecrypt.regions import Region
from facecrypt.sealing.carriers import sealed_name
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.images import Recipients
from facecrypt.sealing.options import GROW, PADDINGS, Seal, VideoOptions

__all__ = ["encrypt_files"]

# A call costs a millisecond and a picture fifty; what a dead worker had is done again.
BATCH = 16


def encrypt_files(
    paths: PathLike | Iterable[PathLike],
    out_dir: PathLike,
    recipients: Recipients,
    *,
    address: str | None = None,
    actors: int | None = None,
    num_gpus: float = 0,
    progress: Progress | None = None,
    resume: bool = True,
    regions: Boxes | None = None,
    detector: Callable[[], Detector] | None = None,
    cipher: str = CIPHERS[0],
    grow: float = GROW,
    shape: str = "box",
    keep_metadata: bool = False,
    as_png: bool = False,
    padding: str = PADDINGS[0],
    original: bool = True,
    overwrite: bool = False,
    backend: str = "auto",
    video: VideoOptions = VideoOptions(),  # noqa: B008 (frozen)
) -> Summary:
    """Encrypt the faces of many pictures on many machines; see :func:`facecrypt.encrypt_files`.

    Parameters
    ----------
    paths : path or iterable of paths
        As the local engine takes them; every machine must see them under the same path.
    out_dir : path
        Seen by every machine, too. Outputs have the names the local engine gives them.
    recipients : Recipient or iterable of Recipient
        Public keys: nothing that opens a picture leaves this process.
    address : str, optional
        Of the cluster, such as ``"ray-head:6379"``. None: the one this process is
        connected to, else that of ``$RAY_ADDRESS`` or of this machine, else a new one
        on this machine for the length of the call; ``"local"``: such a one in any case.
    actors : int, optional
        Worker processes, a processor each; as many as the cluster has room for if None.
        One processor of the cluster stays free.
    num_gpus : float
        GPUs for each worker; 0.25 puts four workers on a card.
    progress, resume, regions, cipher, grow, shape
        As the local engine takes them.
    keep_metadata, as_png, padding, original, overwrite, backend, video
        As the local engine takes them. There are no sidecars: of two files, a machine
        that is lost could leave the one without the other.
    detector : callable, optional
        Makes the detector in each worker, such as ``functools.partial(MTCNN,
        preset="recall")``. :class:`MTCNN` if None; on CUDA where ``num_gpus`` is not 0.
        Not made where there are ``regions``.

    Returns
    -------
    Summary
        One failed picture does not stop the others, nor does a lost machine: its
        pictures go to others. A picture that three workers died of is a failed one.

    Raises
    ------
    BackendUnavailableError
        Ray is not installed, no cluster answers, it has no room for a worker beside the
        processor that stays free, or a worker cannot be started.
    MediaError
        There is no such input, or a machine does not see the output folder.
    TypeError
        A recipient is not a public key.
    ValueError
        As the local engine raises it.

    Warns
    -----
    UserWarning
        There is room for fewer workers than ``actors``.

    Examples
    --------
    >>> encrypt_files("photos", "sealed", recipient, address="ray-head:6379")  # doctest: +SKIP
    """
    if actors is not None and actors < 1:
        raise ValueError(f"actors must be at least 1, received {actors}")
    if not 0 <= num_gpus < float("inf"):
        raise ValueError(f"num_gpus must be a number of at least 0, received {num_gpus}")
    if regions is not None:
        detector = None
    elif detector is None:
        detector = partial(MTCNN, device="cuda" if num_gpus else "auto")
    options = Seal(
        cipher=cipher,
        grow=grow,
        shape=shape,
        keep_metadata=keep_metadata,
        padding=padding,
        original=original,
        overwrite=overwrite,
        backend=backend,
        video=video,
    )
    job = FileEncryptor(public_keys(recipients), options, resume=resume)
    out_dir = Path(out_dir)
    inputs, ignored = find_inputs(paths, out_dir, rename=png_name if as_png else sealed_name)
    started = time.perf_counter()
    results: dict[int, Result] = {}
    if inputs:
        make_folder(out_dir)
        for folder in {item.output.parent for item in inputs}:
            remove_stale(folder)
        with _cluster(address) as ray, _marker(out_dir) as marker:
            size = min(_room(ray, actors, num_gpus), len(inputs))
            # A picture that kills its worker must not be begun again by Ray, but here, alone.
            remote = ray.remote(
                num_cpus=1, num_gpus=num_gpus, max_restarts=0, scheduling_strategy="SPREAD"
            )(Worker)
            pool = Pool(ray, lambda: remote.remote(job, detector, marker), size)
            # Closed at once where progress raises: its workers go before the connection does.
            with contextlib.closing(pool.run(_batches(inputs, regions, size))) as outcomes:
                for outcome in outcomes:
                    result = _named(outcome.result, inputs[outcome.number])
                    results[outcome.number] = result
                    if progress is not None:
                        progress(result, len(inputs))
    ordered = tuple(results[index] for index in range(len(inputs)))
    return Summary(ordered, time.perf_counter() - started, ignored)


def _named(result: Result, item: Input) -> Result:
    """With the names that the caller gave."""
    return replace(result, source=item.source, output=item.output)


def _batches(inputs: Sequence[Input], regions: Boxes | None, size: int) -> Iterator[list[Task]]:
    """Tasks in batches, made when they are wanted: a million are not held at once."""
    length = max(1, min(BATCH, len(inputs) // (4 * size)))
    tasks = (
        Task(index, _absolute(item), _own(item, regions), not os.path.lexists(item.output))
        for index, item in enumerate(inputs)
    )
    while batch := list(islice(tasks, length)):
        yield batch


def _absolute(item: Input) -> Input:
    # A worker has a working folder of its own.
    return replace(item, source=item.source.absolute(), output=item.output.absolute())


def _own(item: Input, regions: Boxes | None) -> Boxes | None:
    """Of a mapping only what belongs to this picture, by the name that travels with it."""
    if not isinstance(regions, Mapping):
        return regions
    with contextlib.suppress(ValueError):
        boxes = regions_of(item.source, item.relative, regions)
        return {item.relative.as_posix(): cast("Sequence[Region]", boxes)}  # a mapping has no None
    return {}  # of which the worker says what is missing


@contextlib.contextmanager
def _cluster(address: str | None) -> Iterator[Any]:
    """The module ray, connected; only a connection made here is closed again."""
    ray = _import_ray()
    if ray.is_initialized():
        yield ray
        return
    try:
        with warnings.catch_warnings():
            # Ray tells of its plans for later versions.
            warnings.simplefilter("ignore", FutureWarning)
            ray.init(address, include_dashboard=False, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise BackendUnavailableError(
            f"no Ray cluster answers at {address or 'the address of $RAY_ADDRESS'}: {error}; "
            "'ray start --head' starts one, and the address 'local' one for this run alone"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _import_ray() -> ModuleType:
    try:
        import ray
    except ImportError as error:
        raise BackendUnavailableError(
            "work on many machines needs Ray: pip install 'facecrypt[ray]'"
        ) from error
    return ray


@contextlib.contextmanager
def _marker(folder: Path) -> Iterator[Path]:
    """A hidden file by which a worker knows that it sees the same folder."""
    path = folder.absolute() / f".facecrypt-{secrets.token_hex(8)}.cluster"
    atomic_write(path, b"")
    try:
        yield path
    finally:
        remove(path)


def _room(ray: Any, actors: int | None, num_gpus: float) -> int:
    """How many workers to start: what is asked for, and leaves a processor free."""
    resources = ray.cluster_resources()
    cpus, gpus = int(resources.get("CPU", 0)), resources.get("GPU", 0)
    room = cpus - 1
    if num_gpus:
        room = min(room, int(gpus / num_gpus))
    has = f"the cluster has {cpus} processors and {gpus:g} GPUs"
    if room < 1:
        raise BackendUnavailableError(
            f"{has}; a worker takes 1 and {num_gpus:g}, and a processor stays free for the "
            "rest; start more nodes, or use the local engine"
        )
    if actors is not None and actors > room:
        warnings.warn(f"{has}: {room} workers are started, not {actors}", stacklevel=3)
    return min(actors or room, room)
