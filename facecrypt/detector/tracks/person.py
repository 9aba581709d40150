"""One person while the frames pass: where they were, and since when the detector missed them."""

from array import array
from collections.abc import Sequence

import numpy as np

from facecrypt.detector.tracks.flow import Boxes

__all__ = ["Person", "hull"]


def hull(first: Boxes, second: Boxes) -> Boxes:
    """The smallest boxes that cover those of both lists."""
    low = np.minimum(first[..., :2], second[..., :2])
    return np.concatenate([low, np.maximum(first[..., 2:], second[..., 2:])], axis=-1)


class Person:
    """What is known of one person; frames up to the last sighting are settled.

    Parameters
    ----------
    frame : int
        Where the detector first found the face.
    box : (4,) float32 array
    score : float
    before : sequence of (4,) arrays
        Boxes carried back from there, the nearest frame first.
    """

    def __init__(self, frame: int, box: Boxes, score: float, before: Sequence[Boxes]):
        self.first = frame - len(before)
        self.seen = frame
        self.best = score
        self.sightings = 1
        # Those of the frames since: carried forward, for the detector did not find the face.
        self.ahead: list[Boxes] = []
        self._settled = array("f")
        self._found = bytearray()
        for earlier in reversed(before):
            self._settle(earlier, found=False)
        self._settle(box, found=True)

    @property
    def box(self) -> Boxes:
        """Where they are expected in the latest frame."""
        return self.ahead[-1] if self.ahead else self._last

    def sight(self, frame: int, box: Boxes, score: float, before: Sequence[Boxes]) -> None:
        """The detector found the face again; `before` is carried back to the last sighting."""
        for forward, backward in zip(self.ahead, reversed(before), strict=True):
            self._settle(hull(forward, backward), found=False)
        self._settle(box, found=True)
        self.seen, self.ahead = frame, []
        self.best = max(self.best, score)
        self.sightings += 1

    def end(self, hold: int) -> tuple[Boxes, np.ndarray]:
        """All boxes, and in which frames the detector found the face, to `hold` frames after."""
        for box in self.ahead[:hold]:
            self._settle(box, found=False)
        boxes = np.frombuffer(self._settled, np.float32).reshape(-1, 4)
        return boxes, np.frombuffer(self._found, np.uint8).astype(bool)

    def _settle(self, box: Boxes, *, found: bool) -> None:
        self._last = box
        self._settled.extend(box.tolist())
        self._found.append(found)
