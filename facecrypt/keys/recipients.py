"""Public keys: they encrypt to their owners and open nothing."""

from dataclasses import dataclass, field
from typing import Self

from facecrypt.errors import KeyFormatError
from facecrypt.files import PathLike
from facecrypt.keys import kem
from facecrypt.keys import text as keytext
from facecrypt.keys.wrapping import WRAP_INFO, Stanza, b64, key_id

__all__ = ["Recipient", "load_recipients", "parse_line"]


@dataclass(frozen=True)
class Recipient:
    """A public key: encrypts to its owner, opens nothing.

    Made by :meth:`parse` from the word ``fc1…`` that ``facecrypt keygen`` prints.

    Examples
    --------
    >>> from facecrypt.keys import Identity
    >>> identity = Identity.generate()
    >>> Recipient.parse(str(identity.recipient)) == identity.recipient
    True
    """

    _payload: bytes = field(repr=False)

    PREFIX = "fc1"

    def __post_init__(self) -> None:
        kem.split_public(self._payload)
        # Some points of the curve can be read, and agree with nobody on a key.
        try:
            self.wrap(bytes(32))
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
    def method(self) -> str:
        """How keys are wrapped for it: the type that headers show."""
        return kem.split_public(self._payload)[0].name

    @property
    def id(self) -> str:
        """16 hexadecimal digits that name the key in headers; 64 bits of a SHA-256."""
        return key_id(self._payload)

    def wrap(self, content_key: bytes) -> Stanza:
        method, raw = kem.split_public(self._payload)
        wrapped = method.suite.encrypt(content_key, method.public(raw), info=WRAP_INFO)
        return {"type": method.name, "id": self.id, "wrapped": b64(wrapped)}

    def __str__(self) -> str:
        return keytext.encode(self.PREFIX, self._payload)

    def __repr__(self) -> str:
        return f"<Recipient {self.id}>"


def load_recipients(path: PathLike) -> list[Recipient]:
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
                found.append(parse_line(line))
            except KeyFormatError as error:
                where = f"{path}, line {number}"
                raise KeyFormatError(f"{where}: {error.message}", hint=error.hint) from None
    if not found:
        raise KeyFormatError(f"{path}: no public key in the file")
    return found


def parse_line(line: str) -> Recipient:
    """The public key that a line begins with; what follows it is a comment."""
    word, *comment = line.split()
    # Left out in silence, a second one could open nothing.
    if any(each.lower().startswith(Recipient.PREFIX) for each in comment):
        raise KeyFormatError("expected one public key a line, received several")
    return Recipient.parse(word)
