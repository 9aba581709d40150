"""What a payload says costs nothing before it is known to be one."""

import io
import os
import struct
import warnings
import zlib

import pytest
from PIL import Image
from support.memory import traced
from support.sealed_jpegs import KEY

from facecrypt import (
    ContainerError,
    Region,
    SecretKey,
    decrypt_files,
    encrypt_file,
    encrypt_image,
    rewrap_files,
)
from facecrypt.sealing.carriers.png import CHUNK
from facecrypt.sealing.payload import DESCRIPTION, PRIVATE, REGION, Payload, box_head, read_header

START_OF_JUMBF = struct.pack(">I4s", 1000, b"jumb") + box_head(b"jumd", len(DESCRIPTION))
START_OF_JUMBF += DESCRIPTION


@pytest.fixture(scope="module")
def packed(photo):
    sealed = encrypt_image(photo, KEY, regions=[Region(0, 0, 16, 16)])
    return Payload(sealed.header).to_bytes()


def with_more(packed: bytes, more: bytes) -> bytes:
    return box_head(b"jumb", len(packed) - 8 + len(more)) + packed[8:] + more


@pytest.mark.parametrize("kind", [REGION, PRIVATE, b"free"])
def test_millions_of_boxes_are_not_listed_before_they_are_refused(packed, kind):
    damaged = with_more(packed, box_head(kind, 0) * 1_000_000)
    with traced() as peak, pytest.raises(ContainerError, match="parts are missing or too many"):
        Payload.from_bytes(damaged)
    # Listed, they took 300 MB.
    assert 0 < peak.bytes < 1 << 20


@pytest.mark.parametrize("size", [0, 1, 7])
@pytest.mark.parametrize("box", [0, 8, 8 + 8 + len(DESCRIPTION)])
def test_a_box_smaller_than_its_head_is_damage(packed, size, box):
    """Taken at its word, a reader is asked for a negative number of bytes, or for all there are."""
    damaged = packed[:box] + struct.pack(">I", size) + packed[box + 4 :]
    with pytest.raises(ContainerError):
        Payload.from_bytes(damaged)
    with pytest.raises(ContainerError):
        read_header(io.BytesIO(damaged + bytes(1000)))


@pytest.mark.parametrize("place", ["in it", "beside it", "left behind"])
def test_one_damaged_payload_does_not_end_the_work_on_others(tmp_path, photo, place):
    plain, sealed = tmp_path / "plain.png", tmp_path / "sealed"
    sealed.mkdir()
    Image.fromarray(photo).save(plain)
    faces = [Region(0, 0, 16, 16)]
    for name in "good.png", "other.png":
        encrypt_file(plain, sealed / name, KEY, regions=faces, sidecar=place == "beside it")
    bad = START_OF_JUMBF + bytes(3) + b"\x07json{}"
    if place == "in it":
        chunks = plain.read_bytes()
        body = struct.pack(">I4s", len(bad), CHUNK)[4:] + bad
        chunk = struct.pack(">I", len(bad)) + body + struct.pack(">I", zlib.crc32(body))
        (sealed / "evil.png").write_bytes(chunks[:33] + chunk + chunks[33:])
    elif place == "beside it":
        (sealed / "good.png.0123456789abcdef.fcrypt").write_bytes(bad)
    else:
        (sealed / ".facecrypt-0123456789abcdef.tmp").write_bytes(bad)
    done = decrypt_files(sealed, tmp_path / "out", KEY)
    assert sorted(os.listdir(tmp_path / "out")) == ["good.png", "other.png"]
    assert len(done.failed) == (1 if place == "in it" else 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the sidecar and of what was left
        assert rewrap_files(sealed, KEY, SecretKey.generate(), keep=True).done == 2


def test_nor_are_boxes_beside_the_one(packed):
    damaged = packed + box_head(b"free", 0) * 1_000_000
    with traced() as peak, pytest.raises(ContainerError, match="not one box with all in it"):
        Payload.from_bytes(damaged)
    assert 0 < peak.bytes < 1 << 20
