"""What a text or a small file is, if it is a key, and where it goes; no secret is told."""

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from facecrypt.errors import KeyFormatError
from facecrypt.keys import kem, locked
from facecrypt.keys import text as keytext
from facecrypt.keys.identities import Identity, RegionKey, SecretKey
from facecrypt.keys.recipients import Recipient, parse_line
from facecrypt.keys.wrapping import KEY_SIZE

__all__ = ["Kind", "kinds_of"]


@dataclass(frozen=True)
class Kind:
    """What a key is.

    Parameters
    ----------
    name : str
        "private key", "public key", "symmetric key", "region key", "locked key", "foreign key"
        or "unknown".
    what : str
        A sentence.
    option : str, optional
        How commands take the text or file as it is; None where none does.
    facts : dict of str to str
        What may be told of it: ids and public keys.
    """

    name: str
    what: str
    option: str | None = None
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        return self.option is not None


def kinds_of(data: bytes) -> list[Kind]:
    """What each key in a text or a file is; one of unknown kind where there is none.

    Examples
    --------
    >>> [kind.what for kind in kinds_of(b"age1qyqszqgpqyqszqgpqyqszqgp")]
    ["a public key of age; facecrypt takes none such, 'facecrypt keygen' makes its own"]
    >>> [kind.option for kind in kinds_of(bytes(range(128, 160)))]
    ['-k FILE']
    """
    if len(data) == KEY_SIZE and not keytext.is_text(data):
        return [_symmetric(SecretKey(data))]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return [Kind("unknown", "text in UTF-16, as PowerShell's > writes; save it as UTF-8")]
    for mark, what in _BLOCKS.items():
        if data.lstrip().startswith(mark):
            return [Kind("foreign key", f"{what}; {_MAKES}")]
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return [Kind("unknown", "no key: it is not text")]
    words = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    found = [_kind_of(word) for word in words]
    if len(found) > 1 and any(kind.name != "public key" for kind in found):
        found = [_among_others(kind) for kind in found]
    known = [kind for kind in found if kind.name != "unknown"]
    return known or found[:1] or [Kind("unknown", "no key: it is empty")]


def _among_others(kind: Kind) -> Kind:
    """The same where other lines stand beside it, with which no option takes it."""
    if not kind.usable:
        return kind
    why = "-i and -k take a file of one key, -R a file of public keys alone"
    return replace(kind, option=None, what=f"{kind.what}; not beside the other lines: {why}")


def _kind_of(line: str) -> Kind:
    for prefix, (name, parse) in _OWN.items():
        if line.lower().startswith(prefix.lower()):
            try:
                return parse(line)
            except KeyFormatError as error:
                return Kind(name, f"a {name} that cannot be used: {error.message}")
    for mark, what in _WORDS.items():
        if line.lower().startswith(mark):
            return Kind("foreign key", f"{what}; {_MAKES}")
    return Kind("unknown", "no key: it begins like none of facecrypt's, age's or ssh's")


def _public(line: str) -> Kind:
    key = parse_line(line)
    option = "-r TEXT, or -R FILE for a file of them"
    return Kind("public key", f"a public key ({_method(key)}): it encrypts", option, {"id": key.id})


def _private(word: str) -> Kind:
    key = Identity.parse(word).recipient
    facts = {"id": key.id, "public key": str(key)}
    what = f"a private key ({_method(key)}): it opens what was encrypted to its public key"
    return Kind("private key", what, "-i FILE", facts)


def _secret(word: str) -> Kind:
    return _symmetric(SecretKey.parse(word))


def _symmetric(key: SecretKey) -> Kind:
    return Kind(
        "symmetric key", "a symmetric key: it encrypts and opens", "-k FILE", {"id": key.id}
    )


def _region(word: str) -> Kind:
    key = RegionKey.parse(word)
    what = f"a region key: it opens region {key.index} of one picture"
    facts = {"region": str(key.index), "picture": key.picture.hex()}
    return Kind("region key", what, "-i FILE", facts)


def _locked(word: str) -> Kind:
    try:
        locked.unlock(word, None)
    except KeyFormatError as error:
        if error.hint is None:
            raise
    what = "a key that is locked with a passphrase: which kind it is shows when it is unlocked"
    return Kind("locked key", what, "-i FILE of a private key, -k FILE of a symmetric one")


def _method(key: Recipient) -> str:
    return {kem.CURVE.name: "X25519", kem.HYBRID.name: "ML-KEM-768 + X25519"}[key.method]


_OWN: dict[str, tuple[str, Callable[[str], Kind]]] = {
    Recipient.PREFIX: ("public key", _public),
    Identity.PREFIX: ("private key", _private),
    SecretKey.PREFIX: ("symmetric key", _secret),
    RegionKey.PREFIX: ("region key", _region),
    locked.PREFIX: ("locked key", _locked),
}
_WORDS = {
    "age1": "a public key of age",
    "age-secret-key-": "a private key of age",
    "age-plugin-": "a key of one of age's plug-ins",
    "ssh-": "a public key of ssh",
    "ecdsa-": "a public key of ssh",
}
_BLOCKS = {
    b"age-encryption.org/": "a file that age encrypted",
    b"-----BEGIN AGE ENCRYPTED FILE": "a file that age encrypted",
    b"-----BEGIN OPENSSH PRIVATE KEY": "a private key of ssh",
    b"-----BEGIN": "a key or certificate in PEM",
}
_MAKES = "facecrypt takes none such, 'facecrypt keygen' makes its own"
