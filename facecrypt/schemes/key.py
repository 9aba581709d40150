"""What all keys of schemes can do: compare, be saved and loaded, and say how many there are."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import fields
from math import lgamma, log
from typing import Any, ClassVar, Self

import numpy as np

from facecrypt.errors import KeyFormatError, WeakKeyError
from facecrypt.files import PathLike, atomic_write, read_small
from facecrypt.media.npy import check_members
from facecrypt.schemes.fields import frozen

__all__ = ["Key", "factorial_bits", "scheme_of"]

_FORMAT = "facecrypt scheme key 1"
_LIMIT = 1 << 30


def factorial_bits(n: int) -> float:
    """log2 of n!."""
    return lgamma(n + 1) / log(2)


class Key:
    """Base of the keys of all schemes: frozen dataclasses of plain arrays.

    Arrays are copied, checked and made read-only when a key is made. ``allow_weak``, where a
    key has it, is how it was vetted and no part of it: equality leaves it out. What a key computes
    once and keeps is not pickled with it.
    """

    scheme: ClassVar[str]

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _kept(self, name: str, arguments: tuple, make: Callable[[], Any]) -> Any:
        """What `make` gives, kept under that name until it is asked for with other arguments."""
        last = self.__dict__.get(name)
        if last is None or last[0] != arguments:
            last = arguments, make()
            self._set(**{name: last})
        return last[1]

    def __getstate__(self) -> dict[str, Any]:
        """The fields alone: what is kept may be a thousand times as large, and is made again."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def __setstate__(self, state: dict[str, Any]) -> None:
        # NumPy does not pickle that an array is read-only.
        self._set(
            **{
                name: frozen(value) if isinstance(value, np.ndarray) else value
                for name, value in state.items()
            }
        )

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = (
            {f.name: getattr(key, f.name) for f in fields(key) if f.compare}  # type: ignore[arg-type]
            for key in (self, other)
        )
        return all(np.array_equal(value, theirs[name]) for name, value in mine.items())

    __hash__ = None  # type: ignore[assignment]

    def space_bits(self, shape: tuple[int, ...] | None = None) -> float:
        """log2 of the number of different keys of this size; the class says what is counted.

        Parameters
        ----------
        shape : tuple, optional
            Of the pictures: needed only where the key has no size of its own.
        """
        raise NotImplementedError

    def save(self, path: PathLike, *, overwrite: bool = False) -> None:
        """Write the key as .npz, readable by its owner only (mode 0600), whole or not at all.

        Raises
        ------
        MediaError
            As :func:`facecrypt.files.atomic_write`.
        """
        buffer = io.BytesIO()
        np.savez(buffer, format=_FORMAT, scheme=self.scheme, **_flat(self))
        atomic_write(path, buffer.getvalue(), overwrite=overwrite, mode=0o600)

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read a key of this class that :meth:`save` wrote; nothing in the file is executed.

        Raises
        ------
        MediaError
            The file is missing, unreadable or larger than 1 GiB.
        KeyFormatError
            Anything odd: no such file, another scheme, a field too many, too few or wrong.
        WeakKeyError
            A weak logistic key that was not saved with ``allow_weak``.
        """
        values = _read(path)
        found, scheme = (str(values.pop(name, None)) for name in ("format", "scheme"))
        if found != _FORMAT:
            raise KeyFormatError(f"{path}: not a scheme key of this version; save() writes them")
        if scheme != cls.scheme:
            raise KeyFormatError(f"{path}: a key of scheme {scheme!r}, expected {cls.scheme!r}")
        try:
            return _build(cls, values)
        except WeakKeyError:
            raise
        except (TypeError, ValueError) as error:
            raise KeyFormatError(f"{path}: {error}") from error


def scheme_of(path: PathLike) -> str:
    """The name of the scheme that a key file is for; KeyFormatError where it is no such file."""
    values = _read(path)
    if str(values.get("format")) != _FORMAT:
        raise KeyFormatError(f"{path}: not a scheme key of this version")
    return str(values.get("scheme"))


def _flat(key: Key, prefix: str = "") -> dict[str, Any]:
    """The fields that are set; those of a key within a key as ``name.field``."""
    values: dict[str, Any] = {}
    for field in fields(key):  # type: ignore[arg-type]
        value = getattr(key, field.name)
        if isinstance(value, Key):
            values |= _flat(value, f"{prefix}{field.name}.")
        elif value is not None:
            values[prefix + field.name] = value
    return values


def _build(cls: type[Key], values: dict[str, Any]) -> Any:
    arguments: dict[str, Any] = {}
    for field in fields(cls):  # type: ignore[arg-type]
        if isinstance(field.type, type) and issubclass(field.type, Key):
            prefix = field.name + "."
            inner = [name for name in values if name.startswith(prefix)]
            nested = {name.removeprefix(prefix): values.pop(name) for name in inner}
            arguments[field.name] = _build(field.type, nested)
        else:
            arguments[field.name] = values.pop(field.name, None)  # None is not saved
    if values:
        raise ValueError(f"no field {sorted(values)[0]!r} in a key of {cls.scheme!r}")
    return cls(**arguments)


def _read(path: PathLike) -> dict[str, Any]:
    data = read_small(path, _LIMIT)
    values: dict[str, Any] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_members(archive)
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                if name == member.filename or name in values:
                    raise ValueError(f"unexpected member {member.filename!r}")
                values[name] = _array(archive, member)
    except Exception as error:
        # NumPy and zipfile meet damage with whatever their parsing runs into.
        raise KeyFormatError(f"{path}: not a key file, or damaged: {error}") from error
    return values


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Any:
    # Stored, and of the size the header claims: no few bytes can ask for gigabytes.
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{member.filename} is compressed, which a key never is")
    content = archive.read(member)
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError(f"{member.filename} is of another .npy version")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    size = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if dtype.hasobject or stream.tell() + size != len(content):
        raise ValueError(f"{member.filename} is not what its header says")
    array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    return array if array.ndim else array.item()
