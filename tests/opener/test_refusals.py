"""What does not open in a browser, and what the page says of it."""

import cv2
import numpy as np
import pytest
from support.gcm import keystream, with_tag
from support.places import ROOT
from support.sealed_files import sealed_png
from support.second_reader.header import LABEL, expand

from facecrypt import Region, Sealed, SecretKey, encrypt_image, forget_regions, region_key
from facecrypt.sealing.files import encrypt_file

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


def test_another_face_with_the_same_tag(opener, tmp_path):
    """Who has the key of a face can make one for AES-GCM: the digest in the header says no."""
    key, plain = SecretKey.generate(), np.full((48, 48, 3), 90, np.uint8)
    face = Region(16, 16, 32, 32)
    sealed = encrypt_image(plain, key, regions=[face], cipher="aes-256-gcm")
    holder, header = region_key(sealed, key, 0), sealed.header
    both = expand(holder.key, LABEL + b"aes-256-gcm", 44)
    other = np.frombuffer(keystream(both[:32], both[32:], 768), np.uint8) ^ 7
    text = with_tag(both[:32], both[32:], header.aad(), other.tobytes(), header.tags[0])
    forged = sealed.image.copy()
    forged[16:32, 16:32] = np.frombuffer(text, np.uint8).reshape(16, 16, 3)
    for name, image in (("good.png", sealed.image), ("forged.png", forged)):
        (tmp_path / name).write_bytes(sealed_png(Sealed(image, header)))
    opener.choose(tmp_path / "good.png", tmp_path / "forged.png")
    opener.paste(str(holder))
    opener.open()
    assert opener.problem("good.png") is None
    assert opener.problem("forged.png") == "changed"


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_something_drawn_where_a_face_was_forgotten(opener, tmp_path, suffix):
    """It would look as if it belonged to the picture."""
    plain, sealed = tmp_path / f"plain{suffix}", tmp_path / f"sealed{suffix}"
    cv2.imwrite(str(plain), np.full((64, 96, 3), 90, np.uint8))
    key = SecretKey.generate()
    encrypt_file(plain, sealed, [key], regions=[Region(0, 0, 32, 32), Region(48, 16, 80, 48)])
    before = sealed.read_bytes()
    forget_regions(sealed, [key], [0])
    gone = sealed.read_bytes()
    if suffix == ".png":
        # The noise that was there, under the header that says it is gone.
        at, old = gone.index(b"IDAT") - 4, before.index(b"IDAT") - 4
        sealed.write_bytes(gone[:at] + before[old:])
    else:
        whole = cv2.imencode(".jpg", np.full((64, 96, 3), 90, np.uint8))[1].tobytes()
        assert whole == plain.read_bytes()
        at, old = gone.index(b"\xff\xdb"), whole.index(b"\xff\xdb")
        sealed.write_bytes(gone[:at] + whole[old:])
    key.save(tmp_path / "key.txt")
    assert try_to_open(opener, sealed, key=tmp_path / "key.txt") == "edited"
