"""The second reader opens sealed JPEGs that the slow writer of the tests made."""

import io
import shutil
import subprocess
from hashlib import sha256
from random import Random

import numpy as np
import pytest
from PIL import Image
from support.jpeg_matrix import by_pillow, cases
from support.jpeg_oddities import many_corrections
from support.jpeg_sealer import region_part, seal
from support.second_reader.header import expand
from support.second_reader.jpeg import (
    Sealed,
    open_jpeg,
    owners,
    public_sha256,
    put_region,
    region_blocks,
    tokens,
    wrapped_region,
)
from support.second_reader.jpeg_decoder import decode, empty_blocks
from support.second_reader.jpeg_layout import region_info
from support.second_reader.jpeg_segments import Component, Frame, Jpeg, Refused, parse

KEY = bytes(range(32))
CASES = [
    case
    for n, case in enumerate(cases())
    if len(case[1]) < 60_000 and (n % 17 == 0 or case[0].startswith("odd-420-"))
]


def three_regions(frame):
    """One beside another, one over both, one within."""
    x, y = frame.cells
    return [[0, 0, (x + 1) // 2, y], [0, y // 2, x, y], [x - 1, y - 1, x, y]]


@pytest.mark.parametrize(("name", "data"), CASES, ids=[name for name, _ in CASES])
def test_the_original_comes_back_to_the_byte(name, data):
    assert open_jpeg(seal(data, three_regions(parse(data).frame), KEY), KEY) == data
    sealed = seal(data, [[0, 0, 1, 1]], KEY, deflate=False)
    assert open_jpeg(sealed, lambda header: KEY) == data


def test_a_picture_without_a_region_comes_back_too():
    data = by_pillow("RGB", (40, 30))
    assert open_jpeg(seal(data, [], KEY), KEY) == data


@pytest.mark.skipif(not shutil.which("jpegtran"), reason="needs jpegtran")
@pytest.mark.parametrize("option", ["-optimize", "-progressive", "-restart=1B"])
@pytest.mark.parametrize("save", [{"subsampling": 2}, {"subsampling": 1, "progressive": True}])
def test_it_opens_after_jpegtran(option, save):
    data = by_pillow("RGB", (43, 37), **save)
    command = ["jpegtran", "-copy", "all", *option.split("=")]
    sealed = seal(data, [[0, 0, 2, 2]], KEY)
    again = subprocess.run(command, input=sealed, capture_output=True, check=True).stdout
    assert again != sealed
    assert open_jpeg(again, KEY) == data


def test_the_interior_of_a_region_is_flat_and_the_rest_is_as_it_was():
    data = by_pillow("RGB", (160, 128), subsampling=2)
    sealed = seal(data, [[2, 2, 7, 6]], KEY)
    before, after = (np.asarray(Image.open(io.BytesIO(d))).astype(int) for d in (data, sealed))
    assert (after[34:94, 34:110] == after[40, 40]).all()
    # Chroma is interpolated over the rim.
    outside = np.ones(before.shape[:2], bool)
    outside[30:98, 30:114] = False
    assert (before[outside] == after[outside]).all()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_region_part_is_a_jpeg_of_the_region(mode):
    """Pillow shows the wrapped part as it shows those pixels of the original."""
    more = {"keep_rgb": True} if mode == "RGB" else {}
    data = by_pillow(mode, (70, 52), quality=90, **more)
    jpeg = parse(data)
    blocks, _ = decode(jpeg)
    cells = [1, 2, 5, 6]
    own = set(owners(jpeg.frame, [cells]))
    part = region_part(jpeg.frame, blocks, cells, own)
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"
    file = wrapped_region(part, jpeg, cells, *([adobe] if mode != "L" else []))
    pixels = np.asarray(Image.open(io.BytesIO(file)))
    assert (pixels == np.asarray(Image.open(io.BytesIO(data)))[16:48, 8:40]).all()


def test_a_region_part_with_tables_of_its_own_and_a_neighbour_of_another_region():
    """Coefficients that Annex K has no code for."""
    data = many_corrections(by_pillow("RGB", (50, 35), subsampling=2, progressive=True))
    jpeg = parse(data)
    blocks, _ = decode(jpeg)
    for part in blocks:
        for block in part:
            block[1] = 3000
    regions = [[0, 0, 2, 2], [1, 1, 4, 3]]
    sealed = owners(jpeg.frame, regions)
    found = empty_blocks(jpeg.frame)
    for index, cells in enumerate(regions):
        own = {cell for cell, owner in sealed.items() if owner == index}
        part = region_part(jpeg.frame, blocks, cells, own)
        assert part[0] == 1
        put_region(found, jpeg.frame, cells, own, region_blocks(part, jpeg.frame, cells))
    for c, one in enumerate(jpeg.frame.components):
        columns = jpeg.frame.stored(c)[0]
        for number, block in enumerate(blocks[c]):
            cell = number % columns // one.h, number // columns // one.v
            assert found[c][number] == (block if cell in sealed else [0] * 64)


def test_a_region_key_opens_its_region_alone():
    data = by_pillow("RGB", (80, 60), subsampling=0)
    sealed = Sealed(seal(data, [[0, 0, 3, 3], [5, 4, 8, 7]], KEY))
    original, _ = decode(parse(data))
    key = expand(KEY, region_info(1))
    sealed.open_region(1, key)
    width = sealed.frame.stored(0)[0]
    assert sealed.blocks[0][4 * width + 5] == original[0][4 * width + 5]
    assert not any(sealed.blocks[0][0])
    with pytest.raises(AssertionError):  # what the header commits to
        sealed.open_region(0, key)
    with pytest.raises(AssertionError):  # the header's MAC
        sealed.original(key)


def test_tokens_are_those_written_down():
    """Two components, the second of half the width; cells of 16x8, the last with a dummy."""
    frame = Frame(0xC0, 8, 24, 8, (Component(1, 2, 1, 0), Component(2, 1, 1, 0)))
    blocks = empty_blocks(frame)
    blocks[0][0][0], blocks[0][0][63] = 5, -1
    blocks[0][2][2] = 256
    blocks[0][3][0] = 9  # a dummy
    blocks[1][0][1] = 7  # of a sealed cell, in the second reading
    dc = bytes([1, 0, 0, 0, 0, 0, 0])
    first = dc + b"\x80" + b"\5\0\xff\xff"
    zero = dc + b"\0" + b"\0\0"
    third = b"\5" + bytes(7) + b"\0\0" + b"\0\1"
    chroma = b"\3" + bytes(7) + b"\0\0" + b"\7\0"
    assert b"".join(tokens(frame, blocks, {})) == first + zero + third + chroma + zero
    assert b"".join(tokens(frame, blocks, {(0, 0)})) == third + zero


def test_a_cell_of_two_regions_is_the_firsts():
    frame = Frame(0xC0, 8, 40, 24, (Component(1, 1, 1, 0),))
    found = owners(frame, [[0, 0, 2, 1], [1, 0, 3, 2]])
    assert found == {(0, 0): 0, (1, 0): 0, (2, 0): 1, (1, 1): 1, (2, 1): 1}
    with pytest.raises(Refused, match="beyond"):
        owners(frame, [[0, 0, 6, 1]])


def test_the_hash_is_of_frame_quantisers_and_tokens():
    frame = Frame(0xC0, 8, 8, 8, (Component(1, 1, 1, 2),))
    jpeg = Jpeg(b"", frame, quant={2: (1,) * 64, 3: (9,) * 64})
    text = b'{"frame":[8,8,8,[[1,1,2]]],"quant":["' + b"AAEAAQAB" * 21 + b"AAE=" + b'"]}'
    token = bytes([1, 0, 0, 0, 0, 0, 0, 0, 250, 255])
    wanted = sha256(b"facecrypt v2 public coefficients" + text + token).hexdigest()
    assert public_sha256(jpeg, [[[-6] + [0] * 63]], {}) == wanted


def test_a_flipped_bit_is_an_error_or_changes_nothing():
    data = by_pillow("RGB", (40, 33), subsampling=2)
    sealed = seal(data, [[1, 0, 2, 2]], KEY)
    draw, outcomes = Random(7), {"error": 0, "original": 0}
    for _ in range(150):
        changed = bytearray(sealed)
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        try:
            opened = open_jpeg(bytes(changed), KEY)
        except Exception:
            outcomes["error"] += 1
        else:
            assert opened == data
            outcomes["original"] += 1
    assert outcomes["error"] > 100


def packets(sealed):
    """The APP11 segments of a sealed file, and the bytes around them."""
    parts, at = [], 2
    while sealed[at + 1] == 0xEB:
        end = at + 2 + int.from_bytes(sealed[at + 2 : at + 4])
        parts.append(sealed[at:end])
        at = end
    return sealed[:2], parts, sealed[at:]


def test_packets_of_the_payload_in_any_order_and_beside_those_of_others():
    data = by_pillow("RGB", (40, 33), subsampling=2)
    start, parts, rest = packets(seal(data, [[1, 0, 2, 2]], KEY))
    assert len(parts) > 2
    head = b"JP\0\2\0\0\0\1"
    other = bytes.fromhex("000000276a756d620000001f6a756d64") + bytes(16) + b"\3other\0"
    other = b"\xff\xeb" + (2 + len(head + other)).to_bytes(2) + head + other
    assert open_jpeg(start + other + b"".join(parts[::-1]) + rest, KEY) == data


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: parts[1:],
        lambda parts: parts[:-1],
        lambda parts: parts[:1] + parts[2:],
        lambda parts: [*parts, parts[1]],
        lambda parts: parts + [part[:7] + b"\2" + part[8:] for part in parts],
        lambda parts: [],
        lambda parts: [parts[0][:12] + b"\0\0\0\1" + parts[0][16:], *parts[1:]],
    ],
    ids=["no-first", "no-last", "no-second", "one-twice", "all-twice", "none", "another-length"],
)
def test_a_payload_that_is_not_whole_and_one_is_refused(change):
    data = by_pillow("RGB", (40, 33), subsampling=2)
    start, parts, rest = packets(seal(data, [[1, 0, 2, 2]], KEY))
    with pytest.raises(Refused, match="payload"):
        open_jpeg(start + b"".join(change(parts)) + rest, KEY)
