"""JPEGs that Pillow and OpenCV do not write: scans put together bit by bit, and one by one."""

import numpy as np
import pytest
from support.jpegs import (
    DQT,
    EOI,
    GRAY,
    SOI,
    SOS,
    by_pillow,
    coded,
    find,
    picture,
    segment,
    sof,
)

from facecrypt.media.jpeg import cut, parse, place, read_coefficients, restore

# T.81 K.3, luminance: DC differences of 0 and of 2047, 16 zeros, the end of a block.
SAME, UP, ZEROS, END = "00", "111111110" + "1" * 11, "11111111001", "1010"


def gray(blocks: int, bits: str, precision: int = 8) -> bytes:
    head = SOI + DQT + sof(width=8 * blocks, precision=precision)
    return head + SOS + coded(bits) + EOI


def comes_back(data: bytes, rects) -> bytes:
    parts = cut(data, rects)
    assert restore(SOI + parts.public, rects, parts) == data
    return parts.public


def with_tables(data: bytes) -> bytes:
    """The same with its tables in DHT, and one more, so that not all are of Annex K."""
    plain = by_pillow(picture(8, 8, 1))
    tables = plain[find(plain, 0xC4) : find(plain, 0xDA)]
    return data.replace(SOS, tables + segment(0xC4, b"\1\1" + bytes(15) + b"\0") + SOS)


@pytest.mark.parametrize("form", [bytes, with_tables])
def test_zeros_before_the_end_of_a_block_are_left_out_and_come_back(form):
    odd = form(gray(4, SAME + ZEROS + END + SAME + END + SAME + ZEROS * 3 + END + SAME + END))
    plain = form(gray(4, (SAME + END) * 4))
    assert odd != plain
    for rects in ([], [(0, 0, 1, 1)], [(1, 0, 3, 1)]):
        assert comes_back(odd, rects) == comes_back(plain, rects)


def test_where_the_tables_of_annex_k_will_not_do():
    data = gray(3, UP + END + UP + END + SAME + END)
    _, (blocks,) = read_coefficients(data)
    assert blocks[0, :, 0].tolist() == [2047, 4094, 4094]
    public = comes_back(data, [(0, 0, 2, 1)])
    # A DC difference of 12 bits: no longer a baseline JPEG.
    assert b"\xff\xc1" in public
    assert b"\xff\xc0" not in public
    _, (blocks,) = read_coefficients(SOI + public)
    assert blocks[0, :, 0].tolist() == [0, 0, 4094]


def test_twelve_bits():
    data = gray(2, UP + END + SAME + END, precision=12)
    assert parse(data).precision == 12
    comes_back(data, [(1, 0, 2, 1)])


def test_dc_coefficients_have_a_limit():
    with pytest.raises(OSError, match="DC coefficient is out of range"):
        cut(gray(9, (UP + END) * 9), [])


@pytest.mark.parametrize("sampling", [0x11, 0x21, 0x22])
def test_scans_one_by_one(sampling):
    """Three gray pictures as the components of one, the first larger where it is sampled so."""
    h, v = sampling >> 4, sampling & 15
    luma = by_pillow(picture(29 * v, 37 * h, 1))
    others = [by_pillow(picture(29, 37, 1, seed)) for seed in (1, 2)]
    head = luma[: find(luma, 0xC0)]
    tables = luma[find(luma, 0xC4) : find(luma, 0xDA)]
    components = ((1, sampling, 0), (2, 0x11, 0), (3, 0x11, 0))
    scans = b"".join(
        segment(0xDA, bytes([1, number, 0, 0, 63, 0])) + data[find(data, 0xDA) + 10 : -2]
        for number, data in enumerate((luma, *others), 1)
    )
    data = head + sof(height=29 * v, width=37 * h, components=components) + tables + scans + EOI
    _, found = read_coefficients(data)
    for plane, alone in zip(found, (luma, *others), strict=True):
        _, (expected,) = read_coefficients(alone)
        down, across = expected.shape[:2]
        np.testing.assert_array_equal(plane[:down, :across], expected)
    rects = [(0, 0, 2, 2), (1, 1, *parse(data).grid)]
    comes_back(data, rects)
    parts = cut(data, rects)
    both = place(SOI + parts.public, rects, dict(enumerate(parts.regions)))
    for plane, expected in zip(read_coefficients(SOI + both)[1], found, strict=True):
        np.testing.assert_array_equal(plane, expected)


def test_the_factors_of_one_component_change_nothing():
    data = by_pillow(picture(20, 30, 1))
    at = find(data, 0xC0) + 11
    with_factors = data[:at] + b"\x22" + data[at + 1 :]
    assert parse(with_factors) == parse(data)
    assert parse(data).grid == (4, 3)
    rects = [(0, 0, 2, 1)]
    assert comes_back(with_factors, rects) == comes_back(data, rects)


def test_nothing_but_a_block():
    assert comes_back(SOI + DQT + sof() + SOS + GRAY + EOI, [(0, 0, 1, 1)])


def test_blocks_outside_the_picture_come_back_though_others_rewrite_them():
    """Where 4:2:0 ends in the middle of a cell, the blocks beyond hold what their encoder liked."""
    gray_pixels = np.repeat(picture(40, 64, 1)[..., None], 3, axis=2)
    wide = by_pillow(gray_pixels)
    usual = by_pillow(gray_pixels[:24, :56])
    at = find(wide, 0xC0) + 5
    odd = wide[:at] + (24).to_bytes(2, "big") + (56).to_bytes(2, "big") + wide[at + 4 :]
    rects = [(1, 0, 2, 2)]
    parts = cut(odd, rects)
    assert parts.dummies
    assert not cut(usual, rects).dummies
    assert restore(SOI + cut(usual, rects).public, rects, parts) == odd
