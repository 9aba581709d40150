"""Of a colour profile what colours need goes along, and nothing that could be something else."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from facecrypt.media import decode_image
from facecrypt.media.profile import kept_profile

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PIXELS = np.zeros((4, 4, 3), np.uint8)
FACE = b"a face" * 50


def profile(tags, *, unused=bytes(28), gap=b""):
    """A profile by hand: its header is that of sRGB, its tags lie one after another."""
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, body in tags:
        data += gap
        table += struct.pack(">4sII", name, start + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    return struct.pack(">I", start + len(data)) + SRGB[4:100] + unused + table + data


def tags_of(icc):
    (count,) = struct.unpack_from(">I", icc, 128)
    entries = [struct.unpack_from(">4sII", icc, 132 + 12 * i) for i in range(count)]
    return [(name, icc[start : start + size]) for name, start, size in entries]


STANDARD = tags_of(SRGB)


def kept(icc):
    return kept_profile(icc, b"RGB ", "")


@pytest.mark.parametrize(
    "odd",
    [
        profile([*STANDARD, (b"face", FACE)]),
        profile([(b"vcgt", FACE), *STANDARD]),
        profile(STANDARD, gap=FACE),
        profile(STANDARD, unused=FACE[:28]),
        struct.pack(">I", len(SRGB) + 300) + SRGB[4:] + FACE,
    ],
)
def test_private_tags_gaps_and_unused_bytes_are_left_out(odd):
    assert FACE[:20] in odd
    icc = kept(odd)
    assert FACE[:20] not in icc
    assert tags_of(icc) == STANDARD
    assert len(icc) == int.from_bytes(icc[:4], "big")
    assert kept(icc) == icc
    # The oracle: Little CMS sees the same colours.
    y, x = np.mgrid[:64, :64]
    picture = Image.fromarray(np.stack([x * 4, y * 4, (x + y) * 2], -1).astype(np.uint8))
    to_lab = [
        ImageCms.applyTransform(
            picture,
            ImageCms.buildTransform(
                ImageCms.ImageCmsProfile(io.BytesIO(each)),
                ImageCms.createProfile("LAB"),
                "RGB",
                "LAB",
            ),
        )
        for each in (SRGB, icc)
    ]
    assert to_lab[0].tobytes() == to_lab[1].tobytes()


def test_a_profile_of_the_standard_stays_as_it_is():
    for icc in (SRGB, profile(STANDARD), SRGB[:84] + b"of its content.." + SRGB[100:]):
        assert kept(icc) == icc


def test_tags_that_share_their_data_still_do():
    # Red, green and blue have one curve in SRGB.
    icc = kept(SRGB[:100] + FACE[:28] + SRGB[128:])
    assert len(icc) == len(SRGB)
    assert tags_of(icc) == STANDARD


def test_a_tag_that_reaches_outside_is_left_out():
    at = SRGB.index(b"chrm") + 8
    icc = kept(SRGB[:at] + b"\0\1\0\0" + SRGB[at + 4 :])
    assert tags_of(icc) == STANDARD[:-1]


def test_of_a_tag_that_is_given_twice_the_first_counts():
    assert tags_of(kept(profile([*STANDARD, (b"cprt", FACE)]))) == STANDARD


def test_tags_that_overlap_do_not_multiply():
    names = [name for name, _ in STANDARD] + [b"A2B0", b"B2A0", b"gamt", b"targ"]
    start = 132 + 12 * len(names)
    entries = [struct.pack(">4sII", name, start + i, 500_000 - i) for i, name in enumerate(names)]
    size = struct.pack(">I", start + 500_000)
    hostile = size + SRGB[4:100] + FACE[:28] + struct.pack(">I", len(names))
    hostile += b"".join(entries) + bytes(500_000)
    with pytest.warns(UserWarning, match="the colour profile is damaged; it is left out"):
        assert kept(hostile) is None


def test_it_goes_through_a_file():
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "PNG", icc_profile=profile([*STANDARD, (b"face", FACE)]))
    assert tags_of(decode_image(file.getvalue()).icc) == STANDARD


@pytest.mark.filterwarnings("ignore:the colour profile is damaged")
@given(st.lists(st.tuples(st.integers(128, 587), st.integers(0, 255)), max_size=9))
def test_any_damage_gives_a_profile_that_stays(changes):
    data = bytearray(SRGB)
    for at, value in changes:
        data[at] = value
    once = kept(bytes(data))
    if once is None:
        return
    assert len(once) == int.from_bytes(once[:4], "big")
    assert kept(once) == once
