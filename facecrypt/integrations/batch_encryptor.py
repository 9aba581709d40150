"""Pictures as rows of bytes, for engines that hand out batches: Ray Data, Spark, Dask."""

from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from pathlib import PurePath
from typing import Any

import numpy as np

from facecrypt.detector import MTCNN, Detector
from facecrypt.errors import FacecryptError, MediaError
from facecrypt.jobs.sealing import forget_frames
from facecrypt.keys import Recipient
from facecrypt.media import decode_image, encode_image
from facecrypt.media.png import read_chunk
from facecrypt.regions import Region
from facecrypt.sealing import carriers
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.images import Recipients, as_list, encrypt_image

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
    keep_metadata : bool
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
    >>> from facecrypt import Identity
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
        grow: float = 0.2,
        shape: str = "box",
        keep_metadata: bool = False,
        backend: str = "auto",
    ):
        self._recipients = public_keys(recipients)
        if cipher not in CIPHERS:
            raise ValueError(f"cipher must be one of {', '.join(CIPHERS)}, received {cipher!r}")
        Region(0, 0, 1, 1, shape=shape).grow(grow)  # refuses what it cannot be
        self._options = {"cipher": cipher, "grow": grow, "shape": shape, "backend": backend}
        self._keep_metadata = keep_metadata
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
            ``path`` as it came; ``name``, the file name with ``.png`` after it; ``bytes``,
            the sealed PNG files; ``regions``, how many were sealed in each; ``error``, why
            there is none. ``bytes`` is empty where ``error`` is not.

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
            # x.jpg and x.png of one folder must not become one file.
            "name": np.array([f"{PurePath(path).name}.png" for path in paths], dtype=object),
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
        for chunk in (carriers.CHUNK, carriers.SCHEME_CHUNK):
            if read_chunk(BytesIO(data), chunk) is not None:
                # Sealing it again would drop the header and with it the way back.
                raise MediaError("is encrypted already; decrypt it first")
        picture = decode_image(data, keep_metadata=self._keep_metadata)
        sealed = encrypt_image(
            picture.pixels, self._recipients, detector=self._detector, **self._options
        )
        chunks = ((carriers.CHUNK, sealed.header.to_bytes()),)
        file = encode_image(".png", sealed.image, icc=picture.icc, exif=picture.exif, chunks=chunks)
        return file, len(sealed.header.regions)


def public_keys(recipients: Recipients) -> list[Recipient]:
    """The recipients as a list; TypeError where one is more than a public key."""
    found = as_list(recipients, "a recipient", "wrap")
    for recipient in found:
        if not isinstance(recipient, Recipient):
            raise TypeError(
                "other machines are given public keys only, and "
                f"{type(recipient).__name__} also opens; 'facecrypt keygen' makes a key pair"
            )
    return found
