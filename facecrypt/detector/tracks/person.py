"""One person while the frames pass: where they were, and since when the detector missed them."""

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from facecrypt.detector.tracks.flow import Boxes
from facecrypt.detector.tracks.looks import Look

__all__ = ["SURE", "Person", "Sighting", "hull"]

# A face this sure needs no second sighting.
SURE = 0.7
_SIGHTINGS = 3
# Of the frames looked at from the first sighting to the last. What looks like a face by chance
# does so rarely; faces turned away are found as rarely as every fourth time. Who is found less
# often is hidden where the detector was sure: people come back to the place where others were.
_FOUND = 0.2
# A face that has come this near to being sure is held for as long as it looks the same.
_HELD = 3
# How the box of a frame was found.
_CARRIED, _FOUND_THERE, _SURE = range(3)


class Sighting(NamedTuple):
    """A face that the detector found."""

    frame: int
    box: Boxes
    score: float
    look: Look


def hull(first: Boxes, second: Boxes) -> Boxes:
    """The smallest boxes that cover those of both lists."""
    low = np.minimum(first[..., :2], second[..., :2])
    return np.concatenate([low, np.maximum(first[..., 2:], second[..., 2:])], axis=-1)


class Person:
    """What is known of one person; frames up to the last sighting are settled.

    Parameters
    ----------
    sighting : Sighting
        The first.
    before : sequence of (4,) arrays
        Boxes carried back from there, the nearest frame first.
    hold : int
        For how many frames anyone is hidden before the first sighting and after the last.
    """

    def __init__(self, sighting: Sighting, before: Sequence[Boxes], hold: int):
        self.last = sighting
        # The boxes since, carried forward, and how many of them are to be hidden.
        self.ahead: list[Boxes] = []
        self.kept = 0
        self._hold = hold
        self._first = sighting.frame
        self._before = len(before)
        self._best, self._sightings = sighting.score, 1
        self._boxes, self._marks = array("f"), bytearray()
        for box in reversed(before):
            self._settle(box, _CARRIED)
        self._settle(sighting.box, _mark(sighting))

    @property
    def box(self) -> Boxes:
        """Where they are expected in the latest frame."""
        return self.ahead[-1] if self.ahead else self.last.box

    def sight(self, sighting: Sighting, before: Sequence[Boxes]) -> None:
        """The detector found the face again; `before` is carried back to the last sighting."""
        for forward, backward in zip(self.ahead, reversed(before), strict=False):
            self._settle(hull(forward, backward), _CARRIED)
        self._settle(sighting.box, _mark(sighting))
        self.last, self.ahead, self.kept = sighting, [], 0
        self._best = max(self._best, sighting.score)
        self._sightings += 1

    def end(self, every: int) -> Iterator[tuple[int, Boxes, np.ndarray]]:
        """Where they are to be hidden, from all that was seen: nowhere, if this is no person.

        Parameters
        ----------
        every : int
            The detector looked at each frame with such a number.

        Yields
        ------
        tuple
            The first frame, a box for each frame from there, and in which the face was found.
        """
        sure = self._best >= SURE
        if not sure and self._sightings < _SIGHTINGS:
            return
        often = self._sightings >= _FOUND * (1 + (self.last.frame - self._first) / every)
        held = often and sure and self._sightings >= _HELD
        for box in self.ahead[: self.kept if held else min(self.kept, self._hold)]:
            self._settle(box, _CARRIED)
        boxes = np.frombuffer(self._boxes, np.float32).reshape(-1, 4)
        marks = np.frombuffer(self._marks, np.uint8)
        shown = np.ones(len(marks), bool) if often else _within(marks == _SURE, self._hold)
        if not held:
            shown[: max(0, self._before - self._hold)] = False
        edges = np.flatnonzero(np.diff(shown, prepend=False, append=False))
        for start, stop in edges.reshape(-1, 2).tolist():
            run = slice(start, stop)
            yield self._first - self._before + start, boxes[run], marks[run] != _CARRIED

    def _settle(self, box: Boxes, mark: int) -> None:
        self._boxes.extend(box.tolist())
        self._marks.append(mark)


def _mark(sighting: Sighting) -> int:
    return _SURE if sighting.score >= SURE else _FOUND_THERE


def _within(places: np.ndarray, reach: int) -> np.ndarray:
    """What lies no farther than that from one of the places."""
    near = np.zeros(len(places), bool)
    for place in np.flatnonzero(places).tolist():
        near[max(0, place - reach) : place + reach + 1] = True
    return near
