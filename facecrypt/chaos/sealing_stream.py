"""The sealing stream, version 2: 64 orbits a chunk, their keys from HKDF."""

import numpy as np
from numpy.typing import NDArray

from facecrypt import backends
from facecrypt.backends.arrays import as_kernel_array, backend_for, empty_like, size
from facecrypt.backends.operands import Lanes
from facecrypt.chaos.derive import key_from_words, mu_near_4

__all__ = ["seal_stream_xor", "sealing_lanes"]

LANES = 64
DISCARD = 256
CHUNK = 4 << 20


def sealing_lanes(subkey: bytes, chunk: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Keys of the 64 lanes of one chunk of the sealing stream, version 2.

    HKDF-Expand-SHA256 (RFC 5869) of the subkey, with info ``b"facecrypt v2 lanes"`` and the
    chunk number as 8 big-endian bytes, gives 128 big-endian 64-bit integers u. Lane i has
    the key ``mu = (2**53 - 2**36 + (u[2i] >> 29)) / 2**51``, in [4 - 2**-15, 4 - 2**-16), and d0
    of u[2i+1] as :func:`facecrypt.chaos.derive.key_from_words` makes it.

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
    first: int = 0,
    backend: str = "auto",
    threads: int | None = None,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """XOR with the sealing stream, version 2; its own inverse.

    Chunk k, of 4 MiB, takes the 64 lanes of ``sealing_lanes(subkey, k)``, 256 iterates
    discarded, 2 bytes an iterate. Each chunk can be computed alone.

    Parameters
    ----------
    data : uint8 array, C-contiguous
    subkey : bytes
        32 bytes, for these data alone: a second use is a two-time pad.
    first : int
        Number of the chunk that `data` begins with, where they are a part of more.
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
    Not a cipher by itself, see the module. The band of mu lies between two defects: windows of
    order thin out towards 4, and at mu too near 4 tiny states show in the next value. In it
    5e-7 of the lanes run in a cycle within a chunk, and the cipher on top makes those harmless.
    """
    kernels = backends.get(backend_for(data if out is None else out, backend))
    source = as_kernel_array(data, "data")
    out = empty_like(data) if out is None else out
    mu, d0 = _sealing_keys(subkey, range(first, first - (-size(out) // CHUNK)))
    operands = Lanes(mu, d0, DISCARD, 2, CHUNK)
    kernels.lanes(source, as_kernel_array(out, "out"), operands, threads=threads)
    return out


def _sealing_keys(subkey: bytes, chunks: range) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(chunks, 64) mu and d0; see :func:`sealing_lanes`."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    if len(subkey) != 32:
        raise ValueError(f"a subkey is 32 bytes, received {len(subkey)}")
    material = b"".join(
        HKDFExpand(SHA256(), 1024, b"facecrypt v2 lanes" + k.to_bytes(8, "big")).derive(subkey)
        for k in chunks
    )
    words = np.frombuffer(material, ">u8").reshape(-1, LANES, 2)
    return mu_near_4(words[..., 0]), key_from_words(0, words[..., 1])[1]
