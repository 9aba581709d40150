"""Keystream kernels on every instruction set, beside memcpy, ciphers and compilers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.harness import Measured, Row, Spec
from bench.report import Gain, Goal, Table
from bench.rivals import KEY, SUBKEY, in_place, lane_keys, megabytes, proven_orbit

__all__ = ["ROUNDS", "gains", "rows", "specs", "tables"]

ROUNDS = {"tiny": 1, "quick": 7, "full": 25}
DISCARD = 3000
IMAGE = (32, 32, 3)
BATCHES = ((64, 32, 32, 3), (64, 112, 112, 3), (4096, 32, 32, 3))


def specs(isas: list[str], peers: str) -> list[Spec]:
    """Workers: an instruction set is chosen when the kernels are loaded, so each has a process."""
    beside = [Spec("bench.rivals", part) for part in ("machine", "peers", "numba")]
    return beside + [Spec("bench.kernels", isa, isa=isa) for isa in isas]


def rows(part: str, scale: str, data: Mapping[str, Any]) -> list[Row]:
    """Rows of one instruction set; the best one has more."""
    from facecrypt import _native

    assert _native.isa() == part, f"{part} was asked for, the kernels run on {_native.isa()}"
    size, batches = megabytes(scale), BATCHES[: 1 if scale == "tiny" else None]
    made = _streams(part, size)
    for shape in batches:
        made += _batch(part, shape)
    if part == _native.supported_isas()[-1]:
        made += _two_threads(part, size) + _one_orbit() + _calls()
        for shape in batches:
            made += _serial(shape)
    return made


def _streams(isa: str, size: int) -> list[Row]:
    from facecrypt import chaos

    buffer, keys = np.empty(size, np.uint8), lane_keys(64)

    def seal() -> None:
        chaos.seal_stream_xor(buffer, SUBKEY, threads=1, out=buffer)

    def one() -> None:
        chaos.xor_lanes(buffer, *keys, discard=DISCARD, threads=1, out=buffer)

    def two() -> None:
        chaos.xor_lanes(buffer, *keys, discard=DISCARD, bytes_per_iterate=2, threads=1, out=buffer)

    return [
        in_place(f"sealing stream, {isa}", buffer, seal, "sealing"),
        in_place(f"64 lanes, 1 B an iterate, {isa}", buffer, one, "lanes 1"),
        in_place(f"64 lanes, 2 B an iterate, {isa}", buffer, two, "lanes 2"),
    ]


def _two_threads(isa: str, size: int) -> list[Row]:
    from facecrypt import chaos

    # A thread takes at least 256 lanes.
    buffer, keys = np.empty(size, np.uint8), lane_keys(512)

    def seal() -> None:
        chaos.seal_stream_xor(buffer, SUBKEY, threads=2, out=buffer)

    def lanes(threads: int) -> None:
        chaos.xor_lanes(buffer, *keys, discard=DISCARD, threads=threads, out=buffer)

    return [
        in_place(f"sealing stream, {isa}, 2 threads", buffer, seal, "sealing", 2),
        in_place(f"512 lanes, 1 B an iterate, {isa}", buffer, lambda: lanes(1), "lanes 512"),
        in_place(
            f"512 lanes, 1 B an iterate, {isa}, 2 threads", buffer, lambda: lanes(2), "lanes 512", 2
        ),
    ]


def _label(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {'x'.join(map(str, shape[1:]))}"


def _batch(isa: str, shape: tuple[int, ...]) -> list[Row]:
    """Pictures as lanes, each with the published stream of its own key."""
    from facecrypt import chaos

    batch, keys, label = np.empty(shape, np.uint8), lane_keys(shape[0]), _label(shape)

    def run(threads: int) -> None:
        chaos.xor_rows(batch, *keys, discard=DISCARD, threads=threads, out=batch)

    made = [in_place(f"a key each, {label}, {isa}", batch, lambda: run(1), label)]
    if shape[0] > 64:
        two = f"a key each, {label}, {isa}, 2 threads"
        made.append(in_place(two, batch, lambda: run(2), label, 2))
    return made


def _serial(shape: tuple[int, ...]) -> list[Row]:
    """The same pictures one after another: scalar C, the discard included."""
    from facecrypt import backends
    from facecrypt.backends.operands import Orbit

    kernels, label = backends.get("native"), _label(shape)
    batch = np.empty(shape, np.uint8)
    columns = (column.tolist() for column in lane_keys(shape[0]))
    orbits = [Orbit(mu, d0, DISCARD) for mu, d0 in zip(*columns, strict=True)]

    def run() -> None:
        for picture, orbit in zip(batch, orbits, strict=True):
            kernels.sequence(picture, picture, orbit)

    return [in_place(f"one after another, {label}", batch, run, label)]


def _one_orbit() -> list[Row]:
    from facecrypt import chaos

    out = np.zeros(1 << 20, np.uint8)

    def written(zeros: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return chaos.logistic_sequence(*KEY, zeros.size, out=zeros.reshape(-1))

    def run() -> None:
        chaos.logistic_sequence(*KEY, out.size, out=out)

    return [Row("one orbit", run, out.size / 1e9, lambda: proven_orbit(written), "one orbit")]


def _calls() -> list[Row]:
    """Single calls on an image of CIFAR's size, or on next to nothing."""
    from facecrypt import backends, chaos, schemes
    from facecrypt.backends.operands import Pixels

    kernels, scheme = backends.get("native"), schemes.get("pbe")
    image, out = np.zeros((1, *IMAGE), np.uint8), np.empty((1, *IMAGE), np.uint8)
    key = scheme.random_key(IMAGE, np.random.default_rng(0))
    operands = Pixels(None, np.ones(IMAGE, np.uint8))
    few, lanes = np.zeros(64, np.uint8), lane_keys(64)

    def pixels() -> None:
        kernels.pixels(image, out, operands, threads=1)

    def xor_lanes() -> None:
        chaos.xor_lanes(few, *lanes, discard=0, threads=1, out=few)

    def seal() -> None:
        chaos.seal_stream_xor(image, SUBKEY, threads=1, out=out)

    return [
        Row("kernel pixels, 32x32x3", pixels),
        Row("xor_lanes, 64 bytes, none discarded", xor_lanes),
        Row("pbe.encrypt, 32x32x3", lambda: scheme.encrypt(image, key, out=out)),
        Row("seal_stream_xor, 32x32x3", seal),
    ]


def tables(found: Measured, isas: list[str]) -> list[Table]:
    """Tables of the rows there are, with the goals."""
    best, ctr = isas[-1], "AES-256-CTR of cryptography"
    loops = next(name for name in found.sizes if name.startswith("plain Python"))
    calls = [name for name in found.sizes if name.endswith(("32x32x3", "none discarded"))]
    calls = [name for name in calls if not name.startswith(("a key", "one after"))]
    batches = [name for name in found.sizes if name.startswith(("a key", "one after"))]
    clock, apart = "clock, in cycles, by Numba", {*calls, *batches}
    streams = [n for n in found.sizes if n not in apart and n != clock and not n.startswith("SHA")]
    seal, one = f"sealing stream, {best}", f"64 lanes, 1 B an iterate, {best}"
    goals = [
        Goal(seal, "memcpy", 1.0 if best == "avx512" else 0.9),
        Goal(one, loops, 2500),
        Goal("one orbit", "Numba, one orbit", 0.95),
        Goal("one orbit", "Numba, the bare map", 0.85),
        Goal("one orbit", clock, 9.5, at_most=True, unit=" cycles a byte", inverse=True),
    ]
    if best == "avx512":
        goals += [Goal(seal, ctr, 1.7), Goal(one, "memcpy", 0.95), Goal(one, ctr, 1.5)]
        goals.append(Goal("sealing stream, avx2", "memcpy", 0.9))
    each = [Goal(n, f"one after another, {n.split(', ')[1]}", 8) for n in batches
            if n.endswith(best)]  # fmt: skip
    quick = [Goal(n, None, 2.0, at_most=True, unit=" us") for n in calls if n[0] in "kx"]
    return [
        Table("Keystream and XOR", "GB/s", _single(streams), ("memcpy", ctr, loops), goals),
        Table("A key for each picture, 3000 iterates discarded", "GB/s", _single(batches),
              ("memcpy",), each),
        Table("Calls from Python", "us", calls, (), quick),
        Table("The clock, from a chain of integers", "GHz", [clock], (), []),
    ]  # fmt: skip


def _single(names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith("2 threads")]


def gains(found: Measured) -> list[Gain]:
    """Two threads against one; the goal is 1.8 of what is ours."""
    theirs = ("SHA-256", "memcpy")
    twos = [name for name in found.sizes if name.endswith(", 2 threads")]
    ones = [name.removesuffix(", 2 threads") for name in twos]
    return [Gain(a, b, None if a in theirs else 1.8) for a, b in zip(ones, twos, strict=True)]
