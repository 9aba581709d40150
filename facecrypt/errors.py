"""Every exception facecrypt raises on purpose.

Bad arguments stay ``TypeError`` and ``ValueError``. All else derives from
:class:`FacecryptError`, so one ``except`` catches what the package has to say.
"""

from typing import NamedTuple

__all__ = [
    "ALLOW_EDITED",
    "AS_IT_IS",
    "COSTLY",
    "EMPTIED",
    "ORPHAN",
    "OTHER_NAME",
    "OVERWRITE",
    "PHRASE",
    "PUBLIC_THERE",
    "RESAVE",
    "RESUME",
    "UNLOCK",
    "WHERE_FACES_ARE",
    "WHICH_KEYS",
    "AuthenticationError",
    "BackendUnavailableError",
    "ContainerError",
    "FacecryptError",
    "ForgottenError",
    "Hint",
    "KeyFormatError",
    "MediaError",
    "ModelError",
    "NotSealedError",
    "TooManyFacesError",
    "UnknownSchemeError",
    "UnsupportedJpegError",
    "UnsupportedVersionError",
    "WeakKeyError",
]


class Hint(NamedTuple):
    """What to do about an error, for who writes Python and for who types a command."""

    python: str
    command: str


OVERWRITE = Hint("overwrite=True replaces it", "--force replaces it")
_CLOSED = "replaces it, and its picture never opens again"
ORPHAN = Hint(f"overwrite=True {_CLOSED}", f"--force {_CLOSED}")
RESUME = Hint("resume=True continues that run", "--resume continues that run")
_OTHER_NAME = "give another name: what a replaced key opens stays closed for ever"
OTHER_NAME = Hint(_OTHER_NAME, _OTHER_NAME)
_PUBLIC = (
    f"{_OTHER_NAME}. Its public key is in its first line, should > have emptied the file of that"
)
PUBLIC_THERE = Hint(_PUBLIC, _PUBLIC)
EMPTIED = Hint(
    "Identity.load(path).recipient is the public key that belongs to a private one",
    "> empties a file even if keygen then makes no new key; the public key of the one you have is "
    "in the first line of its file, and 'facecrypt keys key.txt' shows it",
)
ALLOW_EDITED = Hint(
    "allow_edited=True opens the regions all the same",
    "--allow-edited opens the faces all the same",
)
_RESAVE = (
    "if a viewer or browser shows a damaged picture whole, save it anew from there; "
    "else get an intact copy"
)
RESAVE = Hint(_RESAVE, _RESAVE)
COSTLY = Hint(
    "Passphrase(text, allow_costly=True) spends it, up to a minute and 1 GiB",
    "--allow-costly spends it, up to a minute and 1 GiB",
)
PHRASE = Hint(
    "Passphrase(text) takes words and stretches them; SecretKey.generate makes a key",
    "-p takes a passphrase and stretches it; 'facecrypt keygen --symmetric' makes a key",
)
UNLOCK = Hint(
    "passphrase=Passphrase(text) unlocks it",
    "type the passphrase when asked, or set $FACECRYPT_KEY_PASSPHRASE",
)
WHERE_FACES_ARE = Hint(
    "give regions=, a Region of the whole picture if need be, or a larger min_face_size",
    "'encrypt --whole' encrypts all of a picture, 'encrypt --boxes' what you name",
)
AS_IT_IS = Hint(
    "it is sealed as it is with regions=, a Region of the whole picture if need be",
    "'encrypt --whole' and 'encrypt --boxes' encrypt it as it is",
)
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


class ForgottenError(FacecryptError, LookupError):
    """A face that was erased for good from a sealed picture, which its header says."""


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


class TooManyFacesError(FacecryptError, ValueError):
    """More of a picture looks like faces than the detector looks at, so it would miss some."""


class MediaError(FacecryptError, OSError):
    """A picture that cannot be read or written."""


class UnsupportedJpegError(MediaError):
    """A JPEG that cannot be taken apart and put together again to the byte."""
