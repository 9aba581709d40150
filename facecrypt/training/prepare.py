"""From annotated pictures to the samples of one network."""

import secrets
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from facecrypt.detector import as_rgb
from facecrypt.detector.stages import Stages
from facecrypt.errors import MediaError
from facecrypt.files import PathLike, media_error
from facecrypt.jobs.inputs import make_folder
from facecrypt.machine import cores
from facecrypt.training.archives import Pictures, open_pictures
from facecrypt.training.hard import open_stages, passed_on
from facecrypt.training.layout import check_size
from facecrypt.training.overlap import best_overlaps, crops
from facecrypt.training.packing import Packed, Packer, encode_jpegs
from facecrypt.training.samples import Chosen, hard_samples, landmark_samples, pnet_samples
from facecrypt.training.wider import Landmarks, read_annotations, read_landmarks

__all__ = ["Prepared", "prepare"]

# Pictures whose samples may wait for those of others before them to be written.
AHEAD = 4

Item = TypeVar("Item")
Result = TypeVar("Result")


class Prepared(NamedTuple):
    """How many pictures were read, and how many samples of each class written."""

    pictures: int
    positive: int
    part: int
    negative: int
    landmark: int


def prepare(
    annotations: PathLike,
    images: PathLike,
    out: PathLike,
    *,
    size: int,
    models: PathLike | None = None,
    landmarks: PathLike | None = None,
    seed: int = 0,
    jobs: int | None = None,
    jpeg: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Make the samples of P-, R- or O-Net.

    Parameters
    ----------
    annotations : path
        As :func:`facecrypt.training.wider.read_annotations` takes it.
    images : path
        What its paths, and those of `landmarks`, are relative to: a folder or an archive, as of
        :func:`facecrypt.training.archives.open_pictures`.
    out : path
        Folder of the training set, made where it is missing; ``<size>`` in it is whole or
        absent afterwards. :mod:`facecrypt.training.layout` says what it holds.
    size : {12, 24, 48}
        12: squares by chance. 24 and 48: what the networks before pass on.
    models : path, optional
        For 24 and 48: folder of their ``pnet.onnx`` and ``rnet.onnx``. None: those that
        come with the package.
    landmarks : path, optional
        For 48: as :func:`facecrypt.training.wider.read_landmarks` takes it.
    seed : int, not negative
        The same seed gives the same samples, with any number of jobs.
    jobs : int, optional
        Threads; one for each core this process may use if None.
    jpeg : bool
        Write every crop as a file, too, as the published scripts do.
    progress : callable, optional
        Called after each picture with how many are done and how many there are.

    Returns
    -------
    Prepared

    Raises
    ------
    ValueError
        A parameter out of range, or a malformed list.
    MediaError
        A picture or a list cannot be read, ``out/<size>`` is there or cannot be written.
    ModelError, BackendUnavailableError
        As :func:`facecrypt.training.hard.open_stages`.

    Notes
    -----
    One picture a thread is in memory, and samples of a few that wait for their turn to be written.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from facecrypt.media import encode_image
    >>> with TemporaryDirectory() as name:
    ...     here = Path(name)
    ...     _ = (here / "a.png").write_bytes(encode_image(".png", np.zeros((90, 90), np.uint8)))
    ...     _ = (here / "anno_train.txt").write_text("a.png\\n")
    ...     prepare(here / "anno_train.txt", here, here / "samples", size=12)
    Prepared(pictures=1, positive=0, part=0, negative=50, landmark=0)
    """
    check_size(size)
    _check(size, models, landmarks, seed, jobs)
    with open_pictures(images) as pictures:
        found = read_annotations(annotations, pictures.part)
        listed = [_Picture(item.path, item.boxes, item.invalid) for item in found]
        if landmarks is not None:
            listed += _by_picture(read_landmarks(landmarks))
        if not listed:
            raise ValueError(f"{annotations}: lists no pictures")
        stages = None if size == 12 else open_stages(models, size)
        maker = _Maker(pictures, size, stages, seed, jpeg)
        make_folder(Path(out))
        return _made(maker, listed, Path(out), jobs or cores(), progress)


def _made(
    maker: "_Maker",
    listed: list["_Picture"],
    out: Path,
    jobs: int,
    progress: Callable[[int, int], None] | None,
) -> Prepared:
    total = len(listed)
    with (
        _Unfinished(out, maker.size) as hidden,
        ThreadPoolExecutor(jobs) as pool,
        Packer(hidden, maker.size) as packer,
    ):
        results = _in_order(pool, maker.samples, enumerate(listed), jobs + AHEAD)
        for done, samples in enumerate(results, 1):
            for kind, packed in samples.items():
                packer.add(kind, packed)
            if progress is not None:
                progress(done, total)
    return Prepared(total, **packer.counts)


class _Picture(NamedTuple):
    path: str
    faces: NDArray[np.int32]
    invalid: NDArray[np.bool_]
    landmarks: list[Landmarks] | None = None


def _check(
    size: int, models: PathLike | None, landmarks: PathLike | None, seed: int, jobs: int | None
) -> None:
    if models is not None and size == 12:
        raise ValueError("models are for size 24 and 48: P-Net, 12, has no network before it")
    if landmarks is not None and size != 48:
        raise ValueError(f"landmarks are for size 48, O-Net; received size {size}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, received {seed}")
    if jobs is not None and jobs < 1:
        raise ValueError(f"jobs must be at least 1, received {jobs}")


def _by_picture(faces: list[Landmarks]) -> list[_Picture]:
    found: dict[str, list[Landmarks]] = {}
    for face in faces:
        found.setdefault(face.path, []).append(face)
    return [
        _Picture(
            path, np.stack([face.box for face in known]), np.zeros(len(known), np.bool_), known
        )
        for path, known in found.items()
    ]


class _Maker(NamedTuple):
    """Makes the samples of one picture after another; used by many threads."""

    pictures: Pictures
    size: int
    stages: Stages | None
    seed: int
    jpeg: bool

    def samples(self, numbered: tuple[int, _Picture]) -> dict[str, Packed]:
        number, picture = numbered
        # By the number of the picture, so that no other thread's work matters.
        rng = np.random.default_rng([self.seed, number])
        image = as_rgb(self.pictures.read(picture.path))
        result = {}
        for kind, (boxes, offsets) in self._chosen(picture, image, rng).items():
            pixels = crops(image, boxes, self.size)
            result[kind] = Packed(pixels, offsets, encode_jpegs(pixels) if self.jpeg else None)
        return result

    def _chosen(
        self, picture: _Picture, image: NDArray[np.uint8], rng: np.random.Generator
    ) -> dict[str, Chosen]:
        height, width = image.shape[:2]
        if picture.landmarks is not None:
            return landmark_samples((height, width), picture.landmarks, rng)
        if self.stages is None:
            return _fit(pnet_samples((height, width), picture.faces, rng), picture)
        found = passed_on(self.stages, image)
        return _fit(hard_samples((height, width), picture.faces, found, rng), picture)


def _fit(samples: dict[str, Chosen], picture: _Picture) -> dict[str, Chosen]:
    """Without those of faces marked invalid, which are shown neither as faces nor as none."""
    if not picture.invalid.any():
        return samples
    result = dict(samples)
    for kind in "positive", "part":
        _, which = best_overlaps(samples[kind].boxes, picture.faces)
        kept = ~picture.invalid[which]
        result[kind] = Chosen(*(values[kept] for values in samples[kind]))
    return result


def _in_order(
    pool: ThreadPoolExecutor,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    ahead: int,
) -> Iterator[Result]:
    """As ``pool.map``, but no more than `ahead` items are begun before their turn."""
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


class _Unfinished:
    """A hidden folder whose ``<size>`` gets its place in `out` when all went well."""

    def __init__(self, out: Path, size: int):
        self._final = out / str(size)
        self._hidden = out / f".facecrypt-{secrets.token_hex(8)}.tmp"

    def __enter__(self) -> Path:
        if self._final.exists():
            raise MediaError(f"{self._final}: is there; remove it, or choose another folder")
        try:
            self._hidden.mkdir()
        except OSError as error:
            raise media_error(self._hidden, error) from error
        return self._hidden

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is None:
                (self._hidden / self._final.name).rename(self._final)
        except OSError as refused:
            raise media_error(self._final, refused) from refused
        finally:
            shutil.rmtree(self._hidden, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, MediaError):
            raise media_error(self._final, error) from error
