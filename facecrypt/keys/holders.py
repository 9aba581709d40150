"""Keys: who may open a picture, and how its content key is wrapped for them.

Every picture has a random 32-byte content key of its own. A *recipient* wraps it
(:class:`Recipient`, :class:`Passphrase`, :class:`SecretKey`), an *identity*
unwraps it (:class:`Identity`, :class:`Passphrase`, :class:`SecretKey`). A wrapped
key is a *stanza*: a flat dict of JSON values that the header carries.

All primitives are those of ``cryptography``: HPKE (RFC 9180) over X25519 or
ML-KEM-768 + X25519, Argon2id (RFC 9106), HKDF-SHA256 and AES-256-GCM.
"""

import base64
import hashlib
import os
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from facecrypt.errors import COSTLY, PHRASE, ContainerError, KeyFormatError
from facecrypt.files import read_small
from facecrypt.keys import kem
from facecrypt.keys import text as keytext
from facecrypt.limits import ARGON2_USUAL

__all__ = [
    "Identity",
    "Passphrase",
    "Recipient",
    "RecipientLike",
    "RegionKey",
    "SecretKey",
    "Stanza",
    "Unwraps",
    "content_subkey",
    "load_identity",
    "load_recipients",
    "new_content_key",
    "region_key",
    "subkey",
]

Stanza = Mapping[str, Any]

KEY_SIZE = 32
STANZA_TYPES = (*(method.name for method in kem.KEMS), "argon2id", "secret-key")
_WRAP_INFO = b"facecrypt v1 content key"
_SYMMETRIC_SIZE = 16 + KEY_SIZE + 16
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
    return subkey(content_key, b"facecrypt v1 " + purpose.encode())


def region_key(content_key: bytes, index: int) -> bytes:
    """The key of region ``index``; it tells nothing of the other regions or the content key."""
    return subkey(content_key, b"facecrypt v1 region" + index.to_bytes(4, "big"))


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unb64(value: object) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except ValueError:
        return b""


def _key_id(payload: bytes) -> str:
    return hashlib.sha256(b"facecrypt v1 key id" + payload).hexdigest()[:16]


def _wrap_symmetric(kek: bytes, content_key: bytes) -> str:
    # A fresh 128-bit salt makes a fresh AES key, so the fixed nonce never meets a key twice
    # and one passphrase or key file may wrap any number of pictures.
    salt = os.urandom(16)
    sealed = AESGCM(_wrapping_key(kek, salt)).encrypt(bytes(12), content_key, _WRAP_INFO)
    return b64(salt + sealed)


def _unwrap_symmetric(kek: bytes, wrapped: object) -> bytes | None:
    data = unb64(wrapped)
    if len(data) != _SYMMETRIC_SIZE:
        return None
    try:
        return AESGCM(_wrapping_key(kek, data[:16])).decrypt(bytes(12), data[16:], _WRAP_INFO)
    except InvalidTag:
        return None


def _wrapping_key(kek: bytes, salt: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_SIZE, salt, _WRAP_INFO).derive(kek)


@dataclass(frozen=True)
class Recipient:
    """A public key: encrypts to its owner, opens nothing.

    Made by :meth:`parse` from the word ``fc1…`` that ``facecrypt keygen`` prints.

    Examples
    --------
    >>> identity = Identity.generate()
    >>> Recipient.parse(str(identity.recipient)) == identity.recipient
    True
    """

    _payload: bytes = field(repr=False)

    PREFIX = "fc1"

    def __post_init__(self) -> None:
        method, raw = kem.split(self._payload, "public_size", "the public key")
        try:
            method.public(raw)
        except ValueError as error:
            raise KeyFormatError(f"the public key is not valid: {error}") from None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a public key.

        Raises
        ------
        KeyFormatError
            Not a public key, or mistyped.
        """
        return cls(keytext.decode(cls.PREFIX, text, "a public key"))

    @property
    def id(self) -> str:
        """16 hexadecimal digits that name the key in headers; 64 bits of a SHA-256."""
        return _key_id(self._payload)

    def wrap(self, content_key: bytes) -> Stanza:
        method, raw = kem.split(self._payload, "public_size", "the public key")
        wrapped = method.suite.encrypt(content_key, method.public(raw), info=_WRAP_INFO)
        return {"type": method.name, "id": self.id, "wrapped": b64(wrapped)}

    def __str__(self) -> str:
        return keytext.encode(self.PREFIX, self._payload)

    def __repr__(self) -> str:
        return f"<Recipient {self.id}>"


@dataclass(frozen=True)
class Identity:
    """A private key: opens what was encrypted to its :attr:`recipient`.

    Examples
    --------
    >>> identity = Identity.generate()
    >>> key = new_content_key()
    >>> identity.unwrap(identity.recipient.wrap(key)) == key
    True
    """

    _payload: bytes = field(repr=False)

    PREFIX = "FACECRYPT-SECRET-KEY-"

    def __post_init__(self) -> None:
        kem.split(self._payload, "secret_size", "the private key")

    @classmethod
    def generate(cls, *, pq: bool = False) -> Self:
        """A new random private key.

        Parameters
        ----------
        pq : bool
            Hybrid of ML-KEM-768 and X25519, which also withstands quantum computers;
            the public key grows from 60 to about 2000 characters.
        """
        method = kem.KEMS[1 if pq else 0]
        return cls(bytes([method.code]) + os.urandom(method.secret_size))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``FACECRYPT-SECRET-KEY-…``; KeyFormatError where it is none or mistyped."""
        return cls(keytext.decode(cls.PREFIX, text, "a private key"))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a key file as :meth:`save` writes it: one key, ``#`` begins a comment line."""
        return keytext.parse_file(path, cls.parse)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a key file that only its owner can read (mode 0600)."""
        text = f"# public key: {self.recipient}\n{keytext.encode(self.PREFIX, self._payload)}\n"
        keytext.save(path, text, overwrite=overwrite)

    @property
    def recipient(self) -> Recipient:
        """The public key that belongs to this private key."""
        method, secret = kem.split(self._payload, "secret_size", "the private key")
        return Recipient(bytes([method.code]) + method.public_bytes(secret))

    def unwrap(self, stanza: Stanza) -> bytes | None:
        method, secret = kem.split(self._payload, "secret_size", "the private key")
        if stanza["type"] != method.name or stanza["id"] != self.recipient.id:
            return None
        try:
            key = method.suite.decrypt(
                unb64(stanza["wrapped"]), method.private(secret), info=_WRAP_INFO
            )
        except (InvalidTag, ValueError):
            return None
        return key if len(key) == KEY_SIZE else None

    def __repr__(self) -> str:
        return f"<Identity of {self.recipient.id}>"


class Passphrase:
    """A passphrase, stretched with Argon2id: once for all pictures it seals, and once for
    all pictures of one sealing job it opens.

    Parameters
    ----------
    text : str
        Compared in Unicode normal form C, so that keyboards agree.
    allow_costly : bool
        Try it also on a header that asks for more of Argon2id than this package writes
        (64 MiB, 3 passes, 4 lanes): a hostile one costs up to a minute and 1 GiB.

    Raises
    ------
    KeyFormatError
        The passphrase is empty.
    """

    def __init__(self, text: str, *, allow_costly: bool = False):
        if not isinstance(text, str):
            raise TypeError(f"a passphrase must be text, received {type(text).__name__}")
        self._text = unicodedata.normalize("NFC", text).encode()
        if not self._text:
            raise KeyFormatError("the passphrase is empty")
        self._allow_costly = allow_costly
        self._job_salt = os.urandom(16)
        self._keys: dict[tuple, bytes] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        # Locks stay where they are; what was stretched travels, for it took long.
        with self._lock:
            return {**self.__dict__, "_keys": dict(self._keys), "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def _stretch(self, salt: bytes, memory: int, time: int, lanes: int) -> bytes:
        parameters = (salt, memory, time, lanes)
        with self._lock:
            if parameters not in self._keys:
                kdf = Argon2id(
                    salt=salt, length=KEY_SIZE, iterations=time, lanes=lanes, memory_cost=memory
                )
                self._keys[parameters] = kdf.derive(self._text)
            return self._keys[parameters]

    def wrap(self, content_key: bytes) -> Stanza:
        cost = dict(zip(("memory", "time", "lanes"), ARGON2_USUAL, strict=True))
        kek = self._stretch(self._job_salt, **cost)
        wrapped = _wrap_symmetric(kek, content_key)
        return {"type": "argon2id", "salt": b64(self._job_salt), **cost, "wrapped": wrapped}

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza["type"] != "argon2id":
            return None
        cost = stanza["memory"], stanza["time"], stanza["lanes"]
        if not self._allow_costly and any(
            asked > usual for asked, usual in zip(cost, ARGON2_USUAL, strict=True)
        ):
            raise ContainerError(
                "to try a passphrase, the header asks for Argon2id of {} KiB, {} passes, {} lanes; "
                "more than {} KiB, {} passes, {} lanes are not spent unasked".format(
                    *cost, *ARGON2_USUAL
                ),
                hint=COSTLY,
            )
        kek = self._stretch(unb64(stanza["salt"]), *cost)
        return _unwrap_symmetric(kek, stanza["wrapped"])

    def __repr__(self) -> str:
        return "<Passphrase>"


@dataclass(frozen=True)
class SecretKey:
    """A random 32-byte key that both seals and opens.

    Examples
    --------
    >>> key = SecretKey.generate()
    >>> content = new_content_key()
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
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a key file as :meth:`save` writes it, or one of exactly 32 random bytes.

        Raises
        ------
        KeyFormatError
            It holds something else, be it 32 bytes of text: words are not stretched here.
        """
        data = read_small(path)
        if len(data) == KEY_SIZE and not keytext.is_text(data):
            return cls(data)
        if len(data) == KEY_SIZE:
            raise KeyFormatError(f"{path}: {KEY_SIZE} bytes of text are no key", hint=PHRASE)
        return keytext.parse_file(path, cls._parse, data)

    @classmethod
    def _parse(cls, text: str) -> Self:
        return cls(keytext.decode(cls.PREFIX, text, "a symmetric key"))

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a key file that only its owner can read (mode 0600)."""
        text = keytext.encode(self.PREFIX, self._key) + "\n"
        keytext.save(path, text, overwrite=overwrite)

    @property
    def id(self) -> str:
        """16 hexadecimal digits that name the key in headers."""
        return _key_id(subkey(self._key, b"facecrypt v1 key id"))

    def wrap(self, content_key: bytes) -> Stanza:
        wrapped = _wrap_symmetric(self._key, content_key)
        return {"type": "secret-key", "id": self.id, "wrapped": wrapped}

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza["type"] != "secret-key" or stanza["id"] != self.id:
            return None
        return _unwrap_symmetric(self._key, stanza["wrapped"])

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
    def load(cls, path: str | os.PathLike[str]) -> Self:
        return keytext.parse_file(path, cls.parse)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write a key file that only its owner can read (mode 0600)."""
        keytext.save(path, f"{self}\n", overwrite=overwrite)

    def __str__(self) -> str:
        return keytext.encode(self.PREFIX, self.index.to_bytes(4, "big") + self.picture + self.key)


def load_identity(path: str | os.PathLike[str]) -> Identity | RegionKey:
    """Read a private key or a region key, whichever the file holds."""
    return keytext.parse_file(path, _parse_identity)


def _parse_identity(text: str) -> Identity | RegionKey:
    kind = RegionKey if text.upper().startswith(RegionKey.PREFIX) else Identity
    return kind.parse(text)


def load_recipients(path: str | os.PathLike[str]) -> list[Recipient]:
    """Read public keys, one a line; ``#`` begins a comment line, and what follows a key is one.

    Raises
    ------
    KeyFormatError
        A line is not a public key, or there is none. The message names the line.
    """
    found = []
    for number, line in enumerate(keytext.key_text(path).splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(_parse_line(line))
            except KeyFormatError as error:
                where = f"{path}, line {number}"
                raise KeyFormatError(f"{where}: {error.message}", hint=error.hint) from None
    if not found:
        raise KeyFormatError(f"{path}: no public key in the file")
    return found


def _parse_line(line: str) -> Recipient:
    word, *comment = line.split()
    # Left out in silence, a second one could open nothing.
    if any(each.lower().startswith(Recipient.PREFIX) for each in comment):
        raise KeyFormatError("expected one public key a line, received several")
    return Recipient.parse(word)
