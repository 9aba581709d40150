"""Keys as people handle them: one word with a checksum, and small text files.

As age does, a key is a word that tells what it is, survives copying by hand and
fits on a line; unlike there, the checksum covers the prefix, so a public key
cannot be taken for another kind by swapping the prefix.
"""

import base64
import binascii
import errno
import hashlib
import os

from facecrypt.errors import OTHER_NAME, KeyFormatError, MediaError
from facecrypt.files import atomic_write, read_small

__all__ = ["decode", "encode", "key_line", "key_text", "one_line", "save"]


def encode(prefix: str, payload: bytes) -> str:
    """``prefix`` and base32 of payload and checksum: one word, no case, no padding."""
    check = hashlib.sha256(prefix.lower().encode() + payload).digest()[:4]
    word = base64.b32encode(payload + check).decode().rstrip("=")
    return prefix + (word if prefix.isupper() else word.lower())


def decode(prefix: str, text: str, what: str) -> bytes:
    word = text.strip()
    if not word.lower().startswith(prefix.lower()):
        raise KeyFormatError(
            f"expected {what}, which begins with {prefix}, received {_shown(word)}"
        )
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


def _shown(word: str) -> str:
    # A user may have passed a secret in the wrong place; an error message ends up in logs.
    return repr(word[:8] + "…") if len(word) > 8 else repr(word)


def key_line(path: str | os.PathLike[str]) -> str:
    return one_line(path, read_small(path))


def one_line(path: str | os.PathLike[str], data: bytes) -> str:
    """The one key in what a file held; a pipe can be read but once."""
    lines = [line.strip() for line in _text(path, data).splitlines()]
    words = [line for line in lines if line and not line.startswith("#")]
    if len(words) != 1:
        raise KeyFormatError(f"{path}: expected one key in the file, found {len(words)}")
    return words[0]


def key_text(path: str | os.PathLike[str]) -> str:
    return _text(path, read_small(path))


def _text(path: str | os.PathLike[str], data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise KeyFormatError(f"{path}: not a key file (it is not text)") from None


def save(path: str | os.PathLike[str], text: str, *, overwrite: bool) -> None:
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
            error.hint = OTHER_NAME
        raise
