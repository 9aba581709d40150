"""The two ways to agree on a key with the holder of a public key (HPKE, RFC 9180)."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from facecrypt.errors import KeyFormatError

__all__ = ["KEMS", "Kem", "split"]

_LATTICE_PUBLIC, _LATTICE_SEED, _LATTICE_SENT = 1184, 64, 1088


@dataclass(frozen=True)
class Kem:
    """One way to agree on a key: its number in key texts, its name in stanzas, its sizes."""

    code: int
    name: str
    suite: Suite
    public_size: int
    secret_size: int
    sent_size: int

    def public(self, raw: bytes) -> x25519.X25519PublicKey | MLKEM768X25519PublicKey:
        if self.code == 1:
            return x25519.X25519PublicKey.from_public_bytes(raw)
        return MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(raw[:_LATTICE_PUBLIC]),
            x25519.X25519PublicKey.from_public_bytes(raw[_LATTICE_PUBLIC:]),
        )

    def private(self, raw: bytes) -> x25519.X25519PrivateKey | MLKEM768X25519PrivateKey:
        if self.code == 1:
            return x25519.X25519PrivateKey.from_private_bytes(raw)
        return MLKEM768X25519PrivateKey(
            mlkem.MLKEM768PrivateKey.from_seed_bytes(raw[:_LATTICE_SEED]),
            x25519.X25519PrivateKey.from_private_bytes(raw[_LATTICE_SEED:]),
        )

    def public_bytes(self, secret: bytes) -> bytes:
        curve = x25519.X25519PrivateKey.from_private_bytes(secret[-32:])
        public = curve.public_key().public_bytes_raw()
        if self.code == 1:
            return public
        lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(secret[:_LATTICE_SEED])
        return lattice.public_key().public_bytes_raw() + public


KEMS = (
    Kem(1, "hpke-x25519", Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM), 32, 32, 32),
    Kem(
        2,
        "hpke-mlkem768-x25519",
        Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
        _LATTICE_PUBLIC + 32,
        _LATTICE_SEED + 32,
        _LATTICE_SENT + 32,
    ),
)


def split(payload: bytes, size: str, what: str) -> tuple[Kem, bytes]:
    for kem in KEMS:
        if payload[0] == kem.code and len(payload) == 1 + getattr(kem, size):
            return kem, payload[1:]
    raise KeyFormatError(f"{what} is of a kind this release does not know")
