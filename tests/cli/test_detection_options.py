"""What the options of the command line make of a detector."""

import pytest
from support.command_line import ASTRONAUT, command

from facecrypt.cli import options
from facecrypt.cli.parser import parse
from facecrypt.detector import MTCNN, AnyRotation
from facecrypt.machine import cores


def made(*words):
    return options.detector(parse([*map(str, words), "--device", "cpu"]))


def test_one_picture_has_all_threads(tmp_path):
    alone = made("detect", ASTRONAUT)
    assert alone.fingerprint == MTCNN(device="cpu").fingerprint
    assert alone._stages.threads == cores()
    assert made("detect", ASTRONAUT, ASTRONAUT)._stages.threads == 1
    assert made("detect", tmp_path)._stages.threads == 1
    to = ("-o", tmp_path, "-p")
    assert made("encrypt", ASTRONAUT, *to, "-j", 3)._stages.threads == 3
    assert made("encrypt", tmp_path, *to, "-j", 3)._stages.threads == 1


def test_presets_and_numbers():
    recall = MTCNN(preset="recall", device="cpu")
    assert made("detect", ASTRONAUT, "--preset", "recall").fingerprint == recall.fingerprint
    numbers = made("detect", ASTRONAUT, "--min-face", "12", "--threshold", ".6,.6,.4")
    assert numbers.settings == (12, (0.6, 0.6, 0.4), 0.709)


@pytest.mark.parametrize(("preset", "least"), [((), 0.97), (("--preset", "recall"), 0.75)])
def test_any_rotation(preset, least):
    found = made("detect", ASTRONAUT, "--any-rotation", *preset)
    assert isinstance(found, AnyRotation)
    assert found.fingerprint.endswith(f"in any rotation from {least}")


def test_two_ways_to_turn_are_refused():
    done = command("detect", ASTRONAUT, "--any-rotation", "--rotate", "90")
    assert done.code == 2
    assert "not allowed with argument --any-rotation" in " ".join(done.err)
