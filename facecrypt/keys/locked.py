"""Keys locked with a passphrase, for files that others may come to see.

``FACECRYPT-LOCKED-KEY-`` and base32 of ``01 || salt (16) || wrapped (96) || AES-256-GCM(word)``. A
fresh file key encrypts the word of the key; the passphrase wraps the file key as it wraps the
content key of a picture, always with Argon2id of 64 MiB, 3 passes and 4 lanes.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from facecrypt.errors import UNLOCK, AuthenticationError, KeyFormatError
from facecrypt.keys import text as keytext
from facecrypt.keys.passphrases import Passphrase
from facecrypt.keys.wrapping import KEY_SIZE, b64, new_content_key, subkey, unb64

__all__ = ["PREFIX", "Unlocks", "is_locked", "lock", "unlock"]

# A passphrase, or what asks for it once it is needed.
Unlocks = Passphrase | Callable[[], Passphrase]

PREFIX = "FACECRYPT-LOCKED-KEY-"
_COST = {"memory": 64 * 1024, "time": 3, "lanes": 4}
_VERSION, _SALT, _WRAPPED = b"\x01", 16, 16 + 32 + KEY_SIZE + 16
_LABEL = b"facecrypt v2 key file"


def is_locked(word: str) -> bool:
    """Whether a key is locked, by how it begins."""
    return word.lower().startswith(PREFIX.lower())


def lock(word: str, passphrase: Passphrase) -> str:
    """A key as one word that the passphrase opens.

    Examples
    --------
    >>> locked = lock("FACECRYPT-SECRET-KEY-XYZ", Passphrase("correct horse"))
    >>> unlock(locked, Passphrase("correct horse"))
    'FACECRYPT-SECRET-KEY-XYZ'
    """
    file_key = new_content_key()
    stanza = passphrase.wrap(file_key)
    assert _COST.items() <= stanza.items(), "another cost needs another version"
    head = _VERSION + unb64(stanza["salt"]) + unb64(stanza["wrapped"])
    cipher, nonce = _cipher(file_key)
    return keytext.encode(PREFIX, head + cipher.encrypt(nonce, word.encode(), head))


def unlock(text: str, passphrase: Unlocks | None) -> str:
    """The inverse of :func:`lock`.

    Raises
    ------
    AuthenticationError
        It is another passphrase, or the text was changed by somebody who mends checksums.
    KeyFormatError
        Mistyped, of another version, or no passphrase is given.
    """
    payload = keytext.decode(PREFIX, text, "a locked key")
    size = len(_VERSION) + _SALT + _WRAPPED
    if payload[:1] != _VERSION or len(payload) <= size:
        raise KeyFormatError("the locked key is of a kind this release does not know")
    if passphrase is None:
        raise KeyFormatError("is locked with a passphrase", hint=UNLOCK)
    head, sealed = payload[:size], payload[size:]
    salt, wrapped = head[1 : 1 + _SALT], head[1 + _SALT :]
    stanza = {"type": "argon2id", "salt": b64(salt), **_COST, "wrapped": b64(wrapped)}
    file_key = (passphrase() if callable(passphrase) else passphrase).unwrap(stanza)
    if file_key is None:
        raise _wrong()
    cipher, nonce = _cipher(file_key)
    try:
        return cipher.decrypt(nonce, sealed, head).decode("ascii")
    except (InvalidTag, UnicodeDecodeError):
        raise _wrong() from None


def _cipher(file_key: bytes) -> tuple[AESGCM, bytes]:
    # The file key is used once, so the nonce never meets it twice.
    both = subkey(file_key, _LABEL, KEY_SIZE + 12)
    return AESGCM(both[:KEY_SIZE]), both[KEY_SIZE:]


def _wrong() -> AuthenticationError:
    return AuthenticationError("the passphrase does not unlock this key, or the key was changed")
