"""People followed through clips whose faces are where the test puts them."""

import tracemalloc
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
from support.places import ROOT

from facecrypt import Region, TooManyFacesError
from facecrypt.detector import FaceTracker, Track, track_faces

HEIGHT, WIDTH, SIDE = 180, 320, 40
Path = Callable[[int], "tuple[float, float] | None"]


def texture(seed: int, height: int, width: int) -> np.ndarray:
    """Blobs large and small, as pictures have them."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    blobs = sum(size * cv2.GaussianBlur(noise, (0, 0), size) for size in (1.5, 3, 6))
    return cv2.normalize(blobs, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


FACE = texture(1, SIDE, SIDE)


class Scene:
    """A square on a path before a background; a detector that knows where it is.

    The number of each frame is its first pixel, for the detector sees nothing but pixels, in
    any order. `score` says how sure it is of the face in a frame; None is not found.
    """

    def __init__(self, frames: int, path: Path, score=lambda number: 0.99, cut: int | None = None):
        self.frames, self.path, self.score = frames, path, score
        self.grounds = [texture(2, HEIGHT, WIDTH), texture(3, HEIGHT, WIDTH)]
        self.cut = cut
        self.asked: list[int] = []

    def box(self, number: int) -> tuple[int, int, int, int] | None:
        place = self.path(number)
        return place and (place[0], place[1], place[0] + SIDE, place[1] + SIDE)

    def __iter__(self) -> Iterator[np.ndarray]:
        for number in range(self.frames):
            frame = self.grounds[int(self.cut is not None and number >= self.cut)].copy()
            if box := self.box(number):
                x0, y0, x1, y1 = box
                left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, WIDTH), min(y1, HEIGHT)
                frame[top:bottom, left:right] = FACE[top - y0 : bottom - y0, left - x0 : right - x0]
            frame[0, 0] = number
            yield frame

    def detect(self, image: np.ndarray) -> list[Region]:
        number = int(image[0, 0, 0])
        self.asked.append(number)
        box, score = self.box(number), self.score(number)
        return [Region(*box, score=score)] if box and score else []


def wave(number: int) -> tuple[int, int]:
    """There and back within fewer frames than there are between detections."""
    return 100 + round(20 * np.sin(number * 0.7)), 60 + round(12 * np.cos(number * 0.7))


def stroll(number: int) -> tuple[int, int]:
    return 100 + round(20 * np.sin(number * 0.1)), 60 + round(12 * np.cos(number * 0.1))


def still(number: int) -> tuple[int, int]:
    return 100, 60


def hides(track: Track, number: int, box: tuple[int, int, int, int]) -> bool:
    if not track.first <= number < track.first + len(track.boxes):
        return False
    x0, y0, x1, y1 = track.boxes[number - track.first]
    return x0 <= box[0] and y0 <= box[1] and x1 >= box[2] and y1 >= box[3]


@pytest.mark.parametrize("every", [1, 3, 5, 8])
def test_a_face_is_hidden_in_every_frame_however_it_moves(every):
    scene = Scene(40, wave)
    [track] = track_faces(scene, detector=scene, every=every)
    assert (track.first, len(track.boxes)) == (0, 40)
    assert all(hides(track, number, scene.box(number)) for number in range(40))
    # And no more than that: a box of 40, grown by a fifth each side, and what it moves meanwhile.
    assert (track.boxes[:, 2:] - track.boxes[:, :2]).max() < 110


def test_the_detector_looks_at_every_fifth_frame_and_at_the_last():
    scene = Scene(23, still)
    [track] = track_faces(scene, detector=scene)
    assert sorted(scene.asked) == [0, 5, 10, 15, 20, 22]
    assert np.flatnonzero(track.detected).tolist() == [0, 5, 10, 15, 20, 22]


def test_boxes_are_grown_and_end_where_the_frame_does():
    scene = Scene(11, lambda number: (WIDTH - SIDE, 60))
    [track] = track_faces(scene, detector=scene, grow=0.5, every=1)
    # 40 pixels, 20 more on each side, of which the right one is not there.
    assert track.boxes.dtype == np.int32
    assert {tuple(box) for box in track.boxes.tolist()} == {(260, 40, 320, 120)}


def test_a_face_that_the_detector_misses_for_a_second_is_one_person_and_hidden():
    scene = Scene(60, wave, score=lambda number: None if 15 < number < 40 else 0.99)
    [track] = track_faces(scene, detector=scene)
    assert all(hides(track, number, scene.box(number)) for number in range(60))


def test_a_face_is_held_while_it_looks_the_same_and_a_second_at_most():
    scene = Scene(80, stroll, score=lambda number: 0.99 if number <= 20 else None)
    [track] = track_faces(scene, detector=scene)
    assert all(hides(track, number, scene.box(number)) for number in range(51))
    assert len(track.boxes) == 51


def test_the_same_backwards():
    scene = Scene(80, stroll, score=lambda number: 0.99 if number >= 50 else None)
    [track] = track_faces(scene, detector=scene)
    assert track.first == 20
    assert all(hides(track, number, scene.box(number)) for number in range(20, 80))


def test_whoever_vanishes_is_hidden_for_six_frames_more():
    scene = Scene(40, lambda number: (100, 60) if 12 <= number <= 20 else None)
    [track] = track_faces(scene, detector=scene)
    assert np.flatnonzero(track.detected).tolist() == [15 - track.first, 20 - track.first]
    assert (track.first, track.first + len(track.boxes) - 1) == (9, 26)


@pytest.mark.parametrize(("every", "hold", "last"), [(1, 0, 20), (1, 3, 23), (4, 0, 23)])
def test_hold_is_at_least_what_detections_are_apart(every, hold, last):
    scene = Scene(40, lambda number: (100, 60) if number <= 20 else None)
    [track] = track_faces(scene, detector=scene, every=every, hold=hold)
    assert len(track.boxes) == last + 1


@pytest.mark.parametrize("appears", range(10, 15))
def test_whoever_appears_between_two_detections_is_hidden_at_once(appears):
    scene = Scene(30, lambda number: wave(number) if number >= appears else None)
    [track] = track_faces(scene, detector=scene, hold=0)
    assert all(hides(track, number, scene.box(number)) for number in range(appears, 30))


def test_whoever_leaves_is_hidden_to_the_edge():
    # The detector misses faces that are cut.
    scene = Scene(40, lambda number: (8 * number, 60), score=lambda n: 0.99 if n <= 35 else None)
    [track] = track_faces(scene, detector=scene)
    assert all(hides(track, number, (8 * number, 60, WIDTH, 100)) for number in range(36, 40))
    assert track.boxes.max() <= WIDTH


def test_a_scene_ends_with_a_detection_on_both_sides():
    scene = Scene(20, still, cut=8)
    tracks = track_faces(scene, detector=scene)
    assert sorted(scene.asked) == [0, 5, 7, 8, 13, 18, 19]
    assert [(track.first, len(track.boxes)) for track in tracks] == [(0, 8), (8, 12)]


def test_what_is_never_sure_needs_three_sightings():
    def found(*numbers: int, score: float = 0.5) -> int:
        scene = Scene(60, still, score=lambda number: score if number in numbers else None)
        return len(track_faces(scene, detector=scene))

    assert found(10) == found(10, 15) == 0
    assert found(10, 15, 20) == 1
    assert found(10, score=0.7) == 1
    # Three times in fifty frames that were looked at is chance.
    assert found(0, 25, 50) == 1
    scene = Scene(60, still, score=lambda number: 0.5 if number in (0, 25, 50) else None)
    assert track_faces(scene, detector=scene, every=1) == []


@pytest.mark.parametrize("every", [1, 5])
@pytest.mark.parametrize("away", [7, 20, 27])
def test_whoever_comes_back_to_one_place_now_and_then_is_hidden_each_time(every, away):
    """Found in few of the frames that were looked at, and for sure."""
    visits = range(0, 8 * (away + 3), away + 3)
    seen = {start + more for start in visits for more in range(3)}
    scene = Scene(240, lambda number: (100, 60) if number in seen else None)
    tracks = track_faces(scene, detector=scene, every=every)
    looked_at = [n for n in seen if n < scene.frames and n % every == 0]
    assert looked_at
    for number in looked_at:
        assert any(hides(track, number, scene.box(number)) for track in tracks), number


def test_of_whoever_is_seldom_found_the_sure_sightings_are_hidden_and_their_neighbours():
    sure = {40: 0.9, 130: 0.9}
    scene = Scene(
        160,
        lambda number: (100, 60) if number % 18 == 4 else None,
        lambda number: sure.get(number, 0.5),
    )
    tracks = track_faces(scene, detector=scene, every=1)
    assert [(track.first, len(track.boxes)) for track in tracks] == [(34, 13), (124, 13)]
    assert [np.flatnonzero(track.detected).tolist() for track in tracks] == [[6], [6]]


def test_a_sure_face_takes_the_person_before_one_that_is_not():
    class Two(Scene):
        def detect(self, image):
            # What is not sure lies nearer to where the person was.
            [face] = super().detect(image)
            other = Region(98, 60, 138, 100, score=0.5) if image[0, 0, 0] == 5 else None
            sure = Region(110, 60, 150, 100, score=0.99)
            return [face] if other is None else [other, sure]

    scene = Two(6, still)
    [track] = track_faces(scene, detector=scene, grow=0)
    assert track.boxes[5].tolist() == [110, 60, 150, 100]


def test_two_people_are_two_tracks_in_order():
    class Pair(Scene):
        def detect(self, image):
            faces = super().detect(image)
            return [*(Region(220, 60, 260, 100, score=0.99) for _ in faces[:1]), *faces]

    scene = Pair(12, still)
    tracks = track_faces(scene, detector=scene, grow=0, every=1)
    assert [track.boxes[0].tolist() for track in tracks] == [
        [100, 60, 140, 100],
        [220, 60, 260, 100],
    ]


def test_a_detector_without_scores_is_taken_at_its_word():
    class Plain:
        def detect(self, image):
            return [Region(100, 60, 140, 100)]

    assert len(track_faces([np.zeros((HEIGHT, WIDTH, 3), np.uint8)], detector=Plain())) == 1


def test_the_array_of_a_frame_may_be_used_again():
    scene = Scene(23, wave, cut=12)
    expected = track_faces(scene, detector=scene)
    tracker, array = FaceTracker(detector=scene), np.empty((HEIGHT, WIDTH, 3), np.uint8)
    for frame in scene:
        np.copyto(array, frame)
        tracker.add(array)
        array[:] = 0
    assert same(tracker.finish(), expected)


def same(tracks: list[Track], others: list[Track]) -> bool:
    return len(tracks) == len(others) and all(
        a.first == b.first
        and np.array_equal(a.boxes, b.boxes)
        and np.array_equal(a.detected, b.detected)
        for a, b in zip(tracks, others, strict=True)
    )


def test_what_was_recorded_is_not_looked_for_again():
    scene, told = Scene(40, wave, cut=22), {}
    whole = FaceTracker(detector=scene, on_detection=told.__setitem__)
    for frame in scene:
        whole.add(frame)
    expected = whole.finish()
    assert list(told) == [0, 5, 10, 15, 20, 21, 22, 27, 32, 37, 39]
    assert told[0].tolist() == [[100, 72, 140, 112, 0.99]]
    # A run that ended after the frame 21.
    known, again = {number: told[number] for number in told if number < 22}, {}
    scene.asked.clear()
    rest = FaceTracker(detector=scene, recorded=known, on_detection=again.__setitem__)
    for frame in scene:
        rest.add(frame)
    assert same(rest.finish(), expected)
    assert sorted(scene.asked) == list(again) == [22, 27, 32, 37, 39]


def test_memory_does_not_grow_with_the_number_of_frames():
    def peak(frames: int) -> int:
        scene = Scene(frames, wave)
        tracemalloc.start()
        track_faces(scene, detector=scene, every=2)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    # How many frames wait for the detector is a matter of time, and they are few.
    assert peak(240) < 1.6 * peak(80)


def test_nothing_is_found_in_no_frames():
    assert track_faces([]) == []


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"every": 0}, ValueError, "every must be 1 to 250 frames, received 0"),
        ({"hold": -1}, ValueError, "hold must be 0 to 250 frames"),
        ({"hold": 251}, ValueError, "kept in memory"),
        ({"every": 2.5}, TypeError, "every must be an integer"),
        ({"every": True}, TypeError, "every must be an integer"),
        ({"grow": -0.1}, ValueError, "grow must be"),
        ({"grow": float("nan")}, ValueError, "grow must be"),
    ],
)
def test_parameters_out_of_range(options, error, words):
    with pytest.raises(error, match=words):
        track_faces([], **options)


@pytest.mark.parametrize(
    ("frame", "error", "words"),
    [
        (np.zeros((9, 9), np.uint8), ValueError, r"\(height, width, 3\)"),
        (np.zeros((9, 9, 4), np.uint8), ValueError, r"\(height, width, 3\)"),
        (np.zeros((0, 9, 3), np.uint8), ValueError, r"\(height, width, 3\)"),
        (np.zeros((9, 9, 3), np.uint16), TypeError, "uint8, received uint16"),
        ([[0]], TypeError, "uint8, received list"),
        (np.zeros((8, 9, 3), np.uint8), ValueError, "one size"),
    ],
)
def test_frames_that_are_none(frame, error, words):
    tracker = FaceTracker(detector=Scene(1, still))
    tracker.add(np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(error, match=words):
        tracker.add(frame)


def test_an_error_of_the_detector_names_the_frame():
    class Full:
        def detect(self, image):
            if image[0, 0, 0] == 10:
                raise TooManyFacesError("too many places look like faces")
            return []

    with pytest.raises(TooManyFacesError, match=r"^frame 10: too many places look like faces$"):
        track_faces(Scene(20, still), detector=Full())


def test_a_real_face_before_a_camera_that_moves():
    picture = cv2.cvtColor(cv2.imread(str(ROOT / "examples" / "astronaut.png")), cv2.COLOR_BGR2RGB)
    nose = np.array((224, 127))  # by eye
    starts = [(40 + round(30 * np.sin(number / 3)), 2 * number) for number in range(18)]
    frames = (picture[y : y + 260, x : x + 400] for x, y in starts)
    tracks = track_faces(frames)
    for number, start in enumerate(starts):
        x, y = nose - start
        boxes = [
            track.boxes[number - track.first]
            for track in tracks
            if 0 <= number - track.first < len(track.boxes)
        ]
        assert any(b[0] < x < b[2] and b[1] < y < b[3] for b in boxes), number


def test_a_face_that_reappears_elsewhere_is_carried_back_from_where_it_is_found():
    # Covered in frames 11 and 12, it is half its side further in frame 13: from the frame 10 on
    # there is nothing to follow.
    places = {11: None, 12: None} | dict.fromkeys(range(13, 20), (120, 60))
    scene = Scene(20, lambda number: places.get(number, (100, 60)))
    [track] = track_faces(scene, detector=scene)
    assert all(hides(track, number, scene.box(number)) for number in (13, 14))
    # And in between it may be at either place.
    assert all(hides(track, number, (100, 60, 160, 100)) for number in (11, 12))
