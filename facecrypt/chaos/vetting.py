"""Which keys of the logistic map are refused, and why.

The rules and their error rates were measured on random keys: of those from [3.9, 4) 2.6 % have a
cycle shorter than 2**20 states; the rules let 0.18 % of all keys pass that do, and refuse 0.9 %
that do not.
"""

from dataclasses import InitVar, dataclass
from functools import lru_cache
from math import isfinite
from typing import Self
from warnings import warn

import numpy as np

from facecrypt import backends
from facecrypt.errors import WeakKeyError

__all__ = ["DISCARD", "LogisticKey", "check_key", "refuse", "vet"]

DISCARD = 3000  # Algorithm 2


@dataclass(frozen=True, slots=True)
class LogisticKey:
    """A vetted key of one orbit.

    Parameters
    ----------
    mu, d0 : float
        Growth rate and first state. Printed as hexadecimal floats they survive any text format.
    allow_weak : bool
        As in :func:`check_key`; not kept.

    Raises
    ------
    WeakKeyError, ValueError
        As :func:`check_key`.

    Examples
    --------
    >>> LogisticKey(3.995, 0.41)
    LogisticKey(mu=3.995, d0=0.41)
    """

    mu: float
    d0: float
    allow_weak: InitVar[bool] = False

    def __post_init__(self, allow_weak: bool) -> None:
        object.__setattr__(self, "mu", float(self.mu))
        object.__setattr__(self, "d0", float(self.d0))
        vet(self.mu, self.d0, allow_weak=allow_weak, stacklevel=3)  # past the generated __init__

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """A strong key: mu uniform in [3.99, 4), d0 in (0, 0.5), drawn again while weak."""
        while True:
            mu, d0 = rng.uniform(3.99, 4.0), rng.uniform(0.0, 0.5)
            if _in_domain(mu, d0) and _weakness(mu, d0) is None:
                return cls(mu, d0)


def check_key(mu: float, d0: float, *, allow_weak: bool = False) -> None:
    """Refuse a key whose orbit is periodic, collapses or is barely chaotic.

    A tenth of the published range [3.57, 4] gives a short repeating keystream.
    Refused: mu outside [3.57, 4); d0 in {1/4, 1/2, 3/4, 1 - 1/mu}; a Lyapunov exponent
    over the 3000 discarded states below 0.1, or 0.3 from mu = 3.9 on; a cycle of at most
    2**14 states found after them.

    Parameters
    ----------
    mu, d0 : float
    allow_weak : bool
        Warn (``UserWarning``, naming the weakness) and accept, for the papers' own keys.

    Raises
    ------
    ValueError
        mu not in [0, 4], or d0 not in (0, 1): no orbit, whatever `allow_weak`.
    WeakKeyError
        The rule that failed, the value measured, and what to do.

    Notes
    -----
    Less than 0.1 ms, and nothing when asked again. ``d0`` and ``1 - d0`` give the same
    states from the second on, up to rounding: draw d0 below 1/2.

    Examples
    --------
    >>> check_key(3.995, 0.41)
    >>> check_key(3.83, 0.3)
    Traceback (most recent call last):
        ...
    facecrypt.errors.WeakKeyError: weak logistic key (mu=3.83, d0=0.3): periodic window, period 3; \
draw mu from [3.99, 4) and d0 from (0, 0.5), or pass allow_weak=True to reproduce published results
    """
    vet(mu, d0, allow_weak=allow_weak, stacklevel=2)


def vet(mu: float, d0: float, *, allow_weak: bool, stacklevel: int) -> None:
    """:func:`check_key`, where the warning is to point `stacklevel` callers up."""
    if not _in_domain(mu, d0):
        raise ValueError(
            f"a logistic key needs mu in [0, 4] and d0 in (0, 1), received mu={mu!r}, d0={d0!r}"
        )
    weakness = _weakness(float(mu), float(d0))
    if weakness is not None:
        refuse(mu, d0, weakness, allow_weak=allow_weak, stacklevel=stacklevel + 1)


def refuse(mu: float, d0: float, weakness: str, *, allow_weak: bool, stacklevel: int) -> None:
    """Raise :class:`WeakKeyError`, or warn `stacklevel` callers up where weak is allowed."""
    message = f"weak logistic key (mu={mu!r}, d0={d0!r}): {weakness}"
    if allow_weak:
        warn(message, stacklevel=stacklevel + 1)
        return
    raise WeakKeyError(
        f"{message}; draw mu from [3.99, 4) and d0 from (0, 0.5), "
        "or pass allow_weak=True to reproduce published results"
    )


def _in_domain(mu: float, d0: float) -> bool:
    return isfinite(mu) and 0.0 <= mu <= 4.0 and 0.0 < d0 < 1.0


@lru_cache(maxsize=4096)
def _weakness(mu: float, d0: float) -> str | None:
    if not 3.57 <= mu < 4.0:
        return f"mu must be in [3.57, 4), where the map is chaotic, and it is {mu!r}"
    if d0 in (0.25, 0.5, 0.75, 1.0 - 1.0 / mu):
        return f"d0={d0!r} is a preimage of a fixed point, or one"
    lyapunov, cycle = backends.get().examine(mu, d0, DISCARD)
    if cycle:
        return f"periodic window, period {cycle}"
    least = 0.3 if mu >= 3.9 else 0.1
    if lyapunov < least:
        return f"Lyapunov exponent {lyapunov:.3f} over {DISCARD} states, below {least}"
    return None
