"""Key texts and wrapped keys."""

import base64
import hashlib
import hmac
import unicodedata

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from support.second_reader.header import LABEL, expand

INFO = LABEL + b"content key"
PREFIXES = {
    "identity": "FACECRYPT-SECRET-KEY-",
    "recipient": "fc1",
    "symmetric": "FACECRYPT-SYMMETRIC-KEY-",
    "region": "FACECRYPT-REGION-KEY-",
}


def parse_key(kind: str, text: str) -> bytes:
    """The payload of a key text, its checksum checked."""
    prefix = PREFIXES[kind]
    assert text.startswith(prefix)
    body = text[len(prefix) :].upper()
    data = base64.b32decode(body + "=" * (-len(body) % 8))
    payload, check = data[:-4], data[-4:]
    assert hashlib.sha256(prefix.lower().encode() + payload).digest()[:4] == check
    return payload


def public_of(identity: bytes) -> bytes:
    """The payload of the recipient that belongs to an identity's payload."""
    curve = x25519.X25519PrivateKey.from_private_bytes(identity[-32:])
    public = curve.public_key().public_bytes_raw()
    if identity[0] == 2:
        seed = mlkem.MLKEM768PrivateKey.from_seed_bytes(identity[1:65])
        public = seed.public_key().public_bytes_raw() + public
    return identity[:1] + public


def content_key(header: dict, kind: str, secret) -> bytes:
    """Unwrap by an identity's or symmetric key's payload, or a passphrase."""
    for stanza in header["keys"]:
        wrapped = base64.b64decode(stanza["wrapped"])
        if kind == "passphrase" and stanza["type"] == "argon2id":
            return _symmetric(_stretched(stanza, secret), wrapped)
        if kind == "symmetric" and stanza["type"] == "secret-key":
            named = LABEL + b"key id" + expand(secret, LABEL + b"key id")
            if stanza["id"] == hashlib.sha256(named).digest()[:8].hex():
                return _symmetric(secret, wrapped)
        if kind == "identity" and stanza["type"].startswith("hpke-"):
            name = hashlib.sha256(LABEL + b"key id" + public_of(secret)).digest()[:8]
            if stanza["id"] == name.hex():
                return _hpke(stanza["type"], secret, wrapped)
    raise AssertionError("no wrapped key is for this one")


def _symmetric(key: bytes, wrapped: bytes) -> bytes:
    both = expand(hmac.digest(wrapped[:16], key, "sha256"), INFO, 64)
    assert both[32:] == wrapped[16:48]
    return AESGCM(both[:32]).decrypt(bytes(12), wrapped[48:], INFO)


def _stretched(stanza: dict, passphrase: str) -> bytes:
    return Argon2id(
        salt=base64.b64decode(stanza["salt"]),
        length=32,
        iterations=stanza["time"],
        lanes=stanza["lanes"],
        memory_cost=stanza["memory"],
    ).derive(unicodedata.normalize("NFC", passphrase).encode())


def _hpke(kind: str, secret: bytes, wrapped: bytes) -> bytes:
    key = x25519.X25519PrivateKey.from_private_bytes(secret[-32:])
    method = KEM.X25519
    assert (secret[0], kind) in ((1, "hpke-x25519"), (2, "hpke-mlkem768-x25519"))
    if secret[0] == 2:
        seed = mlkem.MLKEM768PrivateKey.from_seed_bytes(secret[1:65])
        key, method = MLKEM768X25519PrivateKey(seed, key), KEM.MLKEM768_X25519
    return Suite(method, KDF.HKDF_SHA256, AEAD.AES_256_GCM).decrypt(wrapped, key, info=INFO)
