"""The guess whether a picture is encrypted, by the model that comes with the package."""

import contextlib
import io
import json
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.places import ROOT

from facecrypt import SecretKey, encrypt_image, schemes
from facecrypt.analysis.guess import _regions, guess, mirrored, probability_map
from facecrypt.cli import main
from facecrypt.errors import BackendUnavailableError
from facecrypt.media import encode_image, read_image
from facecrypt.regions import Region

pytest.importorskip("onnxruntime", reason="needs facecrypt[cpu]")

FACE = Region(168, 24, 296, 184)


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return read_image(ROOT / "examples" / "astronaut.png").pixels


@pytest.fixture(scope="module")
def sealed(astronaut) -> np.ndarray:
    return encrypt_image(astronaut, SecretKey.generate(), regions=[FACE]).image


def noise(*shape, dtype=np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def overlap(a: Region, b: Region) -> float:
    """Intersection over union, by counting pixels."""
    first, second = (np.zeros((600, 600), bool) for _ in range(2))
    first[a.y0 : a.y1, a.x0 : a.x1] = True
    second[b.y0 : b.y1, b.x0 : b.x1] = True
    return (first & second).sum() / (first | second).sum()


# ---- whole pictures --------------------------------------------------------------------------


def test_a_photo_is_plain(astronaut):
    found = guess(astronaut)
    assert found.probability < 0.1
    assert found.regions == ()


@pytest.mark.parametrize("name", ["chaos-blocks", "ele", "le", "logistic-pixel", "pbe"])
def test_a_photo_encrypted_by_a_scheme_is_not(astronaut, name):
    scheme = schemes.get(name)
    part = np.ascontiguousarray(astronaut[:256, 128:384])
    key = scheme.random_key(part.shape, np.random.default_rng(5))
    assert guess(scheme.encrypt(part, key)).probability > 0.8


@pytest.mark.parametrize("name", ["block-shuffle", "cat-map", "combined-cat-map", "etc"])
def test_a_photo_whose_pixels_or_blocks_moved_is_not(astronaut, name):
    scheme = schemes.get(name)
    part = np.ascontiguousarray(astronaut[:256, 128:384])
    key = scheme.random_key(part.shape, np.random.default_rng(5))
    assert guess(scheme.encrypt(part, key)).probability > 0.5


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "logistic+aes-256-gcm"])
def test_a_photo_sealed_as_a_whole(astronaut, cipher):
    whole = [Region(0, 0, 512, 512)]
    image = encrypt_image(astronaut, SecretKey.generate(), regions=whole, cipher=cipher).image
    found = guess(image)
    assert found.probability > 0.95
    assert [region.box for region in found.regions] == [(0, 0, 512, 512)]


# ---- regions ---------------------------------------------------------------------------------


def test_a_sealed_face_is_found_and_nothing_else(sealed):
    found = guess(sealed)
    assert len(found.regions) == 1
    assert overlap(found.regions[0], FACE) > 0.8
    assert found.regions[0].score > 0.8
    # 128 x 160 of 512 x 512 pixels
    assert found.probability == pytest.approx(0.078, abs=0.05)


def test_few_cells_of_structure_are_an_accident_and_of_noise_are_not():
    cells = np.zeros((12, 12), np.float32)
    cells[4:8, 4:6] = 1  # of which the mean over 3 x 3 leaves four
    noise, nothing = cells > 0.5, np.zeros(cells.shape, bool)
    assert [region.box for region in _regions(cells, noise, 96, 96)] == [(32, 40, 48, 56)]
    assert _regions(cells, nothing, 96, 96) == ()
    cells[2:10, 4:6] = 1  # twelve
    assert [region.box for region in _regions(cells, nothing, 96, 96)] == [(32, 24, 48, 72)]


def test_regions_come_largest_first(astronaut):
    places = [Region(360, 40, 440, 120), FACE]
    image = encrypt_image(astronaut, SecretKey.generate(), regions=places).image
    found = guess(image).regions
    assert len(found) == 2
    assert overlap(found[0], FACE) > 0.8
    assert overlap(found[1], places[0]) > 0.7


def test_an_ellipse_is_found(astronaut):
    ellipse = Region(*FACE.box, shape="ellipse")
    image = encrypt_image(astronaut, SecretKey.generate(), regions=[ellipse]).image
    assert overlap(guess(image).regions[0], FACE) > 0.7


# ---- pictures of all kinds -------------------------------------------------------------------


def test_gray_is_a_picture_of_three_equal_channels():
    gray = noise(40, 56)
    expected = probability_map(np.repeat(gray[..., None], 3, axis=2))
    assert (probability_map(gray) == expected).all()
    assert (probability_map(gray[..., None]) == expected).all()


def test_alpha_is_not_looked_at(sealed):
    part = sealed[:200, 100:300]
    with_alpha = np.dstack([part, noise(200, 200)])
    assert (probability_map(with_alpha) == probability_map(part)).all()


def test_of_16_bits_the_high_ones_are_looked_at(sealed):
    part = sealed[:200, 100:300]
    deep = part.astype(np.uint16) << 8 | noise(*part.shape)
    assert (probability_map(deep) == probability_map(part)).all()


def test_the_input_is_not_changed(sealed):
    before = sealed.copy()
    guess(sealed)
    assert (sealed == before).all()


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 70), width=st.integers(1, 70), channels=st.sampled_from([1, 3, 4]))
def test_any_size(height, width, channels):
    image = noise(height, width, channels)
    cells = probability_map(image)
    assert cells.shape == ((height + 7) // 8, (width + 7) // 8)
    assert ((cells >= 0) & (cells <= 1)).all()
    found = guess(image)
    for region in found.regions:
        assert region.clip(height, width) == region
    assert 0 <= found.probability <= 1


def test_one_pixel_is_flat():
    assert guess(np.full((1, 1), 77, np.uint8)).probability < 0.5


def test_parts_of_a_large_picture_are_looked_at_as_the_whole():
    """More than one tile of 512 pixels each way: seams would show."""
    image = noise(1100, 600, 3)
    image[300:700, 100:500] //= 64
    cells = probability_map(image)
    # What is further than 12 pixels from an edge of the part sees the same pixels.
    part = probability_map(image[480:560, 400:600])
    np.testing.assert_allclose(part[2:-2, 2:-2], cells[62:68, 52:73], atol=1e-5)


def test_memory_is_bounded():
    """A picture of 64 million pixels that takes one page: only tiles are ever copied."""
    resource = pytest.importorskip("resource", reason="needs a Unix")
    probability_map(np.zeros((600, 600, 3), np.uint8))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    image = np.broadcast_to(np.uint8(9), (256, 1 << 16, 3))
    assert probability_map(image).shape == (32, 8192)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 40 << 20


@pytest.mark.parametrize(
    ("image", "error"),
    [
        (np.zeros((8, 8), np.float32), TypeError),
        ([[0]], TypeError),
        (np.zeros((0, 8), np.uint8), ValueError),
        (np.zeros((8, 8, 2), np.uint8), ValueError),
        (np.zeros((1, 8, 8, 3), np.uint8), ValueError),
    ],
)
def test_what_is_no_picture(image, error):
    with pytest.raises(error, match=r"expected|empty"):
        guess(image)


@given(size=st.integers(1, 9), start=st.integers(-30, 30), length=st.integers(0, 40))
def test_mirrored_is_numpys_symmetric_padding(size, start, length):
    line = np.pad(np.arange(size), 90, mode="symmetric")
    assert (mirrored(size, start, start + length) == line[90 + start : 90 + start + length]).all()


def test_without_onnxruntime(monkeypatch):
    from facecrypt.analysis import guess as module

    module._models.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BackendUnavailableError, match=r"is encrypted needs onnxruntime: pip"):
        guess(np.zeros((8, 8), np.uint8))


# ---- the command -----------------------------------------------------------------------------


def command(*args) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(arg) for arg in args])
    return code, out.getvalue(), err.getvalue()


def test_command_on_a_plain_picture():
    code, out, err = command("inspect", "--guess", ROOT / "examples" / "astronaut.png")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "no facecrypt header"
    assert lines[2] == "looks     encrypted nowhere"
    assert lines[3].startswith("figures   entropy 7.")
    assert lines[3].endswith("; noise 8.000")
    assert "it proves nothing" in lines[-1]


def test_command_on_a_sealed_picture(tmp_path):
    source = ROOT / "examples" / "astronaut.png"
    assert command("keygen", "--symmetric", "-o", tmp_path / "k")[0] == 0
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"astronaut.png": [FACE.box]}))
    seal = ("encrypt", source, "-o", tmp_path, "-k", tmp_path / "k", "--boxes", boxes, "--grow", 0)
    assert command(*seal)[0] == 0
    code, out, _ = command("inspect", "--guess", "--json", tmp_path / "astronaut.png")
    assert code == 0
    found = json.loads(out)
    sealed = Region(160, 16, 304, 192)  # the face, widened to multiples of 16
    assert found["header"]["regions"] == [{"box": list(sealed.box)}]
    guessed = found["guess"]
    assert overlap(Region(*guessed["regions"][0]["box"]), sealed) > 0.8
    assert guessed["noise_chi_square"] == 293.2
    code, out, _ = command("inspect", "--guess", tmp_path / "astronaut.png")
    lines = out.splitlines()
    assert lines[0].startswith("facecrypt format 2")
    assert sum(line.startswith("looks     encrypted at ") for line in lines) == 1


def test_command_on_noise_and_on_what_does_not_vary(tmp_path):
    (tmp_path / "noise.png").write_bytes(encode_image(".png", noise(64, 64, 3)))
    found = json.loads(command("inspect", "--guess", "--json", tmp_path / "noise.png")[1])
    assert found["header"] is None
    assert found["guess"]["probability"] > 0.95
    assert found["guess"]["chi_square"] < 400
    assert abs(found["guess"]["correlation"]) < 0.05
    (tmp_path / "flat.png").write_bytes(encode_image(".png", np.zeros((16, 16), np.uint16)))
    found = json.loads(command("inspect", "--guess", "--json", tmp_path / "flat.png")[1])
    assert found["guess"]["correlation"] is None
    assert found["guess"]["entropy"] == 0
    assert "none, a channel is flat" in command("inspect", "--guess", tmp_path / "flat.png")[1]


def test_command_on_a_lossy_picture(tmp_path, astronaut):
    cv2.imwrite(str(tmp_path / "a.jpg"), astronaut[..., ::-1])
    code, out, _ = command("inspect", "--guess", tmp_path / "a.jpg")
    assert (code, out.splitlines()[0]) == (0, "no facecrypt header")


def test_command_on_what_is_no_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(b"something else")
    code, out, err = command("inspect", "--guess", tmp_path / "a.png")
    assert (code, out) == (1, "")
    assert "not a picture" in err
