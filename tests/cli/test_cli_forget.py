"""``forget`` as people call it, and what other commands say afterwards."""

import json
import shutil

import pytest
from PIL import Image
from support.command_line import command, files, pixels


@pytest.fixture
def two(job):
    """Pictures with two faces: in PNG, in JPEG, and with a sidecar."""
    (job / "in").mkdir()
    shutil.copy("a.png", "in/a.png")
    Image.open("a.png").save("in/b.jpg")
    boxes = [[0, 0, 16, 16], [32, 16, 48, 32]]
    (job / "two.json").write_text(json.dumps({"a.png": boxes, "b.jpg": boxes}))
    seal = ("-k", "k", "--boxes", "two.json", "--grow", "0", "-q", "-o")
    assert command("encrypt", "in", *seal, "out").code == 0
    assert command("encrypt", "in", *seal, "out2", "--sidecar").code == 0
    return job


def test_faces_are_erased_from_several_files_only_by_force(two):
    before = files(two / "out")
    done = command("forget", "out", "--region", "1", "-k", "k")
    assert (done.code, files(two / "out")) == (2, before)
    assert "region 1 is another face in each of 2 files, and what is erased" in done.err[0]
    assert command("forget", "out", "--region", "1", "-k", "k", "-o", "new").code == 0
    assert files(two / "out") == before
    assert command("forget", "out/a.png", "--region", "1", "-k", "k").code == 0
    assert command("forget", "out", "--region", "1", "-k", "k", "--force").code == 0


@pytest.mark.filterwarnings("default")
def test_a_face_is_forgotten(two):
    command("region-key", "out/a.png", "--region", "0", "-k", "k", "-o", "her")
    command("region-key", "out/a.png", "--region", "1", "-k", "k", "-o", "his")
    done = command("forget", "out", "out2", "--region", "1", "-k", "k", "--force")
    assert done.code == 0
    assert done.err[0].startswith("facecrypt: 4 changed; 1 region forgotten in each, and the file ")
    done = command("verify", "out", "out2", "-k", "k")
    assert done.code == 0
    assert {line.split(": ")[1] for line in done.out.splitlines()} == {
        "intact; region 1 was forgotten"
    }
    done = command("decrypt", "out", "-o", "back", "-k", "k")
    assert done.code == 0
    assert done.err[:2] == [
        "facecrypt: warning: out/a.png: region 1 was forgotten and stays hidden",
        "facecrypt: warning: out/b.jpg: region 1 was forgotten and stays hidden",
    ]
    assert done.err[2].startswith("facecrypt: 2 decrypted; 2 with faces that were forgotten (")
    opened, plain = pixels("back/a.png"), pixels("a.png")
    assert (opened[16:32, 32:48] == 128).all()
    plain[16:32, 32:48] = 128
    assert (opened == plain).all()
    assert "2 there already" in command("decrypt", "out", "-o", "back", "-k", "k").err[2]
    for options, said in (
        (("--region", "1", "-k", "k"), "region 1 was forgotten: the encrypted face was erased"),
        # Who has no key of the whole file cannot check its header.
        (("-i", "his"), "the header says that region 1 was forgotten"),
    ):
        done = command("decrypt", "out/a.png", "-o", "his face", *options)
        assert done.code == 1
        assert done.err[0].startswith(f"facecrypt: error: out/a.png: {said}")
    assert command("decrypt", "out/a.png", "-o", "her face", "-i", "her").code == 0
    done = command("verify", "out/a.png", "-i", "her")
    assert done.out == (
        "out/a.png: region 0 intact; the header was not checked; it says that region 1 was "
        "forgotten\n"
    )


def test_a_face_that_is_still_there_is_said(two):
    """A run that was killed between the header beside a picture and the picture."""
    old = (two / "out2" / "a.png").read_bytes()
    assert command("forget", "out2", "--region", "1", "-k", "k", "--force").code == 0
    (two / "out2" / "a.png").write_bytes(old)
    still = "region 1 is to be forgotten, but its encrypted face is still there; run forget again"
    done = command("verify", "out2", "-k", "k")
    assert done.code == 0
    assert done.out.splitlines() == [
        f"out2/a.png: intact; {still}",
        "out2/b.jpg: intact; region 1 was forgotten",
    ]
    checked = json.loads(command("verify", "out2/a.png", "-k", "k", "--json").out)
    assert (checked["forgotten"], checked["unerased"]) == ([1], [1])
    done = command("decrypt", "out2", "-o", "back", "-k", "k", "--json")
    assert done.code == 0
    assert done.err[0] == f"facecrypt: warning: out2/a.png: {still}"
    assert json.loads(done.out.splitlines()[0])["unerased"] == [1]
    assert (pixels("back/a.png")[16:32, 32:48] == 128).all()
    assert command("inspect", "out2", "--only", "edited").out.count("out2/") == 0
    done = command("forget", "out2", "--region", "1", "-k", "k", "--force")
    assert done.err[0].startswith("facecrypt: 1 changed;")
    assert "1 forgotten already" in done.err[0]
    done = command("verify", "out2", "-k", "k")
    assert done.out.count("intact; region 1 was forgotten") == 2


def test_what_was_forgotten_before_is_left_alone(two):
    """Whether the header lies in the picture or beside it; and the summary says what was done."""
    said = "1 region forgotten in each, and the file that was sealed"
    assert said in command("forget", "out", "out2", "--region", "1", "-k", "k", "--force").err[0]
    for folder in "out", "out2":
        before = {path: path.stat().st_ino for path in files(two / folder)}
        done = command("forget", folder, "--region", "1", "-k", "k", "--force")
        assert done.code == 0
        assert done.err[0].startswith("facecrypt: 0 changed; 2 forgotten already (")
        assert {path: path.stat().st_ino for path in files(two / folder)} == before
    done = command("forget", "out/a.png", "--region", "7", "-k", "k")
    assert done.code == 1
    assert done.err[-1].startswith("facecrypt: 0 changed; 1 failed (")


@pytest.mark.filterwarnings("default")
def test_as_json(two):
    done = command(
        "forget", "out", "--region", "0", "--region", "1", "-k", "k", "--json", "--force"
    )
    assert [json.loads(line) for line in done.out.splitlines()] == [
        {
            "source": f"out/{name}",
            "output": f"out/{name}",
            "status": "changed",
            "regions": 2,
            "forgotten": [0, 1],
        }
        for name in ("a.png", "b.jpg")
    ]
    done = command("forget", "out", "--region", "0", "-k", "k", "--json", "--force")
    assert {json.loads(line)["status"] for line in done.out.splitlines()} == {"forgotten already"}
    checked = json.loads(command("verify", "out/a.png", "-k", "k", "--json").out)
    assert checked == {
        "source": "out/a.png",
        "status": "intact",
        "regions": [],
        "unchecked": [],
        "forgotten": [0, 1],
    }
    (opened, _) = command("decrypt", "out", "-o", "back", "-k", "k", "--json").out.splitlines()
    assert json.loads(opened)["forgotten"] == [0, 1]
    header = json.loads(command("inspect", "out/b.jpg", "--json").out)
    assert header["forgotten"] == [0, 1, "original"]


def test_inspect_shows_it(two):
    command("forget", "out/b.jpg", "--region", "1", "-k", "k")
    shown = command("inspect", "out/b.jpg").out.splitlines()
    assert shown[-2:] == ["region 1  box 32 16 48 32  forgotten", "private   original  forgotten"]
    assert shown[-3].endswith(" bytes")


def test_sealing_again_does_not_bring_it_back(two):
    command("forget", "out", "--region", "1", "-k", "k", "--force")
    before = files(two / "out")
    done = command("encrypt", "in", "-o", "out", "-k", "k", "--boxes", "two.json", "--grow", "0")
    assert "2 there already" in done.err[0]
    assert files(two / "out") == before


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        ("--region 2 -k k", 1, "there is no region 2; the picture has 2, from 0"),
        ("-k k", 2, "the following arguments are required: --region"),
        ("--region 0", 2, "say what to decrypt with"),
        ("--region 0 -i other.txt", 3, "the key does not open this picture"),
        ("--region 0 -i her", 3, "a region key opens its region and changes nothing"),
    ],
)
def test_what_is_refused(two, words, code, error):
    command("region-key", "out/a.png", "--region", "0", "-k", "k", "-o", "her")
    before = files(two / "out")
    done = command("forget", "out", "--force", *words.split())
    assert done.code == code
    assert error in done.err[0]
    assert files(two / "out") == before


def test_into_a_folder(two):
    before = files(two / "out")
    words = ("forget", "out", "-o", "new", "--region", "0", "-k", "k")
    assert command(*words).code == 0
    assert files(two / "out") == before
    assert "2 forgotten already" in command(*words).err[0]
    assert command(*words[:-4], "--region", "1", "-k", "k").code == 1
    assert command(*words[:-4], "--region", "1", "-k", "k", "--force").code == 0
    assert json.loads(command("inspect", "new/a.png", "--json").out)["forgotten"] == [1, "original"]
