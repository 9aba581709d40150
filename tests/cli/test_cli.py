"""The command line in this process; what needs one of its own is in test_cli_process.py."""

import json
import os
import shlex
import shutil
from pathlib import Path

import cv2
import pytest
from PIL import Image
from support import second_reader
from support.command_line import ASTRONAUT, command, files, pixels

from facecrypt import Region, Result, Summary, inspect
from facecrypt.cli.batches import report

WRONG_KEY = "the key does not open this picture, or the picture was changed after sealing"


WHOLE = "encrypt a.png -o out -k k --whole"
# Command; exit code; what its error says; its hint.
FAILURES = [
    ("decrypt sealed/a.png -o out -i other.txt", 3, WRONG_KEY, "'facecrypt inspect' shows"),
    ("decrypt phrase/a.png -o out -k k", 3, WRONG_KEY, "'facecrypt inspect' shows"),
    ("decrypt cut.png -o out -k k", 3, "cut short", None),
    ("decrypt a.png -o out -k k", 1, "holds no facecrypt header", None),
    ("decrypt sealed/a.png -o out -k none", 1, "none: no such file", None),
    ("decrypt sealed/a.png -o out -i x.jpg", 1, "x.jpg: is a folder", None),
    ("decrypt sealed/a.png -o out -i garbage", 2, "garbage: not a key file", None),
    (
        "decrypt sealed/a.png -o out -i key.pub",
        2,
        "key.pub: expected a private key",
        "private key with -i",
    ),
    (
        "decrypt sealed/a.png -o out -k key.txt",
        2,
        "received a private key",
        "give its file with -i",
    ),
    ("decrypt sealed/a.png -o out", 2, "say what to decrypt with: -i KEYFILE", None),
    ("decrypt sealed/a.png -o out -k k --region 1", 1, "no region 1; the picture has 1", None),
    ("decrypt sealed/a.png -o out -k k --region -1", 1, "no region -1", None),
    ("decrypt sealed/a.png -o out -k k --region x", 2, "argument --region", "decrypt --help"),
    ("encrypt a.png -o out --whole", 2, "say who may decrypt: -r PUBLIC_KEY", None),
    ("encrypt a.png -o out --whole -R key.txt", 2, "key.txt, line 2: expected a public", "with -i"),
    ("encrypt a.png -o out --whole -R none", 1, "none: no such file", None),
    ("encrypt a.png -o out --whole -r fc1abc", 2, "mistyped or cut short", None),
    ("encrypt '' -o out -k k --whole", 2, "an argument is empty, as of a shell var", "--help"),
    ("encrypt a.png --output= -k k --whole", 2, "an argument is empty", "--help"),
    ("decrypt sealed -o '' -k k", 2, "an argument is empty", "--help"),
    ("forget '' --region 0 -k k", 2, "an argument is empty", "--help"),
    ("rewrap '' -i key.txt -R other.pub --hand-over", 2, "an argument is empty", "--help"),
    ("encrypt none.png -o out -k k --whole", 1, "none.png: no such file or folder", None),
    ("encrypt broken.png -o out -k k --whole", 1, "broken.png: ", "save it anew"),
    ("encrypt garbage -o out -k k --whole", 1, "garbage: not a picture", None),
    ("encrypt x.jpg -o out -k k --whole", 1, "no pictures or videos were found", None),
    ("encrypt pipe.jpg -o out -k k --whole", 1, "pipe.jpg: is not a regular file", None),
    ("encrypt sealed/a.png -o out -k k --whole", 1, "is a sealed picture already", None),
    ("encrypt a.png -o garbage -k k --whole", 1, "garbage: is a file; name a folder", None),
    ("encrypt a.png -o garbage/out -k k --whole", 1, "is a file, not a folder", None),
    ("encrypt a.png -o /proc/out -k k --whole", 1, "/proc/out: no such file or folder", None),
    ("encrypt a.png -o out.jpg -k k --whole", 2, "expected a folder, received out.jpg", "--help"),
    ("encrypt a.png -o . -k k --whole", 2, "would replace the input a.png", None),
    ("encrypt a.png -o taken -k k --whole", 1, "taken/a.png: already exists", "--force replaces"),
    ("encrypt a.png -o sealed -k k --whole", 1, "sealed for other keys", "--force replaces it"),
    (f"{WHOLE} --boxes a.json", 2, "--whole and --boxes exclude each other", None),
    ("encrypt a.png -o out -k k --boxes none", 1, "none: no such file", None),
    ("encrypt a.png -o out -k k --boxes garbage", 2, "expected what 'facecrypt detect", None),
    ("encrypt broken.png -o out -k k --boxes a.json", 1, "no boxes are given", None),
    (f"{WHOLE} --grow -1", 2, "expected a number from 0 to 100", "encrypt --help"),
    (f"{WHOLE} --grow nan", 2, "expected a number from 0 to 100", "encrypt --help"),
    (f"{WHOLE} --grow 1e308", 2, "expected a number from 0 to 100", "encrypt --help"),
    (f"{WHOLE} --cipher rot13", 2, "invalid choice: 'rot13'", "encrypt --help"),
    (f"{WHOLE} --shape star", 2, "invalid choice: 'star'", "encrypt --help"),
    (f"{WHOLE} --threshold abc", 2, "expected one number or three", "encrypt --help"),
    (f"{WHOLE} --threshold .6,.7", 2, "expected one number or three", "encrypt --help"),
    (
        "encrypt a.png -o out -k k --threshold 2",
        2,
        "argument --threshold: expected numbers",
        "--help",
    ),
    (
        "encrypt a.png -o out -k k --min-face 0",
        2,
        "argument --min-face: expected a whole",
        "--help",
    ),
    (f"{WHOLE} --jobs 0", 2, "at least 1, received 0", "encrypt --help"),
    (f"{WHOLE} --jobs two", 2, "argument -j/--jobs", "encrypt --help"),
    (f"{WHOLE} --frobnicate", 2, "unrecognized arguments: --frobnicate", "encrypt --help"),
    (f"{WHOLE} --side", 2, "unrecognized arguments: --side", "encrypt --help"),
    (f"{WHOLE} b.png", 2, "unrecognized arguments: b.png", "encrypt --help"),
    (f"{WHOLE} --crf 52", 2, "argument --crf: crf must be 0 to 51, received 52", "encrypt --help"),
    (f"{WHOLE} --hold -1", 2, "argument --hold: hold must be 0 to 250", "encrypt --help"),
    (f"{WHOLE} --every x", 2, "argument --every: expected a whole number", "encrypt --help"),
    ("detect a.png --every 0", 2, "argument --every: every must be 1 to 250", "detect --help"),
    ("--frobnicate keys k", 2, "unrecognized arguments: --frobnicate", "'facecrypt --help'"),
    ("scheme le keygen -o new --size 32x32 x", 2, "arguments: x", "scheme NAME keygen --help"),
    ("encrypt a.png -k k", 2, "required: -o/--output", "encrypt --help"),
    ("frobnicate", 2, "invalid choice: 'frobnicate'", "see 'facecrypt --help'"),
    ("", 2, "required: COMMAND", "see 'facecrypt --help'"),
    ("keygen -o key.txt", 1, "key.txt: already exists", "give another name"),
    ("keygen --pq --symmetric -o new", 2, "--pq is for key pairs", None),
    ("keygen -o none/key.txt", 1, "none/key.txt: no such file or folder", None),
    ("inspect a.png", 1, "holds no facecrypt header", None),
    ("inspect none.png", 1, "none.png: ", None),
    ("inspect garbage --json", 1, "holds no facecrypt header", None),
    ("verify sealed/a.png -i other.txt", 3, f"sealed/a.png: {WRONG_KEY}", "'facecrypt inspect'"),
    ("verify cut.png -k k", 3, "cut.png: ", None),
    ("verify x.jpg -k k", 1, "no pictures or videos were found", None),
    ("verify broken.png -k k", 1, "broken.png: holds no", None),
    ("detect broken.png", 1, "broken.png: ", "save it anew"),
    ("detect none.png", 1, "none.png: no such file", None),
    ("detect a.png --draw taken", 1, "taken/a.png: already exists", "--force replaces it"),
    ("region-key sealed/a.png --region 1 -k k", 2, "there is no region 1", None),
    ("region-key sealed/a.png --region 0 -i other.txt -o new", 3, WRONG_KEY, "inspect"),
]


@pytest.mark.parametrize(("line", "code", "error", "hint"), FAILURES, ids=lambda v: str(v)[:60])
def test_failures(job, line, code, error, hint):
    before = files(job)
    done = command(*shlex.split(line))
    assert done.code == code, done.err
    assert files(job) == before
    assert "intact" not in done.out
    assert "face" not in done.out.replace("{}", "")
    errors = [line for line in done.err if line.startswith("facecrypt: error: ")]
    hints = [line for line in done.err if line.startswith("facecrypt: hint: ")]
    assert len(errors) == 1
    assert error in errors[0]
    assert len(hints) == (hint is not None)
    assert all(hint in line for line in hints)
    rest = [line for line in done.err if line not in errors + hints]
    assert all(line.startswith("facecrypt: 0 ") for line in rest)
    for text in errors:
        assert text[18].islower() or text[18] in "-/'"
        assert text[-1] not in ".!"
        assert "Errno" not in text
        assert "Traceback" not in text


def test_a_secret_in_the_wrong_place_is_not_repeated(job):
    secret = (job / "key.txt").read_text().split()[-1]
    for option in (f"-r {secret}", "-R key.txt", "-k key.txt"):
        done = command(*shlex.split(f"encrypt a.png -o out --whole {option}"))
        assert done.code == 2
        assert secret[22:40] not in " ".join(done.err)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"a.png": 1}',
        '{"a.png": [[1, 2, 3]]}',
        '{"a.png": [[1, 2, 3, 4.5]]}',
        '{"a.png": [[4, 2, 3, 4]]}',
        '{"a.png": ["1234"]}',
        '{"a.png": [{"bax": [1, 2, 3, 4]}]}',
        '{"a.png": [[1, 2, 3, 4]], "a.png": []}',
        '{"a.png": [[0, 0, 1' + "0" * 400 + ", 9]]}",
        '{"a.png": ' + "[" * 100_000,
        "",
    ],
    ids=lambda text: text[:40],
)
def test_malformed_boxes(job, text):
    (job / "bad.json").write_text(text)
    before = files(job)
    done = command("encrypt", "a.png", "-o", "out", "-k", "k", "--boxes", "bad.json")
    assert done.code == 2
    assert files(job) == before
    assert done.err[0].startswith("facecrypt: error: bad.json: expected what 'facecrypt detect")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "expected an object, from picture to boxes, received []"),
        ('{"a.png": 1}', "a.png: expected a list of boxes, received 1"),
        ('{"a.png": [[1, 2, 3]]}', "a.png, box 0: expected [x0, y0, x1, y1], received [1, 2, 3]"),
        ('{"a.png": [{"x": 1}]}', 'a.png, box 0: expected [x0, y0, x1, y1], received {"x": 1}'),
        ('{"a.png": [[0, 0, 9, 9], [4, 2, 3, 4]]}', "a.png, box 1: a region needs x0 < x1"),
        ('{"a.png": [[1, 2, 3, 4.5]]}', "a.png, box 0: y1 must be an integer number of pixels"),
        ('{"a": "' + "y" * 99 + '"}', 'expected a list of boxes, received "' + "y" * 39 + "…"),
    ],
)
def test_boxes_say_what_was_expected(job, text, said):
    (job / "bad.json").write_text(text)
    done = command("encrypt", "a.png", "-o", "out", "-k", "k", "--boxes", "bad.json")
    assert done.code == 2
    assert done.err[0].endswith(said) or f": {said}" in done.err[0]
    assert "object has no attribute" not in done.err[0]


def test_the_mark_of_windows_editors_before_boxes(job):
    (job / "a.json").write_bytes(b"\xef\xbb\xbf" + (job / "a.json").read_bytes())
    done = command("encrypt", "a.png", "-o", "out", "-k", "k", "--boxes", "a.json")
    assert done.err[0].startswith("facecrypt: 1 encrypted; 1 region (")


def test_a_wrong_passphrase(job, monkeypatch):
    before = files(job)
    for text, code, error in [("wrong", 3, WRONG_KEY), ("", 2, "the passphrase is empty")]:
        monkeypatch.setenv("FACECRYPT_PASSPHRASE", text)
        done = command("decrypt", "phrase", "-o", "out", "-p")
        assert done.code == code
        assert error in done.err[0]
        assert files(job) == before
    monkeypatch.setenv("FACECRYPT_PASSPHRASE", "correct horse")
    assert command("decrypt", "phrase", "-o", "out", "-p").code == 0
    assert (pixels("out/a.png") == pixels("a.png")).all()


def test_resume_notices_another_passphrase(job, monkeypatch):
    monkeypatch.setenv("FACECRYPT_PASSPHRASE", "another")
    done = command("encrypt", "a.png", "-p", "--whole", "-o", "phrase")
    assert done.code == 1
    assert "sealed for other keys" in done.err[0]
    monkeypatch.setenv("FACECRYPT_PASSPHRASE", "correct horse")
    (job / "phrase" / "a.png").touch()  # a copy of the folder may have written it before the source
    assert command("encrypt", "a.png", "-p", "--whole", "-o", "phrase").code == 0


def test_keygen(tmp_path):
    for extra, length in ([], 60), (["--pq"], 2000):
        path = tmp_path / f"key{length}.txt"
        done = command("keygen", "-o", path, *extra)
        assert done.code == 0
        assert path.stat().st_mode & 0o777 == 0o600
        word = done.out.rstrip("\n")
        assert word.startswith("fc1")
        assert word.isalnum()
        assert abs(len(word) - length) < 70
        assert done.err == [
            f"wrote {path}; keep it secret. Its public key, to encrypt with:",
        ]
        before = path.read_bytes()
        assert command("keygen", "-o", path, *extra).code == 1
        assert path.read_bytes() == before
        assert command("keygen", "-o", path, "--force", "-q", *extra).err == []
        assert path.read_bytes() != before
    done = command("keygen", "--symmetric", "-o", tmp_path / "k")
    assert (done.code, done.out) == (0, "")


def test_encrypt_and_decrypt_speak_on_standard_error_alone(job):
    done = command("encrypt", "a.png", "-o", "out", "-k", "k", "--whole")
    assert (done.code, done.out, len(done.err)) == (0, "", 1)
    assert done.err[0].startswith("facecrypt: 1 encrypted; 1 region (")
    assert done.err[0].endswith(" images/s)")
    done = command("decrypt", "out", "-o", "back", "-k", "k")
    assert done.code == 0
    assert done.err[0].startswith("facecrypt: 1 decrypted (")
    assert (pixels("back/a.png") == pixels("a.png")).all()
    assert command("encrypt", "a.png", "-o", "new", "-k", "k", "--whole", "-q").err == []


def test_force_replaces_and_its_absence_keeps(job):
    before = (job / "sealed" / "a.png").read_bytes()
    again = ("encrypt", "a.png", "-o", "sealed", "-R", "key.pub", "-k", "k", "--boxes", "a.json")
    done = command(*again)
    assert done.code == 0
    assert done.err[0].startswith("facecrypt: 0 encrypted; 1 region; 1 there")
    assert (job / "sealed" / "a.png").read_bytes() == before
    assert command(*again, "--force").code == 0
    assert (job / "sealed" / "a.png").read_bytes() != before
    done = command("decrypt", "sealed", "-o", "taken", "-k", "k")
    assert done.code == 1
    assert "taken/a.png: already exists and is not this picture opened" in done.err[0]
    assert (job / "taken" / "a.png").read_bytes() == b"somebody's file"
    assert command("decrypt", "sealed", "-o", "taken", "-k", "k", "--force").code == 0
    assert (pixels("taken/a.png") == pixels("a.png")).all()


def test_boxes_that_may_be_of_either_picture_are_refused(job):
    (job / "in" / "deep").mkdir(parents=True)
    for name in "in/a.png", "in/deep/a.png":
        (job / name).write_bytes((job / "a.png").read_bytes())
    (job / "both.json").write_text('{"a.png": [[0, 0, 8, 8]], "deep/a.png": [[18, 2, 30, 9]]}')
    words = ("-o", "out", "-k", "k", "--boxes", "both.json")
    done = command("encrypt", "in/deep/a.png", *words)
    assert done.code == 1
    assert "boxes are given for a.png and deep/a.png, and it may be either" in done.err[0]
    (job / "link").symlink_to("in/deep")
    done = command("encrypt", "link/a.png", *words)
    assert "boxes are given for a.png and deep/a.png, and it may be either" in done.err[0]
    assert command("encrypt", "in/a.png", *words).code == 0
    assert inspect("out/a.png").regions[0].box == (0, 0, 16, 16)
    assert command("encrypt", "in", *words, "--force").code == 0
    assert inspect("out/deep/a.png").regions[0].box == (16, 0, 32, 16)


def test_a_limit_that_an_input_passes_is_no_wrong_key(job):
    (job / "many.json").write_text(json.dumps({"a.png": [[0, 0, 1, 1]] * 65537}))
    done = command("encrypt", "a.png", "-o", "out", "-k", "k", "--boxes", "many.json")
    assert done.code == 1
    assert "65537 regions; at most 65536 may be in a header" in done.err[0]


def test_what_failed_is_named_and_the_rest_is_done(job):
    done = command("encrypt", "broken.png", "a.png", "garbage", "-o", "out", "-k", "k", "--whole")
    assert done.code == 1
    assert [line.split(": ")[2] for line in done.err[:2]] == ["broken.png", "garbage"]
    assert "save it anew" in done.err[2]
    assert done.err[3].startswith("facecrypt: 1 encrypted; 1 region; 2 failed (")
    assert command("verify", "out/a.png", "-k", "k").out == "out/a.png: intact\n"


def test_a_box_outside_its_picture_fails_that_picture_alone(job):
    # Of a phone held upright: stored 64 x 48, seen 48 x 64, and the box is of what is stored.
    turned = Image.new("RGB", (64, 48))
    turned.getexif()[274] = 6
    turned.save("turned.jpg", exif=turned.getexif())
    boxes = {"turned.jpg": [[0, 0, 9, 9], [50, 10, 60, 30]], "a.png": [[50, 10, 60, 30]]}
    (job / "some.json").write_text(json.dumps(boxes))
    sealing = ("encrypt", "turned.jpg", "a.png", "-o", "out", "-k", "k", "--grow", "0")
    done = command(*sealing, "--boxes", "some.json")
    assert done.code == 1
    assert done.err[0].startswith(
        "facecrypt: error: turned.jpg: region 1 (50, 10, 60, 30) lies wholly outside the 48x64"
    )
    assert done.err[1].startswith("facecrypt: 1 encrypted; 1 region; 1 failed (")
    assert [path.name for path in (job / "out").iterdir()] == ["a.png"]


def test_folders_say_what_they_ignored(job):
    done = command("encrypt", "sealed", "-o", "new", "-k", "k", "--whole")
    (job / "in").mkdir()
    (job / "in" / "a.png").write_bytes((job / "a.png").read_bytes())
    (job / "in" / "a.txt").write_bytes(b"")
    (job / "in" / "album").symlink_to(job / "sealed")
    ignored = "ignored: 1 .txt; links not followed: in/album/"
    done = command("encrypt", "in", "-o", "out", "-k", "k", "--boxes", "a.json")
    assert done.code == 0
    assert f"; {ignored} (" in done.err[0]
    assert command("detect", "in").err == [f"facecrypt: {ignored}"]
    assert command("detect", "in", "--draw", "drawn").err == [f"facecrypt: {ignored}"]
    assert command("detect", "in", "-q").err == []
    (job / "in" / "a.png").write_bytes((job / "sealed" / "a.png").read_bytes())
    assert command("verify", "in", "-k", "k").err[0] == f"facecrypt: {ignored}"
    assert command("verify", "in", "-k", "k", "-q").err == []


def test_a_picture_of_a_format_that_is_not_read_fails(job):
    (job / "in").mkdir()
    (job / "in" / "a.png").write_bytes((job / "a.png").read_bytes())
    (job / "in" / "photo").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    for given in ("encrypt", "in", "-o", "out", "-k", "k", "--whole"), ("detect", "in"):
        done = command(*given)
        assert done.code == 1
        assert "facecrypt: error: in/photo: HEIC is not read; convert it to PNG" in done.err[0]
    assert (job / "out" / "a.png").exists()


def test_sealed_pictures_of_a_folder_are_passed_over_with_a_word(job):
    (job / "in").mkdir()
    (job / "in" / "a.png").write_bytes((job / "a.png").read_bytes())
    (job / "in" / "camera.png").write_bytes((job / "sealed" / "a.png").read_bytes())
    done = command("encrypt", "in", "-o", "out", "-k", "k", "--whole")
    assert done.code == 0
    assert done.err[0].startswith(
        "facecrypt: 1 encrypted; 1 region; 1 sealed already, passed over ("
    )
    assert len(done.err) == 1
    assert os.listdir("out") == ["a.png"]
    done = command("encrypt", "in", "-o", "out", "-k", "k", "--whole", "--json", "-q")
    assert [json.loads(line) for line in done.out.splitlines()][1] == {
        "source": "in/camera.png",
        "output": None,
        "status": "sealed already",
    }


def test_an_output_that_an_earlier_run_left_is_named(job):
    (job / "in").mkdir()
    Image.open("a.png").save("in/a.bmp")
    assert len(command("encrypt", "in", "-o", "out", "-k", "k", "--whole").err) == 1
    (job / "in" / "a.png").write_bytes((job / "a.png").read_bytes())
    done = command("encrypt", "in", "-o", "out", "-k", "k", "--whole")
    assert done.code == 0
    assert sorted(os.listdir("out")) == ["a.bmp.png", "a.png", "a.png.png"]
    assert done.err[1:] == [
        "facecrypt: warning: out/a.png: left by an earlier run; in/a.bmp now has another output, "
        "for a second picture would take this name"
    ]
    (job / "out" / "a.png").unlink()
    assert len(command("encrypt", "in", "-o", "out", "-k", "k", "--whole").err) == 1


@pytest.mark.parametrize("inputs", [("in/b.bmp", "in/b.png"), ("in/b.bmp", "other/b.png")])
def test_an_original_is_no_output_of_an_earlier_run(job, inputs):
    """It would be deleted by whoever believes that it is."""
    (job / "in").mkdir()
    (job / "other").mkdir()
    for name in "in/b.png", "other/b.png":
        shutil.copy("a.png", name)
    Image.open("a.png").save("in/b.bmp")
    done = command("encrypt", *inputs, "-o", "in", "-k", "k", "--whole")
    assert done.code == 0
    assert [line for line in done.err if "warning" in line] == []
    assert (job / "in" / "b.png").read_bytes() == (job / "a.png").read_bytes()


@pytest.mark.parametrize(
    "words",
    ["decrypt {} -o out -k k", "verify {} -k k", "inspect {}", "rewrap {} -k k --drop argon2id"],
)
def test_a_sidecar_that_is_named_says_which_picture_is_meant(job, words):
    (sidecar,) = (job / "beside").glob("*.fcrypt")
    name = sidecar.relative_to(job)
    done = command(*words.format(name).split())
    assert done.code == 1
    assert done.err == [
        f"facecrypt: error: {name}: is the sealed part of the picture or video beside it; name that"
    ]
    assert command("verify", name, "beside/a.png", "-k", "k").code == 0


@pytest.mark.parametrize(
    ("seconds", "done", "said"),
    [
        (100.0, 4, "100.0 s, 25.0 s an image"),
        (0.5, 4, "0.5 s, 8.0 images/s"),
        (30.0, 3, "30.0 s, 0.1 images/s"),
        (2.0, 0, "2.0 s, 0.0 images/s"),
    ],
)
def test_the_rate_of_slow_pictures(seconds, done, said, capsys):
    result = Result(Path("a.png"), Path("out/a.png"), 1)
    report(Summary((result,) * done, seconds, {}), "encrypted", [], quiet=False)
    if done:
        assert capsys.readouterr().err == f"facecrypt: {done} encrypted ({said})\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--jobs two", "-j/--jobs: expected a whole number of at least 1, received two"),
        ("--jobs 0", "-j/--jobs: expected a whole number of at least 1, received 0"),
        ("--min-face 5", "--min-face: expected a whole number of at least 6, received 5"),
        ("--threshold 0,.7,.7", "--threshold: expected numbers between 0 and 1, received 0,.7,.7"),
        ("--thresh 1", "-t/--thresh: expected a number between 0 and 1, received 1"),
        ("--actors 0 --engine ray", "--actors: expected a whole number of at least 1, received 0"),
        ("--num-gpus -1 --engine ray", "--num-gpus: expected a number from 0 to 100"),
        ("--preset recall --min-face 30", "--preset sets what --min-face and --threshold set"),
        ("--rotate 45", "--rotate: invalid choice: 45 (choose from 90, 180, 270)"),
    ],
)
def test_errors_speak_of_options(job, options, said):
    done = command("encrypt", "a.png", "-o", "out", "-k", "k", *options.split())
    assert done.code == 2
    assert said in done.err[0]
    for python in ("workers", "min_face_size", "thresholds", "num_gpus", "overwrite", "=True"):
        assert python not in " ".join(done.err)
    assert not (job / "out").exists()


@pytest.mark.parametrize("target", ["gone.png", "b.png"], ids=["dangling", "loop"])
def test_a_link_to_nowhere_does_not_stop_the_others(job, target):
    (job / "b.png").symlink_to(target)
    sealed = ("sealed/a.png", "b.png")
    for given in (
        ("encrypt", "a.png", "b.png", "-o", "out", "-k", "k", "--whole"),
        ("decrypt", *sealed, "-o", "back", "-k", "k"),
        ("verify", *sealed, "-k", "k"),
        ("detect", "a.png", "b.png"),
    ):
        done = command(*given)
        assert done.code == 1
        assert [line for line in done.err if "error" in line and "b.png: " in line]
    assert (job / "out" / "a.png").exists()
    assert (job / "back" / "a.png").exists()


@pytest.mark.parametrize("name", ["n" * 240, "n" * 251, "\u5199" * 80])
def test_long_names_seal_and_open(job, name):
    (job / "in").mkdir()
    (job / "in" / f"{name}.png").write_bytes((job / "a.png").read_bytes())
    assert command("encrypt", "in", "-o", "out", "-k", "k", "--whole").code == 0
    assert command("verify", "out", "-k", "k").code == 0
    assert command("decrypt", "out", "-o", "back", "-k", "k").code == 0
    assert (pixels(job / "back" / f"{name}.png") == pixels(job / "a.png")).all()


def test_a_sidecar_whose_name_would_be_too_long_is_refused_in_time(job):
    name = "n" * 251 + ".png"
    (job / "in").mkdir()
    (job / "in" / name).write_bytes((job / "a.png").read_bytes())
    command("encrypt", "in", "-o", "out", "-k", "k", "--whole")
    before = (job / "out" / name).read_bytes()
    done = command("encrypt", "in", "-o", "out", "-k", "k", "--whole", "--sidecar", "--force")
    assert done.code == 1
    assert "the name is too long" in done.err[0]
    assert (job / "out" / name).read_bytes() == before


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_pipe_in_place_of_an_output_does_not_hang(job, force):
    (job / "out").mkdir()
    os.mkfifo("out/a.png")
    for given in ("encrypt", "a.png", "--whole"), ("decrypt", "sealed/a.png"):
        done = command(*given, "-o", "out", "-k", "k", *force)
        assert done.code == 1
        assert "out/a.png: is a pipe, a socket or a device" in done.err[0]


def test_inspect(job):
    header, _ = second_reader.unpack(second_reader.chunk(job / "sealed" / "a.png", b"fcRP"))
    for folder in "sealed", "beside":
        line = command("inspect", f"{folder}/a.png", "--json").out
        assert line.encode() == second_reader.canonical(json.loads(line)) + b"\n"
    assert command("inspect", "sealed/a.png", "--json").out.encode() == (
        second_reader.canonical(header) + b"\n"
    )
    shown = command("inspect", "sealed/a.png").out.splitlines()
    assert shown[0].startswith("facecrypt format 2, written by facecrypt ")
    assert shown[1:4] == [
        "carrier   pixels",
        "picture   48x64x3 uint8",
        "cipher    logistic+aes-256-gcm",
    ]
    assert shown[4].startswith("opens to  hpke-x25519 ")
    assert shown[5].startswith("opens to  secret-key ")
    # 8 6 40 44, grown by 0.2 to 2 -2 46 52, widened to multiples of 16 in the picture
    assert shown[6] == "region 0  box 0 0 48 48"
    size = (job / "a.png").stat().st_size + 9  # padded by at most 12 %
    name, _, length = shown[7].removesuffix(" bytes").rpartition("  ")
    assert name == "private   original  .png"
    assert size <= int(length) <= 1.12 * size
    assert len(shown) == 8
    assert command("inspect", "beside/a.png").code == 0


def test_sidecars_are_no_inputs_of_their_own(job):
    inputs = sorted((job / "beside").iterdir())
    assert [path.suffix for path in inputs] == [".png", ".fcrypt"]
    assert command("decrypt", *inputs, "-o", "out", "-k", "k").code == 0
    assert (pixels("out/a.png") == pixels("a.png")).all()


def test_verify(job):
    done = command("verify", "sealed", "-k", "k")
    assert (done.code, done.out, done.err) == (0, "sealed/a.png: intact\n", ["facecrypt: 1 intact"])
    assert command("verify", "sealed", "-k", "k", "-q").out == ""
    done = command("verify", "sealed", "cut.png", "-i", "key.txt")
    assert (done.code, done.out) == (3, "sealed/a.png: intact\n")
    assert done.err[1] == "facecrypt: 1 intact, 1 failed"
    done = command("verify", "a.png", "cut.png", "-i", "key.txt")
    assert done.code == 1
    assert len(done.err) == 3
    assert done.err[2] == "facecrypt: 0 intact, 2 failed"


def test_an_edited_surrounding(job):
    chunk = second_reader.chunk(job / "sealed" / "a.png", b"fcRP")
    edited = pixels("sealed/a.png")
    edited[47, 63] ^= 1
    cv2.imwrite("edited.png", edited)
    second_reader.sidecar_path(job / "edited.png", chunk).write_bytes(chunk)
    done = command("decrypt", "edited.png", "-o", "out", "-k", "k")
    assert done.code == 3
    assert not (job / "out" / "edited.png").exists()
    assert done.err[1] == "facecrypt: hint: --allow-edited opens the faces all the same"
    assert command("verify", "edited.png", "-k", "k").code == 3
    done = command("decrypt", "edited.png", "-o", "out", "-k", "k", "--allow-edited")
    assert done.code == 0
    assert done.err[0].startswith("facecrypt: warning: edited.png: opened")
    assert (pixels("out/edited.png")[:, :46] == pixels("a.png")[:, :46]).all()


def test_a_region_key_opens_one_face(job):
    (job / "two.json").write_text('{"a.png": [[0, 0, 8, 8], [20, 20, 30, 30]]}')
    command("encrypt", "a.png", "-o", "two", "-k", "k", "--boxes", "two.json", "--grow", "0")
    done = command("region-key", "two/a.png", "--region", "1", "-k", "k")
    assert done.code == 0
    assert done.out.startswith("FACECRYPT-REGION-KEY-")
    assert done.err == []
    (job / "face1").write_text(done.out)
    quiet = command("region-key", "two/a.png", "--region", "1", "-k", "k", "-o", "face1b", "-q")
    assert quiet.code == 0
    assert quiet.err == []
    assert (job / "face1b").read_text() == done.out
    assert (job / "face1b").stat().st_mode & 0o777 == 0o600
    assert command("decrypt", "two", "-o", "out", "-i", "face1").code == 0
    plain, sealed, out = pixels("a.png"), pixels("two/a.png"), pixels("out/a.png")
    assert (out[20:30, 20:30] == plain[20:30, 20:30]).all()
    assert (out[:8, :8] == sealed[:8, :8]).all()
    assert (out[:8, :8] != plain[:8, :8]).any()
    assert command("decrypt", "two", "-o", "new", "-i", "face1", "--region", "0").code == 3
    assert command("decrypt", "two", "-o", "some", "-k", "k", "--region", "1").code == 0
    assert (pixels("some/a.png") == out).all()


def test_verify_with_region_keys_says_what_was_not_checked(job):
    (job / "three.json").write_text('{"a.png": [[0, 0, 8, 8], [20, 20, 30, 30], [40, 0, 50, 8]]}')
    command("encrypt", "a.png", "-o", "in", "-k", "k", "--boxes", "three.json", "--grow", "0")
    for index in range(3):
        command("region-key", "in/a.png", "--region", index, "-k", "k", "-o", f"face{index}")
    changed = pixels("in/a.png")
    changed[25, 25] ^= 1  # of region 1
    cv2.imwrite("a1.png", changed)
    header = second_reader.chunk(job / "in" / "a.png", b"fcRP")
    second_reader.sidecar_path(job / "a1.png", header).write_bytes(header)

    def verify(path, *keys):
        done = command("verify", path, *(word for key in keys for word in ("-i", key)))
        return done.code, done.out

    one, two, three = "face0", ("face2", "face0"), ("face0", "face1", "face2")
    rest = "regions 1, 2 and the header were not checked"
    assert verify("in/a.png", one) == (0, f"in/a.png: region 0 intact; {rest}\n")
    said = "in/a.png: regions 0, 2 intact; region 1 and the header were not checked\n"
    assert verify("in/a.png", *two) == (0, said)
    # That a region which stays sealed is not the one that was everybody can tell.
    assert verify("a1.png", one) == verify("a1.png", *two) == (3, "")
    said = "in/a.png: regions 0, 1, 2 intact; the header was not checked\n"
    assert verify("in/a.png", *three) == (0, said)
    assert verify("a1.png", *three) == (3, "")
    # The key of the whole picture checks the whole picture, whatever else is given.
    both = command("verify", "in/a.png", "a1.png", "-i", "face0", "-k", "k")
    assert (both.code, both.out) == (3, "in/a.png: intact\n")
    assert "a1.png: " in both.err[0]


def test_detect_feeds_boxes(job):
    done = command("detect", ASTRONAUT, "--json")
    assert done.code == 0
    assert done.err == []
    (face,) = json.loads(done.out)["astronaut.png"]
    # The centre of her face in the photo, read off by eye.
    x0, y0, x1, y1 = face["box"]
    assert x0 < 225 < x1
    assert y0 < 115 < y1
    assert len(face["landmarks"]) == 5
    (job / "boxes.json").write_text(done.out)
    command("encrypt", ASTRONAUT, "-o", "given", "-k", "k", "--boxes", "boxes.json")
    command("encrypt", ASTRONAUT, "-o", "found", "-k", "k")
    given, found = (
        json.loads(command("inspect", f"{folder}/astronaut.png", "--json").out)["regions"]
        for folder in ("given", "found")
    )
    assert [region["box"] for region in given] == [region["box"] for region in found]
    command("decrypt", "found", "-o", "back", "-k", "k")
    assert (pixels("back/astronaut.png") == pixels(ASTRONAUT)).all()


def test_detect_prints_and_draws(job):
    done = command("detect", ASTRONAUT, "a.png", "broken.png", "--draw", "drawn")
    assert done.code == 1
    assert len(done.err) == 2
    assert "broken.png" in done.err[0]
    assert "save it anew" in done.err[1]
    lines = done.out.splitlines()
    assert lines[0] == f"{ASTRONAUT}: 1 face"
    assert lines[2:] == ["a.png: 0 faces"]
    changed = (pixels("drawn/astronaut.png") != pixels(ASTRONAUT)).any(axis=2)
    assert 0 < changed.mean() < 0.02
    assert (pixels("drawn/a.png") == pixels("a.png")).all()


@pytest.mark.parametrize("box", [[64, 0, 164, 40], [0, 48, 9, 98], [-90, 0, 0, 9], [0, -90, 9, 0]])
def test_a_box_beside_the_picture_is_an_error_however_far_it_grows(job, box):
    """As boxes of a larger copy are: what they were meant for would stay in the clear."""
    (job / "off.json").write_text(json.dumps({"a.png": [box]}))
    done = command("encrypt", "a.png", "-o", "out", "-k", "k", "--boxes", "off.json")
    assert done.code == 1
    place = f"({', '.join(map(str, box))})"
    assert f"region 0 {place} lies wholly outside the 64x48 picture" in done.err[0]
    assert not (job / "out" / "a.png").exists()
    box[0], box[1] = max(box[0] - 1, -90), max(box[1] - 1, -90)
    box[2], box[3] = box[2] + 1, box[3] + 1
    (job / "off.json").write_text(json.dumps({"a.png": [box]}))
    assert command("encrypt", "a.png", "-o", "out", "-k", "k", "--boxes", "off.json").code == 0


def test_what_is_drawn_is_called_what_it_is(job):
    Image.open("a.png").convert("RGB").save("b.jpg")
    assert command("detect", "b.jpg", "--draw", "drawn").code == 0
    assert os.listdir(job / "drawn") == ["b.png"]
    assert (job / "drawn/b.png").read_bytes().startswith(b"\x89PNG")


def test_a_detector_without_scores_prints_boxes(job, monkeypatch):
    class Bare:
        def detect(self, image):
            return [Region(1, 2, 3, 4)]

    monkeypatch.setattr("facecrypt.cli.options.detector", lambda args: Bare())
    assert command("detect", "a.png").out.splitlines() == ["a.png: 1 face", "  1 2 3 4"]


def test_detect_tells_two_pictures_of_one_name_apart(job):
    for folder in "u", "v":
        (job / folder).mkdir()
        (job / folder / "a.png").write_bytes((job / "a.png").read_bytes())
    assert json.loads(command("detect", "u", "v", "--json").out) == {"u/a.png": [], "v/a.png": []}


def test_boxes_of_one_picture_never_serve_another_of_its_name(job):
    (job / "in" / "sub").mkdir(parents=True)
    for name in "in/a.png", "in/sub/a.png":
        (job / name).write_bytes((job / "a.png").read_bytes())
    done = command("encrypt", "in", "-o", "out", "-k", "k", "--boxes", "a.json")
    assert done.code == 1
    assert "no boxes are given for sub/a.png" in done.err[0]
    assert not (job / "out" / "sub" / "a.png").exists()


def test_pictures_without_a_face_are_counted(job):
    done = command("encrypt", "a.png", "-o", "out", "-k", "k")
    assert done.err[0].startswith("facecrypt: 1 encrypted; 0 faces; none in 1 picture (")


def test_doctor():
    done = command("doctor")
    assert done.code == 0
    assert done.err == []
    assert "ok    backend native: computes the published bytes" in done.out.splitlines()
    assert "FAIL" not in done.out


def test_help_names_every_command_and_the_exit_codes():
    done = command("--help")
    assert done.code == 0
    for name in ("keygen", "encrypt", "decrypt", "inspect", "verify", "detect", "region-key"):
        assert f"    {name} " in done.out or f"    {name}\n" in done.out
        assert "3 wrong key or tampered" in " ".join(command(name, "--help").out.split())
    assert command("--version").out.startswith("facecrypt ")


@pytest.mark.parametrize("name", ["with space.png", "ünïcødé 顔.png", "-dash.png", "[a].png"])
def test_names(job, name):
    (job / name).write_bytes((job / "a.png").read_bytes())
    assert command("encrypt", "-o", "out", "-k", "k", "--whole", "--", name).code == 0
    assert command("verify", "-k", "k", "--", f"out/{name}").out == f"out/{name}: intact\n"
    assert json.loads(command("detect", "--json", "--", name).out) == {name: []}
    assert command("decrypt", "out", "-o", "back", "-k", "k").code == 0
    assert (pixels(f"back/{name}") == pixels("a.png")).all()
