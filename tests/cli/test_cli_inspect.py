"""``inspect`` of folders: which have no face, which opens a key, which were edited."""

import json
import shutil

import pytest
from PIL import Image
from support.command_line import command

from facecrypt import Identity, SecretKey
from facecrypt.media import encode_image, read_image
from facecrypt.sealing.finding import read_payload

BOXES = [[0, 0, 16, 16], [32, 16, 48, 32]]


@pytest.fixture
def archive(job):
    """Pictures with two faces and with none, for two people; one edited, one with a face gone."""
    (job / "in").mkdir()
    for name in "bare.png", "edited.png", "gone.png", "hers.png":
        shutil.copy("a.png", f"in/{name}")
    Image.open("a.png").save("in/b.jpg")
    boxes = dict.fromkeys(("edited.png", "gone.png", "b.jpg"), BOXES) | {"bare.png": []}
    (job / "boxes.json").write_text(json.dumps(boxes | {"hers.png": BOXES[:1]}))
    seal = ("--boxes", "boxes.json", "--grow", "0", "-q", "-o", "out")
    (job / "in" / "hers.png").rename("hers.png")
    assert command("encrypt", "in", "-k", "k", "-R", "key.pub", *seal).code == 0
    assert command("encrypt", "hers.png", "-R", "other.pub", *seal, "--sidecar").code == 0
    command("forget", "out/gone.png", "--region", "0", "-k", "k")
    edit(job / "out" / "edited.png")
    return job


def edit(path):
    """Change a public pixel, and keep the header."""
    payload, pixels = read_payload(path).to_bytes(), read_image(path).pixels.copy()
    pixels[47, 63] ^= 1
    path.write_bytes(encode_image(".png", pixels, chunks=((b"fcRP", payload),)))


def listed(*options) -> list[str]:
    done = command("inspect", "out", *options)
    assert done.code == 0, done.err
    return [line.split()[-1].removeprefix("out/") for line in done.out.splitlines()[1:]]


ALL = ["b.jpg", "bare.png", "edited.png", "gone.png", "hers.png"]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("", ALL),
        ("--only no-face", ["bare.png"]),
        ("--only face", ["b.jpg", "edited.png", "gone.png", "hers.png"]),
        ("--only opens -i key.txt", ["b.jpg", "bare.png", "edited.png", "gone.png"]),
        ("--only closed -k k", ["hers.png"]),
        ("--only opens -i other.txt -i key.txt", ALL),
        ("--only opens -i her", ["b.jpg"]),
        ("--only edited", ["edited.png"]),
        ("--only forgotten", ["gone.png"]),
        ("--only face --only opens --only edited -k k", ["edited.png"]),
    ],
)
def test_which_are_listed(archive, options, names):
    command("region-key", "out/b.jpg", "--region", "1", "-k", "k", "-o", "her")
    assert listed(*options.split()) == names


def test_the_table(archive):
    key, alice = SecretKey.load("k").id, Identity.load("key.txt").recipient.id
    other = Identity.load("other.txt").recipient.id
    command("region-key", "out/b.jpg", "--region", "1", "-k", "k", "-o", "her")
    done = command("inspect", "out", "--edited", "-i", "her", "-i", "other.txt")
    assert done.out.splitlines() == [
        " faces  carrier  may open                              opens   edited  file",
        f"     2  jpeg     {alice} {key}     1       no      out/b.jpg",
        f"     0  png      {alice} {key}     no      no      out/bare.png",
        f"     2  png      {alice} {key}     no      yes     out/edited.png",
        f"1 of 2  png      {alice} {key}     no      no      out/gone.png",
        f"     1  sidecar  {other}                      all     no      out/hers.png",
    ]
    assert done.err == [
        "facecrypt: 5 sealed; 1 without a face; 2 that the keys open; 1 edited; 1 face forgotten"
    ]
    done = command("inspect", "out", "--only", "edited")
    assert done.err[0].startswith("facecrypt: 1 listed; 5 sealed; ")


def test_many_who_may_open(job, monkeypatch):
    monkeypatch.setenv("FACECRYPT_PASSPHRASE", "correct horse")
    command("rewrap", "sealed", "-k", "k", "--keep", "-R", "other.pub")
    (line,) = command("inspect", "sealed").out.splitlines()[1:]
    assert line.split()[4:6] == ["+1", "sealed/a.png"]
    (line,) = command("inspect", "phrase", "-p").out.splitlines()[1:]
    assert line.split() == ["1", "png", "passphrase", "all", "phrase/a.png"]


def test_lines_of_json(archive):
    done = command("inspect", "out", "--json", "-k", "k", "--edited")
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [one["source"] for one in found] == [f"out/{name}" for name in ALL]
    assert [one["carrier"] for one in found] == ["jpeg", "png", "png", "png", "sidecar"]
    assert [one["opens"] for one in found] == [[0, 1], [], [0, 1], [1], None]
    assert [one["whole"] for one in found] == [True, True, True, True, False]
    assert [one["edited"] for one in found] == [False, False, True, False, False]
    assert found[0]["header"] == json.loads(command("inspect", "out/b.jpg", "--json").out)
    plain = [json.loads(line) for line in command("inspect", "out", "--json").out.splitlines()]
    assert [set(one) for one in plain] == [{"source", "carrier", "header"}] * 5


def test_the_key_of_a_face_that_was_forgotten(archive):
    command("region-key", "out/gone.png", "--region", "1", "-k", "k", "-o", "his")
    assert listed("--only", "opens", "-i", "his") == ["gone.png"]
    command("forget", "out/gone.png", "--region", "1", "-k", "k")
    assert listed("--only", "opens", "-i", "his") == []


def test_one_file_with_a_question(archive):
    done = command("inspect", "out/edited.png", "--edited")
    assert "yes     out/edited.png" in done.out
    assert json.loads(command("inspect", "out/gone.png", "-k", "k", "--json").out)["opens"] == [1]


def test_a_jpeg_that_was_edited(archive):
    shutil.copy("out/b.jpg", "out/c.jpg")
    path = archive / "out" / "c.jpg"
    data = path.read_bytes()
    at = data.index(b"\xff\xdb") + 5
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    done = command("inspect", "out", "--edited", "-q")
    assert done.code == 3
    assert done.err == [
        "facecrypt: error: out/c.jpg: the picture was compressed again after sealing: its faces no "
        "longer fit it; get the file as it was sealed"
    ]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--only opens", "say what to decrypt with"),
        ("--only nothing", "invalid choice: 'nothing'"),
        ("--guess --edited", "--guess is for any picture"),
        ("--guess -k k", "--guess is for any picture"),
    ],
)
def test_what_is_refused(archive, words, error):
    done = command("inspect", "out", *words.split())
    assert done.code == 2
    assert error in done.err[0]


def test_where_every_face_was_forgotten_nothing_is_left_to_open(archive):
    command("forget", "out/gone.png", "--region", "1", "-k", "k")
    assert listed("--only", "opens", "-k", "k") == ["b.jpg", "bare.png", "edited.png"]
    (line,) = (
        line
        for line in command("inspect", "out", "-k", "k").out.splitlines()
        if line.endswith("gone.png")
    )
    assert line.split()[:2] == ["0", "of"]
    assert line.split()[-2] == "none"
    done = command("inspect", "out", "-k", "k")
    assert "3 that the keys open" in done.err[-1]


@pytest.mark.parametrize("both", [("face", "no-face"), ("closed", "opens")])
def test_opposites_exclude_each_other(archive, both):
    done = command("inspect", "out", "--only", both[0], "--only", both[1], "-k", "k")
    assert done.code == 2
    assert "exclude each other; run twice" in done.err[0]


def test_broken_files_have_a_line_of_json(archive):
    (archive / "out" / "broken.png").write_bytes(b"no picture")
    done = command("inspect", "out", "--json")
    assert done.code == 1
    lines = {line["source"]: line for line in map(json.loads, done.out.splitlines())}
    assert set(lines) == {f"out/{name}" for name in (*ALL, "broken.png")}
    assert lines["out/broken.png"]["status"] == "failed"
    assert "holds no facecrypt header" in lines["out/broken.png"]["error"]
    guessed = command("inspect", "out", "--guess", "--json").out.splitlines()
    assert "out/broken.png" in [json.loads(line)["source"] for line in guessed]
    done = command("inspect", "out", "--json", "--only", "no-face")
    assert [json.loads(line)["source"] for line in done.out.splitlines()] == ["out/bare.png"]
