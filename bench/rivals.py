"""What the kernels are measured beside: memcpy, ciphers, plain Python, NumPy, Numba, two cores."""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.harness import Row, digest

__all__ = ["KEY", "SUBKEY", "in_place", "lane_keys", "megabytes", "proven_orbit", "rows"]

MIB = {"tiny": 1, "quick": 64, "full": 64}
PROVEN = 1 << 20
KEY, SUBKEY = (3.9987, 0.1234), bytes(range(32))


def rows(part: str, scale: str, data: Mapping[str, Any]) -> list[Row]:
    """Rows of ``machine``, ``peers`` or ``numba``; see :class:`bench.harness.Spec`."""
    size = megabytes(scale)
    if part == "machine":
        return _two_cores(scale)
    if part == "numba":
        return _numba(size)
    return _copies(size) + _ciphers(size) + _numpy(min(size, 16 << 20))


def megabytes(scale: str) -> int:
    """Bytes of a buffer: 64 MiB, out of every cache."""
    return MIB[scale] << 20


def lane_keys(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keys of lanes: any numbers will do, for speed depends on none."""
    rng = np.random.default_rng(4)
    return rng.uniform(3.99, 4.0, count), rng.uniform(0.01, 0.49, count)


def in_place(
    name: str,
    buffer: NDArray[np.uint8],
    run: Callable[[], object],
    agrees: str = "",
    threads: int = 1,
) -> Row:
    """A row that XORs the buffer: proven on zeros, which become the keystream."""

    def prove() -> str:
        buffer[...] = 0
        run()
        assert buffer.any(), "the buffer is still zero"
        return digest(buffer[:PROVEN])

    return Row(name, run, buffer.size / 1e9, prove, agrees, threads)


def proven_orbit(run: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> str:
    """The proof of rows with one orbit: the keystream, from a small picture of zeros."""
    return digest(run(np.zeros((64, 64, 3), np.uint8)))


def _two_cores(scale: str) -> list[Row]:
    """Two threads that share nothing: what they gain says whether both cores were free."""
    data = bytes((2 if scale == "tiny" else 16) << 20)

    def hashed(threads: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: hashlib.sha256(data).digest(), range(2)))

    size = 2 * len(data) / 1e9
    return [
        Row("SHA-256", lambda: hashed(1), size),
        Row("SHA-256, 2 threads", lambda: hashed(2), size, threads=2),
    ]


def _copies(size: int) -> list[Row]:
    source = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    target, third = np.empty_like(source), np.empty_like(source)

    def copied() -> str:
        np.copyto(target, source)
        assert np.array_equal(target, source), "not a copy"
        return digest(target[:PROVEN])

    def xored() -> str:
        np.bitwise_xor(source, target, out=third)
        assert np.array_equal(third ^ target, source), "not an XOR"
        return digest(third[:PROVEN])

    half = size // 2

    def both() -> None:
        second = pool.submit(np.copyto, target[half:], source[half:])
        np.copyto(target[:half], source[:half])
        second.result()

    pool = ThreadPoolExecutor(1)
    gb = size / 1e9
    return [
        Row("memcpy", lambda: np.copyto(target, source), gb, copied),
        Row("memcpy, 2 threads", both, gb, threads=2),
        Row("NumPy XOR of two buffers", lambda: np.bitwise_xor(source, target, third), gb, xored),
    ]


def _ciphers(size: int) -> list[Row]:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    plain = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    out = np.empty(size + 15, np.uint8)
    kinds = {
        "AES-256-CTR": Cipher(algorithms.AES(SUBKEY), modes.CTR(bytes(16))),
        "AES-256-GCM": Cipher(algorithms.AES(SUBKEY), modes.GCM(bytes(12))),
        "ChaCha20": Cipher(algorithms.ChaCha20(SUBKEY, bytes(16)), None),
    }

    def row(name: str, cipher: Any) -> Row:
        def run() -> bytes:
            encryptor = cipher.encryptor()
            encryptor.update_into(plain, out)
            encryptor.finalize()
            return getattr(encryptor, "tag", b"")

        def prove() -> str:
            tag = run()
            decryptor = cipher.decryptor()
            back = np.frombuffer(decryptor.update(out[:size]), np.uint8)
            if tag:
                decryptor.finalize_with_tag(tag)
            assert np.array_equal(back, plain), "does not decrypt"
            return digest(out[:PROVEN])

        return Row(f"{name} of cryptography", run, size / 1e9, prove)

    return [row(*kind) for kind in kinds.items()]


def _numpy(size: int) -> list[Row]:
    from bench.published import logistic_loops, numpy_lanes

    wide, narrow = lane_keys(4096), lane_keys(64)
    buffer, side = np.zeros(size, np.uint8), 64 if size < 1 << 24 else 192
    picture = np.zeros((side, side, 3), np.uint8)

    def same_as_lanes() -> str:
        small = np.zeros(PROVEN, np.uint8)
        numpy_lanes(*narrow, small)
        return digest(small)

    return [
        Row(
            "NumPy, 4096 lanes",
            lambda: numpy_lanes(*wide, buffer),
            size / 1e9,
            same_as_lanes,
            "lanes 1",
        ),
        Row(
            f"plain Python, h, w, c loops, {side}x{side}x3",
            lambda: logistic_loops(picture, *KEY),
            picture.size / 1e9,
            lambda: proven_orbit(lambda zeros: logistic_loops(zeros, *KEY)),
            "one orbit",
        ),
    ]


def _numba(size: int) -> list[Row]:
    from bench.published import numba_chains

    chains = numba_chains()
    mu, d0 = lane_keys(64)
    buffer, one, steps = np.zeros(size, np.uint8), np.zeros(1 << 20, np.uint8), 1 << 20

    def written(zeros: NDArray[np.uint8]) -> NDArray[np.uint8]:
        chains["one"](*KEY, zeros.reshape(-1))
        return zeros

    return [
        Row(
            "Numba, one orbit",
            lambda: chains["one"](*KEY, one),
            one.size / 1e9,
            lambda: proven_orbit(written),
            "one orbit",
        ),
        in_place("Numba, 64 lanes", buffer, lambda: chains["lanes"](mu, d0, buffer), "lanes 1"),
        Row("Numba, the bare map", lambda: chains["bare"](*KEY, steps), steps / 1e9),
        Row(
            "clock, in cycles, by Numba",
            lambda: chains["clock"](np.uint64(1), steps),
            4 * steps / 1e9,
        ),
    ]
