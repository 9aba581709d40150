"""Data sets of labelled pictures, of whatever kind lies at a path, as plain arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facecrypt.errors import MediaError
from facecrypt.files import PathLike
from facecrypt.jobs.inputs import PICTURE_SUFFIXES
from facecrypt.learning.cifar import Split, is_cifar, read_cifar
from facecrypt.media import read_image
from facecrypt.media.npy import read_arrays

__all__ = ["Pictures", "load"]

_TEST_SHARE = 0.2  # of a folder that has no test pictures of its own
_JPEG_FIELDS = {
    f"{part}_{what}" for part in ("train", "test") for what in ("jpeg", "offset", "label")
}


@dataclass(frozen=True, eq=False)
class Pictures:
    """Labelled pictures to train on and others to test with.

    Parameters
    ----------
    name : str
        What to call the data set in a table.
    train, test : (N, H, W, 3) uint8 arrays, RGB
    train_labels, test_labels : (N,) int64 arrays
        Numbers of classes.
    classes : tuple of str
    whole : (int, int), optional
        How many pictures the data set has for each, where these are a subset.
    """

    name: str
    train: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    classes: tuple[str, ...]
    whole: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for images, labels in ((self.train, self.train_labels), (self.test, self.test_labels)):
            if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
                raise ValueError(
                    f"pictures must be uint8 (N, H, W, 3), received {images.dtype} {images.shape}"
                )
            if labels.shape != images.shape[:1]:
                raise ValueError(f"expected {len(images)} labels, received shape {labels.shape}")
            if labels.size and not 0 <= labels.min() <= labels.max() < len(self.classes):
                raise ValueError(
                    f"labels go from {labels.min()} to {labels.max()}, but there are "
                    f"{len(self.classes)} classes; the files do not belong together"
                )
        if self.whole is None:
            object.__setattr__(self, "whole", (len(self.train), len(self.test)))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of pictures and labels, in hexadecimal."""
        digest = sha256()
        for array in (self.train, self.train_labels, self.test, self.test_labels):
            digest.update(f"{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def subset(self, n_train: int | None, n_test: int | None, seed: int) -> "Pictures":
        """Fewer pictures, the classes in the same proportion as in all.

        Parameters
        ----------
        n_train, n_test : int or None
            How many of each; None for all.
        seed : int
            The same seed chooses the same pictures.

        Raises
        ------
        ValueError
            More are asked for than there are, or fewer than one.

        Examples
        --------
        >>> import numpy as np
        >>> images, labels = np.zeros((40, 2, 2, 3), np.uint8), np.arange(40) % 4
        >>> pictures = Pictures("gray", images, labels, images, labels, tuple("abcd"))
        >>> few = pictures.subset(8, None, seed=1)
        >>> np.bincount(few.train_labels).tolist(), len(few.test), few.whole
        ([2, 2, 2, 2], 40, (40, 40))
        """
        train = _stratified(self.train_labels, n_train, [seed, 0])
        test = _stratified(self.test_labels, n_test, [seed, 1])
        return replace(
            self,
            train=self.train[train],
            train_labels=self.train_labels[train],
            test=self.test[test],
            test_labels=self.test_labels[test],
        )


def load(path: PathLike, *, side: int = 32, seed: int = 0) -> Pictures:
    """Read a data set; what it is shows from what lies there.

    Parameters
    ----------
    path : path
        A folder of CIFAR-10 or CIFAR-100 in the Python or the binary layout; a .npz file of JPEG
        streams (``train_jpeg``, ``train_offset``, ``train_label``, the same for ``test``, and
        ``classes``); or a folder of pictures: ``train/CLASS/*`` and ``test/CLASS/*`` or
        ``val/CLASS/*``, or only ``train/CLASS/*`` or ``CLASS/*``, of which each fifth is then kept
        for testing.
    side : int
        In pixels; the pictures of a folder are cropped to their central square and scaled to it.
        The others come as they are.
    seed : int
        Of the choice of pictures for testing, where the folder makes none.

    Returns
    -------
    Pictures

    Raises
    ------
    MediaError
        Nothing of these lies there, or it is damaged.
    ValueError
        Labels and names of classes do not fit.

    Notes
    -----
    All pictures are decoded into memory: H * W * 3 bytes for each.
    """
    path = Path(path)
    if path.suffix.lower() == ".npz" and not path.is_dir():
        return _jpeg_streams(path)
    if not path.is_dir():
        raise MediaError(f"{path}: no such folder; name one with a data set, or a .npz file")
    if is_cifar(path):
        name, train, test, classes = read_cifar(path)
        return Pictures(name, *train, *test, classes)
    return _folders(path, side, seed)


def _stratified(labels: NDArray[np.int64], count: int | None, seed: Sequence[int]) -> NDArray:
    """Positions of so many labels, in the order in which they stand."""
    if count is None:
        return np.arange(len(labels))
    if not 1 <= count <= len(labels):
        raise ValueError(f"a subset has 1 to {len(labels)} pictures, received {count}")
    order = np.random.default_rng(seed).permutation(len(labels))
    # Each picture's place among those of its class, as a share of the class: the pictures with
    # the smallest shares are as many of each class as its proportion says, to within one.
    by_class = order[np.argsort(labels[order], kind="stable")]
    sizes = np.bincount(labels)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    share = (np.arange(len(labels)) - starts + 0.5) / np.repeat(sizes, sizes)
    return np.sort(by_class[np.argsort(share, kind="stable")[:count]])


def _jpeg_streams(path: Path) -> Pictures:
    arrays = read_arrays(path)
    if missing := sorted((_JPEG_FIELDS | {"classes"}) - set(arrays)):
        raise MediaError(
            f"{path}: has no array {missing[0]!r}; expected JPEG streams as train_jpeg, "
            "train_offset, train_label, test_jpeg, test_offset, test_label, and classes"
        )
    train, test = (_decoded(path, arrays, part) for part in ("train", "test"))
    return Pictures(f"{path.stem}", *train, *test, tuple(str(name) for name in arrays["classes"]))


def _decoded(path: Path, arrays: Mapping[str, NDArray], part: str) -> Split:
    streams, labels = arrays[f"{part}_jpeg"], arrays[f"{part}_label"].astype(np.int64)
    offsets = arrays[f"{part}_offset"].tolist()
    if len(offsets) != len(labels) + 1 or offsets != sorted(offsets):
        raise MediaError(f"{path}: {part}_offset must be {len(labels) + 1} growing integers")
    images = []
    for start, end in pairwise(offsets):
        # Without EXIF, colour profile or limits to mind, OpenCV alone is ten times as fast.
        image = cv2.imdecode(streams[start:end], cv2.IMREAD_COLOR_RGB) if end > start else None
        if image is None or (images and image.shape != images[0].shape):
            raise MediaError(f"{path}: {part} picture {len(images)} is no JPEG as the others are")
        images.append(image)
    if not images:
        raise MediaError(f"{path}: there are no {part} pictures")
    return Split(np.stack(images), labels)


def _folders(path: Path, side: int, seed: int) -> Pictures:
    train = path / "train"
    test = next((path / name for name in ("test", "val") if (path / name).is_dir()), None)
    if not train.is_dir():
        if test is not None:
            raise MediaError(f"{path}: has {test.name}/ but no train/")
        train = path
    classes = _classes(train)
    if not classes:
        raise MediaError(
            f"{path}: no data set: expected CIFAR-10 or CIFAR-100 (data_batch_1, train, …), or "
            "folders of pictures, train/CLASS/* and test/CLASS/*"
        )
    pictures = _read_folders(train, classes, side)
    if test is not None:
        if extra := sorted(set(_classes(test)) - set(classes)):
            raise MediaError(f"{test}: class {extra[0]!r} is not in {train}")
        return Pictures(
            path.resolve().name, *pictures, *_read_folders(test, classes, side), classes
        )
    total = len(pictures.labels)
    held = np.zeros(total, bool)
    held[_stratified(pictures.labels, max(1, round(_TEST_SHARE * total)), [seed])] = True
    if held.all():
        raise MediaError(f"{path}: one picture is too few to train and to test")
    return Pictures(
        path.resolve().name,
        *(part[~held] for part in pictures),
        *(part[held] for part in pictures),
        classes,
    )


def _classes(folder: Path) -> tuple[str, ...]:
    return tuple(
        sorted(
            one.name
            for one in folder.iterdir()
            if one.is_dir() and not one.name.startswith(".") and _pictures_in(one)
        )
    )


def _pictures_in(folder: Path) -> list[Path]:
    return sorted(
        one
        for one in folder.iterdir()
        if one.suffix.lower() in PICTURE_SUFFIXES and not one.name.startswith(".")
    )


def _read_folders(folder: Path, classes: Sequence[str], side: int) -> Split:
    images, labels = [], []
    for number, name in enumerate(classes):
        there = (folder / name).is_dir()
        for picture in _pictures_in(folder / name) if there else ():
            images.append(_square(picture, side))
            labels.append(number)
    if not images:
        raise MediaError(f"{folder}: no pictures in the folders of its classes")
    return Split(np.stack(images), np.array(labels, np.int64))


def _square(path: Path, side: int) -> NDArray[np.uint8]:
    pixels = read_image(path).pixels
    if pixels.dtype != np.uint8:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    height, width = pixels.shape[:2]
    edge = min(height, width)
    y, x = (height - edge) // 2, (width - edge) // 2
    square = np.ascontiguousarray(pixels[y : y + edge, x : x + edge, :3])
    kind = cv2.INTER_AREA if edge > side else cv2.INTER_LINEAR
    return cv2.resize(square, (side, side), interpolation=kind)
