"""Writes lanes.npz: many-lane and sealing streams from the standard library alone.

Run by hand, once: the file is frozen, for it says what files of format version 2 hold. Nothing
of facecrypt is imported; Python's floats are the arithmetic and ``fractions`` the key derivation.
"""

import hashlib
import hmac
from fractions import Fraction
from math import floor
from pathlib import Path
from random import Random

import numpy as np

CHUNK = 4 << 20


def orbits(mu, d0, discard, count):
    """Integers floor((d/2)*1e14) of each orbit, iterate by iterate."""
    lanes = []
    for m, first in zip(mu, d0, strict=True):
        d, lane = first, []
        for t in range(discard + count):
            d = m * d * (1 - d)
            if t >= discard:
                lane.append(floor(d / 2 * 1e14))
        lanes.append(lane)
    return zip(*lanes, strict=True)


def stream(mu, d0, discard, size, width):
    count = -(-size // (len(mu) * width))
    return b"".join(
        (value % 256**width).to_bytes(width, "little")
        for row in orbits(mu, d0, discard, count)
        for value in row
    )[:size]


def expand(key, info, size):
    """HKDF-Expand of RFC 5869 with SHA-256."""
    block, material, counter = b"", b"", 1
    while len(material) < size:
        block = hmac.new(key, block + info + bytes([counter]), hashlib.sha256).digest()
        material, counter = material + block, counter + 1
    return material[:size]


def sealing_lanes(subkey, chunk):
    material = expand(subkey, b"facecrypt v2 lanes" + chunk.to_bytes(8, "big"), 1024)
    u = [Fraction(int.from_bytes(material[i : i + 8], "big"), 2**64) for i in range(0, 1024, 8)]
    mu = [4 - Fraction(1, 2**15) + Fraction(floor(x * 2**35), 2**51) for x in u[0::2]]
    d0 = [Fraction(1 + floor(x * (2**52 - 1)), 2**53) for x in u[1::2]]
    return [float(x) for x in mu], [float(x) for x in d0]


def main():
    random = Random(20240229)
    mu = [random.uniform(3.99, 4.0) for _ in range(333)]
    d0 = [random.uniform(0.0, 0.5) for _ in range(333)]
    subkey = bytes(range(32))
    keys = [sealing_lanes(subkey, k) for k in range(2)]
    sealed = b"".join(stream(*keys[k], 256, size, 2) for k, size in enumerate((CHUNK, 1_000_003)))
    np.savez_compressed(
        Path(__file__).with_name("lanes.npz"),
        mu=mu,
        d0=d0,
        bytes_1=np.frombuffer(stream(mu, d0, 17, 333 * 100, 1), np.uint8),
        bytes_2=np.frombuffer(stream(mu, d0, 17, 333 * 200, 2), np.uint8),
        subkey=np.frombuffer(subkey, np.uint8),
        sealing_mu=[k[0] for k in keys],
        sealing_d0=[k[1] for k in keys],
        sealing_size=len(sealed),
        sealing_head=np.frombuffer(sealed[:4096], np.uint8),
        sealing_sha256=np.frombuffer(hashlib.sha256(sealed).digest(), np.uint8),
    )


if __name__ == "__main__":
    main()
