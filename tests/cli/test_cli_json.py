"""What ``--json`` prints: a line of JSON for each picture, for programs that read on."""

import json
import os
import shutil

import pytest
from PIL import Image
from support.command_line import ASTRONAUT, command, pixels

from facecrypt import SecretKey


def lines(done) -> list:
    return [json.loads(line) for line in done.out.splitlines()]


@pytest.fixture
def album(job):
    """A face, no face, no picture."""
    (job / "in").mkdir()
    shutil.copy(ASTRONAUT, "in/face.png")
    shutil.copy("a.png", "in/none.png")
    shutil.copy("broken.png", "in/torn.png")
    return job


def test_encrypt(album):
    done = command("encrypt", "in", "-o", "out", "-k", "k", "--json")
    face, none, torn = lines(done)
    assert done.code == 1
    assert face == {
        "source": "in/face.png",
        "output": "out/face.png",
        "status": "encrypted",
        "regions": 1,
    }
    assert none == {
        "source": "in/none.png",
        "output": "out/none.png",
        "status": "encrypted",
        "regions": 0,
    }
    assert torn.pop("error").startswith("in/torn.png: ")
    torn.pop("hint", None)
    assert torn == {"source": "in/torn.png", "output": None, "status": "failed"}
    assert any(line.startswith("facecrypt: 2 encrypted; 1 face; ") for line in done.err)
    again = lines(command("encrypt", "in", "-o", "out", "-k", "k", "--json", "-q"))
    assert [one["status"] for one in again] == ["there already", "there already", "failed"]
    assert [one["output"] for one in again] == ["out/face.png", "out/none.png", None]


def test_a_hint_is_part_of_it(album):
    done = command("encrypt", "a.png", "-o", "taken", "-k", "k", "--whole", "--json")
    (one,) = lines(done)
    assert one["error"] == "taken/a.png: already exists and is not a sealed picture"
    assert one["hint"] == "--force replaces it"


def test_decrypt(album):
    shutil.copytree("sealed", "mixed")
    shutil.copy("cut.png", "mixed/cut.png")
    done = command("decrypt", "mixed", "-o", "back", "-k", "k", "--json")
    good, cut = lines(done)
    assert good == {
        "source": "mixed/a.png",
        "output": "back/a.png",
        "status": "decrypted",
        "regions": 1,
    }
    assert (cut["source"], cut["output"], cut["status"]) == ("mixed/cut.png", None, "failed")
    assert done.code == 3


def test_an_edited_picture_says_so(album):
    image = Image.open("beside/a.png")
    image.putpixel((63, 47), (1, 2, 3))
    image.save("beside/a.png")
    (one,) = lines(command("decrypt", "beside", "-o", "o", "-k", "k", "--allow-edited", "--json"))
    assert one["edited"] is True


def test_verify(album):
    (album / "two.json").write_text('{"a.png": [[0, 0, 8, 8], [20, 20, 30, 30]]}')
    command("encrypt", "a.png", "-o", "two", "-k", "k", "--boxes", "two.json")
    command("region-key", "two/a.png", "--region", "1", "-k", "k", "-o", "face1")
    done = command("verify", "two", "cut.png", "-k", "k", "--json")
    whole, cut = lines(done)
    assert whole == {
        "source": "two/a.png",
        "status": "intact",
        "regions": [0, 1],
        "unchecked": [],
    }
    assert (cut["source"], cut["status"]) == ("cut.png", "failed")
    assert "cut short" in cut["error"]
    assert done.err[-1] == "facecrypt: 1 intact, 1 failed"
    done = command("verify", "two", "-i", "face1", "--json")
    assert lines(done) == [
        {"source": "two/a.png", "status": "checked in part", "regions": [1], "unchecked": [0]}
    ]
    assert done.err == ["facecrypt: 0 intact, 1 checked in part"]


def test_inspect_of_several(album):
    command("encrypt", "in", "-o", "out", "-k", "k")
    key = SecretKey.load("k").id
    for given in ["out"], ["out/face.png", "out/none.png"], ["out/*.png"]:
        face, none = lines(command("inspect", *given, "--json"))
        assert (face["source"], none["source"]) == ("out/face.png", "out/none.png")
        assert face["header"] == json.loads(command("inspect", "out/face.png", "--json").out)
        assert none["header"]["regions"] == []
        done = command("inspect", *given)
        assert done.code == 0
        assert [line.split() for line in done.out.splitlines()] == [
            ["faces", "carrier", "may", "open", "file"],
            ["1", "png", key, "out/face.png"],
            ["0", "png", key, "out/none.png"],
        ]
        assert done.err == ["facecrypt: 2 sealed; 1 without a face"]
    assert command("inspect", "out", "-q").out == ""


def test_inspect_names_what_is_not_sealed(album):
    done = command("inspect", "sealed", "in")
    assert done.code == 1
    assert [line.split()[-1] for line in done.out.splitlines()] == ["file", "sealed/a.png"]
    assert done.err[-1] == "facecrypt: 1 sealed; 0 without a face; 3 failed"
    assert [line.split(": ")[2] for line in done.err[:-1]] == [
        "in/face.png",
        "in/none.png",
        "in/torn.png",
    ]
    done = command("inspect", "sealed", "a.png", "--guess")
    assert done.code == 0
    assert "a.png: no facecrypt header, looks encrypted 0" in done.out
    guessed = [
        one["guess"]["probability"]
        for one in lines(command("inspect", "sealed", "a.png", "--guess", "--json"))
    ]
    assert len(guessed) == 2
    (alone,) = lines(command("inspect", "sealed/a.png", "--guess", "--json"))
    assert alone == lines(command("inspect", "sealed", "--guess", "--json"))[0]
    assert alone["header"] == json.loads(command("inspect", "sealed/a.png", "--json").out)


def test_names_of_pictures_without_a_face(job):
    (job / "in").mkdir()
    for number in range(12):
        os.link("a.png", f"in/{number:02}.png")
    done = command("encrypt", "in/00.png", "-o", "one", "-k", "k")
    assert done.err[1] == "facecrypt: no face, so in the clear: one/00.png"
    done = command("encrypt", "in", "-o", "out", "-k", "k")
    assert done.err[0].startswith("facecrypt: 12 encrypted; 0 faces; none in 12 pictures (")
    ten = ", ".join(f"out/{number:02}.png" for number in range(10))
    assert done.err[1:] == [
        f"facecrypt: no face, so in the clear: {ten} and 2 more",
        "facecrypt: hint: look at them: with --preset recall and --any-rotation more faces are "
        "found; --boxes and --whole encrypt what no detector finds",
    ]
    given = "--preset", "recall", "--rotate", "90"
    done = command("encrypt", "a.png", "-o", "recall", "-k", "k", *given)
    hint = "hint: look at them: --boxes and --whole encrypt what no detector finds"
    assert done.err[2] == f"facecrypt: {hint}"
    assert (pixels("out/03.png") == pixels("a.png")).all()
    assert command("encrypt", "in", "-o", "quiet", "-k", "k", "-q").err == []
    (job / "boxes.json").write_text('{"a.png": []}')
    done = command("encrypt", "a.png", "-o", "given", "-k", "k", "--boxes", "boxes.json")
    assert done.err[1:] == ["facecrypt: no region, so in the clear: given/a.png"]


@pytest.mark.parametrize(
    "given",
    [
        "detect a.png",
        "doctor",
        "inspect sealed",
        "verify sealed -k k",
        "attack le a.png -f -o attack.png",
        "decrypt edited.png -f -o out -k k --allow-edited",
    ],
)
def test_quiet(job, given):
    image = Image.open("beside/a.png")
    image.putpixel((63, 47), (1, 2, 3))
    image.save("edited.png")
    (beside,) = job.glob("beside/a.png.*.fcrypt")
    shutil.copy(beside, beside.name.replace("a.png", "edited.png"))
    done = command(*given.split(), "-q")
    assert (done.code, done.out, done.err) == (0, "", [])
    loud = command(*given.split())
    assert loud.code == 0
    assert loud.out or len(loud.err) == 2  # a warning and the summary
