"""Transforms of torchvision (v2): pictures encrypted by a scheme, or their faces sealed.

They take what its own take: ``tv_tensors.Image`` and ``Video``, plain tensors (C, H, W) and (N, C,
H, W), Pillow pictures, or samples with these in them; labels, boxes and masks pass through.
"""

from collections.abc import Callable
from typing import Any

from torchvision import tv_tensors
from torchvision.transforms import v2

from facecrypt.detector import MTCNN, Detector
from facecrypt.integrations._keyed import KeyedScheme
from facecrypt.integrations._layouts import channels_last, like, on_host
from facecrypt.schemes import Key
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.images import Recipients, encrypt_image, recipients_of

__all__ = ["EncryptScheme", "SealFaces"]


class EncryptScheme(v2.Transform):
    """Encrypts pictures by a scheme; the same picture under the same key always gives one cipher.

    Parameters
    ----------
    name : str
        Of a scheme in :mod:`facecrypt.schemes`; a transform to learn on, not a way to hide faces.
    key : Key
        Of that scheme. It travels to the workers of a DataLoader; ``state_dict`` and ``repr`` do
        not have it.
    inverse : bool
        Decrypt.

    Raises
    ------
    UnknownSchemeError
        There is no such scheme.
    TypeError
        The key is not one of this scheme; later, a picture is not of uint8.
    ValueError
        A scheme that takes regions; later, a picture whose size the key refuses, or with alpha.
    BackendUnavailableError
        Later, a tensor is on a card, where the backend ``cuda`` cannot run.

    Notes
    -----
    Place it before what makes fractions: ``v2.Compose([v2.PILToTensor(), EncryptScheme("le", key),
    v2.ToDtype(torch.float32, scale=True)])``. Crops and flips belong before it, unless the ciphers
    are what shall be cropped.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from torchvision import tv_tensors
    >>> from facecrypt import schemes
    >>> key = schemes.get("le").random_key((32, 32, 3), np.random.default_rng(1), block=4)
    >>> photo = tv_tensors.Image(torch.arange(3 * 32 * 32).reshape(3, 32, 32).to(torch.uint8))
    >>> cipher, label = EncryptScheme("le", key)(photo, 7)
    >>> type(cipher) is tv_tensors.Image, label, bool((cipher == photo).all())
    (True, 7, False)
    >>> bool((EncryptScheme("le", key, inverse=True)(cipher) == photo).all())
    True
    """

    def __init__(self, name: str, key: Key, *, inverse: bool = False):
        super().__init__()
        self._scheme = KeyedScheme(name, key, inverse=inverse)
        self.name, self.inverse = name, inverse

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """What torchvision calls for each picture of a sample."""
        return self._scheme(inpt) if _is_picture(inpt) else inpt


class SealFaces(v2.Transform):
    """Encrypts the faces of pictures as :func:`facecrypt.encrypt_image` does.

    Parameters
    ----------
    recipients : recipient or iterable of recipients
        Who may open them.
    detector : callable
        Makes a detector, as ``functools.partial(MTCNN, preset="recall")``. Each worker of a
        DataLoader calls it once, at its first picture.
    with_header : bool
        Put ``(picture, header)`` in the place of each picture, where the header is the bytes that
        open it. Without it nobody can: the faces are gone.
    cipher, grow, shape
        As of :func:`facecrypt.encrypt_image`.

    Raises
    ------
    TypeError, KeyFormatError
        No recipient, or nothing that makes a detector.
    TypeError, ValueError
        Later, a picture is not of uint8, or a batch, or another option is not as described.
    BackendUnavailableError
        Later, the detector cannot run here.

    Notes
    -----
    Faces are found on the CPU, unless the detector says otherwise: tensors on a card are copied to
    the host and back. Content keys are random, so the same picture is another one each time.

    Examples
    --------
    >>> import torch
    >>> from facecrypt import Header, Identity, Sealed, decrypt_image
    >>> alice = Identity.generate()
    >>> seal = SealFaces(alice.recipient, with_header=True)
    >>> photo = torch.zeros((3, 48, 64), dtype=torch.uint8)
    >>> picture, header = seal(photo)
    >>> sealed = Sealed(picture.permute(1, 2, 0).numpy(), Header.from_bytes(header))
    >>> decrypt_image(sealed, alice).shape
    (48, 64, 3)
    """

    def __init__(
        self,
        recipients: Recipients,
        *,
        detector: Callable[[], Detector] = MTCNN,
        with_header: bool = False,
        cipher: str = CIPHERS[0],
        grow: float = 0.2,
        shape: str = "box",
    ):
        super().__init__()
        if not callable(detector):
            raise TypeError(
                "detector must be callable and make a detector, received "
                f"{type(detector).__name__}; functools.partial(MTCNN, preset='recall') is one"
            )
        self._recipients = recipients_of(recipients)
        self._make = detector
        self._detector: Detector | None = None
        self.with_header = with_header
        self.cipher, self.grow, self.shape = cipher, grow, shape

    def __getstate__(self) -> dict[str, Any]:
        # Each worker opens the networks for itself.
        return {**self.__dict__, "_detector": None}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """What torchvision calls for each picture of a sample."""
        if not _is_picture(inpt):
            return inpt
        pixels = channels_last(inpt)
        if pixels.ndim == 4:
            raise ValueError(
                f"faces are sealed in one picture at a time, received {tuple(inpt.shape)}; "
                "put SealFaces before what makes batches"
            )
        if self._detector is None:
            self._detector = self._make()
        sealed = encrypt_image(
            on_host(pixels),
            self._recipients,
            detector=self._detector,
            cipher=self.cipher,
            grow=self.grow,
            shape=self.shape,
        )
        picture = like(sealed.image, inpt)
        return (picture, sealed.header.to_bytes()) if self.with_header else picture


def _is_picture(inpt: Any) -> bool:
    return not isinstance(inpt, tv_tensors.TVTensor) or isinstance(
        inpt, (tv_tensors.Image, tv_tensors.Video)
    )
