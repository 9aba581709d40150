"""Data sets of PyTorch: pictures encrypted as they are asked for, sealed pictures opened so."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from facecrypt.errors import MediaError
from facecrypt.files import PathLike
from facecrypt.integrations._keyed import KeyedScheme
from facecrypt.integrations._layouts import pillow_picture
from facecrypt.jobs.inputs import find_pictures
from facecrypt.schemes import Key
from facecrypt.sealing.carriers import LOSSLESS_SUFFIXES
from facecrypt.sealing.images import Identities, identities_of
from facecrypt.sealing.in_memory import decode_file

__all__ = ["EncryptedDataset", "OpenSealed", "SealedFolder"]

KINDS = ("pillow", "numpy", "torch")


class EncryptedDataset(Dataset[tuple[Any, ...]]):
    """A data set whose pictures are encrypted by a scheme when they are asked for.

    Parameters
    ----------
    dataset : map-style data set
        Its items are tuples whose first part is a picture: of Pillow, a uint8 array (H, W) or
        (H, W, C), or a uint8 tensor (C, H, W).
    name : str
        Of a scheme in :mod:`facecrypt.schemes`; a transform to learn on, not a way to hide faces.
    key : Key
        Of that scheme.
    inverse : bool
        Decrypt.
    transform : callable, optional
        Makes of the cipher, which is of the kind that the picture was, what the item has in its
        place. What makes fractions belongs here, not into `dataset`.

    Raises
    ------
    UnknownSchemeError
        There is no such scheme.
    TypeError
        The key is not one of this scheme; later, an item or a picture is not as described.
    ValueError
        A scheme that takes regions; later, a picture whose size the key refuses, or with alpha.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import schemes
    >>> photos = [(np.full((8, 8, 3), value, np.uint8), value) for value in (0, 9)]
    >>> key = schemes.get("pbe").random_key((8, 8, 3), np.random.default_rng(1))
    >>> cipher, label = EncryptedDataset(photos, "pbe", key)[1]
    >>> sorted(set(cipher.ravel().tolist())), label
    ([9, 246], 9)
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        name: str,
        key: Key,
        *,
        inverse: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ):
        self.dataset, self.transform = dataset, transform
        self._scheme = KeyedScheme(name, key, inverse=inverse)

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        item = self.dataset[index]
        if not (isinstance(item, (tuple, list)) and item):
            raise TypeError(
                "the items of the data set must be tuples that begin with a picture, "
                f"received {type(item).__name__}"
            )
        cipher = self._scheme(item[0])
        return (cipher if self.transform is None else self.transform(cipher), *item[1:])


class OpenSealed:
    """A function from the path of a sealed picture to the picture, opened in memory.

    Parameters
    ----------
    identities : identity or iterable of identities
        As of :func:`facecrypt.decrypt_image`. They travel to the workers of a DataLoader.
    kind : {"pillow", "numpy", "torch"}
        What it gives: a Pillow picture, an array (H, W) or (H, W, C), or a tensor (C, H, W).

    Raises
    ------
    TypeError, KeyFormatError
        No identity.
    ValueError
        No such kind; later, a 16-bit picture in colour, which Pillow has none of.
    NotSealedError, ContainerError, MediaError
        Later, the picture is not sealed, damaged, or cannot be read.
    AuthenticationError
        Later, no identity opens it, or it was changed.

    Notes
    -----
    Data sets with labels take it as their loader: ``torchvision.datasets.ImageFolder(root,
    loader=OpenSealed(identity))``.

    Examples
    --------
    >>> from facecrypt import Identity
    >>> OpenSealed(Identity.generate(), kind="tensor")
    Traceback (most recent call last):
    ValueError: kind must be one of pillow, numpy, torch, received 'tensor'
    """

    def __init__(self, identities: Identities, *, kind: str = "pillow"):
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, received {kind!r}")
        self._identities = identities_of(identities)
        self.kind = kind

    def __call__(self, path: PathLike) -> Any:
        """Open one."""
        pixels = decode_file(path, self._identities).pixels
        if self.kind == "numpy":
            return pixels
        return pillow_picture(pixels) if self.kind == "pillow" else _tensor(pixels)


class SealedFolder(Dataset[Any]):
    """The sealed pictures in a folder and all below it, opened in memory when they are asked for.

    Parameters
    ----------
    root : path
        Of the folder.
    identities, kind
        As of :class:`OpenSealed`.
    transform : callable, optional
        Makes of the picture what the item is.

    Attributes
    ----------
    paths : tuple of Path
        Of the pictures, in a fixed order: all JPEG, PNG and TIFF files. One that is not sealed is
        refused when it is asked for.

    Raises
    ------
    MediaError
        There is no such folder, or no picture in it.
    TypeError, ValueError, KeyFormatError
        As of :class:`OpenSealed`, which also says what may happen later.
    """

    def __init__(
        self,
        root: PathLike,
        identities: Identities,
        *,
        kind: str = "pillow",
        transform: Callable[[Any], Any] | None = None,
    ):
        found, _ = find_pictures(root, suffixes=set(LOSSLESS_SUFFIXES))
        if not found:
            raise MediaError(f"{root}: holds no JPEG, PNG or TIFF file, so no sealed picture")
        self.paths = tuple(found)
        self.transform = transform
        self._open = OpenSealed(identities, kind=kind)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        picture = self._open(self.paths[index])
        return picture if self.transform is None else self.transform(picture)


def _tensor(pixels: NDArray[Any]) -> torch.Tensor:
    planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(planes))
