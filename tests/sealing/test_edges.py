"""Edges of sealed regions lie where blocks of the file end that the pixels came from."""

import numpy as np
import pytest
from PIL import Image

from facecrypt import Region, SecretKey, decrypt_file, encrypt_file
from facecrypt.regions import claims

KEY = SecretKey(bytes(range(32)))
TURN = Image.Transpose
# What viewers do for an EXIF orientation.
UPRIGHT = {
    1: None,
    2: TURN.FLIP_LEFT_RIGHT,
    3: TURN.ROTATE_180,
    4: TURN.FLIP_TOP_BOTTOM,
    5: TURN.TRANSPOSE,
    6: TURN.ROTATE_270,
    7: TURN.TRANSVERSE,
    8: TURN.ROTATE_90,
}
SIZES = [(64, 48), (75, 52), (49, 95), (17, 40), (16, 16), (15, 11)]


def stored_places(size, orientation) -> tuple[np.ndarray, np.ndarray]:
    """Of each upright pixel its column and row in the file."""
    width, height = size
    numbers = Image.fromarray(np.arange(width * height, dtype=np.int32).reshape(height, width))
    if UPRIGHT[orientation] is not None:
        numbers = numbers.transpose(UPRIGHT[orientation])
    number = np.asarray(numbers)
    return number % width, number // width


def jpeg(path, size, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    noise = np.random.default_rng(orientation).integers(0, 256, (*size[::-1], 3), np.uint8)
    Image.fromarray(noise).save(path, exif=exif, quality=95)
    return path


def outward(low, high, most) -> tuple[int, int]:
    """To multiples of 16, or the border of the picture."""
    return low // 16 * 16, min(-(-high // 16) * 16, most)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_boxes_of_a_jpeg_end_with_its_blocks(tmp_path, size, orientation):
    source = jpeg(tmp_path / "a.jpg", size, orientation)
    x, y = stored_places(size, orientation)
    height, width = x.shape
    asked = [Region(width // 3, height // 4, width // 3 + 5, height // 4 + 3)]
    asked += [Region(0, 0, 1, 1), Region(width - 2, height - 1, width, height)]
    header = encrypt_file(source, tmp_path / "a.png", KEY, regions=asked)
    assert header.shape == (height, width, 3)
    for wanted, region in zip(asked, header.regions, strict=True):
        assert region.shape == "box"
        for place, most in (x, size[0]), (y, size[1]):
            inner, outer = (place[box.y0 : box.y1, box.x0 : box.x1] for box in (wanted, region))
            expected = outward(inner.min(), inner.max() + 1, most)
            assert (outer.min(), outer.max() + 1) == expected


@pytest.mark.parametrize("size", [(160, 208), (165, 203), (170, 221)], ids=str)
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_ellipses_of_a_jpeg_are_whole_blocks(tmp_path, size, orientation):
    source = jpeg(tmp_path / "a.jpg", size, orientation)
    x, y = stored_places(size, orientation)
    height, width = x.shape
    asked = Region(33, 35, width - 37, height - 34, shape="ellipse")
    header = encrypt_file(source, tmp_path / "a.png", KEY, regions=[asked])
    (region,) = header.regions
    assert region.shape == "ellipse"
    (claim,) = claims(header.regions, height, width, header.content.grid)
    sealed = np.zeros((height, width), bool)
    sealed[claim.y0 : claim.y1, claim.x0 : claim.x1] = claim.mask
    block = x // 16 + 1000 * (y // 16)
    assert not set(block[sealed].tolist()) & set(block[~sealed].tolist())
    assert sealed[asked.y0 : asked.y1, asked.x0 : asked.x1][asked.mask()].all()
    assert not sealed[:32, :32].any()  # it is no box
    decrypt_file(tmp_path / "a.png", tmp_path / "back.png", KEY)
    opened = np.asarray(Image.open(tmp_path / "back.png"))
    hidden = np.asarray(Image.open(tmp_path / "a.png"))
    assert (opened == hidden)[~sealed].all()
    assert (opened != hidden)[sealed].mean() > 0.98


def test_an_ellipse_that_the_border_cuts_becomes_a_box(tmp_path):
    source = jpeg(tmp_path / "a.jpg", (75, 52), 6)
    asked = [Region(20, 40, 50, 70, shape="ellipse"), Region(-9, 3, 20, 30, shape="ellipse")]
    header = encrypt_file(source, tmp_path / "a.png", KEY, regions=asked)
    # Upright 52 x 75: its left is the bottom of the file, where 52 = 3 * 16 + 4.
    assert header.regions == (Region(20, 32, 52, 75), Region(0, 0, 20, 32))


def test_regions_of_other_files_end_at_multiples_of_16_too(tmp_path, photo):
    Image.fromarray(photo).save(tmp_path / "a.bmp")
    header = encrypt_file(
        tmp_path / "a.bmp", tmp_path / "b.png", KEY, regions=[Region(17, 1, 18, 33)]
    )
    assert [region.box for region in header.regions] == [(16, 0, 32, 48)]
