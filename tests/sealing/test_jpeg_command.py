"""Sealed JPEGs from the command line and from file to file: each comes back byte for byte."""

import json
import os
import shutil

import numpy as np
import pytest
from PIL import Image
from support.command_line import command, files
from support.jpeg_matrix import by_pillow, refused_cases
from support.sealed_jpegs import APPS, photo, save, without

from facecrypt import (
    Identity,
    MediaError,
    Region,
    SecretKey,
    decrypt_file,
    encrypt_file,
    inspect,
    region_key,
    verify,
)

FACES = [[10, 10, 40, 40], [90, 50, 120, 100]]
# Cells of 16 pixels.
CELLS = [(0, 0, 48, 48), (80, 48, 128, 112)]


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "photo.jpg", quality=85, subsampling=2)
    os.utime("photo.jpg", ns=(10**18, 10**18 + 123))
    (tmp_path / "faces.json").write_text(json.dumps({"photo.jpg": FACES}))
    SecretKey(bytes(32)).save("k")
    return tmp_path


def encrypt(*args, code=0):
    done = command("encrypt", "photo.jpg", "-k", "k", "--boxes", "faces.json", "--grow", "0", *args)
    assert done.code == code, done.err
    return done


def shown(path):
    return np.asarray(Image.open(path))


def equal_in(one, other, box):
    """Inside, two pixels from the edge: over it chroma is interpolated."""
    x0, y0, x1, y1 = box
    return (one[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2] == other[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2]).all()


def test_a_photo_comes_back_to_the_byte_and_the_nanosecond(job):
    encrypt("-o", "sealed")
    assert [path.name for path in (job / "sealed").iterdir()] == ["photo.jpg"]
    assert command("decrypt", "sealed", "-o", "back", "-k", "k").code == 0
    assert (job / "back/photo.jpg").read_bytes() == (job / "photo.jpg").read_bytes()
    assert (job / "back/photo.jpg").stat().st_mtime_ns == 10**18 + 123
    original, sealed = shown("photo.jpg"), shown("sealed/photo.jpg")
    public = np.ones(original.shape[:2], bool)
    for x0, y0, x1, y1 in CELLS:
        inner = sealed[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2]
        assert (inner == inner[0, 0]).all()
        public[max(0, y0 - 2) : y1 + 2, max(0, x0 - 2) : x1 + 2] = False
    assert (original[public] == sealed[public]).all()


def test_one_face_alone(job):
    encrypt("-o", "sealed")
    assert command("decrypt", "sealed", "-o", "one", "-k", "k", "--region", "1").code == 0
    original, sealed = shown("photo.jpg"), shown("sealed/photo.jpg")
    one = shown("one/photo.jpg")
    assert equal_in(one, original, CELLS[1])
    assert equal_in(one, sealed, CELLS[0])
    # No payload, so the other face is in it in no form.
    assert b"facecrypt" not in (job / "one/photo.jpg").read_bytes()
    assert len(without((job / "one/photo.jpg").read_bytes(), *APPS)) < len(
        (job / "photo.jpg").read_bytes()
    )


def test_a_region_key_opens_its_face_and_no_other(job):
    encrypt("-o", "sealed")
    made = command("region-key", "sealed/photo.jpg", "--region", "0", "-k", "k", "-o", "face0")
    assert made.code == 0
    assert command("decrypt", "sealed", "-o", "one", "-i", "face0").code == 0
    assert equal_in(shown("one/photo.jpg"), shown("photo.jpg"), CELLS[0])
    assert equal_in(shown("one/photo.jpg"), shown("sealed/photo.jpg"), CELLS[1])
    refused = command("decrypt", "sealed", "-o", "two", "-i", "face0", "--region", "1")
    assert refused.code != 0
    assert not list((job / "two").rglob("*.jpg"))


def test_every_region_key_together_shows_all_faces_and_gives_no_original(job):
    header = encrypt_file("photo.jpg", "s.jpg", SecretKey(bytes(32)), regions=regions())
    both = [region_key(header, SecretKey(bytes(32)), n) for n in range(2)]
    decrypt_file("s.jpg", "b.jpg", both)
    assert (shown("b.jpg") == shown("photo.jpg")).all()
    assert verify("s.jpg", both).whole is False


def regions():
    return [Region(*box) for box in FACES]


def test_verify_says_what_was_checked(job):
    encrypt("-o", "sealed")
    command("region-key", "sealed/photo.jpg", "--region", "1", "-k", "k", "-o", "face1")
    assert command("verify", "sealed", "-k", "k").out == "sealed/photo.jpg: intact\n"
    some = command("verify", "sealed", "-i", "face1").out
    assert "region 1 intact; region 0 and the header were not checked" in some
    data = bytearray((job / "sealed/photo.jpg").read_bytes())
    data[-300] ^= 16
    (job / "sealed/photo.jpg").write_bytes(data)
    for key in ("-k", "k"), ("-i", "face1"):
        assert command("verify", "sealed", *key).code != 0


def test_inspect_names_carrier_coding_and_sizes(job):
    encrypt("-o", "sealed")
    lines = command("inspect", "sealed/photo.jpg").out.splitlines()
    assert {"carrier   jpeg", "coding    exact", "picture   120x160x3 uint8"} <= set(lines)
    sizes = [int(line.split()[-2]) for line in lines if line.endswith(" bytes")]
    assert [line.split("  ")[0] for line in lines if line.endswith(" bytes")] == [
        "region 0",
        "region 1",
        "private",
    ]
    assert 0 < min(sizes) < max(sizes) < (job / "photo.jpg").stat().st_size
    header = json.loads(command("inspect", "sealed/photo.jpg", "--json").out)
    assert (header["carrier"], header["coding"]) == ("jpeg", "exact")
    assert header["regions"] == [{"cells": [0, 0, 3, 3]}, {"cells": [5, 3, 8, 7]}]
    assert command("inspect", "sealed").out.splitlines()[1].split()[:2] == ["2", "jpeg"]


def test_png_where_it_is_asked_for(job):
    encrypt("-o", "sealed", "--as", "png")
    assert inspect("sealed/photo.png").carrier == "pixels"
    assert command("decrypt", "sealed", "-o", "back", "-k", "k").code == 0
    assert (job / "back/photo.jpg").read_bytes() == (job / "photo.jpg").read_bytes()
    encrypt("-o", "pixels", "--as", "png", "--no-original")
    assert command("decrypt", "pixels", "-o", "back", "-k", "k").code == 0
    assert (shown("back/photo.png") == shown("photo.jpg")).all()
    # And a sealed JPEG opens to a PNG of the same pixels.
    encrypt("-o", "sealed")
    decrypt_file("sealed/photo.jpg", "as.png", SecretKey(bytes(32)))
    assert (shown("as.png") == shown("photo.jpg")).all()


@pytest.mark.parametrize("strip", [False, True])
def test_a_sidecar_opens_also_without_any_segment(job, strip):
    encrypt("-o", "sealed", "--sidecar", "-j", "2")
    picture, [beside] = job / "sealed/photo.jpg", list((job / "sealed").glob("*.fcrypt"))
    assert beside.name.startswith("photo.jpg.")
    assert b"facecrypt" not in picture.read_bytes()
    if strip:
        picture.write_bytes(without(picture.read_bytes(), *APPS))
        Image.open(picture).load()
    assert command("verify", "sealed", "-k", "k").code == 0
    assert command("decrypt", "sealed", "-o", "back", "-k", "k").code == 0
    assert (job / "back/photo.jpg").read_bytes() == (job / "photo.jpg").read_bytes()
    assert (
        encrypt("-o", "sealed", "--sidecar")
        .err[-1]
        .startswith("facecrypt: 0 encrypted; 2 regions; 1 there already")
    )
    beside.unlink()
    lost = command("decrypt", "sealed", "-o", "lost", "-k", "k")
    assert "holds no facecrypt header" in lost.err[0]


def test_what_was_sealed_is_not_sealed_again(job):
    encrypt("-o", "sealed")
    encrypt("-o", "side", "--sidecar")
    for folder in ("sealed", "side"):
        again = command("encrypt", f"{folder}/photo.jpg", "-o", "twice", "-k", "k", "--whole")
        assert "is a sealed picture already; decrypt it first" in again.err[0]
    assert not list((job / "twice").rglob("*.jpg"))
    # In a folder it is passed over, and said.
    folder = command("encrypt", "sealed", "-o", "twice", "-k", "k", "--whole")
    assert not list((job / "twice").rglob("*.jpg"))
    assert "sealed" in folder.err[-1]


def test_a_scheme_refuses_it(job):
    encrypt("-o", "sealed")
    command("scheme", "pbe", "keygen", "-o", "pbe.npz", "--shape", "120x160")
    done = command("scheme", "pbe", "encrypt", "sealed/photo.jpg", "-o", "out", "--key", "pbe.npz")
    assert done.code != 0
    assert not list((job / "out").rglob("*.png")), done.err


def test_a_picture_without_a_face_opens_too(job):
    (job / "faces.json").write_text('{"photo.jpg": []}')
    done = encrypt("-o", "sealed")
    assert any("none in 1 picture" in line for line in done.err)
    assert "no region, so in the clear: sealed/photo.jpg" in done.err[-1]
    assert (shown("sealed/photo.jpg") == shown("photo.jpg")).all()
    assert command("decrypt", "sealed", "-o", "back", "-k", "k").code == 0
    assert (job / "back/photo.jpg").read_bytes() == (job / "photo.jpg").read_bytes()


def test_names_lie_and_contents_count(job):
    folder = job / "in"
    folder.mkdir()
    given = {
        "a.HEIC": by_pillow("RGB", (80, 60)),
        "b.png": by_pillow("RGB", (80, 61), progressive=True),
        "d.JPEG": by_pillow("L", (80, 62)),
        "e.jpg": by_pillow("CMYK", (80, 63)),
    }
    for name, data in given.items():
        (folder / name).write_bytes(data)
    Image.fromarray(photo(80, 60)).save(folder / "c.jpg", "PNG")
    assert command("encrypt", "in", "-o", "sealed", "-k", "k", "--whole").code == 0
    names = {path.name: inspect(path).carrier for path in (job / "sealed").iterdir()}
    assert names == {
        "a.jpg": "jpeg",
        "b.jpg": "jpeg",
        "c.png": "pixels",
        "d.JPEG": "jpeg",
        "e.jpg": "jpeg",
    }
    again = command("encrypt", "in", "-o", "sealed", "-k", "k", "--whole")
    assert "5 there already" in again.err[-1]
    assert command("decrypt", "sealed", "-o", "back", "-k", "k").code == 0
    for name, data in given.items():
        [back] = (job / "back").glob(name.split(".")[0] + ".*")
        assert back.read_bytes() == data
    assert (shown("back/c.png") == photo(80, 60)).all()


ODD = {name: data for name, data, readable in refused_cases() if readable}


@pytest.mark.filterwarnings("default::UserWarning")
@pytest.mark.parametrize("name", ODD)
def test_what_is_coded_anew_is_said_and_comes_back(job, name):
    """Also by several sidecars, and known again by the next run."""
    (job / "photo.jpg").write_bytes(ODD[name])
    (job / "faces.json").write_text('{"photo.jpg": [[4, 4, 20, 20]]}')
    for options in (), ("--sidecar",):
        done = encrypt("-o", f"out{len(options)}", *options)
        assert "photo.jpg: " in done.err[-2]
        assert "the sealed picture is coded anew" in done.err[-2]
        again = encrypt("-o", f"out{len(options)}", *options)
        assert "1 there already" in again.err[-1]
        assert "coding    transcoded" in command("inspect", f"out{len(options)}/photo.jpg").out
        [*_, picture] = sorted((job / f"out{len(options)}").glob("*.jpg"))
        decrypt_file(picture, f"back{len(options)}.jpg", SecretKey(bytes(32)))
        assert (job / f"back{len(options)}.jpg").read_bytes() == ODD[name]
    # A sidecar of another sealing of the same name beside it.
    (job / "photo.jpg").write_bytes(by_pillow("RGB", (50, 35)))
    encrypt("-o", "other", "--sidecar")
    for beside in (job / "other").glob("*.fcrypt"):
        shutil.copy(beside, job / "out1")
    assert command("verify", "out1/photo.jpg", "-k", "k").code == 0


def test_what_is_no_jpeg_does_not_become_one(job):
    Image.fromarray(photo()).save("a.png")
    with pytest.raises(MediaError, match=r"a\.png: is no JPEG, and JPEG does not keep every pixel"):
        encrypt_file("a.png", "a.jpg", Identity.generate().recipient, regions=regions())
    encrypt_file("a.png", "b.png", SecretKey(bytes(32)), regions=regions())
    with pytest.raises(MediaError, match="was sealed as pixels"):
        decrypt_file("b.png", "b.jpg", SecretKey(bytes(32)))
    assert sorted(path.name for path in files(job)) == [
        "a.png",
        "b.png",
        "faces.json",
        "k",
        "photo.jpg",
    ]
