"""What a cipher of a scheme says about itself, so that its key alone gives the pictures back.

A note is public, and canonical JSON: one note has one spelling, and what does not serialise to
the same bytes again is refused. It is no header of a sealed picture: nothing authenticates it, as
nothing authenticates the pixels.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from facecrypt.errors import ContainerError
from facecrypt.regions import Region
from facecrypt.schemes import Key

__all__ = ["MAX_NOTE_BYTES", "Note", "key_id"]

FORMAT, VERSION = "facecrypt scheme", 1
MAX_NOTE_BYTES = 8 << 20
_KEY_ID_BYTES = 16


@dataclass(frozen=True)
class Note:
    """What decryption needs beside the key.

    Parameters
    ----------
    scheme : str
        Its name.
    key : str
        :func:`key_id` of the key, for telling that another one is given.
    shape : tuple of int
        Of the plain array, before padding: (H, W), (H, W, C) or (N, H, W, C).
    regions : tuple of Region, optional
        The boxes that were encrypted, for a scheme that takes regions.

    Examples
    --------
    >>> Note("pbe", "00" * 16, (4, 6, 3)).to_bytes()[:40]
    b'{"format":"facecrypt scheme","key":"0000'
    """

    scheme: str
    key: str
    shape: tuple[int, ...]
    regions: tuple[Region, ...] | None = None

    def to_bytes(self) -> bytes:
        """Canonical JSON in ASCII: keys sorted, no spaces.

        Raises
        ------
        ContainerError
            It would be larger than such a note may be.
        """
        boxes = None if self.regions is None else [list(region.box) for region in self.regions]
        values = {
            "format": FORMAT,
            "version": VERSION,
            "scheme": self.scheme,
            "key": self.key,
            "shape": list(self.shape),
            "regions": boxes,
        }
        data = json.dumps(values, sort_keys=True, separators=(",", ":")).encode("ascii")
        if len(data) > MAX_NOTE_BYTES:
            raise ContainerError(f"a note of {len(data)} bytes is more than {MAX_NOTE_BYTES}")
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Parse and check a note.

        Raises
        ------
        ContainerError
            Anything that :meth:`to_bytes` would not have written.
        """
        if len(data) > MAX_NOTE_BYTES:
            raise ContainerError(f"the note has {len(data)} bytes, more than {MAX_NOTE_BYTES}")
        try:
            note = cls._parse(json.loads(data.decode("ascii")))
            canonical = note.to_bytes() == data
        except (ValueError, TypeError, KeyError, RecursionError):
            canonical = False
        if not canonical:
            raise ContainerError(
                "what the cipher says about itself is damaged, or of a newer release"
            )
        return note

    @classmethod
    def _parse(cls, values: dict[str, Any]) -> Self:
        # The comparison of spellings finds all else: format, version, what is missing or extra.
        scheme, key, shape, boxes = (values[name] for name in ("scheme", "key", "shape", "regions"))
        if not (re.fullmatch(r"[a-z0-9-]{1,64}", scheme) and re.fullmatch(r"[0-9a-f]{32}", key)):
            raise ValueError("not a name and a key id")
        if not (2 <= len(shape) <= 4 and all(type(n) is int and n >= 0 for n in shape)):
            raise ValueError("not a shape")
        # Region refuses what is no integer, but for True, which is spelt otherwise.
        regions = None if boxes is None else tuple(Region(*box) for box in boxes)
        return cls(scheme, key, tuple(shape), regions)


def key_id(key: Key) -> str:
    """32 hexadecimal digits that tell keys apart: the start of SHA-256 of what is in the key.

    Equal keys have equal ids. It shows a guess of the whole key to be right, which a plain
    picture and its cipher show as well.

    Examples
    --------
    >>> from facecrypt.schemes import CatMapKey
    >>> key_id(CatMapKey(1, 1, 1)) == key_id(CatMapKey(1, 1, 2))
    False
    """
    digest = hashlib.sha256(f"facecrypt scheme key id 1 {key.scheme}".encode())
    for name, value in _values(key):
        array = np.asarray(value)
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        digest.update(f"\0{name}\0{array.dtype.str}\0{np.shape(value)}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[: 2 * _KEY_ID_BYTES]


def _values(key: Key, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """What makes up the key, of keys within a key too; without what is not set."""
    for field in fields(key):  # type: ignore[arg-type]
        value = getattr(key, field.name)
        if isinstance(value, Key):
            yield from _values(value, f"{prefix}{field.name}.")
        elif field.compare and value is not None:
            yield prefix + field.name, value
