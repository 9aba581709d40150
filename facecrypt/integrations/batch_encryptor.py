"""Pictures as rows of bytes, for engines that hand out batches: Ray Data, Spark, Dask."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import numpy as np

from facecrypt.detector import MTCNN, Detector
from facecrypt.errors import FacecryptError
from facecrypt.jobs.pool import forget_frames
from facecrypt.keys import Recipient
from facecrypt.sealing.carriers import Source, sealed_suffix
from facecrypt.sealing.carriers.jpeg import SUFFIXES
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.images import Recipients, recipients_of
from facecrypt.sealing.in_memory import encode
from facecrypt.sealing.options import GROW, Seal

__all__ = ["BatchEncryptor", "public_keys"]


class BatchEncryptor:
    """Encrypts the faces of pictures that come as rows; one failed row does not fail the others.

    Made where the job is described and pickled to the workers, each of which opens the
    detector when its first batch comes. It holds public keys only.

    Parameters
    ----------
    recipients : Recipient or iterable of Recipient
        Who may open the pictures.
    detector : callable, optional
        Makes the detector in the worker; can be pickled, as
        ``functools.partial(MTCNN, preset="recall")`` can.
    cipher, grow, shape, backend
        As in :func:`facecrypt.encrypt_image`.
    keep_metadata, original : bool
        As in :func:`facecrypt.encrypt_file`.

    Raises
    ------
    TypeError
        A recipient is not a public key: what opens pictures does not travel to workers.
    ValueError
        A cipher, a shape or a margin that there is not.

    Notes
    -----
    With Ray Data: ``read_binary_files(folder, include_paths=True).map_batches(BatchEncryptor,
    fn_constructor_args=(recipient,), compute=ActorPoolStrategy(size=n), batch_size=16)``. In
    ``mapInPandas`` of Spark, give it each frame with ``content`` renamed to ``bytes``.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Identity
    >>> from facecrypt.media import encode_image
    >>> encryptor = BatchEncryptor(Identity.generate().recipient)
    >>> photo = encode_image(".png", np.zeros((40, 60, 3), np.uint8))
    >>> rows = encryptor({"path": ["a/x.png", "a/y.jpg"], "bytes": [photo, b"torn"]})
    >>> rows["name"].tolist(), rows["regions"].tolist()
    (['x.png.png', 'y.jpg.png'], [0, 0])
    >>> [error[:13] for error in rows["error"]]
    ['', 'not a picture']
    """

    def __init__(
        self,
        recipients: Recipients,
        *,
        detector: Callable[[], Detector] = MTCNN,
        cipher: str = CIPHERS[0],
        grow: float = GROW,
        shape: str = "box",
        keep_metadata: bool = False,
        original: bool = True,
        backend: str = "auto",
    ):
        self._recipients = public_keys(recipients)
        self._options = Seal(
            cipher=cipher,
            grow=grow,
            shape=shape,
            keep_metadata=keep_metadata,
            original=original,
            backend=backend,
        )
        self._make = detector
        self._detector: Detector | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_detector": None}

    def __call__(self, batch: Mapping[str, Iterable[Any]]) -> dict[str, np.ndarray]:
        """Encrypt a batch.

        Parameters
        ----------
        batch : mapping or pandas.DataFrame
            ``path``: N names. ``bytes``: the N files.

        Returns
        -------
        dict of (N,) array
            ``path`` as it came; ``name``, the file name, with ``.png`` after it where that is what
            it became; ``bytes``, the sealed files, JPEG of JPEG and else PNG; ``regions``, how
            many were sealed in each; ``error``, why there is none. ``bytes`` is empty where
            ``error`` is not.

        Raises
        ------
        BackendUnavailableError, ModelError
            The detector does not work in this worker, so that every row would fail.
        """
        if self._detector is None:
            self._detector = self._make()
        paths = [str(path) for path in batch["path"]]
        rows = [self._row(data) for data in batch["bytes"]]
        sealed, regions, errors = zip(*rows, strict=True) if rows else ((), (), ())
        return {
            "path": np.array(paths, dtype=object),
            "name": np.array(
                [_name(path, data) for path, data in zip(paths, sealed, strict=True)], dtype=object
            ),
            "bytes": np.array(sealed, dtype=object),
            "regions": np.array(regions, dtype=np.int64),
            "error": np.array(errors, dtype=object),
        }

    def _row(self, data: bytes) -> tuple[bytes, int, str]:
        try:
            return *self._seal(bytes(data)), ""
        except Exception as error:
            # Whatever a damaged picture does to a decoder, the other rows go on.
            forget_frames(error)
            known = isinstance(error, (FacecryptError, TypeError, ValueError))
            return b"", 0, str(error) if known else f"{type(error).__name__}: {error}"

    def _seal(self, data: bytes) -> tuple[bytes, int]:
        options = replace(self._options, detector=self._detector)
        sealed = encode(Source(data), self._recipients, options)
        return sealed.data, len(sealed.header.regions)


def _name(path: str, sealed: bytes) -> str:
    # x.jpg and x.png of one folder must not become one file.
    name, suffix = PurePath(path).name, PurePath(path).suffix.lower()
    kept = sealed_suffix(sealed, suffix)
    return name if kept == suffix and suffix in SUFFIXES else name + kept


def public_keys(recipients: Recipients) -> list[Recipient]:
    """The recipients as a list; TypeError where one is more than a public key."""
    found = []
    for recipient in recipients_of(recipients):
        if not isinstance(recipient, Recipient):
            raise TypeError(
                "other machines are given public keys only, and "
                f"{type(recipient).__name__} also opens; 'facecrypt keygen' makes a key pair"
            )
        found.append(recipient)
    return found
