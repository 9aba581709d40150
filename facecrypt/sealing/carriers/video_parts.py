"""What the parts of a video hold: the file that was sealed, or one person's clip and its places."""

import hashlib
import json
import os
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Self

from facecrypt.errors import ContainerError
from facecrypt.media.video import Clip, Placement, Placements, Spool, Stored
from facecrypt.sealing.padding import padded_size
from facecrypt.sealing.streams import Plain
from facecrypt.sealing.wire import Reader, canonical

__all__ = ["Original", "read_clip", "seal_clip"]

_BLOCK = 1 << 20
# Frame, x, y, w, h, left, top.
_PLACEMENT = struct.Struct(">7i")
# Of surrogates those are names that stand for bytes which are no text.
_SUFFIX = re.compile(r"(\.[^\x00-\x1f\x7f./\\:\ud800-\udc7f\udd00-\udfff]{1,32})?")
# What a head may have at most: a digest and a suffix.
_MOST = 1024


class Original(NamedTuple):
    """What is said of the file that was sealed, before its bytes.

    Attributes
    ----------
    suffix : str
        Of its name, with the dot.
    sha256 : bytes
    """

    suffix: str
    sha256: bytes

    @classmethod
    def of(cls, file: BinaryIO, suffix: str, alive: Callable[[int], object] = int) -> Self:
        """Read a file to its end; `alive`, called with 0, may end that."""
        digest = hashlib.sha256()
        while block := file.read(_BLOCK):
            digest.update(block)
            alive(0)
        return cls.of_suffix(suffix)._replace(sha256=digest.digest())

    @classmethod
    def of_suffix(cls, suffix: str) -> Self:
        """One of a digest that is not known: its head has the length of all with that suffix."""
        return cls(suffix if _SUFFIX.fullmatch(suffix) else "", bytes(32))

    def head(self) -> bytes:
        """``be4(n) || n bytes of JSON``."""
        text = canonical({"sha256": self.sha256.hex(), "suffix": self.suffix})
        return struct.pack(">I", len(text)) + text

    def plain(self, path: Path, size: int) -> Plain:
        """The part: the head, and the file."""
        return Plain(_pieces(self.head(), path), len(self.head()) + size)

    @classmethod
    def open(cls, chunks: Iterator[memoryview]) -> tuple[Self, Iterator[memoryview]]:
        """The head of a part, and the bytes of the file, whose digest is not compared.

        Raises
        ------
        ContainerError
            The part is not what :meth:`plain` gives.
        """
        first = next(chunks)
        (size,) = struct.unpack(">I", bytes(first[:4]).rjust(4, b"\0"))
        head, rest = bytes(first[4 : 4 + size]), first[4 + size :]
        original = cls._parse(head) if len(head) == size <= _MOST else None
        if original is None:
            raise _damaged()
        return original, chain([rest], chunks)

    def check(self, chunks: Iterable[memoryview]) -> None:
        """ContainerError where they are not the file of this head."""
        digest = hashlib.sha256()
        for chunk in chunks:
            digest.update(chunk)
        if digest.digest() != self.sha256:
            raise _damaged()

    @classmethod
    def _parse(cls, head: bytes) -> Self | None:
        try:
            fields: Any = json.loads(head)
        except (ValueError, RecursionError):
            return None
        read = Reader(fields)
        return cls(read.text("suffix", _SUFFIX.pattern, "a suffix"), read.hex("sha256", 32))


def seal_clip(clip: Clip) -> Plain:
    """The part of a person: where the frames of a clip belong, the clip, zeros.

    ``be4(n) || n placements of 28 bytes || be8(size of the clip) || clip || zeros``, the zeros up
    to a Padmé length.
    """
    places = b"".join(_PLACEMENT.pack(*placement) for placement in clip.placements)
    with clip.path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
    head = struct.pack(">I", len(clip.placements)) + places + struct.pack(">Q", size)
    length = padded_size(len(head) + size)
    return Plain(_pieces(head, clip.path, bytes(length - len(head) - size)), length)


def _pieces(head: bytes, path: Path | Stored, tail: bytes = b"") -> Iterator[BinaryIO]:
    yield BytesIO(head)
    # Opened when its turn comes: there may be more clips than files may be open.
    with path.open("rb") as file:
        yield file
    yield BytesIO(tail)


def read_clip(chunks: Iterator[memoryview], spool: Spool) -> Clip:
    """Read the clip in a person's part into a spool; the inverse of :func:`seal_clip`.

    Raises
    ------
    ContainerError
        The part is not what :func:`seal_clip` gives.
    """
    part = spool.keep(chunks)
    with part.open() as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(0)
        (count,) = struct.unpack(">I", file.read(4).rjust(4, b"\0"))
        if 4 + count * _PLACEMENT.size + 8 > length:
            raise _damaged("part of a person")
        places = file.read(count * _PLACEMENT.size)
        (size,) = struct.unpack(">Q", file.read(8))
        start = file.tell()
    if start + size > length:
        raise _damaged("part of a person")
    placements = Placements(map(Placement._make, _PLACEMENT.iter_unpack(places)))
    return Clip(part.part(start, size), placements)


def _damaged(what: str = "private part") -> ContainerError:
    return ContainerError(f"the {what} is damaged")
