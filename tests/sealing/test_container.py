import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facecrypt.errors import ContainerError, UnsupportedVersionError
from facecrypt.regions import PIXEL, Grid, Region
from facecrypt.sealing.content import Pixels
from facecrypt.sealing.header import CIPHERS, Header
from facecrypt.sealing.pixels import Sealed, public_digest

WRAPPED = "A" * 128  # 96 zero bytes
STANZA = {"type": "secret-key", "id": "0011223344556677", "wrapped": WRAPPED}
HEADER = Header(
    Pixels((48, 64, 3), "uint8", Grid(16, 0, 4), {"icc": bytes(range(32))}),
    cipher="aes-256-gcm",
    regions=(Region(1, 2, 30, 40), Region(3, 4, 5, 6, shape="ellipse")),
    commitments=(bytes(32), bytes(32)),
    tags=(bytes(16), bytes(range(16))),
    digests=(bytes(range(32)), bytes(32)),
    stanzas=(STANZA,),
    public_digest=bytes(32),
    software="facecrypt 0.1.0",
    mac=bytes(32),
)
LITERAL = (
    b'{"carrier":"pixels","cipher":"aes-256-gcm","commitments":"' + b"A" * 86 + b'==",'
    b'"digests":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' + b"A" * 43 + b'==",'
    b'"format":"facecrypt","image":{"dtype":"uint8","grid":[16,0,4],"shape":[48,64,3],'
    b'"shown":{"icc":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}},'
    b'"keys":[{"id":"0011223344556677","type":"secret-key","wrapped":"' + b"A" * 128 + b'"}],'
    b'"mac":"0000000000000000000000000000000000000000000000000000000000000000",'
    b'"public_sha256":"0000000000000000000000000000000000000000000000000000000000000000",'
    b'"regions":[{"box":[1,2,30,40]},{"ellipse":[3,4,5,6]}],"software":"facecrypt 0.1.0",'
    b'"tags":"AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8=","version":2}'
)
IMAGE = {"dtype": "uint8", "grid": [1, 0, 0], "shape": [48, 64, 3]}


def changed(**fields) -> bytes:
    parsed = json.loads(LITERAL) | fields
    return json.dumps(parsed, sort_keys=True, separators=(",", ":")).encode()


def test_the_bytes_of_format_2():
    assert HEADER.to_bytes() == LITERAL
    assert Header.from_bytes(LITERAL) == HEADER


def test_what_each_authenticator_covers():
    other_tags = replace(HEADER, tags=HEADER.tags[::-1])
    assert other_tags.aad() == HEADER.aad()
    assert other_tags.mac_input() != HEADER.mac_input()
    other_digests = replace(HEADER, digests=HEADER.digests[::-1])
    assert other_digests.aad() == HEADER.aad()
    assert other_digests.mac_input() != HEADER.mac_input()
    other_keys = replace(HEADER, stanzas=())
    assert other_keys.aad() == HEADER.aad()
    assert other_keys.mac_input() != HEADER.mac_input()
    forgotten = replace(HEADER, forgotten=(1,))
    assert forgotten.aad() == HEADER.aad()
    assert forgotten.picture_id == HEADER.picture_id
    assert forgotten.mac_input() != HEADER.mac_input()
    other_mac = replace(HEADER, mac=b"\1" * 32)
    assert other_mac.mac_input() == HEADER.mac_input()
    for field, value in [
        ("software", "x"),
        ("public_digest", b"\1" * 32),
        ("cipher", CIPHERS[0]),
        ("content", replace(HEADER.content, shape=(48, 65, 3))),
        ("content", replace(HEADER.content, shown={})),
        ("commitments", (bytes(32), bytes(31) + b"\1")),
        ("regions", HEADER.regions[::-1]),
    ]:
        assert replace(HEADER, **{field: value}).aad() != HEADER.aad(), field


def test_the_picture_id_covers_tags_and_digests_and_not_the_keys():
    fields = json.loads(LITERAL)
    del fields["mac"], fields["keys"]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    assert HEADER.picture_id == hashlib.sha256(b"facecrypt v2 picture" + text).digest()[:16]
    del fields["tags"], fields["digests"]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    assert HEADER.aad() == hashlib.sha256(b"facecrypt v2 aad" + text).digest()


THREE_PARTS = replace(
    HEADER, private=("original",), commitments=(bytes(32),) * 3, tags=(bytes(16),) * 3
)


@pytest.mark.parametrize(
    ("forgotten", "text"),
    [
        ((1,), b"[1]"),
        ((0, 1), b"[0,1]"),
        (("original",), b'["original"]'),
        ((0, "original"), b'[0,"original"]'),
    ],
)
def test_forgotten_parts_are_in_the_header(forgotten, text):
    data = replace(THREE_PARTS, forgotten=forgotten).to_bytes()
    assert b'"forgotten":' + text + b',"format"' in data
    assert Header.from_bytes(data).forgotten == forgotten


@pytest.mark.parametrize(
    "forgotten",
    [[], [2], [-1], [1, 0], [1, 1], [True], [0.0], ["0"], ["tail"], ["original", 0],
     ["original", "original"], [["original"]], 7, None],
)  # fmt: skip
def test_other_lists_of_forgotten_parts_are_refused(forgotten):
    fields = json.loads(THREE_PARTS.to_bytes()) | {"forgotten": forgotten}
    data = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(ContainerError, match="the header is damaged: forgotten"):
        Header.from_bytes(data)


@pytest.mark.parametrize("version", [0, 3, "2", None, 2.0, 2.5, True])
def test_another_version_is_named(version):
    with pytest.raises(UnsupportedVersionError, match=r"reads version 2|pre-release"):
        Header.from_bytes(changed(version=version))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"format": "other"}, "not a facecrypt header"),
        ({"cipher": "rot13"}, "cipher"),
        ({"cipher": ["aes-256-gcm"]}, "cipher"),
        ({"carrier": "jpg"}, "carrier"),
        ({"carrier": ["pixels"]}, "carrier"),
        ({"image": IMAGE | {"dtype": "float32"}}, "dtype"),
        ({"image": IMAGE | {"shape": [48]}}, "shape"),
        ({"image": IMAGE | {"shape": [48, 64, 2]}}, "channels"),
        ({"image": IMAGE | {"shape": [48, 1_000_001]}}, "1000000 a side"),
        ({"image": IMAGE | {"shape": [48, True]}}, "shape"),
        ({"image": IMAGE | {"grid": [16, 16, 0]}}, "grid"),
        ({"image": IMAGE | {"grid": [0, 0, 0]}}, "grid"),
        ({"image": IMAGE | {"grid": [16, 0]}}, "grid"),
        ({"image": IMAGE | {"shown": {"icc": "00"}}}, "icc is not 32 bytes"),
        ({"image": IMAGE | {"shown": {"name": "00" * 32}}}, "canonical"),
        ({"image": IMAGE | {"shown": {}}}, "canonical"),
        ({"image": IMAGE | {"original": ".exe"}}, "original is not one of .jpg, "),
        ({"image": IMAGE | {"original": ""}}, "original is not one of"),
        ({"image": IMAGE | {"original": [".png"]}}, "original is not one of"),
        ({"image": 7}, "image"),
        ({"regions": 7}, "regions"),
        ({"regions": [7, 8]}, "box"),
        ({"regions": [{"box": [1, 2, 30]}] * 2}, "4 integers"),
        ({"regions": [{"box": [1, 2, 3.0, 4]}] * 2}, "4 integers"),
        ({"regions": [{"box": [1, 2, 65, 4]}] * 2}, "outside"),
        ({"regions": [{"box": [-1, 2, 6, 4]}] * 2}, "4 integers"),
        ({"regions": [{"box": [5, 2, 5, 4]}] * 2}, "half-open"),
        ({"regions": [{"star": [5, 2, 9, 4]}] * 2}, "box"),
        ({"regions": [{"box": [5, 2, 9, 4], "score": 0.5}] * 2}, "canonical"),
        ({"regions": [{"box": [5, 2, 9, 4], "ellipse": [5, 2, 9, 4]}] * 2}, "canonical"),
        ({"regions": []}, "commitments is not 0 entries"),
        ({"commitments": "A" * 43 + "="}, "commitments is not 2 entries"),
        ({"tags": "A" * 22 + "=="}, "tags is not 2 entries of 16 bytes"),
        ({"tags": "\u00e9" * 44}, "tags is not 2 entries"),
        ({"tags": ["00" * 16] * 2}, "tags is not 2 entries"),
        ({"digests": "A" * 43 + "="}, "digests is not 2 entries of 32 bytes"),
        ({"digests": None}, "digests is not 2 entries"),
        ({"private": ["original"]}, "commitments is not 3 entries"),
        ({"private": ["tail"]}, "private"),
        ({"private": []}, "canonical"),
        ({"private": [["original"]]}, "private"),
        ({"mac": "00"}, "mac"),
        ({"public_sha256": "00" * 33}, "32 bytes"),
        ({"keys": {}}, "keys"),
        ({"keys": [{}]}, "type"),
        ({"keys": [STANZA | {"type": "rsa"}]}, "type"),
        ({"keys": [STANZA | {"id": 5}]}, "id"),
        ({"keys": [STANZA] * 4097}, "4097 recipients"),
        ({"software": None}, "software"),
        ({"extra": 1}, "canonical"),
    ],
)
def test_a_damaged_header_is_refused(fields, message):
    with pytest.raises(ContainerError, match=message):
        Header.from_bytes(changed(**fields))


SALT = "A" * 22 + "=="  # 16 zero bytes


def argon2(**fields) -> dict:
    cost = {"memory": 65536, "time": 3, "lanes": 4}
    return {"type": "argon2id", "salt": SALT, "wrapped": WRAPPED, **cost, **fields}


def test_a_header_may_not_ask_for_a_costly_passphrase_hash():
    Header.from_bytes(changed(keys=[argon2()]))
    for fields in (
        {"memory": 1 << 21},
        {"time": 17},
        {"lanes": 17},
        {"memory": 16, "lanes": 3},
        {"time": 0},
        {"salt": "AAAA"},
        {"salt": "not base64"},
    ):
        with pytest.raises(ContainerError):
            Header.from_bytes(changed(keys=[argon2(**fields)]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        LITERAL + b" ",
        b" " + LITERAL,
        LITERAL.replace(b'"version":2', b'"version":2,"version":2'),
        LITERAL.replace(b"[1,2,30,40]", b"[1,2,30,4e1]"),
        LITERAL.replace(b'"image":{', b'"image":{"x":NaN,'),
        LITERAL.replace(b'"image":{', b'"image":{"x":1e999,'),
        LITERAL.replace(b"facecrypt 0.1.0", b"\\u0066acecrypt 0.1.0"),
        b"[" * 100_000,
        b'{"a":' + b"9" * 10_000 + b"}",
        b"x" * ((8 << 20) + 1),
    ],
    ids=lambda data: repr(data[:20]),
)
def test_one_header_has_one_spelling(data):
    with pytest.raises(ContainerError):
        Header.from_bytes(data)


def test_every_bit_flip_and_cut_is_refused_or_seen_by_the_mac():
    for place in range(len(LITERAL)):
        for bit in range(8):
            data = bytearray(LITERAL)
            data[place] ^= 1 << bit
            try:
                header = Header.from_bytes(bytes(data))
            except ContainerError:
                continue
            assert (header.mac_input(), header.mac) != (HEADER.mac_input(), HEADER.mac)
        with pytest.raises(ContainerError):
            Header.from_bytes(LITERAL[:place])


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_crash_the_parser(data):
    with pytest.raises(ContainerError):
        Header.from_bytes(data)


def test_public_digest_ignores_the_regions_and_nothing_else(photo):
    regions = [Region(8, 8, 20, 20), Region(15, 15, 30, 30, shape="ellipse")]
    before = public_digest(photo, regions, PIXEL)
    inside = photo.copy()
    inside[8:20, 8:20] = 0
    assert public_digest(inside, regions, PIXEL) == before
    for place in ((0, 0, 0), (7, 8, 1), (20, 19, 2), (47, 63, 2)):
        outside = photo.copy()
        outside[place] ^= 1
        if not any(r.x0 <= place[1] < r.x1 and r.y0 <= place[0] < r.y1 for r in regions):
            assert public_digest(outside, regions, PIXEL) != before, place
    assert public_digest(photo.astype(np.uint16), regions, PIXEL) != before
    assert public_digest(photo.reshape(64, 48, 3), [], PIXEL) != public_digest(photo, [], PIXEL)


def test_public_digest_by_hand():
    image = np.arange(6, dtype=np.uint16).reshape(2, 3)
    expected = hashlib.sha256(
        b'facecrypt v2 public pixels{"dtype":"uint16","shape":[2,3]}'
        + bytes([0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 5, 0])
    ).digest()
    assert public_digest(image, [Region(1, 0, 2, 2)], PIXEL) == expected
    assert public_digest(image.astype(">u2"), [Region(1, 0, 2, 2)], PIXEL) == expected


def test_a_resized_picture_does_not_take_the_header():
    Sealed(np.zeros((48, 64, 3), np.uint8), HEADER)
    for image in (np.zeros((24, 32, 3), np.uint8), np.zeros((48, 64, 3), np.uint16)):
        with pytest.raises(ContainerError, match="resized or converted"):
            Sealed(image, HEADER)
