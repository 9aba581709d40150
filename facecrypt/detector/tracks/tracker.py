"""Frames in, one after another; people out, with a box for every frame that shows them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from facecrypt.detector.protocol import Detector

__all__ = ["FaceTracker", "Track", "track_faces"]


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
        raise NotImplementedError

    def add(self, frame: np.ndarray) -> None:
        """Look at the next frame, (H, W, 3) uint8 RGB, upright; the array is free afterwards."""
        raise NotImplementedError

    def finish(self) -> list[Track]:
        """All people, after the last frame; sorted by first frame, then by position."""
        raise NotImplementedError


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
