"""Sealed files opened in a browser: what is saved there is what was sealed."""

import hashlib
import json
import time

import cv2
import numpy as np
import pytest
from support.opener_page import Opener
from support.places import ROOT

from facecrypt import (
    Identity,
    Passphrase,
    Region,
    SecretKey,
    decrypt_file,
    encrypt_file,
    forget_regions,
    region_key,
)
from facecrypt.keys import load_identity
from facecrypt.media import encode_image, read_image
from facecrypt.sealing.files import inspect

SEALED = ROOT / "tests" / "vectors" / "sealed"
MANIFEST = json.loads((SEALED / "manifest.json").read_text())
PASSPHRASE = "files of version 2 open for ever"


def samples(data: bytes) -> bytes:
    """The samples of a PNG as OpenCV reads them, in the order of the format."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels.ndim == 3:
        code = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
        pixels = cv2.cvtColor(pixels, code)
    return pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()


def give_key(opener, kind: str) -> None:
    if kind == "passphrase":
        opener.say(PASSPHRASE)
    else:
        opener.give(SEALED / f"{kind}.key.txt")


@pytest.mark.parametrize("name", MANIFEST)
def test_every_stored_file_opens(opener, name):
    known = MANIFEST[name]
    opener.choose(SEALED / name, *SEALED.glob(f"{name}.*.fcrypt"))
    give_key(opener, known["key"])
    opener.open()
    assert opener.problem(name) is None
    opener.card(name, "card.querySelector('.save').click()")
    saved = opener.card(name, "card.querySelector('.save').download")
    data = opener.browser.downloaded(saved)
    # Without the file that they were, pixels are a PNG.
    pixels = saved.endswith(".png") and "original" not in known
    found = samples(data) if pixels else data
    assert hashlib.sha256(found).hexdigest() == known.get("original_sha256", known["sha256"])


@pytest.mark.parametrize("key", ["rgb", "420"])
def test_a_region_key_opens_its_face_and_no_other(opener, key, tmp_path):
    name = {"rgb": "rgb.png", "420": "420.jpg"}[key]
    holder = SEALED / f"{key}.region-1.key.txt"
    opener.choose(SEALED / name)
    opener.give(holder)
    opener.open()
    assert "face 1." in opener.card(name, "card.querySelector('.good').textContent")
    decrypt_file(SEALED / name, tmp_path / name, load_identity(holder))
    if name.endswith(".jpg"):
        assert opener.saved(name) == (tmp_path / name).read_bytes()
    else:
        assert samples(opener.saved(name)) == read_image(tmp_path / name).pixels.tobytes()


def test_a_turned_jpeg_with_a_profile_opens_to_one_face_as_in_python(opener, tmp_path):
    """The segments beside the coefficients are made anew by both."""
    sealed, secret = SEALED / "progressive.jpg", Identity.load(SEALED / "x25519.key.txt")
    key = region_key(inspect(sealed), secret, 0)
    opener.choose(sealed)
    opener.paste(str(key))
    opener.open()
    decrypt_file(sealed, tmp_path / "one.jpg", key)
    assert opener.saved("progressive.jpg") == (tmp_path / "one.jpg").read_bytes()


def test_several_pictures_and_keys_at_once(opener):
    names = ["420.jpg", "rgb.png", "beside.jpg"]
    opener.choose(*(SEALED / name for name in names), *SEALED.glob("beside.jpg.*.fcrypt"))
    opener.give(SEALED / "symmetric.key.txt")
    opener.paste((SEALED / "x25519.key.txt").read_text())
    opener.open()
    assert [opener.problem(name) for name in names] == [None] * 3
    assert opener.browser.run("document.querySelector('#status').textContent") == "3 of 3 opened."


def test_large_and_overlapping_regions_of_16_bits(opener, tmp_path):
    """More than one chunk of the sealing stream; ellipses; a pixel of two regions."""
    pixels = np.random.default_rng(3).integers(0, 1 << 16, (1100, 900, 3), np.uint16)
    (tmp_path / "plain.png").write_bytes(encode_image(".png", pixels))
    regions = [
        Region(10, 20, 880, 600),
        Region(300, 500, 700, 1090, shape="ellipse"),
        Region(30, 700, 333, 1000, shape="ellipse"),
    ]
    key = SecretKey.generate()
    encrypt_file(tmp_path / "plain.png", tmp_path / "sealed.png", [key], regions=regions)
    key.save(tmp_path / "key.txt")
    opener.choose(tmp_path / "sealed.png")
    opener.give(tmp_path / "key.txt")
    opener.open()
    assert samples(opener.saved("sealed.png")) == pixels.tobytes()


def test_a_jpeg_of_12_megapixels_opens_byte_for_byte(opener, tmp_path, record_property, capsys):
    rng = np.random.default_rng(7)
    small = cv2.imread(str(ROOT / "examples" / "astronaut.png"))
    large = cv2.resize(small, (4000, 3000), interpolation=cv2.INTER_CUBIC)
    noisy = np.clip(large + rng.normal(0, 4, large.shape), 0, 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "plain.jpg"), noisy, [cv2.IMWRITE_JPEG_QUALITY, 92])
    key = SecretKey.generate()
    faces = [Region(1500, 300, 2300, 1400), Region(100, 1800, 700, 2600)]
    encrypt_file(tmp_path / "plain.jpg", tmp_path / "large.jpg", [key], regions=faces)
    key.save(tmp_path / "key.txt")
    opener.choose(tmp_path / "large.jpg")
    opener.give(tmp_path / "key.txt")
    start = time.perf_counter()
    opener.open()
    here = time.perf_counter() - start
    start = time.perf_counter()
    decrypt_file(tmp_path / "large.jpg", tmp_path / "opened.jpg", key)
    there = time.perf_counter() - start
    with capsys.disabled():
        print(f"\n12 MP JPEG: browser {here:.2f} s, Python {there:.2f} s, {here / there:.1f}x")
    assert opener.saved("large.jpg") == (tmp_path / "plain.jpg").read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".ppm", ".tif", ".webp"])
@pytest.mark.parametrize("width", [61, 64])
def test_the_file_that_was_sealed_comes_back(opener, tmp_path, suffix, width):
    """Whatever it was: stored whole, or what is around its rows."""
    pixels = np.random.default_rng(5).integers(0, 256, (50, width, 3), np.uint8)
    plain = tmp_path / f"plain{suffix}"
    options = [cv2.IMWRITE_TIFF_COMPRESSION, 1] if suffix == ".tif" else []
    assert cv2.imwrite(str(plain), pixels, options)
    key = SecretKey.generate()
    encrypt_file(plain, tmp_path / "photo.png", [key], regions=[Region(9, 9, 40, 30)])
    key.save(tmp_path / "key.txt")
    opener.choose(tmp_path / "photo.png")
    opener.give(tmp_path / "key.txt")
    opener.open()
    link = "card.querySelector('.save').download"
    assert opener.card("photo.png", link) == f"photo{suffix}"
    opener.card("photo.png", "card.querySelector('.save').click()")
    assert opener.browser.downloaded(f"photo{suffix}") == plain.read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_face_that_was_forgotten_stays_closed_and_the_other_opens(opener, tmp_path, suffix):
    pixels = np.full((64, 96, 3), 90, np.uint8)
    plain, sealed = tmp_path / f"plain{suffix}", tmp_path / f"sealed{suffix}"
    cv2.imwrite(str(plain), pixels)
    key = SecretKey.generate()
    key.save(tmp_path / "key.txt")
    faces = [Region(0, 0, 32, 32), Region(48, 16, 80, 48)]
    encrypt_file(plain, sealed, [key], regions=faces)
    forget_regions(sealed, [key], [0])
    opener.choose(sealed)
    opener.give(tmp_path / "key.txt")
    opener.open()
    assert opener.problem(sealed.name) is None
    assert "face 1." in opener.card(sealed.name, "card.querySelector('.good').textContent")
    assert opener.card(sealed.name, "card.querySelector('.good').textContent") == (
        "Opened: face 1. Erased for good: face 0; no key opens that any more. The original file is "
        "erased as well."
    )
    assert "erased" in opener.card(sealed.name, "card.querySelector('dl').textContent")
    with pytest.warns(UserWarning, match="forgotten"):
        decrypt_file(sealed, tmp_path / f"opened{suffix}", key)
    saved = opener.saved(sealed.name)
    if suffix == ".jpg":
        assert saved == (tmp_path / "opened.jpg").read_bytes()
    else:
        assert samples(saved) == read_image(tmp_path / "opened.png").pixels.tobytes()


def test_a_locked_key_and_its_passphrase(opener, tmp_path):
    identity = Identity.generate()
    identity.save(tmp_path / "locked.txt", passphrase=Passphrase("two words"))
    cv2.imwrite(str(tmp_path / "plain.jpg"), np.zeros((40, 40, 3), np.uint8))
    encrypt_file(
        tmp_path / "plain.jpg",
        tmp_path / "sealed.jpg",
        [identity.recipient],
        regions=[Region(0, 0, 20, 20)],
    )
    opener.choose(tmp_path / "sealed.jpg")
    opener.give(tmp_path / "locked.txt")
    opener.open()
    assert opener.problem("sealed.jpg") == "locked-key"
    SecretKey.generate().save(tmp_path / "other.txt")
    opener.paste((tmp_path / "other.txt").read_text())
    opener.open()
    assert opener.problem("sealed.jpg") == "locked-key"
    identity.save(tmp_path / "open.txt")
    opener.paste((tmp_path / "open.txt").read_text())
    opener.open()
    assert opener.saved("sealed.jpg") == (tmp_path / "plain.jpg").read_bytes()
    opener.paste("")
    opener.say("another")
    opener.open()
    assert opener.problem("sealed.jpg") == "wrong-passphrase"
    opener.say("two words")
    opener.open()
    assert opener.saved("sealed.jpg") == (tmp_path / "plain.jpg").read_bytes()


def test_what_is_opened_what_is_erased_and_what_stays_sealed(opener, tmp_path):
    plain, sealed = tmp_path / "plain.png", tmp_path / "sealed.png"
    cv2.imwrite(str(plain), np.full((64, 96, 3), 90, np.uint8))
    key = SecretKey.generate()
    faces = [Region(0, 0, 32, 32), Region(48, 16, 80, 48), Region(32, 0, 48, 16)]
    encrypt_file(plain, sealed, [key], regions=faces)
    holder = region_key(inspect(sealed), key, 2)
    forget_regions(sealed, [key], [0])
    opener.browser.run("document.querySelector('[data-language=de]').click()")
    opener.choose(sealed)
    opener.paste(str(holder))
    opener.open()
    assert opener.card("sealed.png", "card.querySelector('.good').textContent") == (
        "Geöffnet: Gesicht 2. Endgültig gelöscht: Gesicht 0; kein Schlüssel öffnet das mehr. Auch "
        "die Originaldatei ist gelöscht. Der Rest bleibt versiegelt."
    )
    forget_regions(sealed, [key], [1, 2])
    key.save(tmp_path / "key.txt")
    opener = Opener(opener.browser)
    opener.choose(sealed)
    opener.give(tmp_path / "key.txt")
    opener.open()
    said = opener.card("sealed.png", "card.innerText")
    assert "Erased for good: faces 0, 1, 2; no key opens that any more." in said
    assert "Opened:" not in said
    assert "stays sealed" not in said


@pytest.mark.parametrize("kind", ["utf-16", "utf-16-be", "comment", "both"])
@pytest.mark.parametrize("field", ["#files", "#key-files"])
def test_key_files_as_people_have_them(opener, tmp_path, kind, field):
    """PowerShell's > writes UTF-16; some write what a key is for beside it, or both keys."""
    text = (SEALED / "x25519.key.txt").read_text()
    public = next(word for word in text.split() if word.startswith("fc1"))
    secret = text.split()[-1]
    data = {
        "utf-16": b"\xff\xfe" + text.encode("utf-16-le"),
        "utf-16-be": b"\xfe\xff" + text.encode("utf-16-be"),
        "comment": f"{secret}  # mine\n".encode(),
        "both": f"{public}\n{secret}\n".encode(),
    }[kind]
    (tmp_path / "mine.txt").write_bytes(data)
    opener.choose(SEALED / "rgb.png")
    opener.browser.choose(field, tmp_path / "mine.txt")
    opener.browser.until("document.querySelector('#keys').textContent.includes('mine.txt')")
    opener.open()
    assert opener.problem("rgb.png") is None


def test_a_key_with_something_else_beside_it(opener):
    secret = (SEALED / "x25519.key.txt").read_text().split()[-1]
    opener.choose(SEALED / "rgb.png")
    for text in f"{secret} alice@example.org", f"{secret[:50]}\n{secret[50:]}":
        opener.paste(text)
        opener.open()
        assert opener.problem("rgb.png") == "key-and-more"
