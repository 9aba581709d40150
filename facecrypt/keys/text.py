"""Keys as people handle them: one word with a checksum, and small text files.

As age does, a key is a word that tells what it is, survives copying by hand and
fits on a line; unlike there, the checksum covers the prefix, so a public key
cannot be taken for another kind by swapping the prefix.
"""

import base64
import binascii
import codecs
import errno
import hashlib
from collections.abc import Callable
from typing import TypeVar

from facecrypt.errors import EMPTIED, OTHER_NAME, PUBLIC_THERE, Hint, KeyFormatError, MediaError
from facecrypt.files import PathLike, atomic_write, read_small

__all__ = ["PUBLIC_LINE", "decode", "encode", "is_text", "key_text", "parse_file", "save"]

# How the first line of a private key's file begins; the public key ends it.
PUBLIC_LINE = "# public key: "

Key = TypeVar("Key")

# What the keys of each kind begin with, what they are, and where they go.
_KINDS = {
    "FACECRYPT-SECRET-KEY-": (
        "a private key",
        Hint(
            "Identity.load reads private keys",
            "a private key opens pictures: give its file with -i; to encrypt, give the public key",
        ),
    ),
    "FACECRYPT-SYMMETRIC-KEY-": (
        "a symmetric key",
        Hint("SecretKey.load reads symmetric keys", "give the file of a symmetric key with -k"),
    ),
    "FACECRYPT-REGION-KEY-": (
        "a region key",
        Hint(
            "RegionKey.load reads region keys",
            "a region key opens a face: give its file with -i",
        ),
    ),
    "FACECRYPT-LOCKED-KEY-": (
        "a locked key",
        Hint(
            "Identity.load and SecretKey.load unlock it with passphrase=Passphrase(text)",
            "give the file of a locked key where the key itself would go, with -i or -k",
        ),
    ),
    "fc1": (
        "a public key",
        Hint(
            "Recipient.parse reads public keys",
            "a public key encrypts: give it with -r, a file of them with -R; to decrypt, give the "
            "private key with -i",
        ),
    ),
}


def encode(prefix: str, payload: bytes) -> str:
    """``prefix`` and base32 of payload and checksum: one word, no case, no padding."""
    check = hashlib.sha256(prefix.lower().encode() + payload).digest()[:4]
    word = base64.b32encode(payload + check).decode().rstrip("=")
    return prefix + (word if prefix.isupper() else word.lower())


def decode(prefix: str, text: str, what: str) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"expected {what} as text, received {type(text).__name__}")
    word = text.strip()
    if not word.lower().startswith(prefix.lower()):
        kind, hint = _kind(word)
        raise KeyFormatError(
            f"expected {what}, which begins with {prefix}, received {kind}", hint=hint
        )
    if len(word.split()) > 1:
        raise KeyFormatError(f"{what} is one word; leave out what follows it")
    body = word[len(prefix) :].upper()
    try:
        data = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        data = b""
    payload, check = data[:-4], data[-4:]
    expected = hashlib.sha256(prefix.lower().encode() + payload).digest()[:4]
    # The comparison with encode refuses the other spellings base32 has for its last bits.
    if not payload or check != expected or encode(prefix, payload).lower() != word.lower():
        raise KeyFormatError(f"{what} is mistyped or cut short: its checksum does not match")
    return payload


def _kind(word: str) -> tuple[str, Hint | None]:
    for prefix, (what, hint) in _KINDS.items():
        if word.lower().startswith(prefix.lower()):
            return what, hint
    # A user may have passed a secret in the wrong place; an error message ends up in logs.
    return (repr(word[:8] + "…") if len(word) > 8 else repr(word)), None


def parse_file(path: PathLike, parse: Callable[[str], Key], data: bytes | None = None) -> Key:
    """The one key of a file, by what reads its text; errors name the file.

    `data` is what the file held, where it was read: a pipe can be read but once.
    """
    word = _one_line(path, read_small(path) if data is None else data)
    try:
        return parse(word)
    except KeyFormatError as error:
        raise KeyFormatError(f"{path}: {error.message}", hint=error.hint) from None


def _one_line(path: PathLike, data: bytes) -> str:
    lines = [line.strip() for line in _text(path, data).splitlines()]
    words = [line for line in lines if line and not line.startswith("#")]
    if len(words) != 1:
        raise KeyFormatError(f"{path}: expected one key in the file, found {len(words)}")
    return words[0]


def key_text(path: PathLike) -> str:
    """The text of a file of public keys."""
    return _text(path, read_small(path), empty=EMPTIED)


def is_text(data: bytes) -> bool:
    """Whether bytes are words that somebody wrote; random ones are not."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)


def _text(path: PathLike, data: bytes, *, empty: Hint | None = None) -> str:
    if not data.strip():
        raise KeyFormatError(f"{path}: the file is empty; expected a key", hint=empty)
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise KeyFormatError(f"{path}: a key in UTF-16, as PowerShell's > writes; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")  # Windows' editors begin a file with a mark
    except UnicodeDecodeError:
        raise KeyFormatError(f"{path}: not a key file (it is not text)") from None


def save(path: PathLike, text: str, *, overwrite: bool) -> None:
    """Write a key file that only its owner can read (mode 0600).

    Raises
    ------
    MediaError
        It cannot be written. Of a file that exists the remedy is another name, never to
        replace it: what the old key opens would stay closed.
    """
    try:
        atomic_write(path, text.encode(), overwrite=overwrite, mode=0o600)
    except MediaError as error:
        if error.errno == errno.EEXIST:
            error.hint = PUBLIC_THERE if _names_public_key(path) else OTHER_NAME
        raise


def _names_public_key(path: PathLike) -> bool:
    try:
        return read_small(path).startswith(PUBLIC_LINE.encode())
    except MediaError:
        return False
