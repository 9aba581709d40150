"""Whatever the JPEG and the boxes: it comes back, and the public part tells nothing else."""

import io
import shutil
import subprocess
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from support.jpeg_matrix import by_pillow, cases
from support.jpeg_oddities import exif
from support.sealed_jpegs import KEY, opened, photo, seal, without
from support.second_reader.jpeg_decoder import decode as coefficients
from support.second_reader.jpeg_segments import parse

from facecrypt import ContainerError, Region, region_key

MATRIX = [case for case in cases() if not case[0].endswith(("12-bit", "longest-eob-run"))]
SOME = MATRIX[::29]


def boxes():
    edge = st.integers(-9, 60)
    side = st.integers(1, 50)
    return st.lists(
        st.tuples(edge, edge, side, side).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])),
        max_size=4,
    )


def inside(drawn, data):
    """Those that touch the picture whichever way up it is; one wholly outside is an error."""
    frame = parse(data).frame
    least = min(frame.width, frame.height)
    return [
        Region(*box)
        for box in drawn
        if box[0] < least and box[1] < least and box[2] > 0 and box[3] > 0
    ]


def read(data):
    jpeg = parse(data)
    return jpeg.frame, coefficients(jpeg)[0]


def test_every_case_of_the_matrix_comes_back_to_the_byte():
    for name, data in MATRIX:
        frame = parse(data).frame
        side = max(frame.width, frame.height)
        regions = [Region(0, 0, (side + 2) // 3, side), Region(0, 0, 1, 1)]
        assert opened(seal(data, regions, cipher="aes-256-gcm")).given == data, name


@settings(max_examples=120)
@given(st.sampled_from(MATRIX), boxes(), st.booleans())
def test_any_boxes_come_back_to_the_byte(case, drawn, keep):
    _, data = case
    regions = inside(drawn, data)
    sealed = seal(data, regions, keep_metadata=keep)
    assert opened(sealed).given == data
    if regions:
        assert seal(data, regions, keep_metadata=keep) != sealed  # a new key each time


@settings(max_examples=40)
@given(st.sampled_from(SOME), boxes(), st.data())
def test_opened_faces_have_their_coefficients_and_all_other_cells_are_as_sealed(case, drawn, data):
    _, file = case
    regions = inside(drawn, file)
    sealed = seal(file, regions)
    numbers = data.draw(st.sets(st.integers(0, len(regions) - 1))) if regions else set()
    if not numbers:
        return
    header = opened(sealed).header
    keys = [region_key(header, KEY, number) for number in numbers]
    given = opened(sealed, *keys).given
    assert given == opened(sealed, regions=sorted(numbers)).given
    frame, plain = read(file)
    _, hidden = read(sealed)
    _, shown = read(given)
    owner = {}
    for number, region in enumerate(header.regions):
        x0, y0, x1, y1 = header.content.cells(region)
        for cell in ((x, y) for y in range(y0, y1) for x in range(x0, x1)):
            owner.setdefault(cell, number)
    for c, one in enumerate(frame.components):
        for place in range(len(plain[c])):
            row, column = divmod(place, frame.stored(c)[0])
            if column >= frame.real(c)[0] or row >= frame.real(c)[1]:
                continue
            number = owner.get((column // one.h, row // one.v))
            assert hidden[c][place] == (plain[c][place] if number is None else [0] * 64)
            assert shown[c][place] == (plain if number in numbers else hidden)[c][place]


KINDS = {
    "420": {"subsampling": 2},
    "422": {"subsampling": 1},
    "444": {"subsampling": 0},
    "optimized": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 3},
    "progressive-restarts": {"progressive": True, "restart_marker_blocks": 3},
    "coarse": {"quality": 5, "optimize": True},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("face", ["noise", "flat", "white"])
def test_public_bytes_tell_nothing_of_the_face(kind, face):
    """Two originals that differ in sealed cells alone have one public part."""
    one, other = photo(128, 96), photo(128, 96)
    hidden = other[32:64, 48:96]
    rng = np.random.default_rng(5)
    hidden[:] = {"noise": rng.integers(0, 256, hidden.shape), "flat": 7, "white": 255}[face]
    sealed = []
    for pixels in (one, other):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", **KINDS[kind])
        sealed.append(seal(file.getvalue(), [Region(48, 32, 96, 64)]))
    assert sealed[0] != sealed[1]
    assert without(sealed[0], 0xEB) == without(sealed[1], 0xEB)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("sampling", [0, 2])
def test_the_fill_lies_over_the_box_of_the_upright_picture(turn, sampling):
    """Found upright, sealed as stored: seen upright again it is the box, widened to cells."""
    file = io.BytesIO()
    Image.fromarray(photo(96, 64)).save(file, "JPEG", subsampling=sampling)
    data = file.getvalue()[:2] + exif(turn) + file.getvalue()[2:]
    plain = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data)))).astype(int)
    height, width = plain.shape[:2]
    assert (width, height) == ((96, 64) if turn < 5 else (64, 96))
    sealed = seal(data, [Region(20, 10, 41, 33)])
    seen = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(sealed)))).astype(int)
    side = 16 if sampling else 8
    box = [20 // side * side, 10 // side * side, -(-41 // side) * side, -(-33 // side) * side]
    changed = np.argwhere((plain != seen).any(axis=-1))
    # Over the edges chroma is interpolated.
    least, most = changed.min(axis=0)[::-1], changed.max(axis=0)[::-1] + 1
    assert np.abs(np.array([*least, *most]) - box).max() <= (1 if sampling else 0)
    inner = seen[box[1] + 2 : box[3] - 2, box[0] + 2 : box[2] - 2]
    assert (inner == inner[0, 0]).all()
    one = opened(sealed, regions=[0]).given
    again = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(one))))
    assert (again == plain).all()
    assert opened(sealed).given == data


@cache
def tool(name):
    return shutil.which(name)


@pytest.mark.skipif(not tool("jpegtran"), reason="needs jpegtran")
@pytest.mark.parametrize("option", ["", "-optimize", "-progressive", "-restart 1", "-restart 2B"])
def test_it_opens_after_jpegtran(option):
    """Rewritten without loss it has other bytes and the same coefficients."""
    changed = 0
    for name, data in MATRIX[::5]:
        frame = parse(data).frame
        side = (min(frame.width, frame.height) + 1) // 2
        sealed = seal(data, [Region(0, 0, side, frame.height)])
        command = ["jpegtran", "-copy", "all", *option.split()]
        done = subprocess.run(command, input=sealed, capture_output=True, check=True)
        assert opened(done.stdout).given == data, name
        changed += done.stdout != sealed
    assert changed


@pytest.mark.skipif(not tool("jpegtran"), reason="needs jpegtran")
@pytest.mark.parametrize("option", ["-flip horizontal", "-flip vertical", "-rotate 180"])
@pytest.mark.parametrize("size", [(96, 64), (90, 70)])
def test_what_jpegtran_turned_opens_when_it_turned_it_back(option, size):
    data = by_pillow("RGB", size, subsampling=2)
    sealed = seal(data, [Region(2, 2, 20, 14)])
    command = ["jpegtran", "-copy", "all", *option.split()]
    turned = subprocess.run(command, input=sealed, capture_output=True, check=True).stdout
    with pytest.raises(ContainerError, match=f"jpegtran -copy all {option} IN"):
        opened(turned)
    back = subprocess.run(command, input=turned, capture_output=True, check=True).stdout
    assert opened(back).given == data


@pytest.mark.skipif(not tool("exiftool"), reason="needs exiftool")
@pytest.mark.parametrize(
    "tag", ["-Orientation=6", "-Artist=A", "-XMP:Title=T", "-IPTC:Keywords=k", "-Comment=c"]
)
def test_it_opens_after_exiftool(tmp_path, tag):
    path, data = tmp_path / "a.jpg", by_pillow("RGB", (90, 70), subsampling=2)
    path.write_bytes(seal(data, [Region(16, 16, 40, 40), Region(50, 20, 70, 60)]))
    more = ["-n"] if "=6" in tag else []
    subprocess.run(["exiftool", "-q", "-overwrite_original", *more, tag, path], check=True)
    assert opened(path.read_bytes()).given == data
