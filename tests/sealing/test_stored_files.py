"""Files written long ago open, in this package and in the second reader; the bytes are frozen."""

import hashlib
import json

import numpy as np
import pytest
from support import second_reader
from support.places import ROOT
from support.second_reader.keys import parse_key, public_of

from facecrypt import Identity, Passphrase, SecretKey, decrypt_file
from facecrypt.keys import RegionKey, load_recipients
from facecrypt.media import read_image

FOLDER = ROOT / "tests" / "vectors" / "sealed"
PASSPHRASE = "files of version 2 open for ever"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())


def text_of(path):
    lines = path.read_text().splitlines()
    return next(line for line in lines if line and not line.startswith("#"))


def digest(pixels):
    return hashlib.sha256(pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()).hexdigest()


def holder(name):
    if name == "passphrase":
        return Passphrase(PASSPHRASE)
    return (SecretKey if name == "symmetric" else Identity).load(FOLDER / f"{name}.key.txt")


@pytest.mark.parametrize("name", MANIFEST)
def test_a_stored_file_opens_to_the_pixels_of_the_formula(name, tmp_path):
    case = MANIFEST[name]
    out = tmp_path / ("plain" + (FOLDER / name).suffix)
    decrypt_file(FOLDER / name, out, holder(case["key"]))
    assert digest(read_image(out).pixels) == case["sha256"]


@pytest.mark.parametrize("name", MANIFEST)
def test_the_second_reader_opens_it_to_the_same(name):
    case = MANIFEST[name]
    read = second_reader.png_chunk if case["carrier"] == "chunk" else second_reader.sidecar
    kind = case["key"] if case["key"] in ("passphrase", "symmetric") else "identity"
    secret = PASSPHRASE if kind == "passphrase" else text_of(FOLDER / f"{case['key']}.key.txt")
    assert digest(second_reader.open_picture(FOLDER / name, read, kind, secret)) == case["sha256"]


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
