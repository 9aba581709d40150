"""The first pass over a video: who is in it, and where in each frame."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from facecrypt.detector import (
    MTCNN,
    Detector,
    FaceTracker,
    Track,
    looking_in_turn,
)
from facecrypt.detector.presets import DEFAULT
from facecrypt.media.video import read_frames
from facecrypt.regions import Region, clip_given
from facecrypt.sealing.carriers.video_journal import Journal
from facecrypt.sealing.content_video import Person
from facecrypt.sealing.options import Seal, VideoOptions
from facecrypt.sealing.ways import Way

__all__ = ["Looking", "People", "find_people", "find_ways", "tracking_detector"]

Looking = Detector | Sequence[Detector]

# Frames that share a list of who may be in them.
_SPAN = 64


class People:
    """Who is in a video, and in which places of each frame (`facecrypt.media.video.Boxes`).

    Parameters
    ----------
    tracks : sequence of Track
    frames : int
        How many frames the video has.
    """

    def __init__(self, tracks: Sequence[Track], frames: int) -> None:
        self.tracks, self._frames = tracks, frames
        self._near: defaultdict[int, list[int]] = defaultdict(list)
        for number, track in enumerate(tracks):
            for span in range(track.first // _SPAN, (_end(track) - 1) // _SPAN + 1):
                self._near[span].append(number)

    def __len__(self) -> int:
        return self._frames

    def __getitem__(self, frame: int) -> list[tuple[int, int, int, int, int]]:
        """The boxes in a frame, each after the number of its track."""
        seen = []
        for number in self._near.get(frame // _SPAN, ()):
            track = self.tracks[number]
            if track.first <= frame < _end(track):
                x0, y0, x1, y1 = track.boxes[frame - track.first].tolist()
                seen.append((number, x0, y0, x1, y1))
        return seen

    def persons(self, duration: int) -> list[Person]:
        """When each of them is seen, of a video of so many milliseconds.

        As if all frames were shown equally long.
        """
        return [
            Person(
                min(track.first * duration // self._frames, duration - 1),
                -(-_end(track) * duration // self._frames),
            )
            for track in self.tracks
        ]


def find_people(
    path: Path,
    detector: Looking | None,
    options: Seal,
    journal: Journal,
    on_frame: Callable[[int], None],
) -> People:
    """Read a video once and follow the faces in it, or count its frames where boxes are given.

    Parameters
    ----------
    path : Path
    detector : Detector or sequence of Detector, optional
        Not wanted where boxes are given.
    options : Seal
    journal : Journal
        What an earlier run found, and where this one notes what it finds.
    on_frame : callable
        Is told after each frame how many were read.

    Raises
    ------
    MediaError
        A frame cannot be decoded.
    ValueError
        A given region lies wholly outside the picture.
    """
    if options.regions is not None:
        return _given(path, options, on_frame)
    tracker = FaceTracker(
        detector=detector,
        every=options.video.every,
        hold=options.video.hold,
        grow=options.grow,
        recorded=journal.recorded,
        on_detection=journal.note,
    )
    return _follow(path, tracker, on_frame)


def find_ways(
    path: Path, detector: Detector, video: VideoOptions, on_frame: Callable[[int], None]
) -> list[Way]:
    """The ways of the people in a video, with boxes as they were found."""
    lenient = tracking_detector(detector)
    tracker = FaceTracker(detector=lenient, every=video.every, hold=video.hold, grow=0)
    return [Way.of(track) for track in _follow(path, tracker, on_frame).tracks]


def _follow(path: Path, tracker: FaceTracker, on_frame: Callable[[int], None]) -> People:
    count = 0
    for count, frame in enumerate(read_frames(path), 1):
        tracker.add(frame)
        on_frame(count)
    return People(tracker.finish() if count else [], count)


def tracking_detector(detector: Detector) -> Looking:
    """Who looks at the frames: where nobody set thresholds, those who do it in turn."""
    if isinstance(detector, MTCNN) and (detector.settings, detector.preset) == (DEFAULT, None):
        return looking_in_turn(detector.device)
    return detector


def _given(path: Path, options: Seal, on_frame: Callable[[int], None]) -> People:
    """Boxes that stay where they are from the first frame to the last, and ways."""
    count, shape = 0, (0, 0)
    for count, frame in enumerate(read_frames(path), 1):
        shape = frame.shape[:2]
        on_frame(count)
    if not count:
        return People([], 0)
    tracks = [_given_track(place, count, shape) for place in options.regions or ()]
    return People(tracks, count)


def _given_track(place: Region | Way, frames: int, shape: tuple[int, int]) -> Track:
    if isinstance(place, Way):
        last = place.keys[-1][0]
        if last >= frames:
            raise ValueError(
                f"a track goes to frame {last}, and the video has {frames} frames, from 0; "
                "a box of a frame that is not there would move those before it"
            )
        track = place.track(frames, *shape)
        if track is None:
            raise ValueError(
                f"a track from frame {place.keys[0][0]} on lies wholly outside the video, which "
                f"has {frames} frames of {shape[1]}x{shape[0]}"
            )
        return track
    [region] = clip_given([place], *shape)
    boxes = np.tile(np.array(region.box, np.int32), (frames, 1))
    return Track(0, boxes, np.zeros(frames, bool))


def _end(track: Track) -> int:
    return track.first + len(track.boxes)
