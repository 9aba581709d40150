"""One person while the frames pass: where they were, and since when the detector missed them."""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from facecrypt.detector.tracks.flow import Boxes
from facecrypt.detector.tracks.looks import Look

__all__ = ["SURE", "Person", "Sighting", "hull"]

# A face this sure needs no second sighting.
SURE = 0.7
_SIGHTINGS = 3
# Of the frames looked at from the first sighting to the last. What looks like a face by chance
# does so rarely; faces turned away are found as rarely as every fourth time.
_FOUND = 0.2
# A face that has come this near to being sure is held for as long as it looks the same.
_HELD = 3


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
        self._boxes, self._detected = array("f"), bytearray()
        for box in reversed(before):
            self._settle(box, detected=False)
        self._settle(sighting.box, detected=True)

    @property
    def box(self) -> Boxes:
        """Where they are expected in the latest frame."""
        return self.ahead[-1] if self.ahead else self.last.box

    def sight(self, sighting: Sighting, before: Sequence[Boxes]) -> None:
        """The detector found the face again; `before` is carried back to the last sighting."""
        for forward, backward in zip(self.ahead, reversed(before), strict=False):
            self._settle(hull(forward, backward), detected=False)
        self._settle(sighting.box, detected=True)
        self.last, self.ahead, self.kept = sighting, [], 0
        self._best = max(self._best, sighting.score)
        self._sightings += 1

    def is_one(self, every: int) -> bool:
        """Whether this is a person, from all that was seen; every so many frames were looked at."""
        looks = 1 + (self.last.frame - self._first) / every
        enough = self._best >= SURE or self._sightings >= _SIGHTINGS
        return enough and self._sightings >= _FOUND * looks

    def end(self) -> tuple[int, Boxes, np.ndarray]:
        """The first frame, a box for each frame from there, and in which the face was found."""
        sure = self._best >= SURE and self._sightings >= _HELD
        for box in self.ahead[: self.kept if sure else min(self.kept, self._hold)]:
            self._settle(box, detected=False)
        skipped = 0 if sure else max(0, self._before - self._hold)
        boxes = np.frombuffer(self._boxes, np.float32).reshape(-1, 4)
        detected = np.frombuffer(self._detected, np.uint8).astype(bool)
        return self._first - self._before + skipped, boxes[skipped:], detected[skipped:]

    def _settle(self, box: Boxes, *, detected: bool) -> None:
        self._boxes.extend(box.tolist())
        self._detected.append(detected)
