"""The ciphers: bytes of one part and its key in, bytes and a tag out.

A part's key serves one part of one picture, so everything derived from it,
the AES nonce included, is used once.
"""

import hashlib
import hmac

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from facecrypt import chaos
from facecrypt.errors import WHICH_KEYS, AuthenticationError
from facecrypt.keys import subkey

__all__ = ["SEALED", "header_mac", "open_part", "seal_part", "sealed_digest", "wrong_key"]

SEALED = b"facecrypt v2 sealed"


def wrong_key(called: str = "picture") -> AuthenticationError:
    """One error for a wrong key and a changed picture: which of them it was helps attackers."""
    return AuthenticationError(
        f"the key does not open this {called}, or the {called} was changed after sealing",
        hint=WHICH_KEYS,
    )


def seal_part(
    data: np.ndarray, key: bytes, cipher: str, aad: bytes, *, backend: str = "auto"
) -> tuple[np.ndarray, bytes]:
    """Encrypt and authenticate the bytes of one part.

    Parameters
    ----------
    data : (n,) uint8 array
        Overwritten.
    key : bytes
        32 bytes, never used for other data.
    cipher : str
        One of :data:`facecrypt.sealing.header.CIPHERS`.
    aad : bytes
        32 bytes, authenticated with the data.

    Returns
    -------
    (n,) uint8 array
        Ciphertext.
    bytes
        Tag: 16 bytes of GCM, or 32 of HMAC-SHA-256 for ``"logistic"`` alone.
    """
    if cipher != "aes-256-gcm":
        chaos.seal_stream_xor(
            data, subkey(key, b"facecrypt v2 logistic"), out=data, backend=backend
        )
    if cipher == "logistic":
        return data, _hmac(key, data, aad)
    gcm = Cipher(*_gcm(key)).encryptor()
    gcm.authenticate_additional_data(aad)
    out = np.empty_like(data)
    gcm.update_into(data.data, out.data)
    gcm.finalize()
    return out, gcm.tag


def open_part(
    data: np.ndarray, tag: bytes, key: bytes, cipher: str, aad: bytes, *, backend: str = "auto"
) -> np.ndarray:
    """Check and decrypt the bytes of one part; the inverse of :func:`seal_part`.

    Raises
    ------
    AuthenticationError
        Data, tag, key or aad is not what it was.
    """
    if cipher == "logistic":
        if not hmac.compare_digest(_hmac(key, data, aad), tag):
            raise wrong_key()
        out = data
    else:
        algorithm, mode = _gcm(key, tag)
        gcm = Cipher(algorithm, mode).decryptor()
        gcm.authenticate_additional_data(aad)
        out = np.empty_like(data)
        gcm.update_into(data.data, out.data)
        try:
            gcm.finalize()
        except InvalidTag:
            raise wrong_key() from None
    if cipher != "aes-256-gcm":
        chaos.seal_stream_xor(out, subkey(key, b"facecrypt v2 logistic"), out=out, backend=backend)
    return out


def sealed_digest(data: np.ndarray) -> bytes:
    """32 bytes that no other ciphertext has, not even one made by who knows its key.

    A tag of AES-GCM authenticates to those who do not know the key. Who knows it makes another
    ciphertext with the same tag: that takes one linear equation.
    """
    digest = hashlib.sha256(SEALED)
    digest.update(data.data)
    return digest.digest()


def header_mac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256 of a header."""
    return hmac.digest(key, message, "sha256")


def _gcm(key: bytes, tag: bytes | None = None) -> tuple[algorithms.AES, modes.GCM]:
    material = subkey(key, b"facecrypt v2 aes-256-gcm", 32 + 12)
    return algorithms.AES(material[:32]), modes.GCM(material[32:], tag)


def _hmac(key: bytes, data: np.ndarray, aad: bytes) -> bytes:
    # No length between them: aad has one size.
    mac = hmac.new(subkey(key, b"facecrypt v2 hmac"), aad, "sha256")
    mac.update(data.data)
    return mac.digest()
