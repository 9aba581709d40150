"""Every exception facecrypt raises on purpose.

Bad arguments stay ``TypeError`` and ``ValueError``. All else derives from
:class:`FacecryptError`, so one ``except`` catches what the package has to say.
"""

from typing import NamedTuple

__all__ = [
    "ALLOW_EDITED",
    "OTHER_NAME",
    "OVERWRITE",
    "RESAVE",
    "RESUME",
    "WHICH_KEYS",
    "AuthenticationError",
    "BackendUnavailableError",
    "ContainerError",
    "FacecryptError",
    "Hint",
    "KeyFormatError",
    "MediaError",
    "ModelError",
    "NotSealedError",
    "UnknownSchemeError",
    "UnsupportedVersionError",
    "WeakKeyError",
]


class Hint(NamedTuple):
    """What to do about an error, for who writes Python and for who types a command."""

    python: str
    command: str


OVERWRITE = Hint("overwrite=True replaces it", "--force replaces it")
RESUME = Hint("resume=True continues that run", "--resume continues that run")
_OTHER_NAME = "give another name: what a replaced key opens stays closed for ever"
OTHER_NAME = Hint(_OTHER_NAME, _OTHER_NAME)
ALLOW_EDITED = Hint(
    "allow_edited=True opens the regions all the same",
    "--allow-edited opens the faces all the same",
)
_RESAVE = (
    "if a viewer or browser shows a damaged picture whole, save it anew from there; "
    "else get an intact copy"
)
RESAVE = Hint(_RESAVE, _RESAVE)
WHICH_KEYS = Hint("", "'facecrypt inspect' shows for which keys it was encrypted")


class FacecryptError(Exception):
    """Base of the tree.

    Parameters
    ----------
    message : str
    hint : Hint, optional
        The remedy. The text of the error ends with it in the words of Python; the command
        line shows `message` and, once for all errors, the remedy in its own words.

    Examples
    --------
    >>> str(MediaError("a.png: already exists", hint=OVERWRITE))
    'a.png: already exists; overwrite=True replaces it'
    """

    def __init__(self, *message: object, hint: Hint | None = None):
        super().__init__(*message)
        self.hint = hint

    @property
    def message(self) -> str:
        """The text without the remedy."""
        return super().__str__()

    def __str__(self) -> str:
        remedy = self.hint.python if self.hint else ""
        return f"{self.message}; {remedy}" if remedy else self.message


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
