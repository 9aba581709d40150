"""What a JPEG may cost is bounded before it is paid."""

import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from support.jpeg_matrix import by_pillow
from support.sealed_jpegs import KEY, opened, seal
from support.second_reader.jpeg_layout import dictionary

from facecrypt import ContainerError, MediaError, Region, encrypt_file, verify
from facecrypt.errors import UnsupportedJpegError
from facecrypt.limits import MAX_HEADER_BYTES
from facecrypt.media import jpeg
from facecrypt.sealing.carriers import jpeg_sealing
from facecrypt.sealing.carriers.jpeg_private import Private

FACE = [Region(0, 0, 8, 8)]


def resized(data: bytes, marker: bytes, width: int, height: int) -> bytes:
    at = data.index(marker) + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("side", [65535, 16384])
def test_a_frame_of_a_size_that_was_only_written_there(side, progressive):
    data = by_pillow("L", (64, 64), progressive=progressive)
    marker = b"\xff\xc2" if progressive else b"\xff\xc0"
    huge = resized(data, marker, side, side)
    with pytest.raises(MediaError, match=r"at most 268435456|fewer than a bit for each"):
        seal(huge, FACE)
    with pytest.raises(UnsupportedJpegError):
        jpeg.cut(huge, [])
    with pytest.raises(ContainerError, match=r"damaged|rotated, cropped or resized"):
        opened(resized(seal(data, FACE), marker, side, side))


def test_more_scans_than_any_encoder_writes():
    data = by_pillow("L", (64, 64), progressive=True)
    last = data.rindex(b"\xff\xda")
    many = data[:-2] + data[last:-2] * 100 + data[-2:]
    with pytest.raises(MediaError, match="scans; at most 100 are read"):
        seal(many, FACE)
    with pytest.raises(UnsupportedJpegError, match="scans"):
        jpeg.parse(many)
    sealed = seal(data, FACE)
    last = sealed.rindex(b"\xff\xda")
    with pytest.raises(ContainerError, match="scans"):
        opened(sealed[:-2] + sealed[last:-2] * 100 + sealed[-2:])


def private_of(size: int) -> bytes:
    """A private part with a skeleton of so many zeros, whatever limit there is."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=dictionary())
    packed = deflate.compress(struct.pack(">III32sQ", 0, size, 0, bytes(32), 0))
    for _ in range(size >> 20):
        packed += deflate.compress(bytes(1 << 20))
    packed += deflate.flush()
    return struct.pack(">I", len(packed)) + packed + bytes(8)


def test_a_private_part_that_inflates_without_end():
    assert len(Private.from_bytes(private_of(1 << 20)).skeleton) == 1 << 20
    with pytest.raises(ContainerError, match="private part is damaged"):
        Private.from_bytes(private_of(1 << 28))


@pytest.mark.parametrize("sidecar", [False, True])
def test_more_than_a_reader_takes_is_not_written(tmp_path, monkeypatch, sidecar):
    plain = tmp_path / "a.jpg"
    plain.write_bytes(by_pillow("L", (64, 64)) + bytes(1 << 20))
    size = len(seal(plain.read_bytes(), FACE))
    monkeypatch.setattr(jpeg_sealing, "MAX_PAYLOAD_BYTES", MAX_HEADER_BYTES + size // 2)
    with pytest.raises(MediaError, match="more than a reader takes"):
        encrypt_file(plain, tmp_path / "s.jpg", KEY, regions=FACE, sidecar=sidecar)
    assert os.listdir(tmp_path) == ["a.jpg"]
    monkeypatch.setattr(jpeg_sealing, "MAX_PAYLOAD_BYTES", MAX_HEADER_BYTES + size)
    encrypt_file(plain, tmp_path / "s.jpg", KEY, regions=FACE, sidecar=sidecar)
    verify(tmp_path / "s.jpg", KEY)


def test_regions_are_limited_by_what_they_cover():
    tiny = by_pillow("L", (8, 8))
    assert opened(seal(tiny, FACE * 8)).given == tiny
    with pytest.raises(ContainerError, match=r"9\.0 times the pixels"):
        seal(tiny, FACE * 9)


def test_thousands_of_faces_come_back():
    """Each has its key, its part and its commitment."""
    file = io.BytesIO()
    pixels = np.arange(256 * 256, dtype=np.uint32).reshape(256, 256) * 2477 >> 8
    Image.fromarray(pixels.astype(np.uint8)).save(file, "JPEG")
    cells = [(8 * x, 8 * y) for y in range(32) for x in range(32)]
    faces = [Region(x, y, x + 8, y + 8) for x, y in cells]
    sealed = seal(file.getvalue(), faces, cipher="aes-256-gcm")
    result = opened(sealed)
    assert result.given == file.getvalue()
    assert len(result.regions) == 1024
    # The same object: made for each part anew it would cost the square of their number.
    assert result.header.aad() is result.header.aad()
    one = opened(sealed, KEY, regions=[777])
    shown = np.asarray(Image.open(io.BytesIO(one.given)))
    x, y = cells[777]
    plain = np.asarray(Image.open(io.BytesIO(file.getvalue())))
    assert (shown[y : y + 8, x : x + 8] == plain[y : y + 8, x : x + 8]).all()
    assert (shown[:8, :8] == 128).all()
