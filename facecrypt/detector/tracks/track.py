"""One person, when all frames have passed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from facecrypt.detector.tracks.flow import Boxes

__all__ = ["Track", "tracks_of"]


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
        They are grown, lie inside the frame and have at least one pixel.
    detected : (n,) bool array
        In which of these frames the detector itself found the face.
    """

    first: int
    boxes: np.ndarray
    detected: np.ndarray


def tracks_of(
    first: int, boxes: Boxes, detected: np.ndarray, grow: float, size: tuple[int, int]
) -> Iterator[Track]:
    """A person's track, or none where no box lies in a frame of `size`, height and width."""
    height, width = size
    more = (boxes[:, 2:] - boxes[:, :2]) * np.float32(grow)
    low, high = boxes[:, :2] - more, boxes[:, 2:] + more
    shown = np.flatnonzero(((high > 0) & (low < (width, height))).all(1))
    if len(shown):
        kept = slice(shown[0], shown[-1] + 1)
        low = np.clip(np.floor(low[kept]), 0, (width - 1, height - 1))
        high = np.clip(np.ceil(high[kept]), low + 1, (width, height))
        yield Track(
            first + int(shown[0]),
            np.concatenate([low, high], axis=1).astype(np.int32),
            detected[kept],
        )
