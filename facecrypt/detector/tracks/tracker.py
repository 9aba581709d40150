"""Frames in, one after another; people out, with a box for every frame that shows them."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from facecrypt.detector.mtcnn import MTCNN
from facecrypt.detector.protocol import Detector
from facecrypt.detector.tracks.cuts import CutFinder
from facecrypt.detector.tracks.flow import Boxes, carry, load_cv2, shrink
from facecrypt.detector.tracks.matching import match
from facecrypt.detector.tracks.person import Person, hull
from facecrypt.machine import cores

__all__ = ["FaceTracker", "Track", "track_faces"]

# Frames for which a face may go unseen and still be the same person's.
GAP = 30
# Faces surer than this choose among the people first, and one such sighting makes a person.
SURE = 0.7
SIGHTINGS = 3
THRESHOLDS = (0.6, 0.6, 0.4)
MOST_THREADS = 4
SMEAR = 0


@dataclass(frozen=True, eq=False)
class Track:
    """One person, from the first to the last frame that shows them.

    Someone who leaves and comes back, or moves very fast, may become several tracks.

    Parameters
    ----------
    first : int
        Number of the first frame in which the person is hidden; the first of all frames is 0.
    boxes : (n, 4) int32 array
        ``x0, y0, x1, y1`` in pixels, half-open, one row a frame: `first`, ``first + 1``, …
        They are grown and lie inside the frame.
    detected : (n,) bool array
        In which of these frames the detector itself found the face.
    """

    first: int
    boxes: np.ndarray
    detected: np.ndarray


class _Look(NamedTuple):
    """A frame that the detector looks at."""

    frame: int
    found: "Future[np.ndarray]"
    begins_scene: bool
    recorded: bool


class FaceTracker:
    """:func:`track_faces` for frames that come one by one.

    Parameters
    ----------
    detector, every, hold, grow
        As :func:`track_faces` takes them.
    recorded : mapping of int to (n, 5) array, optional
        What `on_detection` was told in an earlier run over the same frames, with the same
        detector and settings. In these frames the detector does not look again.
    on_detection : callable, optional
        Called with the number of a frame and an (n, 5) float64 array ``x0, y0, x1, y1, score``
        for every frame that the detector looked at, in order, from the thread that calls
        :meth:`add` or :meth:`finish`. Not called for frames in `recorded`.
    """

    def __init__(
        self,
        *,
        detector: Detector | None = None,
        every: int = 5,
        hold: int = 6,
        grow: float = 0.2,
        recorded: Mapping[int, np.ndarray] | None = None,
        on_detection: Callable[[int, np.ndarray], None] | None = None,
    ):
        load_cv2()
        self._detector = MTCNN(thresholds=THRESHOLDS) if detector is None else detector
        self._every, self._grow = every, grow
        # A face that comes right after one detection is found by the next.
        self._hold = max(hold, every - 1)
        self._recorded = recorded or {}
        self._on_detection = on_detection
        self._count = 0
        self._shape: tuple[int, int] | None = None
        self._latest: np.ndarray | None = None
        self._cuts = CutFinder()
        self._due = 0
        self._asked = -1
        self._threads = min(cores(), MOST_THREADS)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="facecrypt")
        self._looks: deque[_Look] = deque()
        # Of the frames that may still be carried to or from; the last is that of the latest.
        self._lumas: deque[np.ndarray] = deque()
        self._scale = 1.0
        self._done = -1
        self._scene = 0
        self._people: list[Person] = []
        self._tracks: list[Track] = []

    def add(self, frame: np.ndarray) -> None:
        """Look at the next frame, (H, W, 3) uint8 RGB, upright; the array is free afterwards."""
        self._shape = frame.shape[:2]
        number = self._count
        luma, self._scale = shrink(frame)
        cut = self._cuts.add(luma)
        if cut and self._asked < number - 1:
            assert self._latest is not None
            self._ask(number - 1, self._latest)
            self._latest = None
        self._lumas.append(luma)
        self._count += 1
        if cut or number >= self._due:
            self._ask(number, frame.copy(), begins_scene=cut)
            self._due = number + self._every
        elif self._latest is None:
            self._latest = frame.copy()
        else:
            np.copyto(self._latest, frame)
        self._settle(self._threads + 1)

    def finish(self) -> list[Track]:
        """All people, after the last frame; sorted by first frame, then by position."""
        if self._asked < self._count - 1:
            assert self._latest is not None
            self._ask(self._count - 1, self._latest)
        self._settle(0)
        self._pool.shutdown()
        self._end(self._people)
        return sorted(self._tracks, key=lambda track: (track.first, *track.boxes[0].tolist()))

    def _ask(self, number: int, frame: np.ndarray, *, begins_scene: bool = False) -> None:
        """Have the detector look at a frame, or take what it found in an earlier run."""
        known = self._recorded.get(number)
        if known is None:
            found = self._pool.submit(_scored, self._detector, frame)
        else:
            found = Future()
            found.set_result(np.asarray(known, np.float64).reshape(-1, 5))
        self._looks.append(_Look(number, found, begins_scene, known is not None))
        self._asked = number

    def _settle(self, most: int) -> None:
        """Follow people up to the frames whose faces are known, and till so few are not."""
        while self._looks and (len(self._looks) > most or self._looks[0].found.done()):
            look = self._looks.popleft()
            faces = look.found.result()
            if self._on_detection is not None and not look.recorded:
                self._on_detection(look.frame, faces)
            self._follow(look, faces)

    def _follow(self, look: _Look, faces: np.ndarray) -> None:
        if look.begins_scene:
            self._end(self._people)
            self._people, self._scene = [], look.frame
        else:
            for number in range(self._done + 1, look.frame + 1):
                self._carry_on(number)
        self._done = look.frame
        self._sight(look.frame, faces)
        lost = [person for person in self._people if look.frame - person.seen > GAP]
        self._end(lost)
        self._people = [person for person in self._people if look.frame - person.seen <= GAP]
        while self._count - len(self._lumas) < look.frame - max(GAP, self._hold):
            self._lumas.popleft()

    def _luma(self, number: int) -> np.ndarray:
        return self._lumas[number - self._count]

    def _carry_on(self, number: int) -> None:
        """Where the people are in this frame, from where they are in the one before."""
        if not self._people:
            return
        boxes = np.stack([person.box for person in self._people])
        boxes = carry(self._luma(number - 1), self._luma(number), boxes, self._scale)
        for person, box in zip(self._people, boxes, strict=True):
            person.ahead.append(box)

    def _sight(self, number: int, faces: np.ndarray) -> None:
        """Settle which face is which person, and carry every face back to where it was last."""
        boxes, scores = faces[:, :4].astype(np.float32), faces[:, 4]
        owners = self._owners(boxes, scores)
        counts = [
            min(self._hold, number - self._scene) if owner is None else number - owner.seen - 1
            for owner in owners
        ]
        before = self._carry_back(number, boxes, counts)
        for face, owner in enumerate(owners):
            known = boxes[face], float(scores[face]), before[face]
            if owner is None:
                self._people.append(Person(number, *known))
            else:
                # The frame itself is carried to as well, and the detector knows better.
                owner.ahead.pop()
                owner.sight(number, *known)

    def _owners(self, boxes: Boxes, scores: np.ndarray) -> list[Person | None]:
        owners: list[Person | None] = [None] * len(boxes)
        free = list(self._people)
        for faces in (np.flatnonzero(scores >= SURE), np.flatnonzero(scores < SURE)):
            expected = np.array([person.box for person in free], np.float32).reshape(-1, 4)
            pairs = match(expected, boxes[faces])
            for person, face in pairs:
                owners[faces[face]] = free[person]
            taken = {person for person, _ in pairs}
            free = [person for place, person in enumerate(free) if place not in taken]
        return owners

    def _carry_back(self, number: int, boxes: Boxes, counts: list[int]) -> list[list[Boxes]]:
        """For each box those of so many frames before, the nearest first."""
        now, before = boxes.copy(), [[] for _ in counts]
        wanted = np.array(counts, int)
        for step in range(1, max(counts, default=0) + 1):
            active = np.flatnonzero(wanted >= step)
            earlier, later = self._luma(number - step), self._luma(number - step + 1)
            now[active] = carry(later, earlier, now[active], self._scale)
            for face in active:
                before[face].append(now[face].copy())
        return before

    def _end(self, people: Iterable[Person]) -> None:
        for person in people:
            if person.best >= SURE or person.sightings >= SIGHTINGS:
                self._tracks.extend(self._track(person))

    def _track(self, person: Person) -> Iterable[Track]:
        """The person as a track, unless no box of theirs lies in the frame."""
        boxes, found = person.end(self._hold)
        for _ in range(SMEAR):
            wide = boxes.copy()
            wide[1:] = hull(wide[1:], boxes[:-1])
            wide[:-1] = hull(wide[:-1], boxes[1:])
            boxes = wide
        assert self._shape is not None
        height, width = self._shape
        more = (boxes[:, 2:] - boxes[:, :2]) * np.float32(self._grow)
        low = np.clip(np.floor(boxes[:, :2] - more), 0, (width - 1, height - 1))
        high = np.clip(np.ceil(boxes[:, 2:] + more), low + 1, (width, height))
        shown = np.flatnonzero(_shown(boxes, width, height))
        if len(shown):
            kept = slice(shown[0], shown[-1] + 1)
            whole = np.hstack([low, high])[kept].astype(np.int32)
            yield Track(person.first + int(shown[0]), whole, found[kept])


def _shown(boxes: Boxes, width: int, height: int) -> np.ndarray:
    """Which boxes have a part in the frame."""
    return ((boxes[:, 2:] > 0) & (boxes[:, :2] < (width, height))).all(1)


def _scored(detector: Detector, frame: np.ndarray) -> np.ndarray:
    faces = [
        (*face.box, 1.0 if face.score is None else face.score) for face in detector.detect(frame)
    ]
    return np.array(faces, np.float64).reshape(-1, 5)


def track_faces(
    frames: Iterable[np.ndarray],
    *,
    detector: Detector | None = None,
    every: int = 5,
    hold: int = 6,
    grow: float = 0.2,
) -> list[Track]:
    """Find the people in a video, and the boxes that hide each of them in every frame."""
    tracker = FaceTracker(detector=detector, every=every, hold=hold, grow=grow)
    for frame in frames:
        tracker.add(frame)
    return tracker.finish()
