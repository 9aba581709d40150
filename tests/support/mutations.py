"""Damage done to bytes at random."""

import json
import struct
from copy import deepcopy

import numpy as np

ODD = (b"\xff", b"\0", b'"', b"{", b"[", b"-", b"1e999", b"9" * 30, b"\\ud800", b"\xc3\xa9", b"\n")


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """The data after one to four random edits."""
    for _ in range(rng.integers(1, 5)):
        at, to = sorted(rng.integers(0, len(data) + 1, 2).tolist())
        kind = rng.integers(0, 6)
        if kind == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ 1 << rng.integers(0, 8)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + rng.bytes(rng.integers(1, 9)) + data[at:]
        elif kind == 2:
            data = data[:at] + ODD[rng.integers(0, len(ODD))] + data[at + 1 :]
        elif kind == 3:
            data = data[:at] + data[min(to, at + 40) :]
        elif kind == 4:
            data = data[:to] + data[at:to][:200] + data[to:]
        else:
            data = data[:at] if rng.integers(0, 4) == 0 else data
    return data


def boxed(header: bytes, *parts: tuple[bytes, bytes]) -> bytes:
    """A payload of any header and parts, with the sizes that they have."""

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(body), kind) + body

    described = box(b"jumd", b"facecrypt sealed\x03facecrypt\0")
    boxes = (box(b"json", header), *(box(kind, body) for kind, body in parts))
    return box(b"jumb", described + b"".join(boxes))


def places(fields) -> list[tuple]:
    """Holder and key of every value in JSON."""
    found = []
    for key in fields if isinstance(fields, dict) else range(len(fields)):
        found.append((fields, key))
        if isinstance(fields[key], (dict, list)):
            found += places(fields[key])
    return found


VALUES = (
    "\ud800", "\xe9" * 24, "AAAA", "", "transcoded", "pixels", None, [], {}, True, -1, 0, 1, 4,
    65535, 2**70, 0.5, [[]], [0, 0, 1, 1], [0, 0, 65535, 65535], ["original"], ["original"] * 2,
)  # fmt: skip


def canonical(header: bytes, rng: np.random.Generator) -> bytes:
    """A value anywhere changed, and all spelt as headers are."""
    fields = json.loads(header)
    for _ in range(rng.integers(1, 3)):
        holder, key = (found := places(fields))[rng.integers(0, len(found))]
        holder[key] = deepcopy(VALUES[rng.integers(0, len(VALUES))])
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
