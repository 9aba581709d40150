"""Files written long ago open, in this package and in the second reader; the bytes are frozen."""

import hashlib
import json

import numpy as np
import pytest
from support import second_reader
from support.places import ROOT
from support.second_reader.jpeg import Sealed, open_jpeg
from support.second_reader.keys import content_key, parse_key, public_of

from facecrypt import Identity, Passphrase, SecretKey, decrypt_file
from facecrypt.keys import RegionKey, load_recipients
from facecrypt.media import read_image

FOLDER = ROOT / "tests" / "vectors" / "sealed"
PASSPHRASE = "files of version 2 open for ever"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())
JPEGS = [name for name in MANIFEST if MANIFEST[name]["carrier"].startswith("jpeg")]
PICTURES = [name for name in MANIFEST if name not in JPEGS]
WHOLE = [name for name in MANIFEST if "original" in MANIFEST[name]]


def text_of(path):
    lines = path.read_text().splitlines()
    return next(line for line in lines if line and not line.startswith("#"))


def digest(pixels):
    return hashlib.sha256(pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()).hexdigest()


def holder(name):
    if name == "passphrase":
        return Passphrase(PASSPHRASE)
    return (SecretKey if name == "symmetric" else Identity).load(FOLDER / f"{name}.key.txt")


@pytest.mark.parametrize("name", PICTURES)
def test_a_stored_file_opens_to_the_pixels_of_the_formula(name, tmp_path):
    case = MANIFEST[name]
    out = tmp_path / ("plain" + (FOLDER / name).suffix)
    decrypt_file(FOLDER / name, out, holder(case["key"]))
    assert digest(read_image(out).pixels) == case["sha256"]


@pytest.mark.parametrize("name", PICTURES)
def test_the_second_reader_opens_it_to_the_same(name):
    case = MANIFEST[name]
    read = second_reader.png_chunk if case["carrier"] == "chunk" else second_reader.sidecar
    kind = case["key"] if case["key"] in ("passphrase", "symmetric") else "identity"
    secret = PASSPHRASE if kind == "passphrase" else text_of(FOLDER / f"{case['key']}.key.txt")
    assert digest(second_reader.open_picture(FOLDER / name, read, kind, secret)) == case["sha256"]


@pytest.mark.parametrize("name", WHOLE)
def test_a_stored_file_opens_to_the_file_that_was_sealed_in_both_readers(name, tmp_path):
    case = MANIFEST[name]
    out = tmp_path / f"plain{case['original']}"
    decrypt_file(FOLDER / name, out, holder("symmetric"))
    assert hashlib.sha256(out.read_bytes()).hexdigest() == case["original_sha256"]
    read = second_reader.png_chunk if case["carrier"] == "chunk" else second_reader.sidecar
    text = text_of(FOLDER / "symmetric.key.txt")
    assert second_reader.open_original(FOLDER / name, read, text) == out.read_bytes()


@pytest.mark.parametrize("name", JPEGS)
def test_a_stored_jpeg_opens_to_the_file_that_was_sealed_in_both_readers(name, tmp_path):
    case, path = MANIFEST[name], FOLDER / name
    decrypt_file(path, tmp_path / "a.jpg", holder(case["key"]))
    opened = (tmp_path / "a.jpg").read_bytes()
    assert hashlib.sha256(opened).hexdigest() == case["sha256"]
    kind = case["key"] if case["key"] in ("passphrase", "symmetric") else "identity"
    text = text_of(FOLDER / f"{case['key']}.key.txt") if kind != "passphrase" else None
    secret = PASSPHRASE if text is None else parse_key(kind, text)
    beside = None
    if case["carrier"] == "jpeg-sidecar":
        [found] = FOLDER.glob(f"{name}.*.fcrypt")
        beside = found.read_bytes()
        assert found == second_reader.sidecar_path(path, beside)
    read = open_jpeg(path.read_bytes(), lambda header: content_key(header, kind, secret), beside)
    assert read == opened


def test_a_stored_region_key_opens_its_region_of_a_jpeg(tmp_path):
    path = FOLDER / "420.region-1.key.txt"
    for holders, name in ((RegionKey.load(path), "one.jpg"), (holder("symmetric"), "all.jpg")):
        decrypt_file(FOLDER / "420.jpg", tmp_path / name, holders)
    one, whole, sealed = (
        read_image(file).pixels
        for file in (tmp_path / "one.jpg", tmp_path / "all.jpg", FOLDER / "420.jpg")
    )
    # Cells of 16 pixels; the first face is to the left, and chroma blends over edges.
    assert (one[2:30, 18:30] == whole[2:30, 18:30]).all()
    assert (one[2:14, 2:14] == sealed[2:14, 2:14]).all()
    assert (one[2:14, 2:14] != whole[2:14, 2:14]).any()
    reader = Sealed((FOLDER / "420.jpg").read_bytes())
    reader.open_region(1, parse_key("region", text_of(path))[20:])
    assert any(any(block) for block in reader.blocks[0])


def test_a_stored_region_key_opens_its_region(tmp_path):
    path = FOLDER / "rgb.region-1.key.txt"
    decrypt_file(FOLDER / "rgb.png", tmp_path / "a.png", RegionKey.load(path))
    opened = read_image(tmp_path / "a.png").pixels
    reader = second_reader.open_picture(
        FOLDER / "rgb.png", second_reader.png_chunk, "region", text_of(path)
    )
    plain = ((np.arange(12 * 16 * 3) * 2477 + 13) % 256).reshape(12, 16, 3)
    assert (opened == reader).all()
    assert (opened[5:9, 9:13] == plain[5:9, 9:13]).all()
    assert (opened[1:3, 1:9] != plain[1:3, 1:9]).any()


@pytest.mark.parametrize("name", ["x25519", "pq"])
def test_stored_public_keys_are_those_of_the_stored_private_keys(name):
    secret = parse_key("identity", text_of(FOLDER / f"{name}.key.txt"))
    path = FOLDER / f"{name}.recipient.txt"
    assert parse_key("recipient", text_of(path)) == public_of(secret)
    assert str(holder(name).recipient) == text_of(path) == str(load_recipients(path)[0])
