"""What the length of a sealed face of a JPEG tells."""

import io

import numpy as np
import pytest
from PIL import Image

from facecrypt import Region, SecretKey, encrypt_file
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.carriers.jpeg_sealing import seal_jpeg
from facecrypt.sealing.in_memory import decode, encode
from facecrypt.sealing.options import Seal
from facecrypt.sealing.padding import doubled, padded

KEY = SecretKey(bytes(range(32)))
FACE = Region(0, 0, 64, 64)


def photo(contrast: int) -> bytes:
    noise = np.random.default_rng(3).integers(0, 256, (96, 96, 3), np.uint8)
    plain = np.full((96, 96, 3), 128, np.uint8)
    plain[:64, :64] += ((noise[:64, :64].astype(int) - 128) * contrast // 128).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(plain).save(out, "JPEG", quality=90)
    return out.getvalue()


def lengths(contrast: int, padding: str) -> int:
    sealed = seal_jpeg(Source(photo(contrast)), [KEY], Seal(regions=[FACE], padding=padding))
    return len(sealed.payload.regions[0])


# Padme: Nikitin et al. 2019, algorithm 1, by hand.
@pytest.mark.parametrize(
    ("size", "expected"), [(0, 0), (1, 1), (2, 2), (9, 10), (17, 18), (33, 36), (1000, 1024)]
)
def test_lengths_of_the_padme_series(size, expected):
    assert len(padded(bytes(size))) == expected
    assert padded(b"\1" * size)[:size] == b"\1" * size


def test_lengths_by_cells_alone():
    assert [len(doubled(bytes(n), 3)) for n in (0, 24, 25, 48, 49, 97)] == [24, 24, 48, 48, 96, 192]


def test_faces_differ_less_by_their_lengths():
    contrasts = (10, 14, 20, 28, 40)
    exact = {lengths(contrast, "padme") for contrast in contrasts}
    coarse = {lengths(contrast, "double") for contrast in contrasts}
    # 16 cells of 8 bytes, doubled.
    assert all(length % 128 == 0 and (length // 128).bit_count() == 1 for length in coarse)
    assert len(coarse) < len(exact)


@pytest.mark.parametrize("padding", ["padme", "double"])
def test_both_open(padding):
    data = photo(40)
    sealed = encode(Source(data), [KEY], Seal(regions=[FACE], padding=padding))
    assert decode(Source(sealed.data), [KEY]).given == data


def test_another_padding_is_refused(tmp_path):
    (tmp_path / "a.jpg").write_bytes(photo(10))
    with pytest.raises(ValueError, match="padding must be one of padme, double, received 'none'"):
        encrypt_file(tmp_path / "a.jpg", tmp_path / "b.jpg", KEY, regions=[FACE], padding="none")
