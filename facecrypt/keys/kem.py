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

__all__ = ["CURVE", "HYBRID", "KEMS", "Kem", "split_public", "split_secret"]

_CURVE = 32
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


class Curve(Kem):
    """X25519 alone."""

    def public(self, raw: bytes) -> x25519.X25519PublicKey:
        return x25519.X25519PublicKey.from_public_bytes(raw)

    def private(self, raw: bytes) -> x25519.X25519PrivateKey:
        return x25519.X25519PrivateKey.from_private_bytes(raw)

    def public_bytes(self, secret: bytes) -> bytes:
        return self.private(secret).public_key().public_bytes_raw()


class Hybrid(Kem):
    """ML-KEM-768 and X25519: in keys the lattice's part comes first."""

    def public(self, raw: bytes) -> MLKEM768X25519PublicKey:
        return MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(raw[:_LATTICE_PUBLIC]),
            x25519.X25519PublicKey.from_public_bytes(raw[_LATTICE_PUBLIC:]),
        )

    def private(self, raw: bytes) -> MLKEM768X25519PrivateKey:
        return MLKEM768X25519PrivateKey(
            mlkem.MLKEM768PrivateKey.from_seed_bytes(raw[:_LATTICE_SEED]),
            x25519.X25519PrivateKey.from_private_bytes(raw[_LATTICE_SEED:]),
        )

    def public_bytes(self, secret: bytes) -> bytes:
        lattice = mlkem.MLKEM768PrivateKey.from_seed_bytes(secret[:_LATTICE_SEED])
        curve = x25519.X25519PrivateKey.from_private_bytes(secret[_LATTICE_SEED:])
        return lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()


CURVE = Curve(
    1, "hpke-x25519", Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM), _CURVE, _CURVE, _CURVE
)
HYBRID = Hybrid(
    2,
    "hpke-mlkem768-x25519",
    Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
    _LATTICE_PUBLIC + _CURVE,
    _LATTICE_SEED + _CURVE,
    _LATTICE_SENT + _CURVE,
)
KEMS: tuple[Curve | Hybrid, ...] = (CURVE, HYBRID)


def split_public(payload: bytes) -> tuple[Curve | Hybrid, bytes]:
    """The way of a public key, and its bytes."""
    for kem in KEMS:
        if payload[0] == kem.code and len(payload) == 1 + kem.public_size:
            return kem, payload[1:]
    raise KeyFormatError("the public key is of a kind this release does not know")


def split_secret(payload: bytes) -> tuple[Curve | Hybrid, bytes]:
    """The way of a private key, and its bytes."""
    for kem in KEMS:
        if payload[0] == kem.code and len(payload) == 1 + kem.secret_size:
            return kem, payload[1:]
    raise KeyFormatError("the private key is of a kind this release does not know")
