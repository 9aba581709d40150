"""Keystreams of the logistic map.

The map is ``d = (mu*d)*(1-d)`` in IEEE binary64, left to right and never fused; the
published byte is ``floor((d/2) * 1e14) mod 256`` (Ahmad and Shin 2022, Algorithm 2 and
equations 3-4). None of this is a cipher: who knows plain bytes gets the state. Sealing
therefore encrypts with AES-256-GCM on top.

Tensors of PyTorch and arrays that CuPy or Numba keeps on a graphics card are taken and given as
NumPy's are; ``backend="auto"`` works on them where they are: see docs/cuda.md.

Keys are vetted in ``facecrypt.chaos.vetting``, the sealing stream is in
``facecrypt.chaos.sealing_stream``; both are to be had from here.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facecrypt import backends
from facecrypt.backends.arrays import as_kernel_array, backend_for, empty_like, size
from facecrypt.backends.checks import at_least
from facecrypt.backends.operands import Lanes, Orbit, Rows
from facecrypt.chaos.sealing_stream import seal_stream_xor, sealing_lanes
from facecrypt.chaos.vetting import DISCARD, LogisticKey, check_key, refuse, vet

__all__ = [
    "MAX_OUTPUTS",
    "LogisticKey",
    "check_key",
    "logistic_lanes",
    "logistic_sequence",
    "seal_stream_xor",
    "sealing_lanes",
    "xor_lanes",
    "xor_rows",
]

# Even good orbits meet their cycle after some 1e5 to 1e7 states (median 1.7e7 of tail and cycle).
MAX_OUTPUTS = 1 << 20
_ONE_CHUNK = 1 << 60


def logistic_sequence(
    mu: float,
    d0: float,
    n: int,
    *,
    discard: int = DISCARD,
    quantiser: str = "eq4",
    allow_weak: bool = False,
    out: NDArray[np.uint8] | None = None,
    backend: str = "auto",
) -> NDArray[np.uint8]:
    """Bytes of one orbit: Ahmad and Shin's Algorithm 2.

    Parameters
    ----------
    mu, d0 : float
        The key, vetted by :func:`check_key`.
    n : int
        Bytes, at most 2**20 for one key: orbits run into cycles.
    discard : int
        Iterates that give no byte.
    quantiser : {"eq4", "floor255", "round255", "floor256"}
        ``floor((d/2)*1e14) mod 256``, or ``floor(255 d)``, ``floor(255 d + 0.5)``,
        ``min(floor(256 d), 255)``. Only eq4 is near uniform.
    allow_weak : bool
        Warn where the key is weak or the stream too long, instead of refusing.
    out : (n,) uint8 array, optional
    backend : str

    Returns
    -------
    (n,) uint8 array

    Raises
    ------
    WeakKeyError
        See `allow_weak`.

    Notes
    -----
    O(discard + n), bound by the latency of three dependent operations: no vector unit helps.

    Examples
    --------
    >>> logistic_sequence(3.995, 0.41, 4)
    array([146, 146,   1,  14], dtype=uint8)
    """
    mu, d0, n = float(mu), float(d0), _length(n)
    vet(mu, d0, allow_weak=allow_weak, stacklevel=2)
    if n > MAX_OUTPUTS:
        weakness = f"{n} bytes of one key, of which {MAX_OUTPUTS} are safe from its cycle"
        refuse(mu, d0, weakness, allow_weak=allow_weak, stacklevel=2)
    out = _target(out, n)
    kernels = backends.get(backend_for(out, backend))
    kernels.sequence(None, as_kernel_array(out, "out"), Orbit(mu, d0, discard, quantiser))
    return out


def logistic_lanes(
    mu: ArrayLike,
    d0: ArrayLike,
    n: int,
    *,
    discard: int,
    bytes_per_iterate: int = 1,
    threads: int | None = None,
    out: NDArray[np.uint8] | None = None,
    backend: str = "auto",
) -> NDArray[np.uint8]:
    """Bytes of many orbits at once, time-major and lane-interleaved.

    Parameters
    ----------
    mu, d0 : (L,) array-like of float
        One key a lane. They are not vetted: :func:`check_key` does that. Lanes with one mu
        fall into the same few cycles, so give each its own.
    n : int
        Bytes; the last row of lanes is cut where n is no multiple of it.
    discard : int
    bytes_per_iterate : {1, 2}
        2 takes the low 16 bits of ``floor((d/2)*1e14)``, little-endian.
    threads : int, optional
        At most so many. One thread takes at least 256 lanes.
    out : (n,) uint8 array, optional
    backend : str

    Returns
    -------
    (n,) uint8 array
        With 1 byte an iterate, ``out[t*L + l]`` is byte t of
        ``logistic_sequence(mu[l], d0[l], ...)``.

    Examples
    --------
    >>> logistic_lanes([3.995, 3.9987], [0.41, 0.123], 6, discard=3000)[::2]
    array([146, 146,   1], dtype=uint8)
    """
    mu, d0, n = _keys(mu), _keys(d0), _length(n)
    out = _target(out, n)
    kernels = backends.get(backend_for(out, backend))
    operands = Lanes(mu, d0, discard, bytes_per_iterate, _ONE_CHUNK)
    try:
        kernels.lanes(None, as_kernel_array(out, "out"), operands, threads=threads)
    except (TypeError, ValueError):
        _refuse(mu)
        raise
    return out


def xor_lanes(
    data: NDArray[np.uint8],
    mu: ArrayLike,
    d0: ArrayLike,
    *,
    discard: int,
    bytes_per_iterate: int = 1,
    threads: int | None = None,
    out: NDArray[np.uint8] | None = None,
    backend: str = "auto",
) -> NDArray[np.uint8]:
    """``data XOR logistic_lanes(...)`` in one pass over the memory; its own inverse.

    Parameters
    ----------
    data : uint8 array, any shape, C-contiguous
    mu, d0, discard, bytes_per_iterate, threads, backend
        As :func:`logistic_lanes`.
    out : array like data, optional
        `data` itself, or memory apart from it.

    Returns
    -------
    array like data

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((2, 2, 3), 7, np.uint8)
    >>> sealed = xor_lanes(image, [3.995, 3.9987], [0.41, 0.123], discard=256)
    >>> bool((xor_lanes(sealed, [3.995, 3.9987], [0.41, 0.123], discard=256) == image).all())
    True
    """
    mu, d0 = _keys(mu), _keys(d0)
    kernels = backends.get(backend_for(data if out is None else out, backend))
    source = as_kernel_array(data, "data")
    out = empty_like(data) if out is None else out
    operands = Lanes(mu, d0, discard, bytes_per_iterate, _ONE_CHUNK)
    try:
        kernels.lanes(source, as_kernel_array(out, "out"), operands, threads=threads)
    except (TypeError, ValueError):
        _refuse(mu, source)
        raise
    return out


def xor_rows(
    data: NDArray[np.uint8],
    mu: ArrayLike,
    d0: ArrayLike,
    *,
    discard: int = DISCARD,
    threads: int | None = None,
    out: NDArray[np.uint8] | None = None,
    backend: str = "auto",
) -> NDArray[np.uint8]:
    """XOR each row, or image of a batch, with the published stream of its own key.

    Parameters
    ----------
    data : (N, ...) uint8 array, C-contiguous
    mu, d0 : (N,) array-like of float
        One key a row, not vetted.
    discard, threads, backend
    out : array like data, optional
        `data` itself, or memory apart from it.

    Returns
    -------
    array like data
        ``out[i] = data[i] XOR logistic_sequence(mu[i], d0[i], data[i].size)``.

    Notes
    -----
    Rows are the lanes of the vector unit: 16 rows and more cost a fraction of the serial chain
    each. Rows a power of two apart contend for the same cache sets.
    """
    mu, d0 = _keys(mu), _keys(d0)
    if data.ndim == 0 or len(data) != mu.size:
        raise ValueError(
            f"expected one key for each row of data, received {mu.size} keys for shape {data.shape}"
        )
    kernels = backends.get(backend_for(data if out is None else out, backend))
    source = as_kernel_array(data, "data")
    out = empty_like(data) if out is None else out
    try:
        kernels.rows(source, as_kernel_array(out, "out"), Rows(mu, d0, discard), threads=threads)
    except (TypeError, ValueError):
        _refuse(mu, source)
        raise
    return out


def _keys(values: ArrayLike) -> NDArray[np.float64]:
    return np.ascontiguousarray(values, dtype=np.float64)


def _refuse(mu: NDArray[np.float64], data: Any = None) -> None:
    """Say what a kernel says of its operands in the words of a caller's."""
    if isinstance(data, np.ndarray) and data.dtype != np.uint8:
        raise TypeError(
            f"data must hold uint8, received {data.dtype}; pass its bytes: data.view(numpy.uint8)"
        ) from None
    if not mu.size:
        raise ValueError("mu and d0 hold no key; pass at least one of each") from None


def _length(n: int) -> int:
    return at_least(n, "n", 0)


def _target(out: NDArray[np.uint8] | None, n: int) -> NDArray[np.uint8]:
    if out is None:
        return np.empty(n, np.uint8)
    if size(out) != n:
        raise ValueError(f"out must have n={n} elements, received {size(out)}")
    return out
