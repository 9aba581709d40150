"""What all schemes share: one interface, padding, batches, ``out=``, and where keys come from."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from facecrypt import backends
from facecrypt.backends import Kernels
from facecrypt.backends.arrays import as_kernel_array, backend_for, empty_like, reshaped
from facecrypt.regions import Region
from facecrypt.schemes.draws import Draws
from facecrypt.schemes.key import Key
from facecrypt.schemes.pictures import (
    Pictures,
    batch_shape,
    check_out,
    checked,
    fitted,
    picture_shape,
)

__all__ = ["Scheme"]


class Scheme(ABC):
    """One transform of pictures with an explicit key, and its exact inverse.

    Pictures are uint8: ``(H, W)`` gray, ``(H, W, 1)``, ``(H, W, 3)`` RGB, or a batch ``(N, H, W,
    C)`` with N of 0 and more, all under one key. Alpha planes and floats are refused with what to
    do instead. What is not C-contiguous is copied.

    They may be arrays of NumPy, CuPy or Numba, or tensors of PyTorch, and the result is of the same
    kind and in the same place. What is on a card is worked on there, by the backend ``cuda``, on
    the stream of its library; see docs/cuda.md.

    A subclass names itself and its key, draws keys, and runs kernels; see docs/schemes.md.

    Attributes
    ----------
    name : str
        By which :func:`facecrypt.schemes.get` finds it.
    key_type : type of Key
    keeps : str
        What a cipher keeps for a network to learn from; empty where nobody has looked.
    chosen_pictures : int or None
        So many pictures of an attacker's choice reveal a key that is used again; None where no
        attack is here, which proves nothing.
    takes_regions : bool
        It encrypts parts of a picture. Other schemes refuse regions.
    elementwise : bool
        Kernels write each sample where they read it, so that ``out`` may be the input for free.
    """

    name: ClassVar[str]
    key_type: ClassVar[type[Key]]
    keeps: ClassVar[str] = ""
    chosen_pictures: ClassVar[int | None] = None
    takes_regions: ClassVar[bool] = False
    elementwise: ClassVar[bool] = False

    def random_key(self, shape: tuple[int, ...], rng: np.random.Generator, **options: Any) -> Key:
        """A key for pictures of this shape, from NumPy's generator: for experiments.

        Parameters
        ----------
        shape : tuple of int
            Of a picture or a batch.
        rng : numpy.random.Generator
        **options
            Those of the scheme, such as ``block``.
        """
        return self.draw(picture_shape(shape), Draws.from_rng(rng), **options)

    def derive_key(
        self, shape: tuple[int, ...], master: bytes, *, nonce: bytes = b"", **options: Any
    ) -> Key:
        """The key that a 32-byte master gives, always the same; another for each nonce.

        Parameters
        ----------
        shape : tuple of int
            Of a picture or a batch.
        master : bytes
            32 random bytes.
        nonce : bytes
            Need not be secret; one of 16 random bytes for each picture gives each its own key.
        **options
            Those of the scheme, such as ``block``.

        Notes
        -----
        HKDF-SHA256 (RFC 5869) and AES-256-CTR, one stream for each use, Fisher-Yates shuffles with
        rejection: see :class:`facecrypt.schemes.draws.Draws`.
        """
        draws = Draws.from_master(master, self.name, nonce)
        return self.draw(picture_shape(shape), draws, **options)

    def options(self) -> dict[str, Any]:
        """Options of :meth:`random_key` and :meth:`derive_key`, and their defaults.

        Examples
        --------
        >>> from facecrypt import schemes
        >>> schemes.get("le").options()
        {'block': 4, 'preset': 'tanaka2018'}
        """
        parameters = inspect.signature(self.draw).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    def encrypt(
        self,
        images: Pictures,
        key: Any,
        regions: Sequence[Region] | None = None,
        *,
        out: Pictures | None = None,
        backend: str = "auto",
    ) -> Pictures:
        """Encrypt one picture or a batch.

        Parameters
        ----------
        images : uint8 array
            See the class.
        key : Key
            Of this scheme.
        regions : sequence of Region, optional
            Where the scheme takes regions, their union is encrypted, and without them all of the
            picture; a batch has the same in each picture. What lies outside the picture is left
            out, and an empty sequence changes nothing.
        out : uint8 array, optional
            C-contiguous, of the shape of the result: `images` itself or memory apart from it, and
            where `images` is, in memory or on the card.
        backend : str
            ``"auto"`` is ``"cuda"`` for pictures on a card, and ``"native"`` for others.

        Returns
        -------
        uint8 array
            As many dimensions as `images`. Where the scheme works on blocks or squares and the
            picture is none, the bottom row and right column are repeated first: the result is
            larger.

        Raises
        ------
        TypeError
            Pictures, key, regions or `out` of another kind.
        ValueError
            They do not fit each other, or the scheme takes no regions.
        BackendUnavailableError
            The backend cannot run here, or does not work on the card where the pictures are.
        """
        return self._transform(images, key, regions, out=out, backend=backend)

    def decrypt(
        self,
        images: Pictures,
        key: Any,
        regions: Sequence[Region] | None = None,
        *,
        out: Pictures | None = None,
        shape: tuple[int, ...] | None = None,
        backend: str = "auto",
    ) -> Pictures:
        """The exact inverse of :meth:`encrypt`.

        Parameters
        ----------
        images, key, out, backend
            As in :meth:`encrypt`.
        regions : sequence of Region, optional
            The same as in :meth:`encrypt`: nothing in a cipher says which they were.
        shape : tuple of int, optional
            That of the plain pictures: what was padded is cut off. Without it, it stays.
        """
        return self._transform(
            images, key, regions, out=out, crop=shape, backend=backend, inverse=True
        )

    def check_key(self, key: Any) -> None:
        """Refuse what is no key of this scheme, as :meth:`encrypt` and :meth:`decrypt` do.

        Raises
        ------
        TypeError
            The key is not one of this scheme.
        """
        if not isinstance(key, self.key_type):
            raise TypeError(
                f"scheme {self.name!r} needs a {self.key_type.__name__}, "
                f"received {type(key).__name__}"
            )

    @abstractmethod
    def draw(self, shape: tuple[int, int, int], draws: Draws) -> Key:
        """A key for pictures of this (H, W, C)."""

    def padded(self, key: Any, height: int, width: int) -> tuple[int, int]:
        """The size a picture is padded to."""
        return height, width

    @abstractmethod
    def run(
        self, kernels: Kernels, source: Pictures, target: Pictures, key: Any, *, inverse: bool
    ) -> None:
        """Transform `source` into `target`: (N, H, W, C), contiguous, padded, and disjoint or,
        for an elementwise scheme, perhaps the same.

        Both may be on a card: nothing but kernels and :mod:`facecrypt.backends.arrays` touches
        them. A scheme that takes regions is given ``regions`` too, None for all of the picture.
        """

    def _transform(
        self,
        images: Pictures,
        key: Any,
        regions: Sequence[Region] | None,
        *,
        out: Pictures | None,
        backend: str,
        crop: tuple[int, ...] | None = None,
        inverse: bool = False,
    ) -> Pictures:
        self.check_key(key)
        self._check_regions(regions)
        extra = {"regions": regions} if self.takes_regions else {}
        kernels = backends.get(backend_for(images, backend))
        source = checked(images)
        shape = batch_shape(tuple(source.shape))
        size = self.padded(key, *shape[1:3])
        if inverse and size != shape[1:3]:
            raise ValueError(
                f"a cipher under this key is of the size {size}, received {shape[1:3]}"
            )
        kept = size if crop is None else self._crop(key, crop, shape)
        result = shape[0], *kept, shape[3]
        given = _shape_like(source.ndim, result)
        same = out is not None and check_out(out, source, given)
        out = empty_like(images, given) if out is None else out
        if shape[0] == 0:
            return out
        target = reshaped(as_kernel_array(out, "out"), result)
        batch = fitted(kernels, source, shape, size, copy=same and not self.elementwise)
        if kept == size:
            self.run(kernels, batch, target, key, inverse=inverse, **extra)
        else:
            uncropped = empty_like(batch)
            self.run(kernels, batch, uncropped, key, inverse=inverse, **extra)
            kernels.fit(uncropped, target)
        return out

    def _check_regions(self, regions: Any) -> None:
        if regions is None:
            return
        if not isinstance(regions, Sequence) or not all(isinstance(r, Region) for r in regions):
            raise TypeError(
                f"regions must be a sequence of Region, received {type(regions).__name__}; "
                "out and shape are given by name"
            )
        if not self.takes_regions:
            raise ValueError(f"scheme {self.name!r} encrypts whole pictures and takes no regions")

    def _crop(self, key: Any, shape: tuple[int, ...], padded: tuple[int, ...]) -> tuple[int, int]:
        height, width, channels = picture_shape(shape)
        if channels != padded[3] or self.padded(key, height, width) != padded[1:3]:
            raise ValueError(
                f"pictures of shape {shape} do not become a cipher of {padded[1:]} under this key"
            )
        return height, width


def _shape_like(ndim: int, batch: tuple[int, int, int, int]) -> tuple[int, ...]:
    return {2: batch[1:3], 3: batch[1:], 4: batch}[ndim]
