"""Every scheme on batches of CIFAR's size, against memcpy of the batch and others' NumPy."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.harness import Measured, Row, Spec, digest
from bench.report import Gain, Goal, Table

__all__ = ["ROUNDS", "gains", "rows", "specs", "tables"]

ROUNDS = {"tiny": 1, "quick": 5, "full": 15}
COUNTS = {"tiny": (100,), "quick": (10_000,), "full": (10_000, 50_000)}
SHAPE = (32, 32, 3)
# Of so many pictures each row must give the same bytes as the others of its scheme.
PROVEN = 100
# Convolutions: some 600 operations a sample. Fewer pictures say as much.
SLOW, FEW = ("coupling-cnn", "chaos-cnn"), 1_000


def specs(isas: list[str], peers: str) -> list[Spec]:
    """Workers: each instruction set with one thread, the best with two, and the peers."""
    own = [Spec("bench.schemes", isa, isa=isa) for isa in isas]
    two = Spec("bench.schemes", "2 threads", one_core=False)
    return [Spec("bench.rivals", "machine"), Spec("bench.schemes", "peers"), *own, two]


def rows(part: str, scale: str, data: Mapping[str, Any]) -> list[Row]:
    """Rows of one instruction set, of two threads, or of the peers."""
    from facecrypt import _native

    counts = COUNTS[scale]
    if part == "peers":
        return [row for count in counts for row in _copy(count)] + _numpy(counts[0])
    if part in {"2 threads", _native.supported_isas()[-1]}:
        return [row for count in counts for row in _schemes(part, count)]
    return _schemes(part, counts[0])


def pictures(count: int) -> NDArray[np.uint8]:
    """A batch of noise: the speed of no scheme depends on what the pictures show."""
    return np.random.default_rng(0).integers(0, 256, (count, *SHAPE), np.uint8)


def _key(name: str) -> Any:
    from facecrypt import schemes

    return schemes.get(name).random_key(SHAPE, np.random.default_rng(0))


def _schemes(part: str, count: int) -> list[Row]:
    from facecrypt.schemes.registry import own_names

    batch = pictures(count)
    out = np.empty_like(batch)
    return [_scheme(name, part, batch, out) for name in own_names()]


def _scheme(name: str, part: str, batch: NDArray[np.uint8], out: NDArray[np.uint8]) -> Row:
    from facecrypt import schemes

    scheme, key, count = schemes.get(name), _key(name), len(batch)
    used = slice(min(count, FEW) if name in SLOW else count)

    def run() -> None:
        scheme.encrypt(batch[used], key, out=out[used])

    def prove() -> str:
        run()
        last = scheme.decrypt(out[used][-PROVEN:], key)
        assert np.array_equal(last, batch[used][-PROVEN:]), "does not decrypt"
        return digest(out[:PROVEN])

    threads = 2 if part == "2 threads" else 1
    return Row(f"{name}, {count}, {part}", run, len(batch[used]) / 1e6, prove, name, threads)


def _copy(count: int) -> list[Row]:
    batch = pictures(count)
    out = np.empty_like(batch)
    return [Row(f"memcpy, {count}", lambda: np.copyto(out, batch), count / 1e6)]


def _numpy(count: int) -> list[Row]:
    """What others' code does, on the same pictures with the same keys."""
    from bench.published import le_blocks, logistic_loops, pbe_loop, pbe_numpy
    from facecrypt.backends import ORDERS

    batch, pbe, le, fiie = pictures(count), _key("pbe"), _key("le"), _key("fiie")
    orders = np.array(ORDERS)
    few, some = batch[:PROVEN], f"on {PROVEN} pictures"
    # Only entries of the key, as plain arrays, reach the others' code.
    le_parts = (le.perm, le.reverse_in, le.reverse_out)

    def row(
        name: str, who: str, images: NDArray[np.uint8], run: Callable[[Any], NDArray[np.uint8]]
    ) -> Row:
        return Row(
            f"{name}, {count}, {who}",
            lambda: run(images),
            len(images) / 1e6,
            lambda: digest(run(few)),
            name,
        )

    def by_pixel(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return pbe_loop(images, pbe.negate, pbe.order, orders)

    def by_sample(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return np.stack([logistic_loops(image, fiie.mu, fiie.d0) for image in images])

    return [
        row("pbe", "NumPy", batch, lambda x: pbe_numpy(x, pbe.negate, pbe.order, orders)),
        row("pbe", f"loop over pixels {some}", few, by_pixel),
        row("le", "NumPy, block by block", batch, lambda x: le_blocks(x, *le_parts)),
        row("fiie", f"plain Python {some}", few, by_sample),
    ]


def tables(found: Measured, isas: list[str]) -> list[Table]:
    """A table for each size of batch."""
    best, made = isas[-1], []
    wanted = {"pbe": 0.9, "logistic-pixel": 0.9, "le": 0.65 if best == "avx512" else 0.3}
    wanted |= dict.fromkeys(("ele", "etc", "block-shuffle"), 0.5)
    for copy in (name for name in found.sizes if name.startswith("memcpy")):
        count = copy.split(", ")[1]
        some = [n for n in found.sizes if f", {count}" in n and not n.endswith("2 threads")]
        goals = [Goal(f"{n}, {count}, {best}", copy, factor) for n, factor in wanted.items()]
        if best == "avx512":
            goals.append(Goal(f"le, {count}, avx2", copy, 0.3))
        title = f"{count} x 32x32x3, one thread"
        made.append(Table(title, "million pictures/s", sorted(some), (copy,), goals))
    return made


def gains(found: Measured) -> list[Gain]:
    """Two threads against one, of each scheme on the best instruction set."""
    from facecrypt import _native

    best, twos = _native.supported_isas()[-1], [n for n in found.sizes if n.endswith(", 2 threads")]
    pairs = [(name.removesuffix("2 threads") + best, name) for name in twos if name[0] != "S"]
    sha = [Gain("SHA-256", "SHA-256, 2 threads", None)]
    return sha + [Gain(one, two, 1.8) for one, two in pairs]
