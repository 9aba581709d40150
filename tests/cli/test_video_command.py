"""Videos on the command line: folders of them, people, what is done already, Ctrl-C and kills."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from support.clips import write_clip
from support.command_line import command, pixels

from facecrypt.media import encode_image

SEAL = ("-R", "key.pub")
OPEN = ("-i", "key.txt")


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A folder of videos and a picture, sealed, and keys."""
    here = tmp_path_factory.mktemp("material")
    (here / "in" / "sub").mkdir(parents=True)
    write_clip(here / "in" / "a.mp4", 8)
    write_clip(here / "in" / "sub" / "b.avi", 8)
    shutil.copy(write_clip(here / "c.mkv", 8), here / "in" / "noname")
    (here / "in" / "code.ts").write_text("const video = true\n")
    for name in "key", "other":
        (here / f"{name}.pub").write_text(command("keygen", "-o", here / f"{name}.txt").out)
    done = command("encrypt", here / "in", "-o", here / "sealed", "-R", here / "key.pub")
    assert done.code == 0, done.err
    return here


@pytest.fixture
def job(tmp_path, monkeypatch, material):
    """A copy of the material, dates too, as the working folder."""
    monkeypatch.chdir(shutil.copytree(material, tmp_path / "job"))
    return tmp_path / "job"


def names(folder) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


def test_a_folder_of_videos_there_and_back(job):
    assert names(job / "sealed") == ["a.mp4", "noname.mkv", "sub/b.mp4"]
    done = command("decrypt", "sealed", "-o", "back", *OPEN)
    assert done.code == 0
    assert done.err[-1].startswith("facecrypt: 3 decrypted (")
    for name in "a.mp4", "noname", "sub/b.avi":
        assert (job / "back" / name).read_bytes() == (job / "in" / name).read_bytes()


def test_what_is_done_is_not_done_again(job):
    before = {path: path.stat().st_mtime_ns for path in job.rglob("*")}
    done = command("encrypt", "in", "-o", "sealed", *SEAL)
    assert (done.code, "3 there already" in done.err[-1]) == (0, True)
    assert {path: path.stat().st_mtime_ns for path in job.rglob("*")} == before
    command("decrypt", "sealed", "-o", "back", *OPEN)
    done = command("decrypt", "sealed", "-o", "back", *OPEN)
    assert (done.code, "3 there already" in done.err[-1]) == (0, True)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["-R", "other.pub"], "sealed for other keys"),
        ([*SEAL, "--crf", "30"], "sealed with other options"),
        ([*SEAL, "--every", "1"], "sealed with other options"),
        ([*SEAL, "--sidecar"], "sealed with other options"),
        ([*SEAL, "--whole"], "sealed with other options"),
        ([*SEAL, "--cipher", "aes-256-gcm"], "sealed with other options"),
    ],
)
def test_what_is_asked_for_otherwise_is_not_done(job, options, why):
    done = command("encrypt", "in/a.mp4", "-o", "sealed", *options)
    assert done.code == 1
    assert done.err[0].endswith(f"sealed/a.mp4: already exists, {why}")


def test_another_video_of_that_name_is_not_done(job):
    write_clip(job / "in" / "a.mp4", 9)
    done = command("encrypt", "in/a.mp4", "-o", "sealed", *SEAL)
    assert (done.code, "sealed from another file" in done.err[0]) == (1, True)
    done = command("decrypt", "sealed/a.mp4", "-o", "in", *OPEN)
    assert (done.code, "already exists and is not this video opened" in done.err[0]) == (1, True)


def test_a_video_of_another_date_is_not_done(job):
    os.utime("in/a.mp4", (1, 1))
    done = command("encrypt", "in/a.mp4", "-o", "sealed", *SEAL)
    assert (done.code, "sealed from another file" in done.err[0]) == (1, True)


def test_sealed_videos_in_folders_are_passed_over(job):
    done = command("encrypt", "sealed", "-o", "again", *SEAL)
    assert (done.code, "3 sealed already" in done.err[-1]) == (0, True)
    assert names(job / "again") == []


def test_inspect_tells_what_shows_without_a_key(job):
    lines = command("inspect", "sealed/a.mp4").out.splitlines()
    size = (job / "in" / "a.mp4").stat().st_size
    assert lines[1] == "carrier   video"
    shown, original, people = lines[2].split(" \u00b7 ")
    assert (shown, people) == ("video     320x240, 8 frames, 0.7 s", "1 person")
    assert original == f"sealed original {(size + 97) / 1000:.1f} kB"
    assert lines[5].startswith("person 0  0:00-0:00  ")
    assert lines[6] == f"private   original  {size + 97} bytes"
    header = json.loads(command("inspect", "sealed/a.mp4", "--json").out)
    assert header["regions"] == [{"track": [0, 667]}]


def test_a_key_of_a_person(job):
    done = command("region-key", "sealed/a.mp4", "--track", 0, "-o", "person.txt", *OPEN)
    assert (done.code, done.err) == (0, ["wrote person.txt; it opens region 0 and no other"])
    done = command("verify", "sealed/a.mp4", "-i", "person.txt")
    assert done.out == "sealed/a.mp4: region 0 intact; the header was not checked\n"
    assert command("decrypt", "sealed/a.mp4", "-o", "one", "-i", "person.txt").code == 0
    assert names(job / "one") == ["a.mp4"]
    done = command("decrypt", "sealed/sub/b.mp4", "-o", "one", "-i", "person.txt")
    assert done.code == 3


def test_without_clips_no_key_of_a_person_is_written(job):
    command("encrypt", "in/a.mp4", "-o", "bare", "--no-tracks", *SEAL)
    done = command("region-key", "bare/a.mp4", "--track", 0, "-o", "person.txt", *OPEN)
    assert done.code == 2
    assert "sealed without clips of people: a key of region 0 would open nothing" in done.err[0]
    assert not (job / "person.txt").exists()
    done = command("forget", "bare/a.mp4", "--track", 0, *OPEN)
    assert done.code == 1
    assert "nothing would open any more" in done.err[0]
    assert command("verify", "bare/a.mp4", *OPEN).code == 0


def test_a_key_is_of_one_person(job):
    several = ("--track", 0, "--track", 1)
    done = command("region-key", "sealed/a.mp4", *several, "-o", "person.txt", *OPEN)
    assert (done.code, "was given 2 numbers, and a key opens one" in done.err[0]) == (2, True)
    assert not (job / "person.txt").exists()


def test_people_by_number(job):
    assert command("decrypt", "sealed/a.mp4", "--track", "0", "-o", "one", *OPEN).code == 0
    done = command("decrypt", "sealed/a.mp4", "--region", "0,3", "-o", "two", *OPEN)
    assert (done.code, "there is no region 3" in done.err[0]) == (1, True)
    done = command("decrypt", "sealed/a.mp4", "--track", "0,x", "-o", "two", *OPEN)
    assert (done.code, "expected a whole number" in done.err[0]) == (2, True)


def test_what_is_whole_verifies_and_what_is_cut_does_not(job):
    done = command("verify", "sealed", *OPEN)
    assert (done.code, done.err) == (0, ["facecrypt: 3 intact"])
    os.truncate("sealed/a.mp4", (job / "sealed" / "a.mp4").stat().st_size - 1)
    done = command("verify", "sealed", *OPEN)
    assert (done.code, "cut off after" in done.err[0]) == (3, True)


def test_other_recipients_and_people_who_are_forgotten(job):
    shutil.copytree("sealed", "copies")
    done = command("rewrap", "sealed", *OPEN, "-R", "other.pub", "--hand-over")
    assert done.code == 0, done.err
    assert command("verify", "sealed", "-i", "other.txt").code == 0
    assert command("verify", "sealed", *OPEN).code == 3
    assert command("forget", "sealed/a.mp4", "--region", 0, "-i", "other.txt").code == 0
    size = (job / "copies" / "a.mp4").stat().st_size
    assert (job / "sealed" / "a.mp4").stat().st_size < size - (job / "in" / "a.mp4").stat().st_size
    done = command("decrypt", "sealed/a.mp4", "-o", "back", "-i", "other.txt")
    assert (done.code, "forgotten" in done.err[0]) == (0, True)
    assert (job / "back" / "a.mp4").read_bytes() != (job / "in" / "a.mp4").read_bytes()
    assert command("decrypt", "sealed/sub/b.mp4", "-o", "back", "-i", "other.txt").code == 0
    assert (job / "back" / "b.avi").read_bytes() == (job / "in" / "sub" / "b.avi").read_bytes()


def test_a_sidecar_is_rewrapped_alone(job):
    assert command("encrypt", "in/a.mp4", "-o", "side", "--sidecar", *SEAL).code == 0
    public, beside = sorted((job / "side").iterdir())
    shown = public.read_bytes()
    done = command("rewrap", "side", *OPEN, "-R", "other.pub", "--hand-over", "-o", "moved")
    assert done.code == 0, done.err
    assert sorted(path.name for path in (job / "moved").iterdir()) == [public.name, beside.name]
    assert (job / "moved" / "a.mp4").read_bytes() == shown
    assert command("rewrap", "side", *OPEN, "-R", "other.pub", "--hand-over").code == 0
    for folder in "side", "moved":
        assert command("verify", folder, "-i", "other.txt").code == 0


def test_a_damaged_video_fails_by_name_and_the_others_go_on(job):
    (job / "in" / "broken.mp4").write_bytes(b"no video")
    done = command("encrypt", "in", "-o", "sealed", *SEAL)
    assert done.code == 1
    assert done.err[0].startswith("facecrypt: error: in/broken.mp4: ")
    assert "3 there already; 1 failed" in done.err[-1]


def test_an_output_that_is_a_video_is_no_folder(job):
    done = command("encrypt", "in/a.mp4", "-o", "b.mp4", *SEAL)
    assert (done.code, "expected a folder" in done.err[0]) == (2, True)


# Says how far it is, and goes on slowly, so that a signal comes in time.
SLOWLY = """
import sys, time
from facecrypt.cli import main
from facecrypt.cli import encrypt
from contextlib import contextmanager

@contextmanager
def told(*, quiet):
    def watch(path, done, total):
        print(done, flush=True)
        time.sleep(0.05)
    yield watch

encrypt.video_bars = told
sys.exit(main())
"""


def started(*args, until: int):
    line = [sys.executable, "-c", SLOWLY, "encrypt", *args]
    pipe = subprocess.PIPE
    child = subprocess.Popen(line, stdout=pipe, stderr=pipe, text=True)
    for told in child.stdout:
        if int(told) >= until:
            return child
    raise AssertionError(child.communicate()[1])


def seen(folder) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.mark.parametrize("until", [3, 14])
def test_ctrl_c_ends_a_video_and_leaves_nothing_but_notes(job, until):
    write_clip(job / "long.mp4", 24)
    child = started("long.mp4", "-o", "out", *SEAL, until=until)
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert errors.splitlines()[0] == "facecrypt: error: interrupted"
    assert time.monotonic() - began < 30
    assert seen("out") == [".long.mp4.facecrypt-boxes.jsonl"]
    assert command("encrypt", "long.mp4", "-o", "out", *SEAL).code == 0
    assert seen("out") == ["long.mp4"]


@pytest.mark.parametrize("until", [6, 14])
def test_a_killed_run_goes_on_where_its_notes_end(job, until):
    write_clip(job / "long.mp4", 24)
    child = started("long.mp4", "-o", "out", *SEAL, until=until)
    child.kill()
    child.communicate()
    notes = job / "out" / ".long.mp4.facecrypt-boxes.jsonl"
    assert notes.is_file()
    assert "long.mp4" not in seen("out")
    first, *rest = map(json.loads, notes.read_text().splitlines())
    assert set(first) == {"software", "sha256", "detector", "every"}
    assert rest[0][0] == 0
    assert len(rest[0][1][0]) == 5
    done = command("encrypt", "long.mp4", "-o", "out", *SEAL)
    assert (done.code, "1 face" in done.err[-1]) == (0, True)
    shown = [name for name in seen("out") if not name.endswith(".tmp")]
    assert shown == ["long.mp4"]


def test_detect_draws_each_person_on_a_sheet(job):
    done = command("detect", "in/a.mp4", "--draw", "drawn", "--json")
    assert done.code == 0, done.err
    assert len(json.loads(done.out)["a.mp4"]) == 1
    assert names(job / "drawn") == ["a.0.png"]
    sheet = pixels(job / "drawn" / "a.0.png")
    # Eight frames, four in a row of squares of 192 pixels, each with a yellow box.
    assert sheet.shape == (2 * 192, 4 * 192, 3)
    yellow = (np.abs(sheet.astype(int) - (0, 220, 255)) < 8).all(axis=2)
    for row, column in np.ndindex(2, 4):
        cell = yellow[row * 192 : (row + 1) * 192, column * 192 : (column + 1) * 192]
        assert 300 < cell.sum() < 2000
    again = command("detect", "in/a.mp4", "--draw", "drawn")
    assert again.code == 1
    assert "already exists" in again.err[0]


def test_sheets_of_two_videos_of_one_name_do_not_meet(job):
    shutil.copy(job / "in/a.mp4", job / "in/a.mov")
    assert command("detect", "in/a.mp4", "in/a.mov", "--draw", "drawn").code == 0
    assert names(job / "drawn") == ["a.mov.0.png", "a.mp4.0.png"]
    (job / "in/a.mov").unlink()
    Image.fromarray(np.zeros((40, 40), np.uint8)).save(job / "in/a.0.png")
    for options in ((), ("--force",)):
        done = command("detect", "in/a.0.png", "in/a.mp4", "--draw", "other", *options)
        assert done.code == 1
        assert "other/a.0.png: is the output of in/a.0.png, too" in " ".join(done.err)
        assert pixels(job / "other/a.0.png").shape == (40, 40, 3)
        shutil.rmtree(job / "other")


def test_videos_are_called_what_they_are(job):
    done = command("decrypt", "sealed/a.mp4", "-o", "out", "-i", "other.txt")
    assert (done.code, done.err[0]) == (
        3,
        "facecrypt: error: sealed/a.mp4: the key does not open this video, or the video was "
        "changed after sealing",
    )
    done = command("decrypt", "sealed/a.mp4", "-o", "out", *OPEN, "--track", "7")
    assert "there is no region 7; the video has 1, from 0" in done.err[0]
    done = command("decrypt", "sealed/a.mp4", "-o", "out", *OPEN)
    assert done.err[0].endswith(" files/s)")
    (job / "gray.png").write_bytes(encode_image(".png", np.full((400, 500, 3), 90, np.uint8)))
    write_clip(job / "bare.mp4", 3, photo=job / "gray.png")
    done = command("encrypt", "bare.mp4", "-o", "out", *SEAL)
    assert "none in 1 file (" in done.err[0]


def test_what_is_in_the_way_of_a_video_is_called_what_it_is(job):
    (job / "there").mkdir()
    shutil.copy("in/a.mp4", "there/a.mp4")
    done = command("encrypt", "in/a.mp4", "-o", "there", *SEAL)
    assert done.err[0].endswith("there/a.mp4: already exists and is not a sealed video")
    done = command("forget", "sealed/a.mp4", "--track", "0", "-o", "there", *OPEN)
    assert done.err[0].endswith("there/a.mp4: already exists and is not a sealed video")
    shutil.copy("sealed/sub/b.mp4", "there/a.mp4")
    done = command("forget", "sealed/a.mp4", "--track", "0", "-o", "there", *OPEN)
    assert done.err[0].endswith("there/a.mp4: already exists, sealed from another video")


def test_a_folder_is_wanted_and_videos_go_into_it(job):
    done = command("encrypt", "in/a.mp4", "-o", "x.avi", *SEAL)
    assert done.code == 2
    assert "JPEG as JPEG, other pictures as PNG, videos as videos" in done.err[0]


@pytest.mark.parametrize("way", ["decrypt", "inspect", "verify"])
def test_what_lies_beside_a_video_is_not_named_itself(job, way):
    command("encrypt", "in/a.mp4", "-o", "beside", "--sidecar", *SEAL)
    [sidecar] = (job / "beside").glob("*.fcrypt")
    options = {"decrypt": ["-o", "out", *OPEN], "verify": OPEN, "inspect": []}[way]
    done = command(way, sidecar, *options)
    assert (done.code, done.err[0]) == (
        1,
        f"facecrypt: error: {sidecar}: is the sealed part of the picture or video beside it; "
        "name that",
    )
    # As a pattern of the shell names it.
    assert command(way, job / "beside" / "a.mp4", sidecar, *options).code == 0
