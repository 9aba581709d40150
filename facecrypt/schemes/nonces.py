"""Probabilistic encryption: a fresh random nonce, hence a fresh key, for each picture."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.backends.arrays import as_kernel_array, empty_like
from facecrypt.schemes.base import Scheme
from facecrypt.schemes.key import Key
from facecrypt.schemes.pictures import Pictures, checked, picture_shape

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
        height, width, _ = picture_shape(tuple(checked(images).shape))
        if nonces is None:
            lead = _lead(images)
            drawn = os.urandom(NONCE_SIZE * (lead[0] if lead else 1))
            nonces = np.frombuffer(drawn, np.uint8).reshape(*lead, NONCE_SIZE)

        def run(picture: Pictures, key: Key, out: Pictures | None) -> Pictures:
            return self.encrypt(picture, key, out=out, backend=backend)

        keys = self._keys(images, master, nonces, options)
        return _each(images, keys, run, lambda key: self.padded(key, height, width)), nonces

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
        side = picture_shape(tuple(checked(images).shape) if shape is None else shape)[:2]

        def run(picture: Pictures, key: Key, out: Pictures | None) -> Pictures:
            return self.decrypt(picture, key, out=out, shape=shape, backend=backend)

        keys = self._keys(images, master, nonces, options)
        return _each(images, keys, run, lambda key: side)

    def _keys(
        self, images: Pictures, master: bytes, nonces: NDArray[np.uint8], options: dict[str, Any]
    ) -> Iterator[Key]:
        wanted = (*_lead(images), NONCE_SIZE)
        if np.shape(nonces) != wanted or np.asarray(nonces).dtype != np.uint8:
            raise ValueError(
                f"nonces must be a uint8 array {wanted} for images {tuple(images.shape)}, "
                f"received {np.asarray(nonces).dtype} {np.shape(nonces)}"
            )
        for nonce in np.reshape(nonces, (-1, NONCE_SIZE)):
            yield self.derive_key(tuple(images.shape), master, nonce=nonce.tobytes(), **options)


def _lead(images: Pictures) -> tuple[int, ...]:
    return tuple(images.shape)[:1] if images.ndim == 4 else ()


def _each(
    images: Pictures,
    keys: Iterator[Key],
    run: Callable[[Pictures, Key, Pictures | None], Pictures],
    side: Callable[[Key], tuple[int, int]],
) -> Pictures:
    """Each picture under its own key; `side` says of what size the results are."""
    if images.ndim < 4:
        return run(images, next(keys), None)
    source, out = as_kernel_array(images, "images"), None
    for i, key in enumerate(keys):
        if out is None:
            out = empty_like(images, (source.shape[0], *side(key), source.shape[3]))
        run(source[i], key, as_kernel_array(out, "out")[i])
    return empty_like(images) if out is None else out
