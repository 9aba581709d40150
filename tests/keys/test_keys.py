import base64
import pickle
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecrypt.errors import KeyFormatError, MediaError
from facecrypt.keys import (
    Identity,
    Passphrase,
    Recipient,
    RegionKey,
    SecretKey,
    load_identity,
    load_recipients,
    passphrases,
    wrapping,
)
from facecrypt.keys import text as keytext

CONTENT = bytes(range(32))


@pytest.fixture(params=["x25519", "pq"])
def identity(request):
    return Identity.generate(pq=request.param == "pq")


def test_hkdf_is_that_of_rfc_5869():
    # RFC 5869, test case 1: HKDF-Expand with its PRK and info.
    prk = bytes.fromhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5")
    okm = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    assert wrapping.subkey(prk, bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"), 42).hex() == okm


def test_a_recipient_wraps_for_its_identity_alone(identity):
    stanza = identity.recipient.wrap(CONTENT)
    assert identity.unwrap(stanza) == CONTENT
    assert Identity.generate().unwrap(stanza) is None
    assert Identity.generate(pq=True).unwrap(stanza) is None


def test_wrapping_twice_gives_two_stanzas(identity):
    assert identity.recipient.wrap(CONTENT) != identity.recipient.wrap(CONTENT)


def test_a_changed_stanza_does_not_open(identity):
    stanza = dict(identity.recipient.wrap(CONTENT))
    raw = bytearray(wrapping.unb64(stanza["wrapped"]))
    for place in range(0, len(raw), max(1, len(raw) // 40)):
        raw[place] ^= 1
        assert identity.unwrap(stanza | {"wrapped": wrapping.b64(bytes(raw))}) is None
        raw[place] ^= 1
    assert identity.unwrap(stanza | {"wrapped": ""}) is None
    assert identity.unwrap(stanza | {"wrapped": stanza["wrapped"][:-8]}) is None


def test_keys_survive_their_files(tmp_path, identity):
    identity.save(tmp_path / "key.txt")
    assert stat.S_IMODE((tmp_path / "key.txt").stat().st_mode) == 0o600
    loaded = Identity.load(tmp_path / "key.txt")
    assert loaded == identity
    assert load_identity(tmp_path / "key.txt") == identity
    assert loaded.unwrap(identity.recipient.wrap(CONTENT)) == CONTENT


def test_a_key_file_is_not_overwritten(tmp_path):
    Identity.generate().save(tmp_path / "key.txt")
    with pytest.raises(MediaError, match="already exists"):
        Identity.generate().save(tmp_path / "key.txt")


def test_a_public_key_is_one_word_that_begins_with_fc1(identity):
    word = str(identity.recipient)
    assert word.startswith("fc1")
    assert word.isalnum()
    assert word == word.lower()
    assert Recipient.parse(f"  {word.upper()}\n") == identity.recipient


def test_every_single_typing_error_in_a_public_key_is_found():
    word = str(Identity.generate().recipient)
    for place in range(3, len(word)):
        wrong = word[:place] + ("a" if word[place] != "a" else "b") + word[place + 1 :]
        with pytest.raises(KeyFormatError, match="mistyped"):
            Recipient.parse(wrong)
    for length in range(3, len(word)):
        with pytest.raises(KeyFormatError):
            Recipient.parse(word[:length])


def test_one_kind_of_key_is_not_taken_for_another():
    identity = Identity.generate()
    secret = keytext.encode(Identity.PREFIX, identity._payload)
    with pytest.raises(KeyFormatError, match="begins with fc1") as error:
        Recipient.parse(secret)
    assert secret[10:] not in str(error.value)
    with pytest.raises(KeyFormatError, match="mistyped"):
        Recipient.parse("fc1" + secret[len(Identity.PREFIX) :].lower())


@given(st.binary(min_size=1, max_size=80))
def test_key_text_round_trip(payload):
    for prefix in ("fc1", "FACECRYPT-SECRET-KEY-"):
        assert keytext.decode(prefix, keytext.encode(prefix, payload), "a key") == payload


@given(st.text(max_size=80))
def test_no_text_crashes_the_parser(text):
    for parse in (Recipient.parse, Identity.parse, RegionKey.parse):
        with pytest.raises(KeyFormatError):
            parse(text)


def test_argon2id_is_that_of_the_reference_implementation():
    # echo -n password | argon2 somesaltsomesalt -id -t 3 -k 65536 -p 4 -l 32
    phrase = Passphrase("password")
    key = phrase._stretch(b"somesaltsomesalt", 65536, 3, 4)
    expected = "81db97a7e67a891784a2599bc879f957cb3512d273984bd97d8a18fc59ff01e2"
    assert key.hex() == expected


def test_a_passphrase_opens_what_it_sealed_and_is_stretched_once(monkeypatch):
    calls = []
    real = passphrases.Argon2id

    def counting(**parameters):
        calls.append(parameters)
        return real(**parameters)

    monkeypatch.setattr(passphrases, "Argon2id", counting)
    phrase = Passphrase("correct horse")
    stanzas = [phrase.wrap(CONTENT) for _ in range(5)]
    assert len(calls) == 1
    assert calls[0]["memory_cost"] == 64 * 1024
    assert len({stanza["wrapped"] for stanza in stanzas}) == 5
    again = Passphrase("correct horse")
    assert [again.unwrap(stanza) for stanza in stanzas] == [CONTENT] * 5
    # As a worker gets it.
    assert pickle.loads(pickle.dumps(again)).unwrap(stanzas[0]) == CONTENT
    assert len(calls) == 2
    assert Passphrase("battery staple").unwrap(stanzas[0]) is None


def test_two_keyboards_type_the_same_passphrase():
    stanza = Passphrase("caf\u00e9").wrap(CONTENT)
    assert Passphrase("cafe\u0301").unwrap(stanza) == CONTENT


def test_an_empty_passphrase_is_refused():
    with pytest.raises(KeyFormatError, match="empty"):
        Passphrase("")


def test_a_passphrase_of_bytes_that_are_no_text_is_refused():
    with pytest.raises(KeyFormatError, match="the passphrase holds bytes that are no text; give"):
        Passphrase(b"d\xfcner".decode(errors="surrogateescape"))


def test_secret_key_round_trip(tmp_path):
    key = SecretKey.generate()
    key.save(tmp_path / "k")
    assert SecretKey.load(tmp_path / "k") == key
    assert key.unwrap(key.wrap(CONTENT)) == CONTENT
    assert SecretKey.generate().unwrap(key.wrap(CONTENT)) is None


def test_a_raw_file_of_32_bytes_is_a_secret_key(tmp_path):
    (tmp_path / "raw").write_bytes(bytes(range(32)))
    assert SecretKey.load(tmp_path / "raw") == SecretKey(bytes(range(32)))
    (tmp_path / "short").write_bytes(bytes(range(31)))
    with pytest.raises(KeyFormatError):
        SecretKey.load(tmp_path / "short")


def test_region_keys_are_independent_and_survive_their_text(tmp_path):
    first, second = (wrapping.region_key(CONTENT, index) for index in (0, 1))
    assert first != second
    key = RegionKey(bytes(range(16)), 7, first)
    key.save(tmp_path / "r")
    assert load_identity(tmp_path / "r") == key


# Of the points of small order that RFC 7748, section 6.1, warns of: 0, 1, and one of order 8.
SMALL_ORDER = [
    "00" * 32,
    "01" + "00" * 31,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
]


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_public_key_that_agrees_with_nobody_is_no_key(identity, tmp_path, point):
    payload = identity.recipient._payload[:-32] + bytes.fromhex(point)
    text = keytext.encode("fc1", payload)
    with pytest.raises(KeyFormatError, match="the public key is not valid"):
        Recipient.parse(text)
    path = tmp_path / "team"
    path.write_text(f"# us\n{identity.recipient}\n{text}\n")
    with pytest.raises(KeyFormatError, match="team, line 3: the public key is not valid"):
        load_recipients(path)


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_a_stanza_with_such_a_point_does_not_open(identity, point):
    stanza = identity.recipient.wrap(CONTENT)
    wrapped = base64.b64decode(stanza["wrapped"])
    at = len(wrapped) - len(CONTENT) - 16 - 32
    changed = wrapped[:at] + bytes.fromhex(point) + wrapped[at + 32 :]
    assert identity.unwrap({**stanza, "wrapped": base64.b64encode(changed).decode()}) is None


def test_a_recipients_file(tmp_path):
    people = [Identity.generate().recipient, Identity.generate(pq=True).recipient]
    (tmp_path / "r").write_text("# team\n\n" + "\n".join(map(str, people)) + "\n")
    assert load_recipients(tmp_path / "r") == people
    (tmp_path / "r").write_text(f"{people[0]}\nfc1abc\n")
    with pytest.raises(KeyFormatError, match="line 2"):
        load_recipients(tmp_path / "r")
    (tmp_path / "r").write_text("# nobody\n")
    with pytest.raises(KeyFormatError, match="no public key"):
        load_recipients(tmp_path / "r")


def test_secrets_do_not_show():
    identity, key = Identity.generate(), SecretKey.generate()
    region = RegionKey(bytes(16), 0, key._key)
    shown = f"{identity!r} {key!r} {region!r} {Passphrase('hunter2')!r} {identity} {key}"
    assert "hunter2" not in shown
    assert repr(key._key) not in shown
    assert key._key.hex() not in shown
    assert keytext.encode("", identity._payload)[:20].lower() not in shown.lower()
