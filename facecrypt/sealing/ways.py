"""Where a person is in a video, as people write it down: boxes in some frames, straight between."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

import numpy as np

from facecrypt.regions import Region

if TYPE_CHECKING:
    from facecrypt.detector import Track

__all__ = ["Key", "Way"]

# Frame, x0, y0, x1, y1.
Key = tuple[int, int, int, int, int]
# Pixels that a box between two written ones may be off.
_OFF = 1.0


@dataclass(frozen=True)
class Way:
    """One person's way through a video.

    Parameters
    ----------
    keys : sequence of (frame, x0, y0, x1, y1)
        By rising frames, the first of all being 0. In frames between two of them the box is in
        between, rounded outwards; before the first and after the last there is none.
    given : sequence, optional
        Of a way whose boxes were moved out, as they were before: it lies outside of a video where
        these do.

    Raises
    ------
    ValueError
        There are none, frames do not rise, or a box is empty.

    Examples
    --------
    >>> Way(((0, 0, 0, 10, 10), (2, 5, 0, 15, 10))).track(3, 100, 100).boxes.tolist()
    [[0, 0, 10, 10], [2, 0, 13, 10], [5, 0, 15, 10]]
    """

    keys: Sequence[Key]
    given: Sequence[Key] | None = None

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("a track needs a box: [frame, x0, y0, x1, y1]")
        for frame, x0, y0, x1, y1 in self.keys:
            Region(x0, y0, x1, y1)  # refuses what it cannot be
            if type(frame) is not int or frame < 0:
                raise ValueError(f"a frame is a number from 0, received {frame!r}")
        frames = [key[0] for key in self.keys]
        if any(a >= b for a, b in pairwise(frames)):
            raise ValueError(f"frames of a track rise from box to box, received {frames}")

    @classmethod
    def of(cls, track: "Track") -> Self:
        """The way of a track, with as few boxes as give each of its boxes to a pixel."""
        kept, open_spans = {0, len(track.boxes) - 1}, [(0, len(track.boxes) - 1)]
        while open_spans:
            start, end = open_spans.pop()
            frames = np.arange(start, end + 1)
            ends = track.boxes[[start, end]]
            between = _between(frames, np.array([start, end]), ends)
            off = np.abs(between - track.boxes[start : end + 1]).max(1)
            worst = int(off.argmax())
            if off[worst] > _OFF:
                middle = start + worst
                kept.add(middle)
                open_spans += [(start, middle), (middle, end)]
        boxes = track.boxes.tolist()
        return cls(tuple((track.first + number, *boxes[number]) for number in sorted(kept)))

    def grow(self, amount: float) -> Self:
        """With boxes whose sides are moved out by a part of their width or height."""
        grown = (Region(x0, y0, x1, y1).grow(amount) for _, x0, y0, x1, y1 in self.keys)
        return type(self)(
            tuple((key[0], *box.box) for key, box in zip(self.keys, grown, strict=True)),
            given=self.given or self.keys,
        )

    def track(self, frames: int, height: int, width: int) -> "Track | None":
        """The boxes of each frame in a video of so many; None where none lies in it."""
        from facecrypt.detector import Track

        if self.given and type(self)(self.given).track(frames, height, width) is None:
            return None
        keys = np.array(self.keys)
        numbers = np.arange(keys[0, 0], min(keys[-1, 0] + 1, frames))
        boxes = _between(numbers, keys[:, 0], keys[:, 1:])
        low, high = np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])
        size = (width, height)
        inside = np.flatnonzero(((high > 0) & (low < size)).all(1))
        if not len(inside):
            return None
        shown = slice(inside[0], inside[-1] + 1)
        low = np.clip(low[shown], 0, (width - 1, height - 1))
        whole = np.hstack([low, np.clip(high[shown], low + 1, size)]).astype(np.int32)
        return Track(int(numbers[inside[0]]), whole, np.zeros(len(whole), bool))


def _between(frames: np.ndarray, at: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(frames, at, boxes[:, side]) for side in range(4)], axis=1)
