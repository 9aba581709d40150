"""What a key is and where it goes is told; the secret in it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecrypt import Identity, Passphrase, RegionKey, SecretKey
from facecrypt.keys import kinds_of, locked
from facecrypt.keys import text as keytext

PAIR = Identity.generate()
HYBRID = Identity.generate(pq=True)
SECRET = SecretKey(bytes(range(32)))
REGION = RegionKey(bytes(range(16)), 3, bytes(range(32)))


def file_of(key, tmp_path) -> bytes:
    key.save(tmp_path / "key.txt", overwrite=True)
    return (tmp_path / "key.txt").read_bytes()


def test_own_keys(tmp_path):
    (kind,) = kinds_of(file_of(PAIR, tmp_path))
    assert (kind.name, kind.option) == ("private key", "-i FILE")
    assert kind.facts == {"id": PAIR.recipient.id, "public key": str(PAIR.recipient)}
    assert "X25519" in kind.what
    (kind,) = kinds_of(file_of(HYBRID, tmp_path))
    assert "ML-KEM-768 + X25519" in kind.what
    (kind,) = kinds_of(file_of(SECRET, tmp_path))
    assert (kind.name, kind.option, kind.facts) == ("symmetric key", "-k FILE", {"id": SECRET.id})
    (kind,) = kinds_of(bytes(range(128, 160)))
    assert kind.facts == {"id": SecretKey(bytes(range(128, 160))).id}
    (kind,) = kinds_of(file_of(REGION, tmp_path))
    assert (kind.name, kind.option) == ("region key", "-i FILE")
    assert kind.facts == {"region": "3", "picture": "000102030405060708090a0b0c0d0e0f"}
    (kind,) = kinds_of(f"{PAIR.recipient} alice@example.org\n".encode())
    assert (kind.name, kind.facts) == ("public key", {"id": PAIR.recipient.id})
    PAIR.save(tmp_path / "locked.txt", passphrase=Passphrase("correct horse"))
    (kind,) = kinds_of((tmp_path / "locked.txt").read_bytes())
    assert (kind.name, kind.facts, kind.usable) == ("locked key", {}, True)


def test_several_in_a_file():
    text = f"# team\n{PAIR.recipient} alice\n\n{HYBRID.recipient}\nnothing\n"
    assert [kind.name for kind in kinds_of(text.encode())] == ["public key"] * 2


@pytest.mark.parametrize(
    ("data", "name", "what"),
    [
        (b"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p", "foreign key", "age"),
        (b"AGE-SECRET-KEY-1QQQSZQGPQYQS", "foreign key", "a private key of age"),
        (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 me@here", "foreign key", "a public key of ssh"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb\n", "foreign key", "a private key of ssh"),
        (b"-----BEGIN PRIVATE KEY-----\nMC4C\n", "foreign key", "in PEM"),
        (b"age-encryption.org/v1\n-> X25519", "foreign key", "a file that age encrypted"),
        (b"correct horse battery staple", "unknown", "begins like none"),
        (b"", "unknown", "it is empty"),
        (b"\n# only this\n", "unknown", "it is empty"),
        (b"\x89PNG\r\n\x1a\n\xff", "unknown", "it is not text"),
        ("fc1".encode("utf-16"), "unknown", "UTF-16"),
    ],
)
def test_others(data, name, what):
    (kind,) = kinds_of(data)
    assert (kind.name, kind.usable) == (name, False)
    assert what in kind.what


@pytest.mark.parametrize("prefix", ["FACECRYPT-SECRET-KEY-", "FACECRYPT-LOCKED-KEY-", "fc1"])
def test_a_mistyped_one(prefix):
    (kind,) = kinds_of(f"{prefix}AAAAAAAA".encode())
    assert not kind.usable
    assert "cannot be used" in kind.what
    assert "checksum" in kind.what


def test_a_locked_one_of_another_version():
    (kind,) = kinds_of(keytext.encode(locked.PREFIX, b"\2" + bytes(200)).encode())
    assert "does not know" in kind.what


@given(secret=st.binary(min_size=32, max_size=32))
def test_no_secret_is_told(secret, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    keys = SecretKey(secret), RegionKey(bytes(16), 0, secret), Identity(b"\1" + secret)
    for key in keys:
        word = file_of(key, folder).decode().split()[-1]
        (kind,) = kinds_of(word.encode())
        told = repr(kind)
        assert word[30:60] not in told
        assert secret.hex() not in told


def test_what_no_option_takes_as_it_is(tmp_path):
    """A comment on the line of a secret, two keys in a file, a key among other lines."""
    secret = file_of(PAIR, tmp_path).split()[-1]
    public = str(PAIR.recipient).encode()
    other = file_of(SECRET, tmp_path).split()[-1]
    (kind,) = kinds_of(secret + b" # mine\n")
    assert (kind.name, kind.usable) == ("private key", False)
    assert "leave out what follows it" in kind.what
    for lines in ([secret, public], [secret, other], [secret, b"\0"], [public, b"nothing"]):
        found = kinds_of(b"\n".join(lines))
        assert [kind.usable for kind in found] == [False] * len(found)
        assert "-i and -k take a file of one key" in found[0].what
    (kind,) = kinds_of(public + b" " + public)
    assert not kind.usable
    assert "one public key a line" in kind.what
