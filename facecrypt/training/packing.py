"""Samples to disk, picture after picture: arrays, text and, where asked for, JPEG files."""

import errno
import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from facecrypt.training.layout import KINDS, array_path, labels_path

__all__ = ["Packed", "Packer", "encode_jpegs"]

QUALITY = 95


class Packed(NamedTuple):
    """Samples of one class, as :class:`Packer` takes them.

    Attributes
    ----------
    crops : (N, size, size, 3) uint8 array
    offsets : (N, K) float32 array
    files : list of bytes, or None
        The crops as JPEG.
    """

    crops: NDArray[np.uint8]
    offsets: NDArray[np.float32]
    files: list[bytes] | None = None


class Packer:
    """Writes the files of :mod:`facecrypt.training.layout` for one size; a context manager.

    Parameters
    ----------
    folder : Path
        Exists; ``<size>`` in it does not.
    size : {12, 24, 48}

    Raises
    ------
    OSError
        Here and from the methods, as the operating system says it. What is written so far
        is of no use: remove the folder.
    """

    def __init__(self, folder: Path, size: int):
        self._folder, self._size = folder, size
        (folder / str(size)).mkdir()
        self._open = ExitStack()
        self._arrays: dict[str, _Array] = {}
        self._labels = {}
        self.counts = dict.fromkeys(KINDS, 0)

    def __enter__(self) -> "Packer":
        with ExitStack() as opened:
            for kind, (_, _, width) in KINDS.items():
                crop = (self._size, self._size, 3)
                self._arrays[kind] = opened.enter_context(self._array(kind, crop, np.uint8))
                if width:
                    name = f"{kind}_offsets"
                    array = self._array(name, (width,), np.float32)
                    self._arrays[name] = opened.enter_context(array)
                path = labels_path(self._folder, self._size, kind)
                self._labels[kind] = opened.enter_context(path.open("x", encoding="ascii"))
            self._open = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._open:
            if error is None:
                for array in self._arrays.values():
                    array.finish()
                for file in self._labels.values():
                    file.flush()
                    os.fsync(file.fileno())

    def add(self, kind: str, packed: Packed) -> None:
        """Append samples of one class."""
        first = self.counts[kind]
        self._arrays[kind].append(packed.crops)
        if KINDS[kind].offsets:
            self._arrays[f"{kind}_offsets"].append(packed.offsets)
        self._labels[kind].writelines(
            f"{self._size}/{kind}/{number}.jpg {KINDS[kind].label}"
            f"{''.join([f' {value:.2f}' for value in row])}\n"
            for number, row in enumerate(packed.offsets.tolist(), first)
        )
        if packed.files is not None:
            folder = self._folder / str(self._size) / kind
            folder.mkdir(exist_ok=True)
            for number, data in enumerate(packed.files, first):
                _create(f"{folder}/{number}.jpg", data)
        self.counts[kind] += len(packed.crops)

    def _array(self, name: str, shape: tuple[int, ...], dtype: type) -> "_Array":
        return _Array(array_path(self._folder, self._size, name), shape, np.dtype(dtype))


class _Array:
    """A .npy file that grows by rows. NumPy leaves room in the header for their number."""

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: np.dtype):
        self._file = path.open("xb")
        self._shape, self._dtype, self._rows = shape, dtype, 0
        self._header()

    def __enter__(self) -> "_Array":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, rows: NDArray[np.generic]) -> None:
        self._file.write(np.ascontiguousarray(rows, self._dtype).data)
        self._rows += len(rows)

    def finish(self) -> None:
        self._file.seek(0)
        self._header()
        self._file.flush()
        os.fsync(self._file.fileno())

    def _header(self) -> None:
        shape = (self._rows, *self._shape)
        about = {"descr": self._dtype.str, "fortran_order": False, "shape": shape}
        write_array_header_1_0(self._file, about)


def _create(path: str, data: bytes) -> None:
    """Write a small file: there are a hundred thousand, and every system call counts."""
    with open(path, "xb", buffering=0) as file:  # noqa: PTH123
        if file.write(data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def encode_jpegs(crops: NDArray[np.uint8]) -> list[bytes]:
    """RGB crops as JPEG of quality 95, all of their colour kept: half of 12 pixels is little."""
    import cv2

    full = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    settings = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, *full]
    return [
        cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), settings)[1].tobytes()
        for crop in crops
    ]
