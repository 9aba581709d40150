"""Every exception facecrypt raises on purpose.

Bad arguments stay ``TypeError`` and ``ValueError``. All else derives from
:class:`FacecryptError`, so one ``except`` catches what the package has to say.
"""

__all__ = [
    "AuthenticationError",
    "BackendUnavailableError",
    "ContainerError",
    "FacecryptError",
    "KeyFormatError",
    "MediaError",
    "ModelError",
    "NotSealedError",
    "UnknownSchemeError",
    "UnsupportedVersionError",
    "WeakKeyError",
]


class FacecryptError(Exception):
    """Base of the tree."""


class AuthenticationError(FacecryptError):
    """The key does not open the picture, or the picture was changed.

    The message names neither which of the two it was nor where: that is
    knowledge for an attacker only.
    """


class ContainerError(FacecryptError, ValueError):
    """Not a facecrypt file, cut short, or malformed."""


class UnsupportedVersionError(ContainerError):
    """A facecrypt file of a format version this release does not know."""


class NotSealedError(ContainerError):
    """A sound picture without a facecrypt header."""


class KeyFormatError(FacecryptError, ValueError):
    """A key file, public key or passphrase that cannot be used as one."""


class WeakKeyError(FacecryptError, ValueError):
    """A logistic key whose orbit is periodic, collapses or repeats too soon."""


class UnknownSchemeError(FacecryptError, ValueError):
    """No scheme is registered under that name."""


class BackendUnavailableError(FacecryptError, RuntimeError):
    """A backend or inference device is missing; the message says what to install."""


class ModelError(FacecryptError, RuntimeError):
    """An ONNX model that is missing, damaged or of the wrong shape."""


class MediaError(FacecryptError, OSError):
    """A picture that cannot be read or written."""
