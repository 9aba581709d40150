"""Transform of albumentations: pictures encrypted by a scheme."""

import os
from typing import Any

import numpy as np
from albumentations.core.transforms_interface import ImageOnlyTransform
from numpy.typing import NDArray

from facecrypt import schemes
from facecrypt.files import PathLike
from facecrypt.integrations._keyed import KeyedScheme

__all__ = ["EncryptScheme"]


class EncryptScheme(ImageOnlyTransform):
    """Encrypts the picture of a sample by a scheme; boxes, masks and keypoints stay as they are.

    Parameters
    ----------
    name : str
        Of a scheme in :mod:`facecrypt.schemes`; a transform to learn on, not a way to hide faces.
    key : path
        Of a key file, as ``key.save`` and ``facecrypt scheme NAME keygen`` write it. It is read
        when the transform is made. What is serialised names the file and does not hold the key,
        for pipelines are logged and shared.
    inverse : bool
        Decrypt.
    p : float
        Share of pictures that are encrypted; all by default.

    Raises
    ------
    UnknownSchemeError
        There is no such scheme.
    MediaError, KeyFormatError
        The key file is missing, or none of this scheme.
    TypeError
        Later, a picture is not of uint8.
    ValueError
        A scheme that takes regions; later, a picture whose size the key refuses, or with alpha.

    Notes
    -----
    Place it after what crops and flips, and before ``Normalize``. ``albumentations.from_dict``
    knows it once this module is imported.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from facecrypt import schemes
    >>> key = schemes.get("pbe").random_key((8, 8, 3), np.random.default_rng(1))
    >>> photo = np.zeros((8, 8, 3), np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     key.save(f"{folder}/key.npz")
    ...     encrypt = EncryptScheme("pbe", f"{folder}/key.npz")
    >>> sorted(set(encrypt(image=photo)["image"].ravel().tolist()))
    [0, 255]
    """

    def __init__(self, name: str, key: PathLike, *, inverse: bool = False, p: float = 1.0):
        super().__init__(p=p)
        # albumentations serialises the attributes that are named as the arguments.
        self.name, self.key, self.inverse = name, os.fspath(key), inverse
        loaded = schemes.get(name).key_type.load(key)
        self._scheme = KeyedScheme(name, loaded, inverse=inverse)

    def apply(self, img: NDArray[np.uint8], **params: Any) -> NDArray[np.uint8]:
        """What albumentations calls for each picture."""
        return self._scheme(img)
