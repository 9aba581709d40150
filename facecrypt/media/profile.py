"""Colour profiles: cut to their own length, and to the tags that the standard knows.

Specification: ICC.1:2022, section 7 (header, tag table) and 9 (tags), with those of ICC.1:2001.
"""

import struct
import warnings
from typing import NamedTuple

import numpy as np

from facecrypt.limits import MAX_PROFILE_BYTES

__all__ = ["kept_profile"]

_HEAD = 128
_TABLE = _HEAD + 4
_SPACE, _MAGIC, _UNUSED = slice(16, 20), slice(36, 40), slice(100, 128)
_KNOWN = frozenset(
    b"A2B0 A2B1 A2B2 A2B3 B2A0 B2A1 B2A2 B2A3 B2D0 B2D1 B2D2 B2D3 D2B0 D2B1 D2B2 D2B3 "
    b"bTRC bXYZ bkpt calt chad chrm cicp clot clro cprt desc dmdd dmnd gTRC gXYZ gamt kTRC lumi "
    b"meas ncl2 ncol pre0 pre1 pre2 pseq psid rTRC rXYZ resp rig0 rig2 targ tech view vued "
    b"wtpt".split()
)


class _Tag(NamedTuple):
    name: bytes
    start: int
    size: int


def kept_profile(icc: bytes | None, pixels: np.ndarray, name: str) -> bytes | None:
    """What of a profile goes along with pixels; None where it is damaged, too large or not theirs.

    Parameters
    ----------
    icc : bytes or None
        As the file has it, with what may stand behind it.
    pixels : array
    name : str
        What warnings begin with.

    Warns
    -----
    UserWarning
        It is damaged or too large.
    """
    if icc is None:
        return None
    size = int.from_bytes(icc[:4], "big")
    if size > MAX_PROFILE_BYTES:
        why = f"says it has {size} bytes; at most {MAX_PROFILE_BYTES} are kept"
    elif size < _TABLE or size > len(icc) or icc[_MAGIC] != b"acsp":
        why = "is damaged"
    else:
        # A profile for other colours than the pixels' makes a file that viewers refuse.
        if icc[_SPACE] != (b"GRAY" if pixels.ndim == 2 else b"RGB "):
            return None
        if (known := _known_tags(icc[:size])) is not None:
            return known
        why = "is damaged"
    warnings.warn(f"{name}the colour profile {why}; it is left out", stacklevel=4)
    return None


def _known_tags(icc: bytes) -> bytes | None:
    """The profile as it is where nothing else is in it, else one of its known tags alone.

    None where tags overlap, so that apart they would have more bytes than the profile.

    Private tags and gaps between tags can hold anything, a picture of the face too.
    """
    (count,) = struct.unpack_from(">I", icc, _HEAD)
    count = min(count, (len(icc) - _TABLE) // 12)
    tags = [_Tag(*struct.unpack_from(">4sII", icc, _TABLE + 12 * i)) for i in range(count)]
    kept: dict[bytes, _Tag] = {}
    for tag in tags:
        if tag.name in _KNOWN and tag.start + tag.size <= len(icc):
            kept.setdefault(tag.name, tag)
    if len(kept) == len(tags) and not any(icc[_UNUSED]) and _covered(icc, tags):
        return icc
    places: dict[tuple[int, int], int] = {}
    table, data = struct.pack(">I", len(kept)), b""
    for _, start, size in kept.values():
        # Tags may share their data.
        if (start, size) not in places:
            places[start, size] = _TABLE + 12 * len(kept) + len(data)
            data += icc[start : start + size] + bytes(-size % 4)
    if len(data) > len(icc) + 3 * len(kept):
        return None
    for name, start, size in kept.values():
        table += struct.pack(">4sII", name, places[start, size], size)
    total = struct.pack(">I", _HEAD + len(table) + len(data))
    # Without its digest (bytes 84 to 99), which would be wrong, and may be left out.
    return total + icc[4:84] + bytes(44) + table + data


def _covered(icc: bytes, tags: list[_Tag]) -> bool:
    """Whether every byte behind the table is of a tag, or one of the zeros that align the next."""
    at = _TABLE + 12 * len(tags)
    for start, size in sorted((t.start, t.size) for t in tags):
        if start > at and (start - at > 3 or any(icc[at:start])):
            return False
        at = max(at, start + size)
    return len(icc) - at < 4 and not any(icc[at:])
