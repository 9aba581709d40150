"""Detectors of others, by name, in Python and on the command line."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from support.command_line import ASTRONAUT, command

from facecrypt import FacecryptError, Region, SecretKey, encrypt_image, inspect
from facecrypt.detector import named_detector, track_faces

MINE = """
from facecrypt import Region

class Corner:
    def __init__(self, side=16):
        self.side = side

    def detect(self, image):
        return [Region(0, 0, self.side, self.side)]

class Known(Corner):
    fingerprint = "corner"

class Wrong:
    def __init__(self, found):
        self.found = found

    def detect(self, image):
        return self.found

class Within:
    corner = Corner(8)

class Draws(Corner):
    def detect(self, image):
        image[:] = 0
        return super().detect(image)

class Ends:
    def detect(self, image):
        raise SystemExit(0)

class Needs(Corner):
    def __init__(self, weights):
        pass

large = Corner(32)
number = 5
tuples = Wrong([(0, 0, 4, 4)])
nothing = Wrong(None)

def make():
    return Corner(24)

def make_number():
    return 5
"""
IMAGE = np.zeros((64, 64, 3), np.uint8)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The folder that holds them, and a name that no other test has imported."""
    name = f"mine_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    return name


@pytest.mark.parametrize(
    ("name", "side"), [("Corner", 16), ("large", 32), ("make", 24), ("Within.corner", 8)]
)
def test_objects_classes_and_functions(mine, name, side):
    assert named_detector(f"{mine}:{name}").detect(IMAGE) == [Region(0, 0, side, side)]


def test_fingerprint_is_that_of_the_object(mine):
    assert named_detector(f"{mine}:Known").fingerprint == "corner"
    assert named_detector(f"{mine}:Corner").fingerprint is None


@pytest.mark.parametrize("name", ["mine", ":Corner", "mine:", ""])
def test_names_that_are_none(name):
    with pytest.raises(ValueError, match="a detector is named MODULE:NAME, as mine:Finder"):
        named_detector(name)


def test_what_is_not_there(mine):
    with pytest.raises(
        ValueError, match=r"no_such_module cannot be imported \(ModuleNotFoundError: No"
    ):
        named_detector("no_such_module:Finder")
    with pytest.raises(ValueError, match=f"{mine} has no Missing"):
        named_detector(f"{mine}:Missing")


@pytest.mark.parametrize("does", ["1/0", "raise SystemExit(3)", "def", "import no_such_module"])
def test_modules_that_fail(mine, does):
    name = f"{mine}_fails"
    Path(f"{name}.py").write_text(does)
    with pytest.raises(ValueError, match=f"detector {name}:Finder: {name} cannot be imported"):
        named_detector(f"{name}:Finder")


def test_errors_say_whose_they_are(mine):
    with pytest.raises(ValueError, match=f"detector {mine}:Needs: TypeError: .*'weights'"):
        named_detector(f"{mine}:Needs")
    with pytest.raises(FacecryptError, match=f"detector {mine}:Ends: SystemExit: 0"):
        named_detector(f"{mine}:Ends").detect(IMAGE)


def test_it_may_draw_in_what_it_sees(mine):
    image = IMAGE + np.uint8(5)
    assert named_detector(f"{mine}:Draws").detect(image) == [Region(0, 0, 16, 16)]
    assert (image == 5).all()


def test_in_python_it_cannot_write_into_the_picture_that_is_sealed():
    class Draws:
        def detect(self, image):
            image[:] = 0
            return []

    image = IMAGE.copy()
    image[:] = 5
    with pytest.raises(ValueError, match="read-only"):
        encrypt_image(image, SecretKey.generate(), detector=Draws())
    with pytest.raises(ValueError, match="read-only"):
        track_faces([image], detector=Draws())
    assert (image == 5).all()
    assert image.flags.writeable


@pytest.mark.parametrize("name", ["number", "make_number"])
def test_what_cannot_detect(mine, name):
    with pytest.raises(TypeError, match=r"with a method detect\(image\) .* it is of type int"):
        named_detector(f"{mine}:{name}")


def test_what_detect_must_give(mine):
    with pytest.raises(TypeError, match=r"must return facecrypt.Region objects, received tuple"):
        named_detector(f"{mine}:tuples").detect(IMAGE)
    with pytest.raises(
        TypeError, match=r"must return a list of facecrypt.Region, received NoneTyp"
    ):
        named_detector(f"{mine}:nothing").detect(IMAGE)


@pytest.mark.parametrize("name", ["Known", "Corner"])
def test_on_the_command_line(mine, name):
    command("keygen", "--symmetric", "-o", "k")
    words = ("encrypt", ASTRONAUT, "-o", "out", "-k", "k", "--detector", f"{mine}:{name}")
    assert command(*words).err[0].startswith("facecrypt: 1 encrypted; 1 face (")
    # Grown by a fifth of its 16 pixels, then to the grid.
    (region,) = inspect("out/astronaut.png").regions
    assert region.box == (0, 0, 32, 32)
    # What has no fingerprint looks again; what it is called does not matter.
    again = command(*words).err[0]
    assert "1 there already" in again
    other = command(*words[:6], "--detector", "facecrypt.detector:CenterFace", "-o", "out")
    assert "sealed with other options" in other.err[0]


def test_turned_on_the_command_line(mine):
    (found,) = json.loads(
        command("detect", ASTRONAUT, "--detector", f"{mine}:large", "--any-rotation", "--json").out
    ).values()
    boxes = {tuple(face["box"][:2]) for face in found}
    assert boxes == {(0, 0), (0, 480), (480, 480), (480, 0)}


def test_mistakes_on_the_command_line(mine):
    done = command("detect", ASTRONAUT, "--detector", "no_such_module:Finder")
    assert done.code == 2
    assert "cannot be imported" in done.err[0]
    done = command("detect", ASTRONAUT, "--detector", f"{mine}:Corner", "--preset", "recall")
    assert done.code == 2
    assert "are for MTCNN; --detector is another detector" in done.err[0]
    done = command("detect", ASTRONAUT, "--detector", f"{mine}:Ends")
    assert done.code == 1
    assert "Ends: SystemExit: 0" in done.err[0]
    done = command("detect", ASTRONAUT, "--detector", f"{mine}:tuples")
    assert done.code == 1
    assert "received tuple" in done.err[0]
