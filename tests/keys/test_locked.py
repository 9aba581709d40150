"""Key files locked with a passphrase: what the format page says, and nothing without it."""

import base64
import stat

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand
from hypothesis import given, settings
from hypothesis import strategies as st

from facecrypt import AuthenticationError, Identity, KeyFormatError, Passphrase, SecretKey
from facecrypt.keys import load_identity, locked
from facecrypt.keys import text as keytext

WORDS = "correct horse"
PHRASE = Passphrase(WORDS)
# Made once, by what is tested here; it opens for ever.
STORED = (
    "FACECRYPT-LOCKED-KEY-AEBKDRPR2DVF62BRDM6JJWQJB6ECG5KIOKVNTLYJASP2JXYROHL3FVPQTEG"
    "MBD2YF3GZNX7YTIYJ6GWYAEIVZIXG4GFZCL2LLY7S32NMIDEBCQKE3Q6FG67TUYSGIPCEEOBCPO7PPSC"
    "2MJSS347CSIZQ3P66W453VXO6GM3RRYOCDJCWNU3UWF46PU4NLSIJSNUENQND3XQENWIK7BJIJ43LR2I"
    "BIEPH5GEI436DNCFQUUPG6VZOA45CJUW54H6CRIVSFQQG5I32QPYM6K3BODSEM7GFQZY6GADBCMJXTWF"
    "IDE7GTYAQYGNTZ4RZT52N25TRP6NMHLLRO2QN4HQY5YMU"
)


def word_of(path) -> str:
    return path.read_text().splitlines()[-1]


def by_the_book(text: str, words: str) -> str:
    """Unlock with nothing but docs/format.md."""
    body = text.upper().removeprefix("FACECRYPT-LOCKED-KEY-")
    data = base64.b32decode(body + "=" * (-len(body) % 8))[:-4]
    assert data[0] == 1
    salt, wrapped, sealed = data[1:17], data[17:113], data[113:]
    stretched = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=65536)
    inner = HKDF(hashes.SHA256(), 64, wrapped[:16], b"facecrypt v2 content key")
    both = inner.derive(stretched.derive(words.encode()))
    assert both[32:] == wrapped[16:48]
    file_key = AESGCM(both[:32]).decrypt(bytes(12), wrapped[48:], b"facecrypt v2 content key")
    made = HKDFExpand(hashes.SHA256(), 44, b"facecrypt v2 key file").derive(file_key)
    return AESGCM(made[:32]).decrypt(made[32:], sealed, data[:113]).decode()


@pytest.mark.parametrize("make", [Identity.generate, SecretKey.generate], ids=["pair", "symmetric"])
def test_a_locked_file_opens_with_its_passphrase_alone(tmp_path, make):
    key, path, plain = make(), tmp_path / "key.txt", tmp_path / "plain.txt"
    key.save(path, passphrase=PHRASE)
    key.save(plain)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    load = type(key).load
    assert load(path, passphrase=PHRASE) == key
    assert load(path, passphrase=Passphrase(WORDS)) == key
    with pytest.raises(AuthenticationError, match=r"key.txt: the passphrase does not unlock this"):
        load(path, passphrase=Passphrase("correct house"))
    with pytest.raises(KeyFormatError, match=r"key.txt: is locked with a passphrase; passphrase="):
        load(path)
    assert by_the_book(word_of(path), WORDS) == word_of(plain)
    secret = word_of(plain)[25:]
    assert secret not in path.read_text()


def test_the_public_key_stays_readable(tmp_path):
    key = Identity.generate(pq=True)
    key.save(tmp_path / "key.txt", passphrase=PHRASE)
    assert f"# public key: {key.recipient}\n" in (tmp_path / "key.txt").read_text()
    assert load_identity(tmp_path / "key.txt", passphrase=PHRASE) == key


def test_whoever_asks_is_asked_for_locked_files_only(tmp_path):
    key, asked = Identity.generate(), []

    def ask():
        asked.append(1)
        return PHRASE

    key.save(tmp_path / "plain.txt")
    key.save(tmp_path / "locked.txt", passphrase=PHRASE)
    assert load_identity(tmp_path / "plain.txt", passphrase=ask) == key
    assert asked == []
    assert load_identity(tmp_path / "locked.txt", passphrase=ask) == key
    assert asked == [1]


def test_a_stored_one_opens():
    assert by_the_book(STORED, WORDS) == locked.unlock(STORED, PHRASE)
    assert locked.unlock(STORED.lower(), PHRASE) == (
        "FACECRYPT-SYMMETRIC-KEY-AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYP45YVTHY"
    )


@pytest.mark.parametrize("place", [0, 1, 16, 17, 33, 65, 112, 113, 150, -1])
def test_no_byte_can_be_changed(place):
    payload = bytearray(keytext.decode(locked.PREFIX, STORED, "a locked key"))
    payload[place] ^= 1
    changed = keytext.encode(locked.PREFIX, bytes(payload))
    error = KeyFormatError if place == 0 else AuthenticationError
    with pytest.raises(error):
        locked.unlock(changed, PHRASE)
    with pytest.raises((InvalidTag, AssertionError)):
        by_the_book(changed, WORDS)


@pytest.mark.parametrize("size", [1, 17, 113])
def test_what_is_cut_short(size):
    payload = keytext.decode(locked.PREFIX, STORED, "a locked key")[:size]
    with pytest.raises(KeyFormatError, match="of a kind this release does not know"):
        locked.unlock(keytext.encode(locked.PREFIX, payload), PHRASE)
    with pytest.raises(KeyFormatError, match="mistyped or cut short"):
        locked.unlock(STORED[:-3], PHRASE)


def test_a_locked_key_in_the_wrong_place(tmp_path):
    Identity.generate().save(tmp_path / "key.txt", passphrase=PHRASE)
    with pytest.raises(KeyFormatError, match=r"expected a symmetric .* received a private key"):
        SecretKey.load(tmp_path / "key.txt", passphrase=PHRASE)
    with pytest.raises(KeyFormatError, match="received a locked key"):
        Identity.parse(STORED)


@settings(max_examples=10)
@given(word=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1))
def test_any_word_comes_back(word):
    one, two = locked.lock(word, PHRASE), locked.lock(word, PHRASE)
    assert one != two
    assert locked.unlock(one, PHRASE) == by_the_book(two, WORDS) == word
