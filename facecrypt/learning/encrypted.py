"""A scheme and a key as a step before a network: on the fly on batches, or once ahead of time.

One key encrypts all pictures, as in the papers: a network can only learn what stays the same from
picture to picture. That is also what an attacker needs (docs/attacks.md).
"""

import io
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from facecrypt import backends, schemes
from facecrypt.files import PathLike, atomic_write
from facecrypt.jobs.inputs import make_folder
from facecrypt.jobs.scheme_notes import key_id
from facecrypt.schemes import Key, Scheme

if TYPE_CHECKING:
    import torch

__all__ = ["BLOCK", "PLAIN", "Encryption"]

PLAIN = "plain"
"""The name under which pictures stay as they are, to compare with."""

BLOCK = 4
"""Side of a block in pixels, in all the papers' experiments on 32 x 32 pictures."""

_BLOCKWISE = ("block-shuffle", "ele", "etc", "le")


class Encryption:
    """What encrypts the pictures of an experiment, all under one key.

    Parameters
    ----------
    name : str
        Of a scheme in :mod:`facecrypt.schemes`, or :data:`PLAIN`.
    key : Key or None
        Of that scheme; None for :data:`PLAIN`.

    Raises
    ------
    UnknownSchemeError
        There is no such scheme.
    TypeError
        The key is not one of this scheme.

    Examples
    --------
    >>> import numpy as np
    >>> encrypt = Encryption.from_seed("pbe", (2, 2, 3), seed=1)
    >>> images = np.zeros((5, 2, 2, 3), np.uint8)
    >>> sorted(set(encrypt(images).ravel().tolist()))
    [0, 255]
    """

    def __init__(self, name: str, key: Key | None):
        self.name = name
        self.key = key
        self.scheme: Scheme | None = None if name == PLAIN else schemes.get(name)
        if self.scheme is not None:
            self.scheme.check_key(key)
        elif key is not None:
            raise TypeError(f"scheme {name!r} needs a NoneType, received {type(key).__name__}")

    @classmethod
    def from_seed(cls, name: str, shape: tuple[int, ...], seed: int) -> Self:
        """A key that follows from a number: for experiments to repeat, and no secret at all.

        Parameters
        ----------
        name : str
        shape : tuple of int
            Of a picture or a batch.
        seed : int

        Notes
        -----
        Blocks are of :data:`BLOCK` pixels a side, those of ``etc`` too, as in Madono's
        comparison: of its usual 16 a small picture has hardly any to move.
        """
        if name == PLAIN:
            return cls(name, None)
        return cls(name, _drawn(name, shape, seed, BLOCK))

    @classmethod
    def from_file(cls, name: str, path: PathLike) -> Self:
        """With a key that ``facecrypt scheme NAME keygen`` wrote; errors as of :meth:`Key.load`."""
        return cls(name, schemes.get(name).key_type.load(path))

    @overload
    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]: ...

    @overload
    def __call__(self, images: "torch.Tensor") -> "torch.Tensor": ...

    def __call__(self, images: Any) -> Any:
        """Encrypt a batch where it lies.

        Parameters
        ----------
        images : (N, H, W, 3) uint8 array or tensor

        Returns
        -------
        uint8 array or tensor
            Of the kind and on the device of `images`. Where the scheme pads, it is larger.
            :data:`PLAIN` gives `images` itself.

        Notes
        -----
        A tensor on a card is encrypted there by the backend ``cuda``; where that cannot run, it
        is copied to the host and back.
        """
        if self.scheme is None:
            return images
        if getattr(images, "is_cuda", False) and not self._on_card:
            return self.scheme.encrypt(images.cpu(), self.key).to(images.device)
        return self.scheme.encrypt(images, self.key)

    @cached_property
    def _on_card(self) -> bool:
        return backends.available()["cuda"] is None

    @property
    def block(self) -> int:
        """Side of a block of the key in pixels; :data:`BLOCK` where it has none."""
        return getattr(self.key, "block", BLOCK)

    def under_another_key(self, shape: tuple[int, ...], seed: int) -> Self:
        """The same scheme with blocks of the same size, and a key that follows from the seed."""
        if self.scheme is None:
            return self
        return type(self)(self.name, _drawn(self.name, shape, seed, self.block))

    @property
    def key_id(self) -> str | None:
        """As of :func:`facecrypt.jobs.scheme_notes.key_id`; None without a key."""
        return None if self.key is None else key_id(self.key)

    def fingerprint(self, images: NDArray[np.uint8]) -> str:
        """SHA-256 in hexadecimal of scheme, key and pictures: equal where the ciphers are."""
        digest = sha256(f"{self.name} {self.key_id} {images.shape}".encode())
        digest.update(np.ascontiguousarray(images).data)
        return digest.hexdigest()

    def ahead(self, images: NDArray[np.uint8], folder: Path) -> NDArray[np.uint8]:
        """The ciphers as a memory-mapped file, made now unless an earlier run made it.

        Parameters
        ----------
        images : (N, H, W, 3) uint8 array
        folder : Path
            Gets one ``.npy`` file, named by the fingerprint, whole or not at all.

        Returns
        -------
        (N, H, W, 3) uint8 array, read-only and memory-mapped

        Raises
        ------
        MediaError
            The folder cannot be made or the file not be written.
        """
        path = folder / f"{self.fingerprint(images)}.npy"
        if not path.exists():
            make_folder(folder)
            atomic_write(path, self._npy(images), overwrite=True)
        return np.load(path, mmap_mode="r", allow_pickle=False)

    def _npy(self, images: NDArray[np.uint8]) -> memoryview:
        # Encrypted into the bytes of the file: ciphers of gigabytes are not held twice.
        cipher_shape = (len(images), *self(images[:1]).shape[1:])
        header = io.BytesIO()
        layout = {"descr": "|u1", "fortran_order": False, "shape": cipher_shape}
        np.lib.format.write_array_header_1_0(header, layout)
        start = header.tell()
        whole = np.empty(start + int(np.prod(cipher_shape)), np.uint8)
        whole[:start] = np.frombuffer(header.getvalue(), np.uint8)
        cipher = whole[start:].reshape(cipher_shape)
        if self.scheme is None:
            cipher[:] = images
        else:
            self.scheme.encrypt(images, self.key, out=cipher)
        return whole.data


def _drawn(name: str, shape: tuple[int, ...], seed: int, block: int) -> Key:
    options = {"block": block} if name in _BLOCKWISE else {}
    return schemes.get(name).random_key(shape, np.random.default_rng(seed), **options)
