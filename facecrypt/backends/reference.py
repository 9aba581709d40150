"""The definition of every kernel, in NumPy: to be read, and to test the others against."""

from math import inf, log

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends import checks
from facecrypt.backends.reference_schemes import blocks, coupling, gather, pixels

__all__ = ["blocks", "coupling", "examine", "gather", "lanes", "pixels", "rows", "sequence"]

_QUANTISERS = {
    "eq4": lambda d: (d / 2 * 1e14).astype(np.int64),
    "floor255": lambda d: (255.0 * d).astype(np.int64),
    "round255": lambda d: (255.0 * d + 0.5).astype(np.int64),
    "floor256": lambda d: np.minimum((256.0 * d).astype(np.int64), 255),
}


def sequence(
    mu: float,
    d0: float,
    data: NDArray[np.uint8] | None,
    out: NDArray[np.uint8],
    *,
    discard: int,
    quantiser: str,
) -> None:
    """See :class:`facecrypt.backends.Kernels`."""
    source, target = checks.buffers(data, out)
    checks.quantiser(quantiser)
    states = _states(np.array([mu], np.float64), np.array([d0], np.float64), discard, target.size)
    _apply(_QUANTISERS[quantiser](states).astype(np.uint8).reshape(-1), source, target)


def lanes(
    mu: NDArray[np.float64],
    d0: NDArray[np.float64],
    data: NDArray[np.uint8] | None,
    out: NDArray[np.uint8],
    *,
    discard: int,
    bytes_per_iterate: int,
    chunk: int,
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; always one thread."""
    source, target = checks.buffers(data, out)
    mu, d0 = checks.keys(mu, d0)
    checks.at_least(chunk, "chunk", 1)
    checks.workers(threads)
    if bytes_per_iterate not in (1, 2):
        raise ValueError(f"bytes_per_iterate must be 1 or 2, received {bytes_per_iterate!r}")
    chunks = -(-target.size // chunk)
    if chunks == 0:
        return
    if mu.size == 0 or mu.size % chunks:
        raise ValueError(
            f"{chunks} chunks need a multiple of {chunks} lanes, at least one each, "
            f"received {mu.size}"
        )
    for k, (mu_k, d0_k) in enumerate(
        zip(mu.reshape(chunks, -1), d0.reshape(chunks, -1), strict=True)
    ):
        piece = slice(k * chunk, (k + 1) * chunk)
        size = target[piece].size
        states = _states(mu_k, d0_k, discard, -(-size // (mu_k.size * bytes_per_iterate)))
        integers = _QUANTISERS["eq4"](states).astype(f"<u{bytes_per_iterate}")
        keystream = integers.reshape(-1).view(np.uint8)[:size]
        _apply(keystream, None if source is None else source[piece], target[piece])


def rows(
    mu: NDArray[np.float64],
    d0: NDArray[np.float64],
    data: NDArray[np.uint8] | None,
    out: NDArray[np.uint8],
    *,
    discard: int,
    threads: int | None,
) -> None:
    """See :class:`facecrypt.backends.Kernels`; always one thread."""
    source, target = checks.buffers(data, out)
    mu, d0 = checks.keys(mu, d0)
    checks.workers(threads)
    if target.size == 0:
        return
    if mu.size == 0 or target.size % mu.size:
        raise ValueError(
            f"{target.size} bytes cannot be divided among {mu.size} keys; one key for each row"
        )
    states = _states(mu, d0, discard, target.size // mu.size)
    _apply(_QUANTISERS["eq4"](states).astype(np.uint8).T.reshape(-1), source, target)


def examine(mu: float, d0: float, discard: int) -> tuple[float, int]:
    """See :class:`facecrypt.backends.Kernels`."""
    checks.at_least(discard, "discard", 1)
    checks.keys(np.array([mu], np.float64), np.array([d0], np.float64))
    d, total = d0, 0.0
    for _ in range(discard):
        d = (mu * d) * (1.0 - d)
        slope = abs(mu * (1.0 - 2.0 * d))
        total += log(slope) if slope else -inf
    power = 1
    while power <= 1 << 14:
        mark = d
        for length in range(1, power + 1):
            d = (mu * d) * (1.0 - d)
            if d == mark:
                return total / discard, length
        power *= 2
    return total / discard, 0


def _states(
    mu: NDArray[np.float64], d0: NDArray[np.float64], discard: int, count: int
) -> NDArray[np.float64]:
    """(count, lanes) states of orbits with keys (lanes,), after ``discard`` more."""
    mu, d = checks.keys(mu, d0)
    states = np.empty((count, mu.size))
    for _ in range(checks.at_least(discard, "discard", 0)):
        d = (mu * d) * (1.0 - d)
    for t in range(count):
        d = (mu * d) * (1.0 - d)
        states[t] = d
    return states


def _apply(
    keystream: NDArray[np.uint8], source: NDArray[np.uint8] | None, target: NDArray[np.uint8]
) -> None:
    if source is None:
        target[:] = keystream
    else:
        np.bitwise_xor(source, keystream, out=target)
