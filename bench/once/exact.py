"""Are the keystreams the same everywhere? ``python -m bench.once.exact``, once for every change.

More than 1e9 bytes of each kernel on each instruction set, against loops that Numba compiled from
the definition. Keys are drawn from all of the published range, weak ones included.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

SIZE, TURNS, LANES, DISCARD = 64 << 20, 16, 64, 3000

Stream = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint8]], object]


def keys() -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Keys of 64 lanes for each turn."""
    rng = np.random.default_rng(2026)
    for _ in range(TURNS):
        yield rng.uniform(3.57, 4.0, LANES), rng.uniform(0.0, 1.0, LANES)


def native() -> dict[str, Stream]:
    """The kernels on the instruction set of this process."""
    from facecrypt import backends
    from facecrypt.backends.operands import Lanes, Orbit, Rows

    kernels = backends.get("native")

    def lanes(count: int) -> Stream:
        return lambda mu, d0, out: kernels.lanes(
            None, out, Lanes(mu, d0, DISCARD, count, SIZE), threads=1
        )

    def rows(mu: NDArray[np.float64], d0: NDArray[np.float64], out: NDArray[np.uint8]) -> None:
        kernels.rows(None, out.reshape(LANES, -1), Rows(mu, d0, DISCARD), threads=1)

    def orbits(mu: NDArray[np.float64], d0: NDArray[np.float64], out: NDArray[np.uint8]) -> None:
        for m, d, row in zip(mu.tolist(), d0.tolist(), out.reshape(LANES, -1), strict=True):
            kernels.sequence(None, row, Orbit(m, d, DISCARD))

    made = {"lanes, 1 byte": lanes(1), "lanes, 2 bytes": lanes(2), "rows": rows}
    return made | {"one orbit after another": orbits}


def compiled() -> dict[str, Stream]:
    """The definition, one lane and one iterate after another."""
    import numba

    @numba.njit
    def fill(mu, d0, out):  # type: ignore[no-untyped-def]
        steps, lanes = out.shape
        for lane in range(lanes):
            d = d0[lane]
            for _ in range(DISCARD):
                d = (mu[lane] * d) * (1.0 - d)
            for step in range(steps):
                d = (mu[lane] * d) * (1.0 - d)
                out[step, lane] = np.int64((d / 2) * 1e14) & 0xFFFF

    def of(view: Callable[[NDArray[np.uint8]], NDArray[np.generic]]) -> Stream:
        return lambda mu, d0, out: fill(mu, d0, view(out))

    by_row = of(lambda out: out.reshape(LANES, -1).T)
    return {
        "lanes, 1 byte": of(lambda out: out.reshape(-1, LANES)),
        "lanes, 2 bytes": of(lambda out: out.view("<u2").reshape(-1, LANES)),
        "rows": by_row,
        "one orbit after another": by_row,
    }


def digests(streams: dict[str, Stream]) -> list[str]:
    """One of each stream, over all turns."""
    out, found = np.empty(SIZE, np.uint8), []
    for stream in streams.values():
        digest = hashlib.sha256()
        for mu, d0 in keys():
            stream(mu, d0, out)
            digest.update(out)
        found.append(digest.hexdigest())
    return found


def main() -> None:
    """Compare, and fail where a digest differs."""
    if len(sys.argv) > 1:
        print("\n".join(digests(native())))
        return
    from facecrypt import _native

    wanted = digests(compiled())
    print(f"{SIZE * TURNS:,} bytes of each kernel, {LANES * TURNS} keys, against Numba")
    for isa in _native.supported_isas():
        child = subprocess.run(
            [sys.executable, "-m", "bench.once.exact", isa],
            env=os.environ | {"FACECRYPT_ISA": isa},
            capture_output=True,
            text=True,
            check=True,
        )
        for kernel, mine, theirs in zip(native(), child.stdout.split(), wanted, strict=True):
            print(f"{isa}, {kernel}: {'equal' if mine == theirs else 'DIFFERENT'} {mine[:16]}")
            if mine != theirs:
                sys.exit(1)


if __name__ == "__main__":
    main()
