"""A face that is forgotten is gone for all; the others, and the picture around them, stay."""

import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from support.places import ROOT
from support.second_opinion import second_opinion
from support.second_reader.jpeg_decoder import decode
from support.second_reader.jpeg_segments import parse

from facecrypt import (
    AuthenticationError,
    ContainerError,
    ForgottenError,
    Header,
    Identity,
    MediaError,
    Region,
    SecretKey,
    decrypt_file,
    encrypt_file,
    forget_files,
    forget_regions,
    inspect,
    region_key,
    rewrap_file,
    verify,
)
from facecrypt.media import encode_image, jpeg, read_image
from facecrypt.media.png import encode_png
from facecrypt.sealing import rewriting
from facecrypt.sealing.finding import read_payload
from facecrypt.sealing.payload import Payload

KEY, SECRET = SecretKey(bytes(range(32))), bytes(range(32))
FACES = [Region(0, 0, 16, 16), Region(16, 16, 48, 32), Region(48, 32, 64, 48)]
STORED = ROOT / "tests" / "vectors" / "sealed"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
KINDS = {
    "png": ("a.png", False),
    "jpeg": ("a.jpg", False),
    "png beside": ("a.png", True),
    "tiff beside": ("a.tif", True),
    "jpeg beside": ("a.jpg", True),
}


@pytest.fixture(params=KINDS)
def sealed(request, tmp_path, photo) -> Path:
    name, sidecar = KINDS[request.param]
    path, plain = tmp_path / "out" / name, plain_of(tmp_path / "out" / name)
    path.parent.mkdir()
    Image.fromarray(photo).save(plain)
    os.utime(plain, ns=(10**18, 10**18))
    encrypt_file(plain, path, KEY, regions=FACES, sidecar=sidecar)
    return path


def plain_of(sealed: Path) -> Path:
    return sealed.parent.parent / f"plain{'.jpg' if sealed.suffix == '.jpg' else '.png'}"


def everything(path: Path) -> bytes:
    """All bytes that lie there, those in the IDAT of a PNG inflated."""
    pixels = read_image(path).pixels.tobytes()
    return pixels + b"".join(each.read_bytes() for each in sorted(path.parent.iterdir()))


def ciphertexts(path: Path) -> list[bytes]:
    """A row of each region in pixels, or the parts of a payload."""
    payload = read_payload(path)
    if payload.regions:
        return [bytes(part) for part in (*payload.regions, *payload.private)]
    pixels = read_image(path).pixels
    return [pixels[face.y0, face.x0 : face.x1].tobytes() for face in FACES]


def decrypted(path: Path, key=KEY) -> np.ndarray:
    back = path.parent.parent / f"back{path.suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        decrypt_file(path, back, key, overwrite=True)
    return read_image(back).pixels


def crop(pixels: np.ndarray, face: Region) -> np.ndarray:
    return pixels[face.y0 : face.y1, face.x0 : face.x1]


def test_the_face_is_gray_and_all_else_as_it_was(sealed):
    original = read_image(plain_of(sealed)).pixels
    forget_regions(sealed, KEY, [1])
    opened = decrypted(sealed)
    # JPEG: chroma of a picture with 4:2:0 is smoothed across the edge of the region.
    inner = Region(18, 18, 46, 30)
    assert np.abs(crop(opened, inner).astype(int) - 128).max() <= 2
    if sealed.suffix == ".jpg":
        assert (crop(opened, FACES[0])[:14, :14] == crop(original, FACES[0])[:14, :14]).all()
        assert (crop(opened, FACES[2])[2:, 2:] == crop(original, FACES[2])[2:, 2:]).all()
    else:
        crop(original, FACES[1])[...] = 128
        assert (opened == original).all()


def test_a_second_reader_opens_the_others(sealed):
    file = sealed.with_name("key.txt")
    KEY.save(file)
    text = file.read_text().strip()
    forget_regions(sealed, KEY, [1])
    opened = second_opinion(sealed, SECRET, text)
    if sealed.suffix != ".jpg":
        assert opened == decrypted(sealed).tobytes()
        return
    plain = parse(plain_of(sealed).read_bytes())
    blocks, _ = decode(plain)
    for c, one in enumerate(plain.frame.components):
        width = plain.frame.stored(c)[0]
        for number in range(len(blocks[c])):
            row, column = divmod(number, width)
            if (column // one.h, row // one.v) in {(1, 1), (2, 1)}:
                blocks[c][number] = [0] * 64
    assert opened == repr(blocks).encode()


def test_what_was_encrypted_is_gone(sealed):
    before = ciphertexts(sealed)
    kept = [before[0], before[2]]
    assert all(part in everything(sealed) for part in before)
    forget_regions(sealed, KEY, [1])
    after = everything(sealed)
    assert [part in after for part in before] == [part in kept for part in before]


def test_what_is_said_of_it(sealed):
    before = inspect(sealed)
    header = forget_regions(sealed, KEY, [1])
    private = before.private
    assert header == inspect(sealed) == replace(before, forgotten=(1, *private), mac=header.mac)
    checked = verify(sealed, KEY)
    assert (checked.regions, checked.unchecked, checked.forgotten) == ((0, 2), (), (1,))
    assert checked.whole
    with pytest.warns(UserWarning, match="region 1 was forgotten and stays hidden"):
        decrypt_file(sealed, sealed.with_name(f"back{sealed.suffix}"), KEY)
    with pytest.raises(ForgottenError, match="region 1 was forgotten: the encrypted face was era"):
        decrypt_file(sealed, sealed.with_name("no.png"), KEY, regions=[1])
    with pytest.raises(ForgottenError, match="region 1 was"):
        region_key(header, KEY, 1)
    forget_regions(sealed, KEY, [2])
    with pytest.warns(UserWarning, match="regions 1, 2 were forgotten and stay hidden"):
        decrypt_file(sealed, sealed.with_name(f"back{sealed.suffix}"), KEY, overwrite=True)
    with pytest.raises(ForgottenError, match="regions 1, 2 were"):
        decrypt_file(sealed, sealed.with_name("no.png"), KEY, regions=[2, 0, 1])


def test_keys_of_regions(sealed):
    hers, gone = (region_key(inspect(sealed), KEY, index) for index in (0, 1))
    forget_regions(sealed, KEY, [1])
    assert region_key(inspect(sealed), KEY, 0) == hers
    checked = verify(sealed, hers)
    assert (checked.regions, checked.unchecked, checked.forgotten) == ((0,), (2,), (1,))
    assert verify(sealed, [hers, gone]).regions == (0,)
    with pytest.raises(ForgottenError):
        verify(sealed, gone)
    with pytest.raises(AuthenticationError):
        forget_regions(sealed, hers, [0])


def test_all_faces(sealed):
    forget_regions(sealed, KEY, [2, 0, 1, 1])
    assert inspect(sealed).forgotten_regions == (0, 1, 2)
    checked = verify(sealed, KEY)
    assert (checked.regions, checked.forgotten, checked.whole) == ((), (0, 1, 2), True)
    assert np.abs(crop(decrypted(sealed), Region(18, 18, 46, 30)).astype(int) - 128).max() <= 2
    with pytest.raises(AuthenticationError):
        verify(sealed, SecretKey.generate())


def test_other_recipients_afterwards(sealed):
    alice = Identity.generate()
    forget_regions(sealed, KEY, [0])
    rewrap_file(sealed, KEY, alice.recipient)
    assert verify(sealed, alice).forgotten == (0,)
    forget_regions(sealed, alice, [2])
    assert verify(sealed, alice).regions == (1,)


def test_what_else_lies_there_stays(sealed):
    names = sorted(os.listdir(sealed.parent))
    forget_regions(sealed, KEY, [1])
    assert sorted(os.listdir(sealed.parent)) == names
    assert sealed.stat().st_mtime_ns == 10**18
    before = everything(sealed)
    forget_regions(sealed, KEY, [1])
    assert everything(sealed) == before


def test_into_another_file(sealed):
    before = everything(sealed)
    there = sealed.parent.parent / "there" / sealed.name
    there.parent.mkdir()
    forget_regions(sealed, KEY, [1], output=there)
    assert everything(sealed) == before
    assert verify(there, KEY).forgotten == (1,)
    assert verify(sealed, KEY).regions == (0, 1, 2)


def test_what_cannot_be_forgotten(sealed):
    before, one = everything(sealed), region_key(inspect(sealed), KEY, 0)
    wrong = [
        (ValueError, "there is no region 3; the picture has 3, from 0", KEY, [0, 3]),
        (ValueError, "there is no region -1", KEY, [-1]),
        (ValueError, "received none", KEY, []),
        (TypeError, "must be an integer, received 'a'", KEY, ["a"]),
        (TypeError, "must be an integer, received True", KEY, [True]),
        (TypeError, "must be an integer, received .*True", KEY, np.array([True])),
        (
            TypeError,
            r"expected a sequence of numbers of regions, such as \[1\]; received 1",
            KEY,
            1,
        ),
        (AuthenticationError, "does not open", SecretKey.generate(), [0]),
        (AuthenticationError, "a region key opens its region and changes nothing", one, [0]),
    ]
    for error, words, key, regions in wrong:
        with pytest.raises(error, match=words):
            forget_regions(sealed, key, regions)
    assert everything(sealed) == before


def test_a_region_key_is_told_the_same_when_it_is_done(sealed):
    one = region_key(inspect(sealed), KEY, 0)
    forget_regions(sealed, KEY, [1])
    [result] = forget_files(sealed, one, [1]).failed
    assert "a region key opens its region and changes nothing" in str(result.error)


def test_nobody_else_says_that_a_face_was_forgotten(sealed):
    header = inspect(sealed)
    for gone in (0,), (0, *header.private):
        rewriting.change_file(sealed, None, lambda old, gone=gone: replace(old, forgotten=gone))
        assert inspect(sealed).forgotten == gone
        with pytest.raises(AuthenticationError):
            verify(sealed, KEY)


def test_a_picture_in_the_gray_is_an_edit(sealed):
    forget_regions(sealed, KEY, [1])
    if sealed.suffix == ".jpg":
        sealed.write_bytes(painted_jpeg(sealed))
    else:
        picture = read_image(sealed)
        picture.pixels[20, 20, 1] = 129
        chunks = ()
        if b"fcRP" in sealed.read_bytes():
            chunks = ((b"fcRP", read_payload(sealed).to_bytes()),)
        sealed.write_bytes(encode_image(sealed.suffix, picture.pixels, chunks=chunks))
    for holder in KEY, region_key(inspect(sealed), KEY, 0):
        with pytest.raises(AuthenticationError, match="were edited after sealing"):
            verify(sealed, holder)


def painted_jpeg(path: Path) -> bytes:
    """The sealed JPEG with the plain coefficients of region 1 in its place."""
    plain, sealed = plain_of(path).read_bytes(), path.read_bytes()
    rects = [(0, 0, 1, 1), (1, 1, 3, 2), (3, 2, 4, 3)]
    cut = jpeg.cut(plain, rects)
    start = sealed.index(b"\xff\xdb")
    return sealed[:start] + jpeg.place(sealed, rects, {1: cut.regions[1]})


def test_a_part_that_was_forgotten_must_be_empty(tmp_path, photo):
    plain, path = tmp_path / "plain.jpg", tmp_path / "a.jpg"
    Image.fromarray(photo).save(plain)
    encrypt_file(plain, path, KEY, regions=FACES)
    before = read_payload(path)
    header = forget_regions(path, KEY, [1])
    for payload in (
        Payload(header, before.regions, [b""]),
        Payload(header, [before.regions[0], b"", before.regions[2]], before.private),
    ):
        with pytest.raises(ContainerError, match="a part that was forgotten is there"):
            Payload.from_bytes(payload.to_bytes())


@pytest.mark.parametrize("carrier", ["png", "png beside"])
@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 3), (48, 64, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_kind_of_pixels(tmp_path, carrier, shape, dtype):
    image = np.random.default_rng(3).integers(0, np.iinfo(dtype).max, shape, dtype)
    plain, path = tmp_path / "plain.png", tmp_path / "out" / "a.png"
    path.parent.mkdir()
    plain.write_bytes(encode_png(image))
    faces = [Region(0, 0, 32, 32, shape="ellipse"), Region(16, 16, 64, 48, shape="ellipse")]
    before = encrypt_file(plain, path, KEY, regions=faces, sidecar="beside" in carrier)
    sealed = read_image(path).pixels
    with pytest.warns(UserWarning, match="region 0 holds what it and region 1 both cover"):
        forget_regions(path, KEY, [1])
    erased, opened = read_image(path).pixels, decrypted(path)
    half = {np.uint8: 128, np.uint16: 32768}[dtype]
    changed = erased != sealed
    assert (erased[changed] == half).all()
    gray = (erased == half).reshape(48, 64, -1).all(axis=2)
    assert gray[24:48, 32:48].all()
    assert (opened[~gray] == image[~gray]).all()
    assert verify(path, KEY).regions == (0,)
    assert inspect(path).public_digest == before.public_digest


def test_earlier_regions_hold_what_both_cover(tmp_path, photo):
    plain, path = tmp_path / "plain.png", tmp_path / "a.png"
    plain.write_bytes(encode_png(photo))
    faces = [Region(0, 0, 32, 32), Region(16, 16, 48, 48), Region(48, 0, 64, 16)]
    encrypt_file(plain, path, KEY, regions=faces)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forget_regions(path, KEY, [0], output=tmp_path / "first.png")
        forget_regions(path, KEY, [2], output=tmp_path / "apart.png")
        forget_regions(path, KEY, [0, 1], output=tmp_path / "both.png")
    with pytest.warns(UserWarning, match="region 0 holds what it and region 1 both cover"):
        forget_regions(path, KEY, [1], output=tmp_path / "second.png")
    opened = decrypted(tmp_path / "second.png")
    assert (opened[16:32, 16:32] == photo[16:32, 16:32]).all()
    assert (opened[32:48, 16:48] == 128).all()


def test_profile_exif_and_colour_stay(tmp_path):
    plain, path = tmp_path / "plain.png", tmp_path / "a.png"
    picture = Image.new("RGB", (64, 48), (200, 100, 50))
    exif = picture.getexif()
    exif[0x0132] = "2026:01:02 03:04:05"
    picture.save(plain, exif=exif, icc_profile=PROFILE, gamma=0.45455)
    encrypt_file(plain, path, KEY, regions=FACES, keep_metadata=True)
    before = read_image(path, keep_metadata=True)
    assert before.exif
    assert before.icc
    forget_regions(path, KEY, [1])
    after = read_image(path, keep_metadata=True)
    assert (after.icc, after.exif, after.colour) == (before.icc, before.exif, before.colour)
    assert verify(path, KEY).whole


def test_a_jpeg_that_was_coded_anew(tmp_path):
    path, key = tmp_path / "a.jpg", Identity.load(STORED / "pq.key.txt")
    path.write_bytes((STORED / "transcoded.jpg").read_bytes())
    assert inspect(path).content.exact is False
    count = len(verify(path, key).regions)
    forget_regions(path, key, [0])
    checked = verify(path, key)
    assert count == 2
    assert (checked.forgotten, checked.regions) == ((0,), (1,))
    assert decrypted(path, key).shape == inspect(path).shape


def test_a_run_that_was_stopped_between_two_files_is_finished(tmp_path, photo, monkeypatch):
    plain, path = tmp_path / "plain.png", tmp_path / "a.png"
    plain.write_bytes(encode_png(photo))
    before = encrypt_file(plain, path, KEY, regions=FACES, sidecar=True)
    name = rewriting.named

    def failing(file, check):
        if file.path == path:
            raise MediaError("the disk fails")
        name(file, check)

    monkeypatch.setattr(rewriting, "named", failing)
    with pytest.raises(MediaError):
        forget_regions(path, KEY, [1])
    monkeypatch.undo()
    checked = verify(path, KEY)
    assert checked.whole
    assert (checked.regions, checked.forgotten, checked.unerased) == ((0, 2), (1,), (1,))
    assert decrypt_says(path) == [
        f"{path}: region 1 is to be forgotten, but its encrypted face is still there; run forget "
        "again"
    ]
    opened, expected = read_image(path.with_name("back.png")).pixels, photo.copy()
    expected[16:32, 16:48] = 128
    assert (opened == expected).all()
    for holder, chosen in (KEY, [1]), (region_key(before, KEY, 1), None):
        with pytest.raises(ForgottenError, match="its encrypted face is still there"):
            decrypt_file(path, path.with_name("no.png"), holder, regions=chosen)
    mine = region_key(before, KEY, 0)
    assert verify(path, mine).regions == (0,)
    sound = path.read_bytes()
    picture = read_image(path).pixels
    picture[20, 20] ^= 1
    path.write_bytes(encode_png(picture))
    for holder in KEY, mine:
        with pytest.raises(AuthenticationError, match="edited"):
            verify(path, holder)
    path.write_bytes(sound)
    (beside,) = path.parent.glob("a.png.*.fcrypt")
    beside.with_name("a.png.0123456789abcdef.fcrypt").write_bytes(beside.read_bytes())
    assert forget_files(path, KEY, [1]).done == 1
    checked = verify(path, KEY)
    assert (checked.forgotten, checked.unerased) == ((1,), ())


def decrypt_says(path: Path) -> list[str]:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        decrypt_file(path, path.with_name("back.png"), KEY)
    return [str(one.message) for one in said]


def test_a_damaged_png_is_not_written_anew(tmp_path, photo):
    plain, path = tmp_path / "plain.png", tmp_path / "a.png"
    plain.write_bytes(encode_png(photo))
    encrypt_file(plain, path, KEY, regions=FACES)
    sound = path.read_bytes()
    flipped = bytearray(sound)
    flipped[-20] ^= 1
    for data in bytes(flipped), sound + b"more":
        path.write_bytes(data)
        with pytest.raises(ContainerError):
            forget_regions(path, KEY, [1])
        assert path.read_bytes() == data


STEPS = st.lists(st.sets(st.integers(0, 2), min_size=1), min_size=1, max_size=4)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS, kind=st.sampled_from(["png", "jpeg", "png beside"]))
def test_any_faces_in_any_order(tmp_path_factory, photo, steps, kind):
    folder = tmp_path_factory.mktemp("steps")
    name, sidecar = KINDS[kind]
    plain, path = folder / f"plain{Path(name).suffix}", folder / name
    Image.fromarray(photo).save(plain)
    first = encrypt_file(plain, path, KEY, regions=FACES, sidecar=sidecar)
    faces = [region_key(first, KEY, index) for index in range(3)]
    for regions in steps:
        forget_regions(path, KEY, sorted(regions))
    gone = set().union(*steps)
    header = inspect(path)
    assert header.forgotten == (*sorted(gone), *first.private)
    assert header.picture_id == first.picture_id
    assert verify(path, KEY).regions == tuple(sorted({0, 1, 2} - gone))
    for index, face in enumerate(faces):
        if index in gone:
            with pytest.raises(ForgottenError):
                verify(path, face)
        else:
            assert verify(path, face).regions == (index,)
    assert Header.from_bytes(header.to_bytes()) == header
