"""Notes of the first pass over a video: what counts, what does not, when they go."""

import errno
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from support.clips import write_clip

from facecrypt import MediaError, Region, SecretKey, encrypt_file
from facecrypt.sealing.carriers.video_journal import journal_for

ABOUT = {"sha256": "00", "every": 5}
FOUND = np.array([[1.5, 2.25, 30.125, 40.1, 0.9876543210123]])
KEY = SecretKey(bytes(range(32)))


def notes(folder):
    return folder / ".clip.mp4.facecrypt-boxes.jsonl"


def interrupted(folder, about=ABOUT, frames=()):
    with suppress(KeyboardInterrupt), journal_for(folder / "clip.mp4", about) as journal:
        for frame in frames:
            journal.note(frame, FOUND * (frame + 1))
        raise KeyboardInterrupt


def recorded(folder, about=ABOUT) -> dict:
    with suppress(KeyboardInterrupt), journal_for(folder / "clip.mp4", about) as journal:
        found = {frame: boxes.tolist() for frame, boxes in journal.recorded.items()}
        raise KeyboardInterrupt
    return found


def test_an_interrupted_run_leaves_exactly_what_it_found(tmp_path):
    interrupted(tmp_path, frames=[0, 5])
    assert notes(tmp_path).stat().st_mode & 0o777 == 0o600
    interrupted(tmp_path, frames=[10])
    assert recorded(tmp_path) == {n: (FOUND * (n + 1)).tolist() for n in (0, 5, 10)}


def test_a_frame_without_faces_counts(tmp_path):
    with suppress(KeyboardInterrupt), journal_for(tmp_path / "clip.mp4", ABOUT) as journal:
        journal.note(3, np.empty((0, 5)))
        raise KeyboardInterrupt
    assert recorded(tmp_path) == {3: []}


def test_a_finished_run_leaves_nothing(tmp_path):
    with journal_for(tmp_path / "clip.mp4", ABOUT) as journal:
        journal.note(0, FOUND)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize(("number", "stay"), [(None, False), (28, True), (errno.EEXIST, False)])
def test_notes_stay_where_the_system_refused_something(tmp_path, number, stay):
    """And not where another run was faster, for then they are of no use."""
    error = MediaError("no space")
    error.errno = number
    with pytest.raises(MediaError), journal_for(tmp_path / "clip.mp4", ABOUT):
        raise error
    assert notes(tmp_path).exists() == stay


def test_notes_of_something_else_do_not_count(tmp_path):
    interrupted(tmp_path, frames=[0])
    assert recorded(tmp_path, {**ABOUT, "every": 1}) == {}
    assert json.loads(notes(tmp_path).read_text())["every"] == 1


@pytest.mark.parametrize("tail", ["[10,[[1,2", "[10]\n", "no json\n", '[10,[["a",2,3,4,5]]]\n'])
def test_a_line_that_was_not_finished_does_not_count(tmp_path, tail):
    interrupted(tmp_path, frames=[0, 5])
    whole = notes(tmp_path).read_text()
    notes(tmp_path).write_text(whole + tail)
    assert list(recorded(tmp_path)) == [0, 5]
    assert notes(tmp_path).read_text() == whole


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "other").write_text("kept")
    notes(tmp_path).symlink_to(tmp_path / "other")
    with journal_for(tmp_path / "clip.mp4", ABOUT) as journal:
        journal.note(0, FOUND)
    assert (tmp_path / "other").read_text() == "kept"


LOCKS = """
import sys, time
from pathlib import Path
from facecrypt.sealing.carriers.video_journal import journal_for
with journal_for(Path(sys.argv[1]), {"sha256": "00", "every": 5}) as journal:
    print("ready", flush=True)
    time.sleep(60)
"""


def test_two_runs_do_not_write_into_each_others_notes(tmp_path):
    line = [sys.executable, "-c", LOCKS, str(tmp_path / "clip.mp4")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "ready\n"
        before = notes(tmp_path).read_text()
        with journal_for(tmp_path / "clip.mp4", ABOUT) as journal:
            journal.note(0, FOUND)
        assert notes(tmp_path).read_text() == before
        other.send_signal(signal.SIGKILL)


class Eye:
    """Finds the same face in every picture, and counts how often it looks."""

    fingerprint = "eye"

    def __init__(self):
        self.looks = 0

    def detect(self, image):
        self.looks += 1
        return [Region(10, 10, 50, 60, score=0.9)]


def test_a_second_run_looks_at_what_the_first_did_not(tmp_path):
    source = write_clip(tmp_path / "clip.mp4", 24)
    alone, first, second = Eye(), Eye(), Eye()
    encrypt_file(source, tmp_path / "alone.mp4", KEY, detector=alone)

    from facecrypt.sealing.files import seal_file
    from facecrypt.sealing.options import Seal

    def stop(path, done, total):
        if done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seal_file(source, tmp_path / "out.mp4", [KEY], Seal(detector=first, watch=stop))
    assert not (tmp_path / "out.mp4").exists()
    kept = len((tmp_path / ".out.mp4.facecrypt-boxes.jsonl").read_text().splitlines()) - 1
    encrypt_file(source, tmp_path / "out.mp4", KEY, detector=second)
    assert 0 < kept <= first.looks
    assert second.looks == alone.looks - kept
    assert not (tmp_path / ".out.mp4.facecrypt-boxes.jsonl").exists()
