"""People followed from detection to detection, within a window of frames."""

from collections import deque
from collections.abc import Iterable

import numpy as np

from facecrypt.detector.tracks.flow import Boxes, carry
from facecrypt.detector.tracks.looks import likeness, look_at
from facecrypt.detector.tracks.matching import match
from facecrypt.detector.tracks.person import SURE, Person, Sighting
from facecrypt.detector.tracks.track import Track, tracks_of

__all__ = ["GAP", "Follower"]

# Frames for which a face may go unseen and still be the same person's; a face is hidden for as
# long before and after, as long as it looks the same.
GAP = 30
_ALIKE = 0.6
# The box of a face that is less sure than this is less exact, and is grown by so much.
_EXACT, _UNSURE = 0.9, 0.15


class Follower:
    """Who is where, frame by frame.

    Parameters
    ----------
    every, hold, grow
        As :func:`facecrypt.detector.track_faces` takes them; `hold` at least ``every - 1``.
    """

    def __init__(self, every: int, hold: int, grow: float):
        self._every, self._hold, self._grow = every, hold, grow
        self._reach = max(GAP, hold)
        self._size = (0, 0)
        self._scale = 1.0
        # Of the frames that may still be carried to or from, up to the latest that was shown.
        self._lumas: deque[np.ndarray] = deque()
        self._shown = 0
        self._followed = self._scene = 0
        self._people: list[Person] = []
        self._tracks: list[Track] = []

    def show(self, luma: np.ndarray, scale: float, size: tuple[int, int]) -> None:
        """The next frame, as :func:`facecrypt.detector.tracks.flow.shrink` makes it, and its size.

        It may come long before the faces in it are known.
        """
        self._lumas.append(luma)
        self._shown += 1
        self._scale, self._size = scale, size

    def begin_scene(self, frame: int) -> None:
        """Nothing goes on from the frames before this one."""
        self._end(self._people)
        self._people, self._scene, self._followed = [], frame, frame

    def sight(self, frame: int, faces: np.ndarray) -> None:
        """Go on to this frame; `faces` are all in it, ``x0, y0, x1, y1, score`` a row."""
        for number in range(self._followed + 1, frame + 1):
            self._carry_on(number)
        self._followed = frame
        self._end(person for person in self._people if self._is_lost(person))
        self._people = [person for person in self._people if not self._is_lost(person)]
        found = [self._sighting(frame, face) for face in faces]
        owners = self._owners(found)
        befores = self._carry_back(found, owners)
        for face, owner, before in zip(found, owners, befores, strict=True):
            if owner is None:
                self._people.append(Person(face, before, self._hold))
            else:
                owner.sight(face, before)
        while self._shown - len(self._lumas) < frame - self._reach:
            self._lumas.popleft()

    def end(self) -> list[Track]:
        """All people, after the last frame."""
        self._end(self._people)
        return self._tracks

    def _luma(self, frame: int) -> np.ndarray:
        return self._lumas[frame - self._shown]

    def _is_lost(self, person: Person) -> bool:
        return self._followed - person.last.frame > self._reach

    def _end(self, people: Iterable[Person]) -> None:
        for person in people:
            for run in person.end(self._every):
                self._tracks.extend(tracks_of(*run, self._grow, self._size))

    def _sighting(self, frame: int, face: np.ndarray) -> Sighting:
        box, score = face[:4].astype(np.float32), float(face[4])
        if score < _EXACT:
            more = (box[2:] - box[:2]) * np.float32(_UNSURE)
            box = np.concatenate([box[:2] - more, box[2:] + more])
        return Sighting(frame, box, score, look_at(self._luma(frame), box, self._scale))

    def _carry_on(self, frame: int) -> None:
        """Where the people are in this frame, from where they are in the one before."""
        if not self._people:
            return
        boxes = np.stack([person.box for person in self._people])
        boxes = carry(self._luma(frame - 1), self._luma(frame), boxes, self._scale)
        for person, box in zip(self._people, boxes, strict=True):
            held = len(person.ahead)
            person.ahead.append(box)
            if person.kept == held < self._reach and (
                held < self._hold or self._is_alike(person.last, frame, box)
            ):
                person.kept += 1

    def _is_alike(self, sighting: Sighting, frame: int, box: Boxes) -> bool:
        now = look_at(self._luma(frame), box, self._scale)
        return likeness(sighting.look, now) >= _ALIKE

    def _owners(self, found: list[Sighting]) -> list[Person | None]:
        """Whose each face is: those that are sure choose first; None is someone new."""
        owners: list[Person | None] = [None] * len(found)
        free = list(self._people)
        sure = [place for place, face in enumerate(found) if face.score >= SURE]
        for places in (sure, sorted(set(range(len(found))) - set(sure))):
            if not (places and free):
                continue
            expected = np.stack([person.box for person in free])
            pairs = match(expected, np.stack([found[place].box for place in places]))
            for person, face in pairs:
                owners[places[face]] = free[person]
            taken = {person for person, _ in pairs}
            free = [person for place, person in enumerate(free) if place not in taken]
        return owners

    def _carry_back(self, found: list[Sighting], owners: list[Person | None]) -> list[list[Boxes]]:
        """Boxes of the frames before, the nearest first, to where each person was seen last.

        Of new people as far as `hold`, and on while the face looks the same.
        """
        if not found:
            return []
        frame = found[0].frame
        first = [self._scene if owner is None else owner.last.frame + 1 for owner in owners]
        now = np.stack([face.box for face in found])
        befores: list[list[Boxes]] = [[] for _ in found]
        active = np.arange(len(found))
        for number in range(frame - 1, max(self._scene, frame - self._reach) - 1, -1):
            active = active[[first[place] <= number for place in active]]
            if not len(active):
                break
            now[active] = carry(
                self._luma(number + 1), self._luma(number), now[active], self._scale
            )
            gone = []
            for place in active:
                new = owners[place] is None and frame - number > self._hold
                if new and not self._is_alike(found[place], number, now[place]):
                    gone.append(place)
                else:
                    befores[place].append(now[place].copy())
            active = np.setdiff1d(active, gone)
        return befores
