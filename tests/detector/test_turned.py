"""Pictures on their side: found in the turned picture, given in the one that came."""

import numpy as np
import pytest
from PIL import Image
from support.command_line import ASTRONAUT, command

from facecrypt import MTCNN, Region
from facecrypt.detector.turned import AnyRotation, Turned

# A picture of 6 x 8: its pixel in column 4, row 1 is marked.
WIDTH, HEIGHT, MARK = 6, 8, (4, 1)
TURNS = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}  # Pillow's turn the other way


class Marked:
    """Finds the marked pixel, as a face of which it is every landmark."""

    fingerprint = "marks"

    def detect(self, image):
        self.seen = image
        y, x = map(int, np.argwhere(image[..., 0])[0])
        return [Region(x, y, x + 1, y + 1, score=0.5, landmarks=((x, y),) * 5)]


class Nameless:
    def detect(self, image):
        return []


@pytest.mark.parametrize("degrees", TURNS)
def test_boxes_and_landmarks_come_back(degrees):
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[MARK[1], MARK[0]] = 255
    marked = Marked()
    (face,) = Turned(marked, degrees).detect(image)
    assert (marked.seen == np.asarray(Image.fromarray(image).transpose(TURNS[degrees]))).all()
    assert face == Region(4, 1, 5, 2, score=0.5, landmarks=(MARK,) * 5)


@pytest.mark.parametrize("degrees", TURNS)
@pytest.mark.parametrize("gray", [False, True])
def test_a_face_on_its_side(degrees, gray):
    # Turned so, her face stands upright again: in the middle of the upper part, read off by eye.
    photo = Image.open(ASTRONAUT).convert("L" if gray else "RGB")
    back = {90: 270, 180: 180, 270: 90}[degrees]
    lying = np.asarray(photo.transpose(TURNS[back]))
    detector = MTCNN(device="cpu")
    assert not any(face.score > 0.99 for face in detector.detect(lying))
    (face,) = Turned(detector, degrees).detect(lying)
    x, y = 225, 115  # upright, of 512 x 512
    x, y = {90: (y, 511 - x), 180: (511 - x, 511 - y), 270: (511 - y, x)}[degrees]
    assert face.x0 < x < face.x1
    assert face.y0 < y < face.y1
    for px, py in face.landmarks:
        assert face.x0 < px < face.x1
        assert face.y0 < py < face.y1


def test_what_is_known_of_the_detector_is_kept():
    assert Turned(Marked(), 90).fingerprint != Turned(Marked(), 270).fingerprint
    assert "marks" in Turned(Marked(), 90).fingerprint

    assert Turned(Nameless(), 90).fingerprint is None


@pytest.mark.parametrize("degrees", [0, 45, 360, -90, "90", None])
def test_other_turns_are_refused(degrees):
    with pytest.raises(ValueError, match="degrees must be 90, 180 or 270"):
        Turned(Marked(), degrees)


def test_the_option(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    Image.open(ASTRONAUT).transpose(TURNS[270]).save("in/lying.png")
    command("keygen", "--symmetric", "-o", "k")
    assert command("detect", "in").out == "in/lying.png: 0 faces\n"
    found = command("detect", "in", "--rotate", "90").out.splitlines()
    assert found[0] == "in/lying.png: 1 face"
    done = command("encrypt", "in", "-o", "out", "-k", "k", "--rotate", "90")
    assert done.err[0].startswith("facecrypt: 1 encrypted; 1 face (")
    sealed, plain = np.asarray(Image.open("out/lying.png")), np.asarray(Image.open("in/lying.png"))
    changed = (sealed != plain).any(axis=2)
    x0, y0, x1, y1 = map(int, found[1].split()[:4])
    assert changed[y0:y1, x0:x1].mean() > 0.99
    assert changed.mean() < 0.2
    again = command("encrypt", "in", "-o", "out", "-k", "k", "--rotate", "90")
    assert "1 there already" in again.err[0]
    other = command("encrypt", "in", "-o", "out", "-k", "k", "--rotate", "270")
    assert "sealed with other options" in other.err[0]
    assert command("detect", "in", "--rotate", "45").code == 2


def test_any_rotation_finds_faces_that_lie_beside_those_that_stand():
    standing = np.asarray(Image.open(ASTRONAUT).convert("RGB"))[:300, 100:400]
    picture = np.hstack([standing, np.rot90(standing)])
    detector = MTCNN(device="cpu")
    (face,) = upright = detector.detect(picture)
    assert face.x1 < 300
    found = AnyRotation(detector).detect(picture)
    assert found[:1] == upright
    (other,) = found[1:]
    # The tip of her nose, read off by eye, is at (225, 129) of the photograph.
    assert other.x0 < 300 + 129 < other.x1
    assert other.y0 < 300 - 125 < other.y1


def test_faces_of_turned_pictures_have_to_be_sure_and_new():
    class Scored:
        def __init__(self):
            self.calls = 0

        def detect(self, image):
            self.calls += 1
            scores = {1: [], 2: [0.96, None], 3: [0.97], 4: [0.97]}[self.calls]
            width = image.shape[1]
            return [
                Region(width - 4 * i - 4, 0, width - 4 * i, 4, score=s)
                for i, s in enumerate(scores)
            ]

    image = np.zeros((40, 60, 3), np.uint8)
    # The corner at the top right of each turned picture, and a place beside it, worked out by hand.
    assert [face.box for face in AnyRotation(Scored()).detect(image)] == [
        (0, 4, 4, 8),
        (0, 36, 4, 40),
        (56, 36, 60, 40),
    ]


def test_fingerprint_of_any_rotation():
    assert AnyRotation(Marked()).fingerprint != AnyRotation(Marked(), 0.75).fingerprint
    assert "marks" in AnyRotation(Marked()).fingerprint
    assert AnyRotation(Nameless()).fingerprint is None


@pytest.mark.parametrize("detector", [None, 5, MTCNN, "MTCNN"])
def test_what_cannot_detect_is_refused(detector):
    with pytest.raises(TypeError, match=r"an object with a method detect\(image\), received"):
        AnyRotation(detector)


@pytest.mark.parametrize("least", [float("nan"), -1, 2, "x", None])
def test_scores_that_are_none(least):
    with pytest.raises(ValueError, match="least must lie between 0 and 1, received"):
        AnyRotation(MTCNN(device="cpu"), least)
