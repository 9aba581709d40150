"""Measurements of a cipher, not of a picture: it is run, with one thing changed at a time.

A cipher is any callable that takes a picture and returns one of the same shape and dtype.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.analysis.compare import npcr, uaci
from facecrypt.analysis.samples import check_image, pick

__all__ = [
    "Change",
    "Differential",
    "Encrypt",
    "Timing",
    "bit_neighbours",
    "differential",
    "encryption_time",
    "key_sensitivity",
    "logistic_neighbours",
]

Encrypt = Callable[[NDArray], NDArray]

_SETTLED = 1000  # two orbits that are equal after so many states remain so


class Change(NamedTuple):
    """How far two ciphers lie apart, in percent of the samples and of the range.

    Attributes
    ----------
    npcr, uaci : float
    """

    npcr: float
    uaci: float


@dataclass(frozen=True)
class Differential:
    """Outcome of :func:`differential`.

    Attributes
    ----------
    npcr, uaci : (trials,) float64 arrays
        Percent, for each changed sample.
    samples : int
        How many samples were compared in each trial.
    fresh : bool
        The cipher draws a key or nonce for each call: two ciphers of the *same* picture
        differ, so that the figures say nothing about how one sample spreads.
    """

    npcr: NDArray[np.float64]
    uaci: NDArray[np.float64]
    samples: int
    fresh: bool


@dataclass(frozen=True)
class Timing:
    """Outcome of :func:`encryption_time`: medians, in seconds.

    Attributes
    ----------
    seconds : float
        One encryption.
    memcpy : float
        One copy of the same bytes.
    size : int
        Bytes.
    """

    seconds: float
    memcpy: float
    size: int


def differential(
    encrypt: Encrypt,
    image: NDArray,
    *,
    trials: int = 20,
    mask: NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> Differential:
    """NPCR and UACI of two ciphers whose plain pictures differ in the lowest bit of one sample.

    Parameters
    ----------
    encrypt : callable
    image : array of uint8 or uint16, (H, W) or (H, W, C)
        Not edited.
    trials : int
        How many random samples are changed, one after another.
    mask : (H, W) bool array, optional
        Samples are changed and compared in these pixels alone.
    seed : int
        Of the choice of samples.

    Returns
    -------
    Differential

    Notes
    -----
    ``trials + 2`` encryptions.

    Examples
    --------
    A cipher that does not spread a change at all:

    >>> import numpy as np
    >>> outcome = differential(lambda image: image ^ 85, np.zeros((10, 10), np.uint8))
    >>> outcome.npcr.max(), outcome.fresh
    (np.float64(1.0), False)
    """
    check_image(image, mask)
    if trials < 1:
        raise ValueError(f"trials must be at least 1, received {trials}")
    candidates = np.flatnonzero(
        np.ones(image.shape, bool) if mask is None else _samples(mask, image)
    )
    chosen = np.random.default_rng(seed).choice(candidates, trials)
    base = encrypt(image)
    changes = []
    for index in chosen:
        altered = image.copy()
        altered.reshape(-1)[index] ^= 1
        changes.append(_change(base, encrypt(altered), mask))
    return Differential(
        np.array([change.npcr for change in changes]),
        np.array([change.uaci for change in changes]),
        pick(image, mask).size,
        fresh=not np.array_equal(base, encrypt(image)),
    )


def key_sensitivity(
    encrypt: Encrypt,
    neighbours: Mapping[str, Encrypt],
    image: NDArray,
    *,
    mask: NDArray[np.bool_] | None = None,
) -> dict[str, Change]:
    """How much of the cipher changes with the least change of the key.

    Parameters
    ----------
    encrypt : callable
        Under the key; gives the same cipher each time.
    neighbours : mapping of str to callable
        The same cipher under keys nearby, by name: see :func:`logistic_neighbours` and
        :func:`bit_neighbours`.
    image, mask
        As :func:`differential`.

    Returns
    -------
    dict of str to Change

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import logistic_sequence
    >>> def xor(mu, d0):
    ...     return lambda image: image ^ logistic_sequence(mu, d0, image.size).reshape(image.shape)
    >>> near = {step: xor(*key) for step, key in logistic_neighbours(3.99, 0.4).items()}
    >>> outcome = key_sensitivity(xor(3.99, 0.4), near, np.zeros((64, 64), np.uint8))
    >>> min(change.npcr for change in outcome.values()) > 99
    True
    """
    check_image(image, mask)
    base = encrypt(image)
    return {name: _change(base, other(image), mask) for name, other in neighbours.items()}


def logistic_neighbours(mu: float, d0: float) -> dict[str, tuple[float, float]]:
    """Keys as near to a logistic key as binary64 arithmetic can tell from it.

    Parameters
    ----------
    mu, d0 : float

    Returns
    -------
    dict of str to (mu, d0)
        Up and down for each of the two, by the least relative power of ten that survives
        rounding: smaller steps give the *same* orbit, larger ones measure less. Near
        d0 = 1/2 the step is up to 1e-8, for the map is flat there.

    Examples
    --------
    >>> list(logistic_neighbours(3.99, 0.4))
    ['mu * (1 + 1e-15)', 'mu * (1 - 1e-16)', 'd0 * (1 + 1e-15)', 'd0 * (1 - 1e-15)']
    >>> list(logistic_neighbours(3.99, 0.5))[2]
    'd0 * (1 + 1e-08)'
    """
    found = {}
    for field in ("mu", "d0"):
        for sign in "+-":
            for exponent in range(-16, -5):
                step = float(f"{sign}1e{exponent}")
                near = (mu * (1 + step), d0) if field == "mu" else (mu, d0 * (1 + step))
                if near[0] <= 4 and _settled(*near) != _settled(mu, d0):
                    found[f"{field} * (1 {sign} 1e{exponent:03d})"] = near
                    break
    return found


def bit_neighbours(key: bytes, count: int = 8) -> dict[str, bytes]:
    """Keys that differ from `key` in one bit, spread evenly over it.

    Examples
    --------
    >>> bit_neighbours(bytes(4), 2)
    {'bit 0': b'\\x01\\x00\\x00\\x00', 'bit 16': b'\\x00\\x00\\x01\\x00'}
    """
    number, bits = int.from_bytes(key, "little"), 8 * len(key)
    if not 0 < count <= bits:
        raise ValueError(f"count must be 1 to {bits}, one for each bit at most, received {count}")
    places = [bits * index // count for index in range(count)]
    return {f"bit {at}": (number ^ 1 << at).to_bytes(len(key), "little") for at in places}


def encryption_time(encrypt: Encrypt, image: NDArray, *, repeats: int = 9) -> Timing:
    """Time of one encryption beside that of a copy of the same bytes.

    Parameters
    ----------
    encrypt : callable
    image : array
    repeats : int
        How often each is run, in turn, so that a busy machine slows both.

    Returns
    -------
    Timing
        Medians.

    Examples
    --------
    >>> import numpy as np
    >>> encryption_time(lambda image: image ^ 85, np.zeros((10, 10), np.uint8)).size
    100
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, received {repeats}")
    target = np.empty_like(image)
    encrypt(image)
    np.copyto(target, image)
    spent = np.empty((repeats, 2))
    for turn in spent:
        started = time.perf_counter()
        encrypt(image)
        between = time.perf_counter()
        np.copyto(target, image)
        turn[:] = between - started, time.perf_counter() - between
    seconds, memcpy = np.median(spent, axis=0)
    return Timing(float(seconds), float(memcpy), image.nbytes)


def _change(c1: NDArray, c2: NDArray, mask: NDArray[np.bool_] | None) -> Change:
    return Change(npcr(c1, c2, mask=mask), uaci(c1, c2, mask=mask))


def _samples(mask: NDArray[np.bool_], image: NDArray) -> NDArray[np.bool_]:
    return np.broadcast_to(mask.reshape(mask.shape + (1,) * (image.ndim - 2)), image.shape)


def _settled(mu: float, d0: float) -> float:
    state = d0
    for _ in range(_SETTLED):
        state = (mu * state) * (1.0 - state)
    return state
