"""Videos sealed long ago open, in this package and in the second reader; the bytes are frozen."""

import hashlib
import json

import av
import pytest
from support.places import ROOT
from support.second_reader import sidecar_path
from support.second_reader import video as second_reader
from support.second_reader.keys import content_key, parse_key

from facecrypt import Passphrase, SecretKey, Verified, decrypt_file, verify
from facecrypt.keys import RegionKey

FOLDER = ROOT / "tests" / "vectors" / "videos"
PASSPHRASE = "files of version 2 open for ever"
SECRET = bytes(range(32))
HOLDERS = {"symmetric": SecretKey(SECRET), "passphrase": Passphrase(PASSPHRASE)}
SECRETS = {"symmetric": SECRET, "passphrase": PASSPHRASE}
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())


def read(name):
    """Public bytes and payload, by the book."""
    data = (FOLDER / name).read_bytes()
    if MANIFEST[name]["sidecar"]:
        [beside] = FOLDER.glob(f"{name}.*.fcrypt")
        payload = beside.read_bytes()
        assert beside == sidecar_path(FOLDER / name, payload)
        return data, payload
    return (second_reader.in_matroska if name.endswith(".mkv") else second_reader.in_mp4)(data)


@pytest.mark.parametrize("name", MANIFEST)
def test_a_stored_video_opens_to_the_file_that_was_sealed(name, tmp_path):
    case = MANIFEST[name]
    back, holder = tmp_path / f"back{case['suffix']}", HOLDERS[case["key"]]
    decrypt_file(FOLDER / name, back, holder)
    assert hashlib.sha256(back.read_bytes()).hexdigest() == case["sha256"]
    assert verify(FOLDER / name, holder) == Verified((0, 1), (), whole=True)


@pytest.mark.parametrize("name", MANIFEST)
def test_the_second_reader_opens_it_to_the_same(name):
    case, sealed = MANIFEST[name], second_reader.Sealed(*read(name))
    key = content_key(sealed.header, case["key"], SECRETS[case["key"]])
    suffix, data = sealed.original(key)
    assert (suffix, hashlib.sha256(data).hexdigest()) == (case["suffix"], case["sha256"])


def test_a_stored_key_of_a_person_opens_that_person(tmp_path):
    path = FOLDER / "sealed.person-1.key.txt"
    holder = RegionKey.load(path)
    assert verify(FOLDER / "sealed.mp4", holder) == Verified((1,), (0,), whole=False)
    decrypt_file(FOLDER / "sealed.mp4", tmp_path / "one.mp4", holder)
    with av.open(str(tmp_path / "one.mp4")) as file:
        assert len(list(file.decode(video=0))) == 3
    text = next(line for line in path.read_text().splitlines() if line and line[0] != "#")
    part = second_reader.Sealed(*read("sealed.mp4")).person(1, parse_key("region", text)[20:])
    placements, _ = second_reader.clip_of(part)
    assert [placement[:5] for placement in placements] == [(n, 0, 0, 40, 40) for n in range(3)]
