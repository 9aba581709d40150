"""Several detectors that look at frames in turn, and the two that do where none is named."""

import cv2
import numpy as np
import pytest
from support.places import ROOT

from facecrypt import MTCNN, Region
from facecrypt.detector import CenterFace, FaceTracker, looking_in_turn, track_faces


class Noted:
    """Finds a face in the corner, and notes which frames it was shown."""

    def __init__(self, fingerprint: str | None = "a"):
        self.frames: list[int] = []
        self.fingerprint = fingerprint

    def detect(self, image: np.ndarray) -> list[Region]:
        self.frames.append(int(image[0, 0, 0]))
        return [Region(8, 8, 24, 28, score=0.9)]


def frames(count: int, cut: int | None = None):
    grounds = np.random.default_rng(1).integers(0, 256, (2, 90, 160, 3)).astype(np.uint8)
    for number in range(count):
        frame = grounds[int(cut is not None and number >= cut)].copy()
        frame[0, 0] = number
        yield frame


def test_each_looks_in_turn():
    one, other = Noted(), Noted()
    [track] = track_faces(frames(21), detector=[one, other])
    assert sorted(one.frames) == [0, 10, 20]
    assert sorted(other.frames) == [5, 15]
    assert track.detected.sum() == 5


def test_a_scene_begins_with_the_first():
    one, other = Noted(), Noted()
    track_faces(frames(14, cut=8), detector=[one, other])
    # 0, 5 and the last before the cut; then 8 and 13.
    assert (sorted(one.frames), sorted(other.frames)) == ([0, 7, 8], [5, 13])


def test_turns_are_the_same_where_frames_were_recorded():
    one, other = Noted(), Noted()
    found = np.array([(8, 8, 24, 28, 0.9)])
    tracker = FaceTracker(detector=[one, other], recorded={0: found, 5: found, 10: found})
    for frame in frames(21):
        tracker.add(frame)
    tracker.finish()
    assert (one.frames, other.frames) == ([20], [15])


def test_none_is_no_detector():
    with pytest.raises(ValueError, match="received an empty one"):
        track_faces([], detector=[])


def test_those_that_look_where_none_is_named_are_two_opened_once():
    turns = looking_in_turn("cpu")
    assert turns is looking_in_turn("cpu")
    assert isinstance(turns[1], MTCNN)
    both = [CenterFace(threshold=0.3, device="cpu").fingerprint, turns[1].fingerprint]
    assert turns.fingerprint == f"{both[0]} at 640 in turn with {both[1]}"


def test_both_find_the_face_of_a_large_frame_where_it_is():
    picture = cv2.cvtColor(cv2.imread(str(ROOT / "examples" / "astronaut.png")), cv2.COLOR_BGR2RGB)
    large = np.zeros((1080, 1920, 3), np.uint8)
    large[28:1052, 800:1824] = cv2.resize(picture, (1024, 1024))
    x, y = 800 + 2 * 224, 28 + 2 * 127  # the nose, by eye
    for detector in looking_in_turn("cpu"):
        [face] = [face for face in detector.detect(large) if face.score >= 0.7]
        assert face.x0 < x - 30 < x + 30 < face.x1 < face.x0 + 350
        assert face.y0 < y - 30 < y + 30 < face.y1 < face.y0 + 400
