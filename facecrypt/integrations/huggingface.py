"""Functions for ``datasets.Dataset.map(function, batched=True)`` of Hugging Face.

They change one column of a batch and leave the others. ``datasets`` itself is not imported.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from facecrypt.detector import MTCNN, Detector
from facecrypt.errors import MediaError
from facecrypt.files import media_error
from facecrypt.integrations._keyed import KeyedScheme
from facecrypt.integrations._layouts import pillow_picture
from facecrypt.integrations.batch_encryptor import BatchEncryptor
from facecrypt.schemes import Key
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.images import Identities, Recipients, identities_of
from facecrypt.sealing.in_memory import decode
from facecrypt.sealing.options import GROW

__all__ = ["EncryptScheme", "OpenFaces", "SealFaces"]

Batch = MutableMapping[str, list[Any]]


class _Column(ABC):
    """Changes one column; missing pictures stay missing."""

    def __init__(self, column: str):
        self.column = column

    def __call__(self, batch: Batch, rank: int | None = None) -> Batch:
        """Change a batch.

        Parameters
        ----------
        batch : mapping of columns
        rank : int, optional
            Of the process, for ``with_rank=True``; not needed.

        Returns
        -------
        mapping
            The batch itself, with the column replaced.
        """
        cells = batch[self.column]
        batch[self.column] = [None if cell is None else self._changed(cell) for cell in cells]
        return batch

    @abstractmethod
    def _changed(self, cell: Any) -> Any:
        """What comes in the place of a cell that is not missing."""


class EncryptScheme(_Column):
    """Encrypts a column of pictures by a scheme.

    Parameters
    ----------
    name : str
        Of a scheme in :mod:`facecrypt.schemes`; a transform to learn on, not a way to hide faces.
    key : Key
        Of that scheme.
    inverse : bool
        Decrypt.
    column : str
        Of the feature ``Image()``.

    Raises
    ------
    UnknownSchemeError
        There is no such scheme.
    TypeError
        The key is not one of this scheme; later, a cell is no picture.
    ValueError
        A scheme that takes regions; later, a picture whose size the key refuses, or with alpha.

    Notes
    -----
    ``datasets`` stores the ciphers as PNG, without loss, whatever the pictures were before. Given
    to ``with_transform`` rather than ``map`` it encrypts on the fly, and nothing is stored.

    Examples
    --------
    >>> import numpy as np
    >>> from PIL import Image
    >>> from facecrypt.schemes import PbeKey
    >>> encrypt = EncryptScheme("pbe", PbeKey(np.ones((2, 2, 3), bool), None))
    >>> batch = encrypt({"image": [Image.new("RGB", (2, 2), (1, 2, 3))], "label": [7]})
    >>> batch["image"][0].getpixel((0, 0)), batch["label"]
    ((254, 253, 252), [7])
    """

    def __init__(self, name: str, key: Key, *, inverse: bool = False, column: str = "image"):
        super().__init__(column)
        self._scheme = KeyedScheme(name, key, inverse=inverse)

    def _changed(self, cell: Any) -> Any:
        return self._scheme(cell)


class SealFaces(_Column):
    """Encrypts the faces in a column of picture files; JPEG stays JPEG, all else becomes PNG.

    Parameters
    ----------
    recipients : Recipient or iterable of Recipient
        Who may open them: public keys, for they travel to the processes of ``num_proc``.
    column : str
        Of the feature ``Image(decode=False)``.
    detector, cipher, grow, shape, keep_metadata, original
        As of :class:`facecrypt.integrations.batch_encryptor.BatchEncryptor`.

    Raises
    ------
    TypeError, ValueError
        An option is not as described; later, a cell is no file.
    MediaError
        Later, a picture cannot be read, or is sealed already.
    BackendUnavailableError
        Later, the detector cannot run here.

    Notes
    -----
    Rows lose their path: ``datasets`` prefers the file that a path leads to, the plain one, over
    the bytes beside it. A cache that ``datasets`` made of the plain pictures stays on disk, as
    do the files it was made of.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Identity
    >>> from facecrypt.media import encode_image
    >>> alice = Identity.generate()
    >>> file = encode_image(".png", np.zeros((40, 60, 3), np.uint8))
    >>> batch = SealFaces(alice.recipient)({"image": [{"bytes": file, "path": "a.png"}]})
    >>> batch["image"][0]["path"], batch["image"][0]["bytes"][:4]
    (None, b'\\x89PNG')
    >>> OpenFaces(alice)(batch)["image"][0].size
    (60, 40)
    """

    def __init__(
        self,
        recipients: Recipients,
        *,
        column: str = "image",
        detector: Callable[[], Detector] = MTCNN,
        cipher: str = CIPHERS[0],
        grow: float = GROW,
        shape: str = "box",
        keep_metadata: bool = False,
        original: bool = True,
    ):
        super().__init__(column)
        self._encryptor = BatchEncryptor(
            recipients,
            detector=detector,
            cipher=cipher,
            grow=grow,
            shape=shape,
            keep_metadata=keep_metadata,
            original=original,
        )

    def _changed(self, cell: Any) -> Any:
        name = _name(cell, self.column)
        rows = self._encryptor({"path": [name], "bytes": [_data(cell, self.column)]})
        if rows["error"][0]:
            raise MediaError(f"{name}: {rows['error'][0]}")
        return {"bytes": rows["bytes"][0], "path": None}


class OpenFaces(_Column):
    """Opens a column of sealed files: the results are Pillow pictures.

    Parameters
    ----------
    identities : identity or iterable of identities
        As of :func:`facecrypt.decrypt_image`.
    column : str
        Of the feature ``Image(decode=False)``.

    Raises
    ------
    TypeError, KeyFormatError
        No identity; later, a cell is no file.
    NotSealedError, ContainerError, MediaError
        Later, a picture is not sealed, damaged, or cannot be read.
    AuthenticationError
        Later, no identity opens it, or it was changed.
    ValueError
        Later, a picture of 16 bits a sample in colour, which Pillow cannot hold.

    Notes
    -----
    ``map`` stores what it gets, the open faces, in the cache of ``datasets``. ``with_transform``
    opens them in memory, each time they are asked for, and stores nothing.
    """

    def __init__(self, identities: Identities, *, column: str = "image"):
        super().__init__(column)
        self._identities = identities_of(identities)

    def _changed(self, cell: Any) -> Any:
        opened = decode(Source(_data(cell, self.column)), self._identities)
        image = pillow_picture(opened.pixels)
        if opened.picture.icc is not None:
            image.info["icc_profile"] = opened.picture.icc
        return image


def _name(cell: Any, column: str) -> str:
    path = cell.get("path") if isinstance(cell, dict) else None
    return path or f"a picture of column {column!r}"


def _data(cell: Any, column: str) -> bytes:
    """The file of a cell, which has its bytes or says where it is."""
    if not isinstance(cell, dict) or not cell.keys() >= {"bytes", "path"}:
        raise TypeError(
            f"column {column!r} must hold files, received {type(cell).__name__}; "
            f"dataset.cast_column({column!r}, datasets.Image(decode=False)) makes it so"
        )
    if cell["bytes"] is not None:
        return cell["bytes"]
    try:
        return Path(cell["path"]).read_bytes()
    except OSError as error:
        raise media_error(cell["path"], error) from error
