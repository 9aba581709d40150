"""What does not open in a browser, and what the page says of it."""

import pytest
from support.places import ROOT

from facecrypt import SecretKey

SEALED = ROOT / "tests" / "vectors" / "sealed"
SYMMETRIC = SEALED / "symmetric.key.txt"


def changed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def try_to_open(opener, path, *beside, key=SYMMETRIC):
    opener.choose(path, *beside)
    opener.give(key)
    opener.open()
    return opener.problem(path.name)


@pytest.mark.parametrize("name", ["420.jpg", "file.png", "rgba16.png"])
def test_a_wrong_key(opener, tmp_path, name):
    SecretKey.generate().save(tmp_path / "wrong.txt")
    assert try_to_open(opener, SEALED / name, key=tmp_path / "wrong.txt") == "wrong-key"


def test_a_wrong_passphrase(opener):
    opener.choose(SEALED / "gray.jpg")
    opener.say("a wrong one")
    opener.open()
    assert opener.problem("gray.jpg") == "wrong-key"


def test_the_key_of_a_face_of_another_picture(opener):
    key = SEALED / "rgb.region-1.key.txt"
    assert try_to_open(opener, SEALED / "420.jpg", key=key) == "other-picture"


@pytest.mark.parametrize(
    ("find", "offset", "problem"),
    [
        (b"fcRg", 20, "changed"),
        (b"fcPv", 20, "changed"),
        (b'"cells":[', 9, "changed"),
        (b'"format":"', 10, "damaged"),
        (b"\xff\xd9", -9, "edited"),
    ],
    ids=["region", "private part", "place of a region", "JSON", "public scan"],
)
def test_a_flipped_bit_of_a_jpeg(opener, tmp_path, find, offset, problem):
    data = (SEALED / "420.jpg").read_bytes()
    (tmp_path / "bad.jpg").write_bytes(changed(data, data.rindex(find) + offset))
    assert try_to_open(opener, tmp_path / "bad.jpg") == problem


def test_another_mac(opener, tmp_path):
    data = (SEALED / "420.jpg").read_bytes()
    at = data.index(b'"mac":"') + 7
    digit = b"1" if data[at : at + 1] == b"0" else b"0"
    (tmp_path / "bad.jpg").write_bytes(data[:at] + digit + data[at + 1 :])
    assert try_to_open(opener, tmp_path / "bad.jpg") == "changed"


def test_a_picture_that_was_edited_opens_where_that_is_wanted(opener, tmp_path):
    data = (SEALED / "420.jpg").read_bytes()
    (tmp_path / "bad.jpg").write_bytes(changed(data, data.rindex(b"\xff\xd9") - 9))
    assert try_to_open(opener, tmp_path / "bad.jpg") == "edited"
    opener.card("bad.jpg", "card.querySelector('.problem button').click()")
    opener.browser.until("document.querySelector('.save')")
    assert opener.saved("bad.jpg")[:2] == b"\xff\xd8"


def test_a_flipped_bit_of_a_png(opener, tmp_path):
    data = (SEALED / "file.png").read_bytes()
    (tmp_path / "bad.png").write_bytes(changed(data, data.index(b"IDAT") + 100))
    assert try_to_open(opener, tmp_path / "bad.png") == "damaged"


def test_a_sealed_jpeg_whose_payload_was_stripped(opener, tmp_path):
    data = (SEALED / "420.jpg").read_bytes()
    start = data.index(b"\xff\xeb")
    size = int.from_bytes(data[start + 2 : start + 4], "big")
    (tmp_path / "stripped.jpg").write_bytes(data[:start] + data[start + 2 + size :])
    assert try_to_open(opener, tmp_path / "stripped.jpg") == "not-sealed"


def test_the_sidecar_of_another_picture(opener, tmp_path):
    (tmp_path / "other.jpg").write_bytes((SEALED / "beside.jpg").read_bytes())
    [beside] = SEALED.glob("rgba-logistic.png.*.fcrypt")
    assert try_to_open(opener, tmp_path / "other.jpg", beside) == "converted"
