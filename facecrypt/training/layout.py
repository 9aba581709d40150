"""Where the samples of a network lie, and how they are read.

Below the folder of a training set, for each size 12, 24 or 48 (P-, R- and O-Net)::

    24/positive.npy          (N, 24, 24, 3) uint8, RGB
    24/positive_offsets.npy  (N, 4) float32
    24/pos_24.txt            N lines: 24/positive/0.jpg 1 -0.08 -0.02 -0.23 0.01
    24/positive/0.jpg        only where asked for

and so for ``part`` (label -1), ``negative`` (label 0, no offsets) and ``landmark`` (label -2, ten
offsets). Row k of the arrays, line k of the text and file k are one sample. The text is that
of the published scripts; its two decimals are up to 2 pixels off for a face of 400, so training
takes the exact offsets beside it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.errors import ContainerError, MediaError
from facecrypt.files import PathLike

__all__ = [
    "KINDS",
    "SIZES",
    "Kind",
    "Samples",
    "array_path",
    "check_size",
    "labels_path",
    "open_samples",
]

SIZES = {"pnet": 12, "rnet": 24, "onet": 48}
"""Side in pixels of what each network sees."""


class Kind(NamedTuple):
    """A class of samples: the name of its text, its label, and its offsets a sample."""

    short: str
    label: int
    offsets: int


KINDS = {
    "positive": Kind("pos", 1, 4),
    "part": Kind("part", -1, 4),
    "negative": Kind("neg", 0, 0),
    "landmark": Kind("landmark", -2, 10),
}


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples of one network; arrays are mapped from the disk and cannot be written.

    Attributes
    ----------
    size : int
        12, 24 or 48.
    positive, part, negative, landmark : (N, size, size, 3) uint8 arrays
        Crops, RGB; each class has an N of its own, which may be 0.
    positive_offsets, part_offsets : (N, 4) float32 arrays
        ``(x1 - nx1) / w, (y1 - ny1) / h, (x2 - nx2) / w, (y2 - ny2) / h``: from the crop
        ``nx1, ny1, nx2, ny2`` of ``w`` x ``h`` pixels to the face, both half-open.
    landmark_offsets : (N, 10) float32 array
        ``(x - nx1) / w, (y - ny1) / h`` of left eye, right eye, nose, left and right corner
        of the mouth.
    """

    size: int
    positive: NDArray[np.uint8]
    part: NDArray[np.uint8]
    negative: NDArray[np.uint8]
    landmark: NDArray[np.uint8]
    positive_offsets: NDArray[np.float32]
    part_offsets: NDArray[np.float32]
    landmark_offsets: NDArray[np.float32]


def array_path(folder: Path, size: int, name: str) -> Path:
    """The file of ``positive``, ``positive_offsets`` and so on."""
    return folder / str(size) / f"{name}.npy"


def labels_path(folder: Path, size: int, kind: str) -> Path:
    """The text of one class."""
    return folder / str(size) / f"{KINDS[kind].short}_{size}.txt"


def open_samples(folder: PathLike, size: int) -> Samples:
    """Open what :func:`facecrypt.training.prepare.prepare` wrote.

    Parameters
    ----------
    folder : path
    size : {12, 24, 48}

    Raises
    ------
    ValueError
        Another size.
    MediaError
        A file is missing or cannot be read.
    ContainerError
        A file holds something else, or classes and offsets differ in number.
    """
    check_size(size)
    arrays = {}
    for kind, (_, _, width) in KINDS.items():
        arrays[kind] = _open(Path(folder), size, kind, (size, size, 3), np.uint8)
        if width:
            name = f"{kind}_offsets"
            arrays[name] = _open(Path(folder), size, name, (width,), np.float32)
            if len(arrays[name]) != len(arrays[kind]):
                raise ContainerError(
                    f"{array_path(Path(folder), size, name)} has {len(arrays[name])} rows for "
                    f"{len(arrays[kind])} samples; prepare them again"
                )
    return Samples(size=size, **arrays)


def check_size(size: int) -> None:
    """ValueError where no network sees squares of that side."""
    if size not in SIZES.values():
        raise ValueError(f"size must be 12, 24 or 48 (P-, R-, O-Net), received {size!r}")


def _open(
    folder: Path, size: int, name: str, shape: tuple[int, ...], dtype: type
) -> NDArray[np.generic]:
    path = array_path(folder, size, name)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise MediaError(
            f"{path}: {error.strerror or error}; 'facecrypt train-mtcnn prepare --size {size}' "
            "writes it"
        ) from error
    except (ValueError, EOFError) as error:
        raise ContainerError(f"{path}: no whole .npy file: {error}") from error
    if array.shape[1:] != shape or array.dtype != dtype:
        raise ContainerError(
            f"{path} must have the shape (N, {', '.join(map(str, shape))}) and hold "
            f"{np.dtype(dtype)}; it has {array.shape} and holds {array.dtype}"
        )
    return array
