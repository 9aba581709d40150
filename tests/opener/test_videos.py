"""Sealed videos opened in a browser."""

import hashlib
import struct

import pytest
from support.clips import write_clip
from support.sealed_videos import KEY, PUBLIC, in_uuid, sealed_payload
from support.second_reader import video as second_reader
from support.second_reader.header import expand
from support.second_reader.keys import content_key

from facecrypt import Region, encrypt_file, forget_regions, region_key
from facecrypt.sealing.files import inspect

FACES = [Region(150, 10, 300, 230), Region(0, 0, 60, 60)]
# More than two chunks of a STREAM, and no whole number of them.
LONG = bytes(range(251)) * 40_000


@pytest.fixture
def keyed(opener, tmp_path):
    """The page, and where the key lies that opens everything here."""
    KEY.save(tmp_path / "key.txt")
    opener.give(tmp_path / "key.txt")
    return opener


@pytest.mark.parametrize("sidecar", [False, True])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_every_container_comes_back_byte_for_byte(keyed, tmp_path, suffix, sidecar):
    source = write_clip(tmp_path / f"clip{suffix}", 6)
    sealed = tmp_path / f"sealed{suffix}"
    encrypt_file(source, sealed, KEY, regions=FACES, sidecar=sidecar)
    keyed.choose(sealed, *tmp_path.glob("*.fcrypt"))
    keyed.open()
    assert keyed.saved(sealed.name) == source.read_bytes()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_key_of_a_person_gives_that_clip(opener, tmp_path, suffix):
    source, sealed = write_clip(tmp_path / f"clip{suffix}", 6), tmp_path / f"sealed{suffix}"
    encrypt_file(source, sealed, KEY, regions=FACES)
    opener.choose(sealed)
    opener.paste(str(region_key(inspect(sealed), KEY, 1)))
    opener.open()
    name = "sealed.1.mp4"
    assert opener.card(sealed.name, "card.querySelector('.save').download") == name
    opener.card(sealed.name, "card.querySelector('.save').click()")
    clip = opener.browser.downloaded(name)
    assert clip[4:8] == b"ftyp"
    if suffix == ".mp4":
        public, payload = second_reader.in_mp4(sealed.read_bytes())
        read = second_reader.Sealed(public, payload)
        key = content_key(read.header, "symmetric", bytes(range(32)))
        part = read.person(1, expand(key, b"facecrypt v2 region" + (1).to_bytes(4)))
        (count,) = struct.unpack(">I", part[:4])
        assert part[4 + 28 * count :][: 8 + len(clip)] == struct.pack(">Q", len(clip)) + clip


@pytest.mark.parametrize("cipher", ["logistic+aes-256-gcm", "aes-256-gcm"])
def test_parts_of_many_chunks(keyed, tmp_path, cipher):
    (tmp_path / "long.mp4").write_bytes(in_uuid(sealed_payload(LONG, [b""], cipher=cipher)))
    keyed.choose(tmp_path / "long.mp4")
    keyed.open()
    keyed.card("long.mp4", "card.querySelector('.save').click()")
    found = keyed.browser.downloaded("long.MOV")
    assert hashlib.sha256(found).digest() == hashlib.sha256(LONG).digest()


def test_a_flipped_bit_of_any_chunk(keyed, tmp_path):
    data = in_uuid(sealed_payload(LONG, []))
    for at in (5 << 20, len(data) - 100):
        (tmp_path / f"{at}.mp4").write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        keyed.choose(tmp_path / f"{at}.mp4")
        keyed.open()
        assert keyed.problem(f"{at}.mp4") == "changed"


def test_one_that_was_cut_off(keyed, tmp_path):
    (tmp_path / "cut.mp4").write_bytes(in_uuid(sealed_payload(LONG, []))[:-1000])
    keyed.choose(tmp_path / "cut.mp4")
    assert keyed.problem("cut.mp4") == "incomplete"


def test_a_video_that_is_not_sealed(keyed, tmp_path):
    (tmp_path / "plain.mp4").write_bytes(PUBLIC)
    keyed.choose(tmp_path / "plain.mp4")
    assert keyed.problem("plain.mp4") == "not-sealed"


def test_a_clip_on_a_public_video_that_was_edited(opener, tmp_path):
    source, sealed = write_clip(tmp_path / "clip.mp4", 6), tmp_path / "sealed.mp4"
    encrypt_file(source, sealed, KEY, regions=FACES)
    data = bytearray(sealed.read_bytes())
    data[data.index(b"mdat") + 20] ^= 1
    (tmp_path / "edited.mp4").write_bytes(data)
    opener.choose(tmp_path / "edited.mp4")
    opener.paste(str(region_key(inspect(sealed), KEY, 0)))
    opener.open()
    assert opener.problem("edited.mp4") == "edited"


def test_a_person_who_was_forgotten(keyed, tmp_path):
    source, sealed = write_clip(tmp_path / "clip.mp4", 6), tmp_path / "sealed.mp4"
    encrypt_file(source, sealed, KEY, regions=FACES)
    forget_regions(sealed, [KEY], [0])
    keyed.choose(sealed)
    keyed.open()
    assert keyed.problem("sealed.mp4") is None
    names = "[...card.querySelectorAll('.save')].map(link => link.download).join()"
    assert keyed.card("sealed.mp4", names) == "sealed.1.mp4"
