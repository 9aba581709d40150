"""JPEGs cut and restored; the parts compared with what libjpeg writes and shows."""

import hashlib
import itertools

import numpy as np
import pytest
from support.jpegs import EOI, SOI, by_opencv, by_pillow, decoded, find, picture, segment, without

from facecrypt.media.jpeg import Cut, cut, parse, place, read_coefficients, restore, tokens

KINDS = {
    "plain": {},
    "optimized": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 3},
    "progressive with restarts": {"progressive": True, "restart_marker_rows": 1},
    "fine": {"quality": 98},
}
CHANNELS = {"gray": 1, "colour": 3, "cmyk": 4}


def some_rects(data: bytes) -> list[tuple[int, int, int, int]]:
    """Two that overlap, one at the corner, one inside another, one without cells."""
    across, down = parse(data).grid
    x, y = (across + 1) // 2, (down + 1) // 2
    last = (across - 1, down - 1, across, down)
    return [(0, 0, x, y), (x // 2, 0, across, y), last, (0, 0, 1, 1), (0, 0, 0, down)]


def cut_and_restore(data: bytes, rects) -> tuple[Cut, bytes]:
    first, again, alone = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    parts = cut(data, rects, first.update)
    sealed = SOI + parts.public
    assert restore(sealed, rects, parts, again.update) == data
    tokens(sealed, rects, alone.update)
    assert first.digest() == again.digest() == alone.digest()
    return parts, sealed


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_the_original_comes_back(kind, channels, subsampling):
    pixels = picture(75, 100, CHANNELS[channels])
    data = by_pillow(pixels, subsampling=subsampling, **KINDS[kind])
    cut_and_restore(data, some_rects(data))


@pytest.mark.parametrize("sampling", ["411", "420", "422", "440", "444"])
def test_every_sampling_of_opencv(sampling):
    import cv2

    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
    data = by_opencv(picture(70, 90), sampling_factor=factor)
    assert parse(data).components[0][:2] == (factor >> 20, factor >> 16 & 15)
    cut_and_restore(data, some_rects(data))


@pytest.mark.parametrize("kind", ["plain", "progressive"])
def test_every_small_size(kind):
    for height, width in itertools.chain(
        zip(range(1, 41), range(40, 0, -1), strict=True), [(1, 1), (1, 40), (40, 1), (17, 17)]
    ):
        data = by_pillow(picture(height, width), **KINDS[kind])
        cut_and_restore(data, some_rects(data))


@pytest.mark.parametrize("kind", ["plain", "optimized", "progressive"])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_without_regions_the_public_part_is_what_libjpeg_wrote(kind, subsampling):
    data = by_pillow(picture(90, 120), subsampling=subsampling, **KINDS[kind])
    assert SOI + segment(0xE0, data[6:20]) + cut(data, []).public == data


@pytest.mark.parametrize("kind", KINDS)
def test_the_public_part_does_not_depend_on_the_face(kind):
    pixels = picture(96, 128)
    other = pixels.copy()
    other[16:64, 32:96] = picture(48, 64, seed=9)[::-1] // 2 + 100
    files = [by_pillow(one, **KINDS[kind]) for one in (pixels, other)]
    rects = [(2, 1, 6, 4)]
    first, second = (cut(data, rects) for data in files)
    assert files[0] != files[1]
    assert first.public == second.public
    assert first.regions != second.regions


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("subsampling", [0, 2])
def test_others_see_all_but_the_region(kind, subsampling):
    data = by_pillow(picture(96, 128), subsampling=subsampling, **KINDS[kind])
    side = 16 if subsampling else 8
    x0, y0, x1, y1 = 1, 2, 4, 5
    before, after = decoded(data), decoded(SOI + cut(data, [(x0, y0, x1, y1)]).public)
    box = np.s_[side * y0 : side * y1, side * x0 : side * x1]
    inside = after[box][2:-2, 2:-2]  # chroma is interpolated across the edge
    assert np.all(inside == 128)
    near = np.zeros(before.shape[:2], bool)
    near[side * y0 - 2 : side * y1 + 2, side * x0 - 2 : side * x1 + 2] = True
    np.testing.assert_array_equal(before[~near], after[~near])


def dct(n: int = 8) -> np.ndarray:
    """T.81 A.3.3 as a matrix."""
    k, x = np.mgrid[:n, :n]
    return np.sqrt(np.where(k == 0, 1, 2) / n) * np.cos((2 * x + 1) * k * np.pi / (2 * n))


def zigzag() -> np.ndarray:
    """T.81 figure 5: row and column of each of the 64."""
    order = sorted(
        itertools.product(range(8), repeat=2),
        key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]),
    )
    return np.array(order)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_coefficients_are_the_picture(kind, channels):
    data = by_pillow(picture(56, 72, channels), subsampling=0, **KINDS[kind])
    frame, coefficients = read_coefficients(data)
    seen = decoded(data).reshape(56, 72, channels)
    numbers = sorted({number for _, _, number in frame.components})
    rows, columns = zigzag().T
    for c, (blocks, (_, _, number)) in enumerate(zip(coefficients, frame.components, strict=True)):
        quant = np.frombuffer(frame.quant[numbers.index(number)], ">u2")
        scaled = np.zeros((*blocks.shape[:2], 8, 8))
        scaled[..., rows, columns] = blocks * quant.astype(float)
        pixels = dct().T @ scaled @ dct() + 128
        whole = pixels.transpose(0, 2, 1, 3).reshape(56, 72).clip(0, 255)
        assert np.abs(whole - seen[..., c]).max() <= 2


def region_as_jpeg(data: bytes, part: bytes, rect) -> bytes:
    """The segments that a decoder wants, around a region of a gray or 4:4:4 picture."""
    frame = parse(data)
    height, width = 8 * (rect[3] - rect[1]), 8 * (rect[2] - rect[0])
    count = len(frame.components)
    out = SOI
    for number, quant in enumerate(frame.quant):
        out += segment(0xDB, bytes([16 | number]) + quant)
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    parts = b"".join(bytes([i + 1, 0x11, t]) for i, (_, _, t) in enumerate(frame.components))
    out += segment(0xC1, b"\x08" + size + bytes([count]) + parts)
    at = 1
    if part[0] == 0:  # the tables of Annex K, as Pillow writes them
        plain = by_pillow(picture(8, 8))
        out += plain[find(plain, 0xC4) : find(plain, 0xDA)]
    else:
        for kind in [0x00, 0x10, 0x01, 0x11][: 4 if count > 1 else 2]:
            top = part[at]
            counts = part[at + 1 : at + 1 + top]
            symbols = part[at + 1 + top : at + 1 + top + sum(counts)]
            at += 1 + top + sum(counts)
            out += segment(0xC4, bytes([kind]) + counts.ljust(16, b"\0") + symbols)
    chosen = b"".join(bytes([i + 1, 0x11 if i in (1, 2) else 0]) for i in range(count))
    out += segment(0xDA, bytes([count]) + chosen + b"\0\x3f\0")
    return out + part[at:].replace(b"\xff", b"\xff\0") + EOI


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_region_is_a_jpeg_of_the_face(kind, channels):
    data = by_pillow(picture(96, 128, channels), subsampling=0, **KINDS[kind])
    rect = (3, 2, 14, 10)
    (part,) = cut(data, [rect]).regions
    face = decoded(region_as_jpeg(data, part, rect))
    np.testing.assert_array_equal(face, decoded(data)[16:80, 24:112])


def test_a_small_region_takes_the_tables_of_annex_k():
    data = by_pillow(np.full((64, 64), 200, np.uint8))
    (part,) = cut(data, [(1, 1, 3, 2)]).regions
    # T.81 K.3: DC category 7 and 72 * 8 / 8 in 7 bits, end of block; DC category 0, end of block.
    bits = "11110" + "1001000" + "1010" + "00" + "1010" + "11"
    assert part == bytes([0]) + int(bits, 2).to_bytes(3, "big")


def test_tokens_are_masks_and_coefficients():
    data = by_pillow(np.full((8, 24), 255, np.uint8))
    pieces = []
    tokens(data, [(1, 0, 2, 1)], lambda piece: pieces.append(bytes(piece)), sealed=False)
    # (255 - 128) * 8 over the quantiser 8 of quality 75; twice, for the one between is sealed.
    assert b"".join(pieces) == bytes.fromhex("0100000000000000 7f00") * 2
    # In a sealed file that one would be empty.
    pieces.clear()
    tokens(data, [(1, 0, 2, 1)], lambda piece: pieces.append(bytes(piece)))
    assert b"".join(pieces) == bytes.fromhex("0100000000000000 7f00") * 3


def test_the_first_rectangle_owns_a_cell():
    data = by_pillow(picture(64, 64), subsampling=0)
    rects = [(1, 1, 4, 4), (2, 2, 4, 4), (3, 3, 6, 6)]
    parts, sealed = cut_and_restore(data, rects)
    assert parts.regions[1] == b""
    _, before = read_coefficients(data)
    _, after = read_coefficients(SOI + place(sealed, rects, {2: parts.regions[2]}))
    for one, other in zip(before, after, strict=True):
        assert not other[1:4, 1:4].any()
        np.testing.assert_array_equal(one[3:6, 4:6], other[3:6, 4:6])
        np.testing.assert_array_equal(one[4:6, 3:6], other[4:6, 3:6])
        np.testing.assert_array_equal(one[:, 6:], other[:, 6:])


@pytest.mark.parametrize("kind", KINDS)
def test_faces_are_opened_one_by_one(kind):
    data = by_pillow(picture(80, 96), **KINDS[kind])
    rects = [(0, 0, 2, 2), (2, 2, 5, 4)]
    parts, sealed = cut_and_restore(data, rects)
    one = SOI + place(sealed, rects, {0: parts.regions[0]})
    assert decoded(one).shape == decoded(data).shape
    both = SOI + place(sealed, rects, dict(enumerate(parts.regions)))
    for a, b in zip(read_coefficients(both)[1], read_coefficients(data)[1], strict=True):
        np.testing.assert_array_equal(a, b)
    # Whatever is in the cells of others does not come out.
    for shown in (one, both, data):
        assert SOI + place(shown, rects, {0: parts.regions[0]}) == one


def test_a_sealed_file_may_be_coded_anew():
    """By another writer: here with the tables of Annex K, restarts and in progressive order."""
    pixels = picture(80, 100)
    data = by_pillow(pixels, optimize=True)
    rects = [(1, 1, 4, 3)]
    parts = cut(data, rects)
    for kind in ("plain", "progressive", "restarts", "progressive with restarts"):
        script = by_pillow(pixels, **KINDS[kind])
        other = SOI + cut(script, rects).public
        assert other != SOI + parts.public
        assert restore(other, rects, parts) == data


def scan_of(data: bytes) -> tuple[bytes, bytes, bytes]:
    """What is before the entropy-coded bytes, those, and what follows."""
    at = find(data, 0xDA)
    at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[:at], data[at:-2], data[-2:]


def odd_files() -> dict[str, bytes]:
    data = by_pillow(picture(50, 60))
    head, scan, end = scan_of(data)
    assert scan[-1] & 1, "the last bit is padding"
    restarts = by_pillow(picture(50, 60), restart_marker_blocks=2)
    at = restarts.index(b"\xff\xd0")
    return {
        "padding of zeros": head + scan[:-1] + bytes([scan[-1] & 0xFE]) + end,
        "padding of both": restarts[: at - 1] + bytes([restarts[at - 1] ^ 1]) + restarts[at:],
        "stray RST": head + scan + b"\xff\xd3" + end,
        "bytes after the scan": head + scan + b"\x01\xff\x00\x02" + end,
        "RST and bytes": head + scan + b"\xff\xd0\xff\xd5zz" + end,
        "fill bytes": head[:2] + b"\xff\xff" + head[2:] + scan + b"\xff\xff" + end,
        "junk between segments": head[:2] + b"junk" + head[2:] + scan + end + b"",
        "no EOI": head + scan,
        "half of an EOI": head + scan + b"\xff",
        "bytes after EOI": data + b"\0" * 100 + data,
        "no DHT": without(data, 0xC4),
        "unknown segments": head[:2]
        + segment(0xF0, b"x")
        + segment(0x02, b"")
        + head[2:]
        + scan
        + end,
        "comment": head[:2] + segment(0xFE, b"\xff\xd8\xff\xda") + head[2:] + scan + end,
    }


ODD = odd_files()


@pytest.mark.parametrize("name", ODD)
def test_odd_files_come_back(name):
    parts, _ = cut_and_restore(ODD[name], [(1, 1, 3, 3)])
    plain = cut(by_pillow(picture(50, 60)), [(1, 1, 3, 3)])
    if name != "padding of both":
        assert parts.public == plain.public
    assert parts.regions == plain.regions


def test_segments_are_found_where_they_are():
    data = ODD["comment"]
    frame = parse(b"\xff\xd8\xff\xff" + data[2:])
    (comment, jfif) = frame.segments
    assert (comment.marker, comment.offset, comment.length) == (0xFE, 4, 8)
    assert (jfif.marker, jfif.offset, jfif.length) == (0xE0, 12, 18)


def test_a_frame_says_what_it_is():
    frame = parse(by_pillow(picture(50, 100), progressive=True, quality=100))
    assert (frame.precision, frame.width, frame.height) == (8, 100, 50)
    assert frame.progressive
    assert frame.components == ((2, 2, 0), (1, 1, 1), (1, 1, 1))
    assert (frame.cell, frame.grid) == ((16, 16), (7, 4))
    assert frame.quant == (b"\0\1" * 64,) * 2
