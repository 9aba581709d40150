"""The commands of research: scheme, attack, analyze."""

import hashlib
import json
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin
from support import second_reader
from support.command_line import ASTRONAUT, command, files, pixels
from support.places import ROOT

from facecrypt import attacks, schemes
from facecrypt.regions import Region
from facecrypt.schemes.registry import own_names

VECTORS = Path(__file__).parents[1] / "vectors"
WARNING = (
    "facecrypt: warning: scheme {} is for experiments, not for secrecy; "
    "'facecrypt encrypt' protects pictures"
)


@pytest.fixture(scope="module")
def material(tmp_path_factory, photo):
    """Pictures, arrays, keys, ciphers, and what can be wrong with them."""
    here = tmp_path_factory.mktemp("material")
    Image.fromarray(photo).save(here / "a.png")
    Image.fromarray(photo[..., 0]).save(here / "g.png")
    Image.fromarray(np.dstack([photo, photo[..., :1]])).save(here / "alpha.png")
    Image.fromarray(photo[:8, :8]).save(here / "small.png")
    cv2.imwrite(str(here / "deep.png"), photo.astype(np.uint16))
    batch = np.arange(5 * 48 * 64 * 3).astype(np.uint8).reshape(5, 48, 64, 3)
    np.save(here / "b.npy", batch)
    np.savez_compressed(here / "d.npz", images=batch, labels=np.arange(5))
    np.savez(here / "two.npz", x=batch, y=batch)
    np.save(here / "objects.npy", np.array([{}, {}], object))
    (here / "far.json").write_text('{"a.png": [[0, 0, 9, 9], [64, 0, 70, 9]]}')
    (here / "a.json").write_text('{"a.png": [[8, 6, 40, 44]], "b.npy": [[0, 0, 9, 9]]}')
    (here / "far.json").write_text('{"a.png": [[0, 0, 9, 9], [64, 0, 70, 9]]}')
    for name in "pbe", "le", "fiie", "other":
        kind = "pbe" if name == "other" else name
        made = ("scheme", kind, "keygen", "-o", here / f"{name}.npz", "--like", here / "a.png")
        assert command(*made).code == 0
    sealing = ("scheme", "pbe", "encrypt", here / "a.png", here / "b.npy", "-o", here / "c")
    assert command(*sealing, "--key", here / "pbe.npz").code == 0
    assert command("keygen", "--symmetric", "-o", here / "k").code == 0
    whole = ("encrypt", here / "a.png", "-o", here / "sealed", "-k", here / "k", "--whole")
    assert command(*whole).code == 0
    (here / "taken").mkdir()
    (here / "taken" / "a.png").write_bytes(b"somebody's file")
    cipher = (here / "c" / "a.png").read_bytes()
    (here / "cut.png").write_bytes(cipher[:-20])
    (here / "tail.png").write_bytes(cipher + b"more")
    (here / "bit.png").write_bytes(cipher.replace(b'"scheme":"pbe"', b'"scheme":"pbf"'))
    (here / "cut.npz").write_bytes((here / "d.npz").read_bytes()[:-40])
    (here / "garbage").write_bytes(b"\xff\x00 not a key")
    (here / "garbage.npy").write_bytes(b"\xff\x00 not an array")
    return here


@pytest.fixture
def job(tmp_path, monkeypatch, material):
    monkeypatch.chdir(shutil.copytree(material, tmp_path / "job"))
    return tmp_path / "job"


PBE, GEN = "-o out --key pbe.npz", "scheme pbe keygen -o new.npz"
FAILURES = [
    ("scheme foo encrypt a.png " + PBE, 2, "no scheme 'foo'; there are block-shuffle, cat-map"),
    ("scheme encrypt -o out --key pbe.npz a.png", 2, "say which: 'facecrypt scheme NAME encrypt'"),
    ("scheme pbe", 2, "invalid choice: 'pbe' (choose from"),
    ("scheme pbe encrypt a.png -o out", 2, "required: --key"),
    ("scheme pbe encrypt a.png -o out --key none", 1, "none: no such file"),
    ("scheme pbe encrypt a.png -o out --key garbage", 2, "garbage: not a key file"),
    ("scheme pbe encrypt a.png -o out --key le.npz", 2, "of scheme 'le', expected 'pbe'"),
    ("scheme pbe encrypt none.png " + PBE, 1, "none.png: no such file or folder"),
    ("scheme pbe encrypt g.png " + PBE, 1, "g.png: this key is for pictures of (48, 64, 3)"),
    ("scheme pbe encrypt small.png " + PBE, 1, "small.png: this key is for pictures of (48, 64"),
    ("scheme pbe encrypt alpha.png " + PBE, 1, "alpha.png: expected 1 or 3 channels"),
    ("scheme pbe encrypt deep.png " + PBE, 1, "deep.png: images must hold uint8"),
    ("scheme pbe encrypt garbage " + PBE, 1, "garbage: not a picture"),
    ("scheme pbe encrypt garbage.npy " + PBE, 1, "garbage.npy: not a file of plain NumPy arrays"),
    ("scheme pbe encrypt objects.npy " + PBE, 1, "objects.npy: not a file of plain NumPy arrays"),
    ("scheme pbe encrypt cut.npz " + PBE, 1, "cut.npz: "),
    ("scheme pbe encrypt two.npz " + PBE, 1, "holds 2 arrays (x, y) and none is named 'images'"),
    ("scheme pbe encrypt c/a.png " + PBE, 1, "c/a.png: is encrypted already"),
    ("scheme pbe encrypt c/b.npy.npz " + PBE, 1, "c/b.npy.npz: is encrypted already"),
    ("scheme pbe encrypt sealed/a.png " + PBE, 1, "sealed/a.png: is encrypted already"),
    ("scheme pbe encrypt a.png --boxes a.json " + PBE, 2, "takes no boxes"),
    ("scheme pbe encrypt a.png -o out.npz --key pbe.npz", 2, "expected a folder, received out"),
    ("scheme pbe encrypt a.png -o out.jpg --key pbe.npz", 2, "expected a folder, received out"),
    ("scheme pbe encrypt a.png -o . --key pbe.npz", 2, "would replace the input a.png"),
    ("scheme pbe encrypt a.png -o taken --key pbe.npz", 1, "taken/a.png: already exists, and not"),
    ("scheme pbe encrypt a.png -o c --key other.npz", 1, "c/a.png: already exists, and not as a"),
    ("scheme fiie encrypt a.png -o out --key fiie.npz", 2, "scheme 'fiie' encrypts faces: say"),
    ("scheme fiie encrypt g.png -o out --key fiie.npz --boxes a.json", 1, "no boxes are given"),
    (
        "scheme fiie encrypt a.png -o out --key fiie.npz --boxes far.json",
        1,
        "a.png: region 1 (64, 0, 70, 9) lies wholly outside the 64x48 picture",
    ),
    (
        "scheme fiie encrypt a.png -o out --key fiie.npz --boxes far.json",
        1,
        "a.png: region 1 (64, 0, 70, 9) lies wholly outside the 64x48 picture",
    ),
    ("scheme pbe decrypt a.png " + PBE, 1, "a.png: is no cipher of 'facecrypt scheme'"),
    ("scheme pbe decrypt b.npy " + PBE, 1, "b.npy: is no cipher of 'facecrypt scheme'"),
    ("scheme pbe decrypt sealed/a.png " + PBE, 1, "is no cipher of 'facecrypt scheme'"),
    ("scheme le decrypt c/a.png -o out --key le.npz", 1, "a cipher of scheme 'pbe', not of 'le'"),
    ("scheme pbe decrypt c/a.png -o out --key le.npz", 2, "of scheme 'le', expected 'pbe'"),
    ("scheme pbe decrypt c -o out --key other.npz -j 1", 3, "under another key of scheme 'pbe'"),
    ("scheme pbe decrypt cut.png " + PBE, 3, "cut.png: PNG file cut short"),
    ("scheme pbe decrypt tail.png " + PBE, 3, "4 bytes follow the end"),
    ("scheme pbe decrypt bit.png " + PBE, 3, "chunk fcSC at byte 33 fails its checksum"),
    (GEN, 2, "one of the arguments --like --size is required"),
    (GEN + " --size 4x4 --like a.png", 2, "not allowed with argument"),
    (GEN + " --size 4xb", 2, "expected height x width x channels"),
    (GEN + " --size 4x4x2", 2, "expected 1 or 3 channels last, received 2"),
    (GEN + " --size 0x4x3", 2, "at least one pixel"),
    (GEN + " --like alpha.png", 2, "expected 1 or 3 channels last, received 4"),
    (GEN + " --like none.png", 1, "none.png: "),
    (GEN + " --like none.npy", 1, "none.npy: no such file"),
    (GEN + " --like two.npz", 2, "and none is named 'images'"),
    (GEN + " --size 4x4 --set block=8", 2, "scheme 'pbe' has no option 'block'; it has shuffle"),
    (GEN + " --size 4x4 --set shuffle", 2, "expected an option and its value"),
    (GEN + " --size 4x4 --set shuffle=maybe", 2, "option shuffle must be true or false"),
    ("scheme le keygen -o new.npz --size 4x4 --set block=x", 2, "block must be an integer"),
    ("scheme le keygen -o new.npz --size 4x4 --set block=0", 2, "block must be"),
    ("scheme le keygen -o new.npz --size 4x4 --set preset=x", 2, "preset must be 'tanaka2018'"),
    ("scheme chaos-cnn keygen -o new.npz --size 4x4 --set parts=x", 2, "integers such as 4,4"),
    ("scheme cat-map keygen -o new.npz --size 4x4 --set p=1", 2, "no option 'p'; it has none"),
    ("scheme pbe keygen -o le.npz --size 4x4", 1, "le.npz: already exists"),
    ("scheme keygen -o new.npz --size 4x4", 2, "say which: 'facecrypt scheme NAME keygen'"),
    ("attack foo a.png -o new.png", 2, "no attack on 'foo', only on pbe"),
    ("attack chaos-cnn a.png -o new.png", 2, "no attack on 'chaos-cnn', only on pbe"),
    ("attack pbe none.png -o new.png", 1, "none.png: "),
    ("attack pbe small.png -o new.png", 1, "small.png: expected a picture of at least 16 x 16"),
    ("attack pbe deep.png -o new.png", 1, "deep.png: images must hold uint8"),
    ("attack pbe a.png -o new.jpg", 1, "JPEG (.jpg) is lossy"),
    ("attack pbe a.png -o g.png", 1, "g.png: already exists"),
    ("attack pbe a.png -o new.png --seed x", 2, "argument --seed"),
    ("analyze none.png", 1, "none.png: no such file"),
    ("analyze a.png", 1, "a.png: nothing was sealed: no face was found"),
    ("analyze garbage --scheme pbe", 1, "garbage: not a picture"),
    ("analyze deep.png --scheme pbe", 1, "deep.png: images must hold uint8"),
    ("analyze g.png --scheme pbe --key pbe.npz", 1, "g.png: this key is for pictures of"),
    ("analyze a.png --scheme foo", 2, "no scheme 'foo'"),
    ("analyze a.png --key pbe.npz", 2, "--key is that of a scheme: name it"),
    ("analyze a.png --scheme le --key pbe.npz", 2, "of scheme 'pbe', expected 'le'"),
    ("analyze a.png --scheme pbe -o a.json", 1, "a.json: already exists"),
    # Before anything is read and measured in vain.
    ("analyze garbage --scheme pbe -o a.json", 1, "a.json: already exists"),
    ("analyze g.png --scheme pbe --boxes a.json", 1, "no boxes are given for g.png"),
]


@pytest.mark.parametrize(("line", "code", "error"), FAILURES, ids=lambda v: str(v)[:60])
def test_failures(job, line, code, error):
    before = files(job)
    done = command(*shlex.split(line))
    assert done.code == code, done.err
    assert files(job) == before
    errors = [line for line in done.err if line.startswith("facecrypt: error: ")]
    # A folder has several that fail alike.
    assert errors
    assert all(error in text for text in errors), errors
    rest = [line for line in done.err if line not in errors]
    allowed = ("facecrypt: 0 ", "facecrypt: hint: ", "facecrypt: warning: scheme ")
    assert all(line.startswith(allowed) for line in rest)
    assert not any("inspect" in line for line in rest)
    for text in errors:
        assert text[18].islower() or text[18] in "-/'J"
        assert text[-1] not in ".!"
        assert "Errno" not in text
        assert "Traceback" not in text


# Vector, its key as the vectors' own fields give it, its cipher: of a reference that shares no
# code with this package.
def pbe_key(v):
    return schemes.PbeKey(v["kc"], v["ks"])


def le_key(v):
    return schemes.LeKey.tanaka2018(v["perm"], int(v["b"]))


def fiie_key(v):
    return schemes.FiieKey(sequence=v["key"])


def cat_key(v):
    return schemes.CatMapKey(3, 2, 5)


@pytest.mark.parametrize("suffix", [".png", ".npy", ".npz"])
@pytest.mark.parametrize(
    "case",
    [
        ("pbe", "pbe_8x8", pbe_key, "cipher"),
        ("le", "le_b4", le_key, "cipher_tanaka"),
        ("fiie", "fiie_b4", fiie_key, "cipher"),
        ("cat-map", "cat_8", cat_key, "p3q2r5"),
    ],
    ids=lambda case: case[0],
)
def test_files_hold_the_ciphers_of_the_vectors(tmp_path, case, suffix):
    name, vector, key, field = case
    with np.load(VECTORS / f"{vector}.npz") as file:
        v = dict(file)
    key(v).save(tmp_path / "key.npz")
    source, cipher = tmp_path / f"x{suffix}", tmp_path / "out" / f"x{suffix}"
    if suffix == ".png":
        Image.fromarray(v["plain"]).save(source)
    elif suffix == ".npy":
        np.save(source, v["plain"])
        cipher = tmp_path / "out" / "x.npy.npz"
    else:
        np.savez(source, pictures=v["plain"])
    boxes = []
    if name == "fiie":
        (tmp_path / "boxes.json").write_text(json.dumps({source.name: v["boxes"].tolist()}))
        boxes = ["--boxes", tmp_path / "boxes.json"]
    done = command(
        *("scheme", name, "encrypt", source, "-o", cipher.parent, *boxes),
        *("--key", tmp_path / "key.npz"),
    )
    assert done.code == 0
    assert done.out == ""
    assert done.err[0] == WARNING.format(name)
    assert done.err[1].startswith("facecrypt: 1 encrypted (")
    assert len(done.err) == 2
    if suffix == ".png":
        found = np.asarray(Image.open(cipher))
    else:
        with np.load(cipher, allow_pickle=False) as file:
            assert set(file) == {"images" if suffix == ".npy" else "pictures", "fcSC"}
            found = file["images" if suffix == ".npy" else "pictures"]
    assert (found == v[field]).all()


def test_what_travels_is_spelt_out(tmp_path):
    """The note to the byte; its key id from the definition, by hand."""
    schemes.CatMapKey(3, 2, 5).save(tmp_path / "key.npz")
    np.save(tmp_path / "x.npy", np.zeros((2, 3, 5, 1), np.uint8))
    Image.fromarray(np.zeros((3, 5), np.uint8)).save(tmp_path / "x.png")
    sealing = ("scheme", "cat-map", "encrypt", tmp_path / "x.npy", tmp_path / "x.png")
    assert command(*sealing, "-o", tmp_path / "out", "--key", tmp_path / "key.npz").code == 0
    parts = [b"facecrypt scheme key id 1 cat-map"]
    for name, value in (b"p", 3), (b"q", 2), (b"iterations", 5):
        parts += [b"\0" + name + b"\0<i8\0()\0", struct.pack("<q", value)]
    identity = hashlib.sha256(b"".join(parts)).hexdigest()[:32]
    note = (
        '{"format":"facecrypt scheme","key":"%s","regions":null,"scheme":"cat-map",'
        '"shape":%s,"version":1}'
    )
    assert second_reader.chunk(tmp_path / "out" / "x.png", b"fcSC").decode() == note % (
        identity,
        "[3,5]",
    )
    with np.load(tmp_path / "out" / "x.npy.npz") as file:
        assert file["fcSC"].tobytes().decode() == note % (identity, "[2,3,5,1]")
        assert file["images"].shape == (2, 5, 5, 1)  # padded to a square


def test_boxes_travel(job):
    sealing = ("scheme", "fiie", "encrypt", "a.png", "b.npy", "--boxes", "a.json", "-o", "out")
    assert command(*sealing, "--key", "fiie.npz").code == 0
    note = json.loads(second_reader.chunk(job / "out" / "a.png", b"fcSC"))
    assert note["regions"] == [[8, 6, 40, 44]]
    changed = (pixels("out/a.png") != pixels("a.png")).any(axis=2)
    assert changed[6:44, 8:40].mean() > 0.99
    assert changed.sum() == changed[6:44, 8:40].sum()
    assert command("scheme", "fiie", "decrypt", "out", "-o", "back", "--key", "fiie.npz").code == 0
    assert (pixels("back/a.png") == pixels("a.png")).all()
    assert (job / "back" / "b.npy").read_bytes() == (job / "b.npy").read_bytes()


def test_arrays_beside_the_pictures_and_names_stay(job):
    (job / "in").mkdir()
    for name in "b.npy", "d.npz", "a.png":
        shutil.copy(name, "in")
    np.savez("in/b.npz", pictures=np.load("b.npy"))
    (job / "in" / "notes.txt").write_text("not an array")
    assert command("scheme", "pbe", "encrypt", "in", "-o", "out", "--key", "pbe.npz").code == 0
    assert sorted(path.name for path in (job / "out").iterdir()) == [
        *("a.png", "b.npy.npz", "b.npz", "d.npz"),
    ]
    done = command("scheme", "pbe", "decrypt", "out", "-o", "back", "--key", "pbe.npz")
    assert done.code == 0
    assert done.err[0].startswith("facecrypt: 4 decrypted (")
    assert (job / "back" / "b.npy").read_bytes() == (job / "b.npy").read_bytes()
    for name, array in ("b.npz", "pictures"), ("d.npz", "images"):
        with np.load(f"back/{name}") as back, np.load(f"in/{name}") as plain:
            assert set(back) == set(plain)
            assert (back[array] == plain[array]).all()
            assert array == "pictures" or (back["labels"] == plain["labels"]).all()


def test_arrays_of_one_name(job):
    shutil.copy("d.npz", "b.npy.npz")
    sealing = ("scheme", "pbe", "encrypt", "b.npy", "b.npy.npz", "-o", "out", "--key", "pbe.npz")
    assert command(*sealing).code == 0
    made = sorted(path.name for path in (job / "out").iterdir())
    assert made == ["b.npy.npz", "b.npy.npz.npz"]
    assert command("scheme", "pbe", "decrypt", "out", "-o", "back", "--key", "pbe.npz").code == 0
    assert (job / "back" / "b.npy").read_bytes() == (job / "b.npy").read_bytes()


def test_what_a_png_says_of_its_colours_comes_back(job):
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", (100_000).to_bytes(4, "big"))
    Image.fromarray(pixels("a.png")).save("in.png", pnginfo=info)
    assert command("scheme", "pbe", "encrypt", "in.png", "-o", "out", "--key", "pbe.npz").code == 0
    assert command("scheme", "pbe", "decrypt", "out", "-o", "back", "--key", "pbe.npz").code == 0
    for folder in "out", "back":
        with Image.open(f"{folder}/in.png") as image:
            assert image.info["gamma"] == 1.0


def test_a_jpeg_comes_back_as_decoded_with_its_profile(job):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(pixels("a.png")).save("in.jpg", quality=80, icc_profile=profile)
    assert command("scheme", "pbe", "encrypt", "in.jpg", "-o", "out", "--key", "pbe.npz").code == 0
    assert command("scheme", "pbe", "decrypt", "out", "-o", "back", "--key", "pbe.npz").code == 0
    for folder in "out", "back":
        with Image.open(f"{folder}/in.png") as image:
            assert image.info["icc_profile"] == profile
    assert (pixels("back/in.png") == pixels("in.jpg")).all()
    assert (pixels("out/in.png") != pixels("in.jpg")).mean() > 0.5


def test_what_is_there_is_skipped_and_force_replaces_it(job):
    again = ("scheme", "pbe", "encrypt", "a.png", "b.npy", "-o", "c", "--key")
    before = files(job)
    done = command(*again, "pbe.npz")
    assert done.code == 0
    assert done.err[1].startswith("facecrypt: 0 encrypted; 2 there already (")
    assert files(job) == before
    done = command(*again, "other.npz", "--force")
    assert done.code == 0
    assert done.err[1].startswith("facecrypt: 2 encrypted (")
    after = files(job)
    assert {path.name for path in after if after[path] != before[path]} == {"a.png", "b.npy.npz"}
    back = ("scheme", "pbe", "decrypt", "c/a.png", "-o", "taken", "--key", "other.npz")
    done = command(*back)
    assert done.code == 1
    assert "taken/a.png: already exists, and is not this file" in done.err[0]
    assert (job / "taken" / "a.png").read_bytes() == b"somebody's file"
    assert command(*back, "--force").code == 0
    assert (pixels("taken/a.png") == pixels("a.png")).all()


def test_what_failed_is_named_and_the_rest_is_done(job):
    done = command(
        *("scheme", "pbe", "encrypt", "g.png", "a.png", "garbage", "two.npz", "b.npy"),
        *("-o", "out", "--key", "pbe.npz"),
    )
    assert done.code == 1
    assert [line.split(": ")[2] for line in done.err[1:4]] == ["g.png", "garbage", "two.npz"]
    assert done.err[4].startswith("facecrypt: 2 encrypted; 3 failed (")
    assert sorted(path.name for path in (job / "out").iterdir()) == ["a.png", "b.npy.npz"]
    quiet = ("scheme", "pbe", "encrypt", "a.png", "-o", "new", "--key", "pbe.npz", "-q")
    assert command(*quiet).err == []


def test_a_cipher_that_was_scaled_or_cropped(job):
    for name, size, code, error in [
        ("le", (40, 64), 3, "of the shape (40, 64, 3), which is not that of the cipher"),
        ("fiie", (48, 63), 3, "of the shape (48, 63, 3), which is not that of the cipher"),
    ]:
        key = ("--key", f"{name}.npz")
        boxes = ("--boxes", "a.json") if name == "fiie" else ()
        folder = f"of-{name}"
        assert command("scheme", name, "encrypt", "a.png", "-o", folder, *key, *boxes).code == 0
        note = second_reader.chunk(job / folder / "a.png", b"fcSC")
        cv2.imwrite(f"{name}.png", pixels(f"{folder}/a.png")[: size[0], : size[1]])
        whole = (job / f"{name}.png").read_bytes()
        (job / f"{name}.png").write_bytes(whole[:33] + chunk(b"fcSC", note) + whole[33:])
        done = command("scheme", name, "decrypt", f"{name}.png", "-o", "out", *key)
        assert done.code == code, done.err
        assert f"{name}.png: {error}" in done.err[0], done.err
        assert not (job / "out" / f"{name}.png").exists()


def chunk(kind, payload):
    crc = struct.pack(">I", zlib.crc32(kind + payload))
    return struct.pack(">I", len(payload)) + kind + payload + crc


def test_keygen(tmp_path):
    make = ("scheme", "le", "keygen", "-o", tmp_path / "k.npz", "--size", "32x48x3")
    done = command(*make, "--set", "block=8", "--set", "preset=paper")
    assert (done.code, done.out, done.err) == (0, "", [f"wrote {tmp_path / 'k.npz'}"])
    assert (tmp_path / "k.npz").stat().st_mode & 0o777 == 0o600
    with np.load(tmp_path / "k.npz", allow_pickle=False) as file:
        assert (file["scheme"], file["block"], file["perm"].size) == ("le", 8, 384)
        first = file["perm"]
        assert "reverse_out" not in file  # preset paper reverses before the shuffle only
    assert command(*make, "--force", "-q").err == []
    with np.load(tmp_path / "k.npz", allow_pickle=False) as file:
        assert file["block"] == 4
    command(*make, "--force", "--set", "block=8")
    with np.load(tmp_path / "k.npz", allow_pickle=False) as file:
        assert (file["perm"] != first).any()  # a fresh one each time


@pytest.mark.parametrize(
    ("name", "setting", "field", "value"),
    [
        ("pbe", "shuffle=false", "order", None),
        ("chaos-blocks", "parts=2,8", "parts", [2, 8]),
        ("chaos-cnn", "parts=2,8", "chaos.parts", [2, 8]),
        ("chaos-cnn", "rounds=2", "cnn.first_bias", None),
        ("etc", "block=8", "block", 8),
        ("fiie", "allow_weak=TRUE", "allow_weak", True),
    ],
)
def test_settings_reach_the_key(tmp_path, name, setting, field, value):
    make = ("scheme", name, "keygen", "-o", tmp_path / "k.npz", "--size", "32x32x3")
    assert command(*make, "--set", setting).code == 0
    with np.load(tmp_path / "k.npz", allow_pickle=False) as file:
        if name == "chaos-cnn" and value is None:
            assert len(file[field]) == 2
        else:
            assert (field in file) == (value is not None)
            assert value is None or np.array_equal(file[field], value)


def test_the_list_names_every_scheme_and_what_breaks_it():
    done = command("scheme", "list")
    assert command("scheme").out == done.out
    assert done.code == 0
    assert done.err == []
    lines = {line.split()[0]: line for line in done.out.splitlines()[1:]}
    assert list(lines) == schemes.names()
    assert "  1 chosen picture  " in lines["le"]
    assert "(Tanaka, 2018)" in lines["le"]
    assert "  no attack here" in lines["coupling-cnn"]


@pytest.mark.parametrize("name", attacks.dispatch.CHOSEN)
def test_as_many_chosen_pictures_as_the_list_says(name):
    scheme = schemes.get(name)
    key = scheme.random_key((32, 32, 3), np.random.default_rng(1))
    regions = [Region(4, 4, 20, 20)] if scheme.takes_regions else None
    found = attacks.chosen_plaintext(
        name, lambda image: scheme.encrypt(image, key, regions), (32, 32, 3)
    )
    assert (found.score, found.queries) == (1.0, scheme.chosen_pictures)


def test_the_list_has_no_scheme_without_an_attack():
    falling = {name for name in own_names() if schemes.get(name).chosen_pictures is not None}
    assert falling == set(attacks.dispatch.CHOSEN)


# Width and height may be a block's or not; cat maps make squares of them.
SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([(), (1,), (3,)]))


@settings(max_examples=80, deadline=None)
@given(
    name=st.sampled_from(schemes.names()),
    shape=SHAPES,
    count=st.none() | st.integers(0, 3),
    suffix=st.sampled_from([".png", ".npy", ".npz"]),
    seed=st.integers(0, 2**32),
)
def test_round_trip(name, shape, count, suffix, seed):
    shape = (*(() if count is None else (count,)), *shape[:2], *shape[2])
    assume(len(shape) != 3 or shape[-1] in (1, 3) or count is None)
    assume(count is None or len(shape) == 4)
    assume(suffix != ".png" or (count is None and shape[2:] != (1,)))
    images = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        source = here / f"x{suffix}"
        if suffix == ".png":
            Image.fromarray(images).save(source)
        elif suffix == ".npy":
            np.save(source, images)
        else:
            np.savez(source, images=images, labels=np.arange(3))
        (here / "boxes.json").write_text(f'{{"{source.name}": [[-3, 0, 9, 8], [0, -5, 60, 60]]}}')
        takes_regions = schemes.get(name).takes_regions
        boxes = ["--boxes", here / "boxes.json"] if takes_regions else []
        key = ("--key", here / "key")
        assert command("scheme", name, "keygen", "-o", here / "key", "--like", source).code == 0
        done = command("scheme", name, "encrypt", source, "-o", here / "out", *boxes, *key)
        assert done.code == 0, done.err
        done = command("scheme", name, "decrypt", here / "out", "-o", here / "back", *key)
        assert done.code == 0, done.err
        back = read(here / "back" / f"x{suffix}")
        assert back.dtype == np.uint8
        assert back.shape == images.shape
        assert (back == images).all()
        if images.size > 1000 and not takes_regions:
            cipher = read(next((here / "out").iterdir()))
            assert cipher.shape != images.shape or (cipher != images).mean() > 0.3


def read(path):
    if path.suffix == ".png":
        return np.asarray(Image.open(path))
    if path.suffix == ".npy":
        return np.load(path)
    with np.load(path) as file:
        return file["images"]


def test_attack_shows_plain_cipher_and_recovered(job):
    done = command("attack", "le", ASTRONAUT, "-o", "shown.png", "--seed", "1")
    assert (done.code, done.err) == (0, [])
    assert done.out == "le: 1 chosen picture opened 100 % of the samples.\n"
    row, plain = np.asarray(Image.open("shown.png")), np.asarray(Image.open(ASTRONAUT))
    assert row.shape == (512, 3 * 512 + 16, 3)
    assert (row[:, :512] == plain).all()
    assert (row[:, -512:] == plain).all()
    assert (row[:, 520:1032] != plain).mean() > 0.9
    assert (row[:, 512:520] == 255).all()
    first = (job / "shown.png").read_bytes()
    again = ("attack", "le", ASTRONAUT, "-o", "shown.png", "--force", "--seed")
    assert command(*again, "1").code == 0
    assert (job / "shown.png").read_bytes() == first
    assert command(*again, "2").code == 0
    assert (job / "shown.png").read_bytes() != first


def test_attack_on_a_gray_picture(job):
    done = command("attack", "etc", "g.png", "-o", "shown.png")
    assert done.code == 0
    assert done.out.startswith("etc: 1 chosen picture opened ")
    assert np.asarray(Image.open("shown.png")).shape == (48, 3 * 64 + 16)


def test_analyze_a_scheme(job):
    done = command("analyze", "a.png", "g.png", "alpha.png", "--scheme", "chaos-blocks")
    assert done.code == 1
    assert "alpha.png: " in done.err[0]
    assert done.err[1:] == ["facecrypt: wrote report.html on 2 pictures"]
    page = (job / "report.html").read_text()
    assert "<h2>a.png</h2>" in page
    assert "<h2>g.png</h2>" in page
    assert "alpha.png" not in page
    done = command("analyze", "a.png", "--scheme", "pbe", "--key", "pbe.npz", "--force", "-q")
    assert (done.code, done.out, done.err) == (0, "", [])
    assert (job / "report.html").read_text() != page


@pytest.mark.parametrize("name", ["fiie", "cat-map"])
def test_analyze_regions_under_schemes_that_ask_for_more(job, name):
    done = command("analyze", "a.png", "--scheme", name, "--boxes", "a.json", "-o", "new.html")
    assert (done.code, done.err) == (0, ["facecrypt: wrote new.html on 1 picture"])
    assert "<h2>a.png, region 0</h2>" in (job / "new.html").read_text()


def test_analyze_sealing(job):
    done = command("analyze", ASTRONAUT, "a.png", "-o", "faces.html")
    assert done.code == 1
    assert "a.png: nothing was sealed" in done.err[0]
    assert "<h2>astronaut.png</h2>" in (job / "faces.html").read_text()
    assert command("analyze", "a.png", "--boxes", "a.json", "-o", "given.html").code == 0
    assert "1 region, a fresh key" in (job / "given.html").read_text()


def test_analyze_without_matplotlib(job, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = command("analyze", "a.png", "--scheme", "pbe")
    assert done.code == 1
    assert "facecrypt[report]" in done.err[0]
    assert not (job / "report.html").exists()


@pytest.mark.parametrize("args", ["--help", "encrypt --help", "detect --help", "keygen -o {}"])
def test_other_commands_start_without_schemes(tmp_path, args):
    code = (
        "import sys\nfrom facecrypt.cli import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit: pass\n"
        "print(*[name for name in sys.modules if name.startswith('facecrypt.')], file=sys.stderr)"
    )
    line = [sys.executable, "-c", code, *args.format(tmp_path / "k").split()]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = done.stderr.splitlines()[-1].split()
    assert "facecrypt.cli" in loaded
    parts = {name.split(".")[1] for name in loaded}
    assert parts.isdisjoint({"schemes", "attacks", "analysis"})
    assert {"facecrypt.jobs.schemes", "facecrypt.cli.scheme"}.isdisjoint(loaded)
