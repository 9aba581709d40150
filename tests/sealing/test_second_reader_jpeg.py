"""The second reader's coder of JPEGs, against Pillow, jpeglib and the bytes of the files."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFile
from support.jpeg_matrix import by_pillow, cases, refused_cases
from support.second_reader.jpeg_decoder import decode
from support.second_reader.jpeg_encoder import find_recipes
from support.second_reader.jpeg_segments import Refused, parse

ZIGZAG = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
)  # fmt: skip
MATRIX, REFUSED = list(cases()), list(refused_cases())
FEW = [case for n, case in enumerate(MATRIX) if n % 6 == 0 or case[0].startswith("odd-")]


def read(data):
    jpeg = parse(data)
    return jpeg, *decode(jpeg)


def scans_come_back(data):
    """The coder raises where they do not."""
    jpeg, blocks, recipes = read(data)
    return find_recipes(jpeg, blocks, recipes)


def test_the_matrix_has_a_name_for_each_case_and_hundreds_of_them():
    assert len({name for name, _ in MATRIX}) == len(MATRIX) >= 550


@pytest.mark.parametrize(("name", "data"), FEW, ids=[name for name, _ in FEW])
def test_each_scan_comes_out_again_to_the_byte(name, data):
    recipes = scans_come_back(data)
    policies = {recipe.policy for recipe in recipes}
    rare = {"no-limit": 1, "short-eob-runs": 2}
    assert max(policies) == next((n for word, n in rare.items() if word in name), 0)
    assert any(r.tail for r in recipes) == any(w in name for w in ("stray", "tail", "fill-before"))
    assert any(recipe.zrl for recipe in recipes) == ("needless-zrl" in name)


def test_pillow_reads_the_whole_matrix_without_a_warning():
    for name, data in MATRIX:
        if not name.endswith(("12-bit", "exif-broken", "no-eoi")):
            Image.open(io.BytesIO(data)).load()


@pytest.mark.slow
def test_each_scan_of_the_whole_matrix_comes_out_again():
    for name, data in MATRIX:
        assert scans_come_back(data), name


@pytest.mark.parametrize(
    ("data", "readable"), [case[1:] for case in REFUSED], ids=[name for name, *_ in REFUSED]
)
def test_what_no_coder_of_huffman_scans_gives_back_is_refused(data, readable):
    with pytest.raises(Refused):
        scans_come_back(data)
    # Another test or a library may have let Pillow read half a file.
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        Image.open(io.BytesIO(data)).load()
    except (OSError, AttributeError):
        assert not readable
    else:
        assert readable


def samples(jpeg, blocks, c):
    """Component c by the definition of the inverse transform (T.81, A.3.3)."""
    columns, rows = jpeg.frame.stored(c)
    wave = np.cos((2 * np.arange(8)[:, None] + 1) * np.arange(8) * np.pi / 16) / 2
    wave[:, 0] /= np.sqrt(2)
    natural = np.zeros((rows * columns, 64))
    quant = jpeg.quant[jpeg.frame.components[c].tq]
    natural[:, ZIGZAG] = np.array(blocks[c]) * quant
    square = wave @ natural.reshape(-1, 8, 8) @ wave.T + 128
    plane = square.reshape(rows, columns, 8, 8).swapaxes(1, 2).reshape(8 * rows, 8 * columns)
    return np.clip(plane, 0, 255)[: jpeg.frame.height, : jpeg.frame.width]


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"quality": 100}, {"restart_marker_blocks": 1}], ids=str
)
def test_the_coefficients_are_those_of_pillows_pixels(mode, options):
    more = {"keep_rgb": True} if mode == "RGB" else {}
    data = by_pillow(mode, (61, 43), **options, **more)
    jpeg, blocks, _ = read(data)
    pixels = np.asarray(Image.open(io.BytesIO(data))).reshape(43, 61, -1)
    mine = np.stack([samples(jpeg, blocks, c) for c in range(len(blocks))], axis=-1)
    mine = 255 - mine if mode == "CMYK" else mine
    # libjpeg's transform is in integers and off by one where the exact value is near a half.
    assert np.abs(mine - pixels).max() < 1.1


@pytest.mark.slow
def test_the_coefficients_are_those_of_libjpeg(tmp_path):
    """jpeglib is libjpeg with its coefficients handed out; it is installed by hand."""
    jpeglib = pytest.importorskip("jpeglib")
    path = tmp_path / "case.jpg"
    for name, data in MATRIX:
        # It refuses 12 bits and files without DHT, and crashes on an empty comment.
        if name.endswith(("12-bit", "no-dht", "empty-comment")):
            continue
        path.write_bytes(data)
        theirs = jpeglib.read_dct(str(path))
        jpeg, blocks, _ = read(data)
        for c, part in enumerate((theirs.Y, theirs.Cb, theirs.Cr, theirs.K)[: len(blocks)]):
            stored, (columns, rows) = jpeg.frame.stored(c), jpeg.frame.real(c)
            mine = np.array(blocks[c]).reshape(stored[1], stored[0], 64)[:rows, :columns]
            flat = np.asarray(part).reshape(*part.shape[:2], 64)[:rows, :columns]
            assert np.array_equal(mine, flat[..., ZIGZAG]), name
