"""The command train-mtcnn: preparing samples, and what it says without torch."""

import contextlib
import io
import json
import sys
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from facecrypt.cli import main
from facecrypt.training.layout import open_samples


def command(*args):
    """Run one command in this process; its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(["train-mtcnn", *(str(arg) for arg in args)])
        except SystemExit as leave:
            code = leave.code
    return SimpleNamespace(code=code, out=out.getvalue(), err=err.getvalue())


@pytest.fixture
def annotated(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    (tmp_path / "gt.txt").write_text("a.png\n1\n40 30 50 60 0 0 0 0 0 0\n")
    return ("--annotations", tmp_path / "gt.txt", "--images", tmp_path)


def test_samples_are_prepared(annotated, tmp_path):
    result = command("prepare", *annotated, "-o", tmp_path / "set", "--size", 12, "--jpeg")
    samples = open_samples(tmp_path / "set", 12)
    kinds = ("positive", "part", "negative", "landmark")
    said = ", ".join(f"{len(getattr(samples, kind))} {kind}" for kind in kinds)
    assert (result.code, result.out) == (0, "")
    assert result.err == f"facecrypt: {said} samples of 1 picture\n"
    assert (tmp_path / "set" / "12" / "negative" / "0.jpg").is_file()
    again = command("prepare", *annotated, "-o", tmp_path / "set", "--size", 12)
    assert again.code == 1
    assert "12: is there; remove it" in again.err
    seeded = ("--size", 12, "--seed", 1, "-j", 1, "-q")
    quiet = command("prepare", *annotated, "-o", tmp_path / "other", *seeded)
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert not (tmp_path / "other" / "12" / "negative").exists()
    other = open_samples(tmp_path / "other", 12)
    assert not np.array_equal(other.negative, samples.negative)


def test_landmarks_and_models_are_passed_on(annotated, tmp_path):
    points = "50 50 70 50 60 60 52 75 70 75"
    (tmp_path / "points.txt").write_text(f"a.png 40 30 90 90 {points}\n")
    marks = ("--size", 48, "--landmarks", tmp_path / "points.txt")
    assert command("prepare", *annotated, "-o", tmp_path / "set", *marks).code == 0
    assert len(open_samples(tmp_path / "set", 48).landmark)
    lost = ("--size", 24, "--models", tmp_path)
    result = command("prepare", *annotated, "-o", tmp_path / "set", *lost)
    assert result.code == 1
    assert "pnet.onnx" in result.err


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("--size", 13), "invalid choice: 13"),
        (("--size", 12, "--models", "."), "no network before it"),
        (("--size", 12, "--jobs", 0), "--jobs: expected a whole number of at least 1, received 0"),
        ((), "--size"),
    ],
)
def test_usage_is_checked(extra, words, annotated, tmp_path):
    result = command("prepare", *annotated, "-o", tmp_path / "set", *extra)
    assert result.code == 2
    assert words in result.err
    assert not (tmp_path / "set").exists()


def test_a_malformed_line_is_named(annotated, tmp_path):
    (tmp_path / "gt.txt").write_text("a.png\n1\n40 30 50\n")
    result = command("prepare", *annotated, "-o", tmp_path / "set", "--size", 12)
    assert result.code == 2
    assert "gt.txt, line 3: expected ten whole numbers" in result.err


@pytest.mark.parametrize(
    "action",
    [("train", "DIR", "--net", "pnet", "-o", "RUN"), ("export", "P", "R", "O", "-o", "DIR")],
)
def test_without_torch_it_says_what_to_install(action, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    result = command(*action)
    assert result.code == 1
    assert "pip install 'facecrypt[learn]'" in result.err


def test_samples_need_no_torch(annotated, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    result = command("prepare", *annotated, "-o", tmp_path / "set", "--size", 24)
    assert result.code == 0


def test_evaluation_as_text_and_json(annotated, tmp_path):
    result = command("eval", *annotated, "--json")
    assert result.code == 0
    found = json.loads(result.out, parse_constant=pytest.fail)
    assert (found["pictures"], found["faces"], found["recall"]) == (1, 1, 0.0)
    assert found["precision"] is None
    assert command("eval", *annotated).out.splitlines()[0] == "recall             0.0000"
