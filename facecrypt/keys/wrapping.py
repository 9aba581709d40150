"""How the content key of a picture is wrapped for those who may open it.

Every picture has a random 32-byte content key of its own. A *recipient* wraps it
(:class:`Recipient`, :class:`Passphrase`, :class:`SecretKey`), an *identity*
unwraps it (:class:`Identity`, :class:`Passphrase`, :class:`SecretKey`). A wrapped
key is a *stanza*: a flat dict of JSON values that the header carries.

All primitives are those of ``cryptography``: HPKE (RFC 9180) over X25519 or
ML-KEM-768 + X25519, Argon2id (RFC 9106), HKDF-SHA256 and AES-256-GCM.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from facecrypt.keys import kem

__all__ = [
    "KEY_SIZE",
    "STANZA_TYPES",
    "WRAPPED_SIZES",
    "WRAP_INFO",
    "RecipientLike",
    "Stanza",
    "Unwraps",
    "b64",
    "commitment",
    "content_subkey",
    "key_id",
    "new_content_key",
    "region_key",
    "subkey",
    "unb64",
    "unwrap_symmetric",
    "wrap_symmetric",
]

Stanza = Mapping[str, Any]

KEY_SIZE = 32
STANZA_TYPES = (*(method.name for method in kem.KEMS), "argon2id", "secret-key")
WRAP_INFO = b"facecrypt v2 content key"
# Salt, commitment, the content key, the tag of AES-GCM.
_SYMMETRIC_SIZE = 16 + 32 + KEY_SIZE + 16
# HPKE: what the KEM sends, the content key, the tag of AES-GCM.
WRAPPED_SIZES = {method.name: method.sent_size + KEY_SIZE + 16 for method in kem.KEMS} | {
    "argon2id": _SYMMETRIC_SIZE,
    "secret-key": _SYMMETRIC_SIZE,
}


class RecipientLike(Protocol):
    """What can wrap a content key."""

    def wrap(self, content_key: bytes) -> Stanza: ...


class Unwraps(Protocol):
    """What can unwrap a content key."""

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The content key, or None where the stanza is not for this key or was changed."""


def new_content_key() -> bytes:
    """32 fresh random bytes; one for each picture, never used again."""
    return os.urandom(KEY_SIZE)


def subkey(key: bytes, label: bytes, length: int = KEY_SIZE) -> bytes:
    """HKDF-Expand-SHA256 of a uniformly random key: one independent key for each label."""
    return HKDFExpand(hashes.SHA256(), length, label).derive(key)


def content_subkey(content_key: bytes, purpose: str) -> bytes:
    """The 32-byte key of a picture for one purpose other than a region."""
    return subkey(content_key, b"facecrypt v2 " + purpose.encode())


def region_key(content_key: bytes, index: int) -> bytes:
    """The key of region ``index``; it tells nothing of the other regions or the content key."""
    return subkey(content_key, b"facecrypt v2 region" + index.to_bytes(4, "big"))


def commitment(key: bytes) -> bytes:
    """32 bytes that bind to the key of a part and tell nothing of it.

    AES-GCM does not: a ciphertext can be made that opens, differently, under two keys.
    """
    return subkey(key, b"facecrypt v2 commitment")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unb64(value: object) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        return b""


def key_id(payload: bytes) -> str:
    return hashlib.sha256(b"facecrypt v2 key id" + payload).hexdigest()[:16]


def wrap_symmetric(kek: bytes, content_key: bytes) -> str:
    # A fresh 128-bit salt makes a fresh AES key, so the fixed nonce never meets a key twice
    # and one passphrase or key file may wrap any number of pictures.
    salt = os.urandom(16)
    key, committed = _wrapping_key(kek, salt)
    sealed = AESGCM(key).encrypt(bytes(12), content_key, WRAP_INFO)
    return b64(salt + committed + sealed)


def unwrap_symmetric(kek: bytes, wrapped: object) -> bytes | None:
    data = unb64(wrapped)
    if len(data) != _SYMMETRIC_SIZE:
        return None
    key, committed = _wrapping_key(kek, data[:16])
    # AES-GCM alone lets one text open under many keys, so that one file tries many passphrases.
    if not hmac.compare_digest(committed, data[16:48]):
        return None
    try:
        return AESGCM(key).decrypt(bytes(12), data[48:], WRAP_INFO)
    except InvalidTag:
        return None


def _wrapping_key(kek: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """The key that wraps, and the commitment to it."""
    both = HKDF(hashes.SHA256(), KEY_SIZE + 32, salt, WRAP_INFO).derive(kek)
    return both[:KEY_SIZE], both[KEY_SIZE:]
