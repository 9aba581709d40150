"""CIFAR-10 and CIFAR-100 in the two layouts their authors publish, read without running anything.

The Python layout is pickles, and a pickle is a program. Here it may build lists, dicts, strings
and arrays of numbers, and call nothing else.
"""

import io
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.errors import MediaError
from facecrypt.files import read_small

__all__ = ["Split", "is_cifar", "read_cifar"]

SIDE = 32
_PIXELS = 3 * SIDE * SIDE
_LIMIT = 1 << 30

_TRAIN = [f"data_batch_{number}" for number in range(1, 6)]
_NUMBERS = {"u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8"}


class Split(NamedTuple):
    """Pictures (N, 32, 32, 3) uint8 RGB and labels (N,) int64."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


class _Layout(NamedTuple):
    name: str
    train: Sequence[str]
    test: str
    classes: str
    read: Callable[[Path, str], Split]
    read_classes: Callable[[Path], Sequence[str]]
    label: str


def is_cifar(folder: Path) -> bool:
    """Whether one of the layouts lies there."""
    return _layout(folder) is not None


def read_cifar(folder: Path) -> tuple[str, Split, Split, tuple[str, ...]]:
    """Read a folder of CIFAR-10 or CIFAR-100, in the Python or the binary layout.

    Parameters
    ----------
    folder : Path
        Holds ``data_batch_1`` to ``5``, ``test_batch`` and ``batches.meta``; or ``train``, ``test``
        and ``meta`` (CIFAR-100); or the same of the binary layout, ``*.bin`` and ``*.txt``.

    Returns
    -------
    name, train, test, classes
        ``"CIFAR-10"`` or ``"CIFAR-100"``, its two splits, and the names of its (fine) classes.

    Raises
    ------
    MediaError
        A file is missing, cut short, or holds what a data set has no use for, such as code.
    """
    layout = _layout(folder)
    if layout is None:
        raise MediaError(f"{folder}: no CIFAR data set lies here")
    parts = [layout.read(folder / name, layout.label) for name in layout.train]
    train = Split(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )
    test = layout.read(folder / layout.test, layout.label)
    classes = tuple(layout.read_classes(folder / layout.classes))
    return layout.name, train, test, classes


def _layout(folder: Path) -> _Layout | None:
    return next((one for one in _LAYOUTS if (folder / one.test).is_file()), None)


class _Kind:
    """What a pickle says of the type of an array. NumPy's own would take any state for true."""

    def __init__(self, code: str | bytes, *_: Any):
        self.code = code.decode("latin1") if isinstance(code, bytes) else code
        if self.code not in _NUMBERS:
            raise pickle.UnpicklingError(f"it has an array of {self.code!r}, not of numbers")

    def __setstate__(self, state: tuple) -> None:
        order = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        self.dtype = np.dtype(self.code).newbyteorder(order)


class _Array:
    """What a pickle says of an array."""

    def __init__(self, *_: Any):
        """The arguments are those of an empty array that NumPy would fill."""

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, fortran, data = state
        flat = np.frombuffer(data, kind.dtype)
        self.array = flat.reshape(shape, order="F" if fortran else "C")


class _Unpickler(pickle.Unpickler):
    """Knows what NumPy arrays and, of Python 2, byte strings are made of."""

    def find_class(self, module: str, name: str) -> Any:
        if name == "_reconstruct" and module in (
            "numpy.core.multiarray",
            "numpy._core.multiarray",
        ):
            return _Array
        if module == "numpy" and name in ("ndarray", "dtype"):
            return _Array if name == "ndarray" else _Kind
        if (module, name) == ("_codecs", "encode"):
            return _bytes_of
        raise pickle.UnpicklingError(f"it wants to use {module}.{name}, which pictures never need")


def _bytes_of(text: str, encoding: str) -> bytes:
    # How Python 3 writes bytes for Python 2; other encodings could inflate, or worse.
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it wants the encoding {encoding!r}")
    return text.encode("latin1")


def _unpickled(path: Path) -> dict[str, Any]:
    data = read_small(path, _LIMIT)
    try:
        values = _Unpickler(io.BytesIO(data), encoding="bytes").load()
        if not isinstance(values, dict):
            raise pickle.UnpicklingError(f"it holds a {type(values).__name__} and no dictionary")
    # A pickle that is cut or hostile fails in any of these ways.
    except (pickle.UnpicklingError, ValueError, TypeError, EOFError, AttributeError) as error:
        raise MediaError(f"{path}: not a batch of CIFAR: {error}") from error
    except (IndexError, KeyError, MemoryError, OverflowError) as error:
        raise MediaError(f"{path}: not a batch of CIFAR, or cut short") from error
    return {
        name.decode("latin1") if isinstance(name, bytes) else name: getattr(value, "array", value)
        for name, value in values.items()
    }


def _field(path: Path, values: dict[str, Any], name: str) -> Any:
    if name not in values:
        raise MediaError(
            f"{path}: has no {name!r}, only {', '.join(map(str, values)) or 'nothing'}"
        )
    return values[name]


def _python_batch(path: Path, label: str) -> Split:
    values = _unpickled(path)
    data, labels = _field(path, values, "data"), _field(path, values, label)
    plain = isinstance(data, np.ndarray) and data.dtype == np.uint8
    if not plain or data.ndim != 2 or data.shape[1] != _PIXELS:
        raise MediaError(f"{path}: 'data' must be uint8 (N, {_PIXELS})")
    numbers = np.asarray(labels)
    if numbers.dtype.kind not in "iu" or numbers.shape != data.shape[:1]:
        raise MediaError(f"{path}: {label!r} must be {len(data)} integers")
    return Split(_rows(data), numbers.astype(np.int64))


def _python_classes(path: Path) -> list[str]:
    values = _unpickled(path)
    names = values.get("label_names", values.get("fine_label_names"))
    if not isinstance(names, list):
        raise MediaError(f"{path}: has no names of classes")
    return [name.decode("latin1") if isinstance(name, bytes) else str(name) for name in names]


def _binary_batch(path: Path, label: str) -> Split:
    before = 1 if label == "labels" else 2  # CIFAR-100: the coarse label comes first
    record = before + _PIXELS
    data = np.frombuffer(read_small(path, _LIMIT), np.uint8)
    if data.size == 0 or data.size % record:
        raise MediaError(f"{path}: {data.size} bytes are no whole number of records of {record}")
    records = data.reshape(-1, record)
    return Split(_rows(records[:, before:]), records[:, before - 1].astype(np.int64))


def _text_classes(path: Path) -> list[str]:
    return read_small(path).decode("latin1").split()


def _rows(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, 3072) of planes R, G, B to (N, 32, 32, 3)."""
    return np.ascontiguousarray(planes.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1))


_LAYOUTS = (
    _Layout(
        "CIFAR-10", _TRAIN, "test_batch", "batches.meta", _python_batch, _python_classes, "labels"
    ),
    _Layout(
        "CIFAR-10",
        [f"{name}.bin" for name in _TRAIN],
        "test_batch.bin",
        "batches.meta.txt",
        _binary_batch,
        _text_classes,
        "labels",
    ),
    _Layout("CIFAR-100", ["train"], "test", "meta", _python_batch, _python_classes, "fine_labels"),
    _Layout(
        "CIFAR-100",
        ["train.bin"],
        "test.bin",
        "fine_label_names.txt",
        _binary_batch,
        _text_classes,
        "fine_labels",
    ),
)
