"""JPEGs that are damaged, or that the codec refuses: an error of the project, never a crash."""

import contextlib
import random

import numpy as np
import pytest
from support.jpegs import DQT, EOI, GRAY, SOI, SOS, by_pillow, find, picture, segment, sof

from facecrypt.errors import ContainerError, FacecryptError, UnsupportedJpegError
from facecrypt.media.jpeg import Cut, cut, parse, place, read_coefficients, restore

RECTS = [(0, 0, 1, 2), (1, 0, 3, 1)]
FILES = {
    "plain": by_pillow(picture(20, 36)),
    "optimized": by_pillow(picture(20, 36), optimize=True, subsampling=0),
    "progressive": by_pillow(picture(20, 36), progressive=True),
    "restarts": by_pillow(picture(20, 36), restart_marker_blocks=1),
    "gray": by_pillow(picture(20, 36, 1), progressive=True),
}


def survives(data: bytes) -> bool:
    """Whether it was cut and restored; what else happens is an error of the project."""
    try:
        parts = cut(data, RECTS)
    except (UnsupportedJpegError, ValueError):
        return False
    try:
        restore(SOI + parts.public, RECTS, parts)
    except ContainerError as error:  # coded as the recipe cannot say
        return "lack a symbol" not in str(error)
    place(SOI + parts.public, RECTS, {1: parts.regions[1]})
    read_coefficients(data)
    return True


@pytest.mark.parametrize("name", FILES)
def test_files_cut_short_anywhere(name):
    data = FILES[name]
    scan = find(data, 0xDA)
    for size in range(len(data)):
        assert not survives(data[:size]) or size > scan


@pytest.mark.parametrize("name", FILES)
def test_flipped_bits_and_bytes(name):
    rng = random.Random(name)
    outcomes = []
    for _ in range(1500):
        data = bytearray(FILES[name])
        for _ in range(rng.choice([1, 1, 1, 3])):
            at = rng.randrange(2, len(data))
            data[at] = rng.choice([data[at] ^ 1 << rng.randrange(8), rng.randrange(256), 255, 0])
        outcomes.append(survives(bytes(data)))
    assert set(outcomes) == {True, False}


@pytest.mark.parametrize("name", FILES)
def test_damaged_parts(name):
    """They are authenticated, so this is for whoever holds the key and means harm."""
    rng = random.Random(name)
    parts = cut(FILES[name], RECTS)
    sealed = SOI + parts.public
    fields = {"skeleton": parts.skeleton, "recipe": parts.recipe, "dummies": parts.dummies}
    fields |= {str(i): region for i, region in enumerate(parts.regions)}
    for _ in range(1500):
        which = rng.choice(list(fields))
        part = bytearray(fields[which] or b"\0")
        at = rng.randrange(len(part))
        change = rng.choice(["flip", "cut", "grow"])
        if change == "flip":
            part[at] ^= 1 << rng.randrange(8)
        new = {"flip": part, "cut": part[:at], "grow": part + bytes([at % 256])}[change]
        changed = fields | {which: bytes(new)}
        regions = tuple(changed[str(i)] for i in range(len(RECTS)))
        bad = Cut(
            b"", regions, changed["skeleton"], changed["recipe"], changed["dummies"], parts.tail
        )
        with contextlib.suppress(ContainerError):
            restore(sealed, RECTS, bad)


COLOUR = ((1, 0x11, 0), (2, 0x11, 0), (3, 0x11, 0))
PROGRESSIVE_DHT = segment(0xC4, b"\0\1" + bytes(15) + b"\0" + b"\x10\1" + bytes(15) + b"\0")

REFUSED = {
    "not a JPEG": b"\x89PNG",
    "no scan": SOI + DQT + sof() + EOI,
    "a scan before the frame": SOI + DQT + SOS + GRAY + EOI,
    "two frames": SOI + DQT + sof() + sof() + SOS + GRAY + EOI,
    "arithmetic": SOI + DQT + sof(0xC9) + SOS + GRAY + EOI,
    "lossless": SOI + DQT + sof(0xC3) + SOS + GRAY + EOI,
    "hierarchical": SOI + DQT + sof(0xC5) + SOS + GRAY + EOI,
    "DNL": SOI + DQT + sof(height=0) + SOS + GRAY + segment(0xDC, b"\0\x08") + EOI,
    "without pixels": SOI + DQT + sof(width=0) + SOS + GRAY + EOI,
    "only 8 and 12 bits": SOI + DQT + sof(precision=16) + SOS + GRAY + EOI,
    "268,435,456 pixels": SOI + DQT + sof(height=65535, width=4097) + SOS + GRAY + EOI,
    "more than four components": SOI + DQT + sof(components=[(i, 17, 0) for i in range(5)]) + EOI,
    "sampling factor": SOI + DQT + sof(components=[(1, 0x51, 0)]) + SOS + GRAY + EOI,
    "quantisation table is missing": SOI + sof() + SOS + GRAY + EOI,
    "redefined": SOI
    + DQT
    + sof(components=COLOUR)
    + SOS
    + GRAY
    + segment(0xDB, bytes(1) + b"\2" * 64)
    + SOS.replace(b"\1\1\0", b"\1\2\0")
    + GRAY
    + EOI,
    "a component without a scan": SOI + DQT + sof(components=COLOUR) + SOS + GRAY + EOI,
    "two scans of the same": SOI + DQT + sof() + (SOS + GRAY) * 2 + EOI,
    "not in the frame": SOI + DQT + sof(components=[(7, 0x11, 0)]) + SOS + GRAY + EOI,
    "ten blocks": SOI
    + DQT
    + sof(components=[(1, 0x44, 0), (2, 0x11, 0)])
    + segment(0xDA, b"\2\1\0\2\0\0\x3f\0")
    + EOI,
    "Huffman table is missing": SOI + DQT + sof(0xC2) + segment(0xDA, b"\1\1\0\0\0\0") + GRAY + EOI,
    "too many codes": SOI
    + DQT
    + segment(0xC4, b"\0\3" + bytes(15) + b"\0\1\2")
    + sof()
    + SOS
    + EOI,
    "without a DC scan": SOI
    + DQT
    + PROGRESSIVE_DHT
    + sof(0xC2)
    + segment(0xDA, b"\1\1\0\1\x3f\0")
    + GRAY
    + EOI,
    "more than 100 scans": SOI
    + DQT
    + PROGRESSIVE_DHT
    + sof(0xC2)
    + segment(0xDA, b"\1\1\0\0\0\0")
    + b"\x7f"
    + (segment(0xDA, b"\1\1\0\1\x3f\0") + b"\x7f") * 100
    + EOI,
    "wrong length": SOI + b"\xff\xe1\0\1" + DQT + sof() + SOS + GRAY + EOI,
    "too many segments": SOI + segment(0xE1, b"") * 65_537 + DQT + sof() + SOS + GRAY + EOI,
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_refused_and_why(reason):
    with pytest.raises(UnsupportedJpegError, match=f"cannot be taken apart: .*{reason}"):
        parse(REFUSED[reason])


def test_the_files_above_are_sound_but_for_their_fault():
    data = SOI + DQT + sof() + SOS + GRAY + EOI
    assert restore(SOI + cut(data, []).public, [], cut(data, [])) == data


# T.81 K.3: a DC difference of 0, four times 16 zeros.
ZEROS = int("00" + "11111111001" * 4 + "11", 2).to_bytes(6, "big").replace(b"\xff", b"\xff\0")
DAMAGED_SCANS = {
    "cut short": SOI + DQT + sof(height=4096, width=65535) + SOS + GRAY * 1000 + EOI,
    "restart marker is missing": FILES["restarts"].replace(b"\xff\xd1", b""),
    "out of order": FILES["restarts"].replace(b"\xff\xd1", b"\xff\xd5"),
    "no Huffman table has": SOI + DQT + sof() + SOS + b"\xff\0" * 4 + EOI,
    "more than 64 coefficients": SOI + DQT + sof() + SOS + ZEROS + EOI,
}


@pytest.mark.parametrize("reason", DAMAGED_SCANS)
def test_damage_inside_scans(reason):
    data = DAMAGED_SCANS[reason]
    for attempt in (lambda: cut(data, []), lambda: read_coefficients(data)):
        with pytest.raises(UnsupportedJpegError, match=reason):
            attempt()


@pytest.mark.parametrize("rect", [(0, 0, 4, 1), (0, 0, 1, 3), (2, 0, 1, 1), (-1, 0, 1, 1)])
def test_rectangles_outside_the_grid(rect):
    with pytest.raises(ValueError, match="rectangle"):
        cut(FILES["plain"], [rect])


def test_parts_of_another_file():
    parts, other = cut(FILES["plain"], RECTS), cut(FILES["optimized"], RECTS)
    sealed = SOI + parts.public
    with pytest.raises(ContainerError, match="another frame"):
        restore(sealed, RECTS, other)
    with pytest.raises(ContainerError, match="parts are missing"):
        restore(sealed, RECTS[:1], parts)
    with pytest.raises(IndexError, match="no region 2"):
        place(sealed, RECTS, {2: parts.regions[0]})
    with pytest.raises(ContainerError, match="region 0"):
        place(sealed, RECTS, {0: b"\7"})
    with pytest.raises(ContainerError, match="without coefficients"):
        place(sealed, RECTS, {0: b""})


def test_only_bytes_are_taken():
    for wrong in ("text", None, 3, np.zeros(9, np.uint8)[::2]):
        with pytest.raises((TypeError, BufferError, ValueError), match=r"buffer|bytes|contiguous"):
            parse(wrong)
    assert issubclass(UnsupportedJpegError, FacecryptError)
