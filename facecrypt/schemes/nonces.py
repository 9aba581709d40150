"""Probabilistic encryption: a fresh random nonce, hence a fresh key, for each picture."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.schemes.base import Scheme
from facecrypt.schemes.key import Key
from facecrypt.schemes.pictures import Pictures, as_batch

__all__ = ["NONCE_SIZE", "Probabilistic"]

NONCE_SIZE = 16


class Probabilistic(Scheme):
    """A scheme whose keys may come from a master key and a nonce.

    The nonces are no secret and have to be kept with the ciphers, in order: as 16 bytes before
    each, in a header, or as an array of their own.
    """

    def encrypt_fresh(
        self,
        images: Pictures,
        master: bytes,
        *,
        nonces: NDArray[np.uint8] | None = None,
        backend: str = "auto",
        **options: Any,
    ) -> tuple[Pictures, NDArray[np.uint8]]:
        """Encrypt each picture under ``derive_key(shape, master, nonce=its nonce, **options)``.

        Parameters
        ----------
        images : uint8 array
            A picture or a batch.
        master : bytes
            32 random bytes.
        nonces : (16,) or (N, 16) uint8 array, optional
            For tests: a nonce that is used twice is a two-time pad. Random by default.
        backend : str
        **options
            Those of the scheme's keys.

        Returns
        -------
        ciphers : uint8 array
            As of :meth:`encrypt`.
        nonces : (16,) uint8 array, or (N, 16) of a batch
        """
        batch = as_batch(images)
        if nonces is None:
            drawn = os.urandom(len(batch) * NONCE_SIZE)
            nonces = np.frombuffer(drawn, np.uint8).reshape(*_lead(images), NONCE_SIZE)
        keys = self._keys(images, master, nonces, options)
        ciphers = [
            self.encrypt(picture, key, backend=backend)
            for picture, key in zip(batch, keys, strict=True)
        ]
        return _joined(ciphers, images), nonces

    def decrypt_fresh(
        self,
        images: Pictures,
        master: bytes,
        nonces: NDArray[np.uint8],
        *,
        shape: tuple[int, ...] | None = None,
        backend: str = "auto",
        **options: Any,
    ) -> Pictures:
        """The exact inverse of :meth:`encrypt_fresh` with the same options; `shape` as in
        :meth:`decrypt`."""
        keys = self._keys(images, master, nonces, options)
        plains = [
            self.decrypt(cipher, key, shape=shape, backend=backend)
            for cipher, key in zip(as_batch(images), keys, strict=True)
        ]
        return _joined(plains, images)

    def _keys(
        self, images: Pictures, master: bytes, nonces: NDArray[np.uint8], options: dict[str, Any]
    ) -> Iterator[Key]:
        wanted = (*_lead(images), NONCE_SIZE)
        if np.shape(nonces) != wanted or np.asarray(nonces).dtype != np.uint8:
            raise ValueError(
                f"nonces must be a uint8 array {wanted} for images {images.shape}, "
                f"received {np.asarray(nonces).dtype} {np.shape(nonces)}"
            )
        for nonce in np.reshape(nonces, (-1, NONCE_SIZE)):
            yield self.derive_key(images.shape, master, nonce=nonce.tobytes(), **options)


def _lead(images: Pictures) -> tuple[int, ...]:
    return images.shape[:1] if images.ndim == 4 else ()


def _joined(pictures: list[Pictures], like: Pictures) -> Pictures:
    if not pictures:
        return like.copy()
    joined = np.stack(pictures)
    return joined if like.ndim == 4 else joined.reshape(joined.shape[1 : 1 + like.ndim])
