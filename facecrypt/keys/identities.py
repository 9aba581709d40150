"""Private keys, symmetric keys and the keys of single regions: they open."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self, TypeVar

from cryptography.exceptions import InvalidTag

from facecrypt.errors import PHRASE, AuthenticationError, KeyFormatError
from facecrypt.files import PathLike, read_small
from facecrypt.keys import kem
from facecrypt.keys import text as keytext
from facecrypt.keys.locked import Unlocks, is_locked, lock, unlock
from facecrypt.keys.passphrases import Passphrase
from facecrypt.keys.recipients import Recipient
from facecrypt.keys.wrapping import (
    KEY_SIZE,
    WRAP_INFO,
    Stanza,
    key_id,
    subkey,
    unb64,
    unwrap_symmetric,
    wrap_symmetric,
)

__all__ = ["Identity", "RegionKey", "SecretKey", "load_identity"]

Key = TypeVar("Key")


@dataclass(frozen=True)
class Identity:
    """A private key: opens what was encrypted to its :attr:`recipient`.

    Examples
    --------
    >>> identity = Identity.generate()
    >>> key = bytes(32)
    >>> identity.unwrap(identity.recipient.wrap(key)) == key
    True
    """

    _payload: bytes = field(repr=False)

    PREFIX = "FACECRYPT-SECRET-KEY-"

    def __post_init__(self) -> None:
        kem.split_secret(self._payload)

    @classmethod
    def generate(cls, *, pq: bool = False) -> Self:
        """A new random private key.

        Parameters
        ----------
        pq : bool
            Hybrid of ML-KEM-768 and X25519, which also withstands quantum computers;
            the public key grows from 60 to about 2000 characters.
        """
        method = kem.HYBRID if pq else kem.CURVE
        return cls(bytes([method.code]) + os.urandom(method.secret_size))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``FACECRYPT-SECRET-KEY-…``; KeyFormatError where it is none or mistyped."""
        return cls(keytext.decode(cls.PREFIX, text, "a private key"))

    @classmethod
    def load(cls, path: PathLike, *, passphrase: Unlocks | None = None) -> Self:
        """Read a key file as :meth:`save` writes it: one key, ``#`` begins a comment line.

        Parameters
        ----------
        path : path of the file
        passphrase : Passphrase, optional
            Of a locked file; or a function that is called for it if the file is locked.

        Raises
        ------
        KeyFormatError
            It holds something else, or is locked and no passphrase was given.
        AuthenticationError
            It is locked with another passphrase.
        """
        return _load(path, cls.parse, passphrase)

    def save(
        self, path: PathLike, *, overwrite: bool = False, passphrase: Passphrase | None = None
    ) -> None:
        """Write a key file that only its owner can read (mode 0600).

        Parameters
        ----------
        path : path of the file
        overwrite : bool
            Replace an existing one: what its key opens stays closed.
        passphrase : Passphrase, optional
            Locks the file: whoever has it needs this as well. The public key stays readable.
        """
        word = keytext.encode(self.PREFIX, self._payload)
        text = f"{keytext.PUBLIC_LINE}{self.recipient}\n{_locked(word, passphrase)}\n"
        keytext.save(path, text, overwrite=overwrite)

    @property
    def recipient(self) -> Recipient:
        """The public key that belongs to this private key."""
        method, secret = kem.split_secret(self._payload)
        return Recipient(bytes([method.code]) + method.public_bytes(secret))

    def unwrap(self, stanza: Stanza) -> bytes | None:
        method, secret = kem.split_secret(self._payload)
        if stanza["type"] != method.name or stanza["id"] != self.recipient.id:
            return None
        try:
            key = method.suite.decrypt(
                unb64(stanza["wrapped"]), method.private(secret), info=WRAP_INFO
            )
        except (InvalidTag, ValueError):
            return None
        return key if len(key) == KEY_SIZE else None

    def __repr__(self) -> str:
        return f"<Identity of {self.recipient.id}>"


@dataclass(frozen=True)
class SecretKey:
    """A random 32-byte key that both seals and opens.

    Examples
    --------
    >>> key = SecretKey.generate()
    >>> content = bytes(32)
    >>> key.unwrap(key.wrap(content)) == content
    True
    """

    _key: bytes = field(repr=False)

    PREFIX = "FACECRYPT-SYMMETRIC-KEY-"

    def __post_init__(self) -> None:
        if len(self._key) != KEY_SIZE:
            raise KeyFormatError(f"a secret key is {KEY_SIZE} bytes, received {len(self._key)}")

    @classmethod
    def generate(cls) -> Self:
        return cls(os.urandom(KEY_SIZE))

    @classmethod
    def load(cls, path: PathLike, *, passphrase: Unlocks | None = None) -> Self:
        """Read a key file as :meth:`save` writes it, or one of exactly 32 random bytes.

        Parameters
        ----------
        path : path of the file
        passphrase : Passphrase, optional
            As of :meth:`Identity.load`.

        Raises
        ------
        KeyFormatError
            It holds something else, be it 32 bytes of text: words are not stretched here; or it
            is locked and no passphrase was given.
        AuthenticationError
            It is locked with another passphrase.
        """
        data = read_small(path)
        if len(data) == KEY_SIZE and not keytext.is_text(data):
            return cls(data)
        if len(data) == KEY_SIZE:
            raise KeyFormatError(f"{path}: {KEY_SIZE} bytes of text are no key", hint=PHRASE)
        return _load(path, cls.parse, passphrase, data)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``FACECRYPT-SYMMETRIC-KEY-…``; KeyFormatError where it is none or mistyped."""
        return cls(keytext.decode(cls.PREFIX, text, "a symmetric key"))

    def save(
        self, path: PathLike, *, overwrite: bool = False, passphrase: Passphrase | None = None
    ) -> None:
        """Write a key file that only its owner can read (mode 0600); as :meth:`Identity.save`."""
        word = keytext.encode(self.PREFIX, self._key)
        keytext.save(path, f"{_locked(word, passphrase)}\n", overwrite=overwrite)

    @property
    def id(self) -> str:
        """16 hexadecimal digits that name the key in headers."""
        return key_id(subkey(self._key, b"facecrypt v2 key id"))

    def wrap(self, content_key: bytes) -> Stanza:
        wrapped = wrap_symmetric(self._key, content_key)
        return {"type": "secret-key", "id": self.id, "wrapped": wrapped}

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza["type"] != "secret-key" or stanza["id"] != self.id:
            return None
        return unwrap_symmetric(self._key, stanza["wrapped"])

    def __repr__(self) -> str:
        return f"<SecretKey {self.id}>"


@dataclass(frozen=True)
class RegionKey:
    """The key of one region of one picture: opens that face and nothing else.

    Parameters
    ----------
    picture : bytes
        16 bytes that name the picture: :attr:`facecrypt.Header.picture_id`.
    index : int
        Number of the region in the header, from 0.
    key : bytes
        32 bytes.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_image, region_key
    >>> key, faces = SecretKey.generate(), [Region(0, 0, 16, 16), Region(16, 16, 32, 32)]
    >>> sealed = encrypt_image(np.zeros((32, 32), np.uint8), key, regions=faces)
    >>> exported = region_key(sealed, key, 1)
    >>> RegionKey.parse(str(exported)) == exported
    True
    """

    picture: bytes
    index: int
    key: bytes = field(repr=False)

    PREFIX = "FACECRYPT-REGION-KEY-"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``FACECRYPT-REGION-KEY-…``; KeyFormatError where it is none or mistyped."""
        payload = keytext.decode(cls.PREFIX, text, "a region key")
        if len(payload) != 4 + 16 + KEY_SIZE:
            raise KeyFormatError(f"a region key holds 52 bytes, this one {len(payload)}")
        return cls(payload[4:20], int.from_bytes(payload[:4], "big"), payload[20:])

    @classmethod
    def load(cls, path: PathLike) -> Self:
        return keytext.parse_file(path, cls.parse)

    def save(self, path: PathLike, *, overwrite: bool = False) -> None:
        """Write a key file that only its owner can read (mode 0600)."""
        keytext.save(path, f"{self}\n", overwrite=overwrite)

    def __str__(self) -> str:
        return keytext.encode(self.PREFIX, self.index.to_bytes(4, "big") + self.picture + self.key)


def load_identity(path: PathLike, *, passphrase: Unlocks | None = None) -> Identity | RegionKey:
    """Read a private key or a region key, whichever the file holds; as :meth:`Identity.load`."""
    return _load(path, _parse_identity, passphrase)


def _load(
    path: PathLike,
    parse: Callable[[str], Key],
    passphrase: Unlocks | None,
    data: bytes | None = None,
) -> Key:
    def unlocked(word: str) -> Key:
        return parse(unlock(word, passphrase) if is_locked(word) else word)

    try:
        return keytext.parse_file(path, unlocked, data)
    except AuthenticationError as error:
        raise AuthenticationError(f"{path}: {error.message}", hint=error.hint) from None


def _locked(word: str, passphrase: Passphrase | None) -> str:
    return word if passphrase is None else lock(word, passphrase)


def _parse_identity(text: str) -> Identity | RegionKey:
    kind = RegionKey if text.upper().startswith(RegionKey.PREFIX) else Identity
    return kind.parse(text)
