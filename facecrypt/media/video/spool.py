"""Clips in a file without a name, which nobody else can open and no kill leaves behind."""

import io
import os
from collections.abc import Iterable
from tempfile import TemporaryFile, gettempdir
from typing import BinaryIO

__all__ = ["Spool", "Stored"]


class Spool:
    """Files one after another in one that has no name; there may be more than may be open.

    Examples
    --------
    >>> with Spool() as spool:
    ...     stored = spool.keep([b"a ", b"clip"])
    ...     stored.part(2, 4).open().read()
    b'clip'
    """

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - closed with the spool

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all that is in it."""
        self._file.close()

    def begin(self) -> BinaryIO:
        """Give another file without a name, for what is then kept."""
        return TemporaryFile()

    def keep(self, chunks: Iterable[bytes | memoryview]) -> "Stored":
        """Take the bytes of a file."""
        start = self._file.seek(0, os.SEEK_END)
        for chunk in chunks:
            self._file.write(chunk)
        return Stored(self._file, start, self._file.tell() - start)


class Stored:
    """A file in a :class:`Spool`; like a path, it can be opened as often as wanted."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size = file, start, size

    def __str__(self) -> str:
        return gettempdir()

    def part(self, start: int, size: int) -> "Stored":
        """Give a part of it as a file."""
        return Stored(self._file, self._start + start, size)

    def open(self, mode: str = "rb") -> BinaryIO:
        """Read it from its beginning; `mode` is there because paths have it."""
        if mode != "rb":
            raise ValueError(f"mode is 'rb', not {mode!r}")
        return io.BufferedReader(_Part(self._file, self._start, self._size))


class _Part(io.RawIOBase):
    """The bytes of one file, at a place of its own among those who read the spool."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._file.seek(self._start + self._at)
        found = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)
