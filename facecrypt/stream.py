"""The sealing stream, version 1: 64 orbits a chunk, their keys from HKDF.

This is the only module that makes floating-point keys out of bytes. It does so in integers, for
compilers disagree on the last bit of ``3.9 + i*0.0015``.
"""

import numpy as np
from numpy.typing import NDArray

from facecrypt import backends

__all__ = ["seal_stream_xor", "sealing_lanes"]

LANES = 64
DISCARD = 256
CHUNK = 4 << 20
_MU0 = -(-399 * 2**51 // 100)  # ceil(3.99 * 2**51), exactly


def sealing_lanes(subkey: bytes, chunk: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keys of the 64 lanes of one chunk of the sealing stream, version 1.

    HKDF-Expand-SHA256 (RFC 5869) of the subkey, with info ``b"facecrypt v1 lanes"`` and the
    chunk number as 8 big-endian bytes, gives 128 big-endian 64-bit integers u. Lane i has, with
    M0 = ceil(3.99 * 2**51)::

        mu = (M0 + ((u[2i]   * (2**53 - M0)) >> 64)) / 2**51     in [3.99, 4)
        d0 = (1  + ((u[2i+1] * (2**52 - 1))  >> 64)) / 2**53     in (0, 0.5)

    Both numerators are below 2**53, so nothing is rounded.

    Parameters
    ----------
    subkey : bytes
        32 bytes, used for nothing else.
    chunk : int
        Number of the 4 MiB chunk, from 0.

    Returns
    -------
    mu, d0 : (64,) float64 arrays
    """
    mu, d0 = _sealing_keys(subkey, range(chunk, chunk + 1))
    return mu[0], d0[0]


def seal_stream_xor(
    data: NDArray[np.uint8],
    subkey: bytes,
    *,
    backend: str = "auto",
    threads: int | None = None,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """XOR with the sealing stream, version 1; its own inverse.

    Chunk k, of 4 MiB, takes the 64 lanes of ``sealing_lanes(subkey, k)``, 256 iterates
    discarded, 2 bytes an iterate. Each chunk can be computed alone.

    Parameters
    ----------
    data : uint8 array, C-contiguous
    subkey : bytes
        32 bytes, for these data alone: a second use is a two-time pad.
    backend : str
    threads : int, optional
        At most so many; one thread takes whole chunks.
    out : array like data, optional
        `data` itself, or memory apart from it.

    Returns
    -------
    array like data

    Notes
    -----
    Not a cipher by itself, see the module. Vetting 64 lanes would cost more than sealing
    a face: some 0.8 % of the lanes are periodic, which the cipher on top makes harmless.
    """
    out = np.empty_like(data, order="C") if out is None else out
    mu, d0 = _sealing_keys(subkey, range(-(-out.size // CHUNK)))
    backends.get(backend).lanes(
        mu,
        d0,
        data,
        out,
        discard=DISCARD,
        bytes_per_iterate=2,
        chunk=CHUNK,
        threads=threads,
    )
    return out


def _sealing_keys(subkey: bytes, chunks: range) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(chunks, 64) mu and d0; see :func:`sealing_lanes`."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    if len(subkey) != 32:
        raise ValueError(f"a subkey is 32 bytes, received {len(subkey)}")
    material = b"".join(
        HKDFExpand(SHA256(), 1024, b"facecrypt v1 lanes" + k.to_bytes(8, "big")).derive(subkey)
        for k in chunks
    )
    u = np.frombuffer(material, ">u8").astype(np.uint64).reshape(len(chunks), LANES, 2)
    mu = _scaled(u[..., 0], 2**53 - _MU0) + np.uint64(_MU0)
    d0 = _scaled(u[..., 1], 2**52 - 1) + np.uint64(1)
    return mu.astype(np.float64) * 2.0**-51, d0.astype(np.float64) * 2.0**-53


def _scaled(u: NDArray[np.uint64], factor: int) -> NDArray[np.uint64]:
    """``(u * factor) >> 64`` of the 128-bit product, by halves of 32 bits; factor < 2**64."""
    low, shift = np.uint64(0xFFFFFFFF), np.uint64(32)
    high_f, low_f = np.uint64(factor >> 32), np.uint64(factor & 0xFFFFFFFF)
    high_u, low_u = u >> shift, u & low
    middle = high_u * low_f + (low_u * low_f >> shift)
    carried = low_u * high_f + (middle & low)
    return high_u * high_f + (middle >> shift) + (carried >> shift)
