"""Write the cases of self_test.cpp: frozen keystreams of tests/vectors, and JPEG files.

python tools/emulated/write_cases.py CASES [JPEG ...]
"""

import struct
import sys
from pathlib import Path

import numpy as np

VECTORS = Path(__file__).parents[2] / "tests" / "vectors"
# As in self_test.cpp.
QUANTISERS = ("seq", "floor255", "round255", "floor256")
LANES, JPEG = 4, 5


def case(kind: int, expected: bytes, mu=(), d0=(), *, discard: int = 0, width: int = 1) -> bytes:
    keys = np.array([mu, d0], "<f8").tobytes()
    return struct.pack("<5Q", kind, len(mu), discard, width, len(expected)) + keys + expected


def main(target: str, *pictures: str) -> None:
    cases = []
    published = np.load(VECTORS / "logistic.npz")
    keys = zip(published["mu_hex"], published["d0_hex"], strict=True)
    for row, (mu, d0) in enumerate(keys):
        key = [float.fromhex(mu)], [float.fromhex(d0)]
        discard = int(published["discard"])
        for kind, name in enumerate(QUANTISERS):
            cases.append(case(kind, published[name][row].tobytes(), *key, discard=discard))
    frozen = np.load(VECTORS / "lanes.npz")
    for width in (1, 2):
        expected = frozen[f"bytes_{width}"].tobytes()
        cases.append(case(LANES, expected, frozen["mu"], frozen["d0"], discard=17, width=width))
    head = frozen["sealing_head"].tobytes()
    key = frozen["sealing_mu"][0], frozen["sealing_d0"][0]
    cases.append(case(LANES, head, *key, discard=256, width=2))
    cases += [case(JPEG, Path(one).read_bytes()) for one in pictures]
    Path(target).write_bytes(b"".join(cases))


if __name__ == "__main__":
    main(*sys.argv[1:])
