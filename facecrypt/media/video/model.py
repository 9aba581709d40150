"""What is said of a video: its streams, boxes of faces, and how its public part is written."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, overload

from facecrypt.media.video.spool import Stored

__all__ = [
    "Box",
    "Boxes",
    "Clip",
    "Fate",
    "Placement",
    "Placements",
    "Public",
    "Stream",
    "Video",
    "Written",
]


class Box(NamedTuple):
    """Where one person's face is in one frame, in pixels of the upright picture.

    Pixels from `x0`, `y0` up to, not including, `x1`, `y1`.
    """

    track: int
    x0: int
    y0: int
    x1: int
    y1: int


class Boxes(Protocol):
    """The boxes of every frame: a list of lists, or what computes them when they are asked for.

    ``len(boxes)`` is the number of frames, and ``boxes[n]`` are the boxes of frame n in
    presentation order. Plain tuples ``(track, x0, y0, x1, y1)`` do as well as :class:`Box`. A
    track has at most one box in a frame. A pixel belongs to the first box that has it.
    """

    def __len__(self) -> int: ...
    def __getitem__(self, frame: int, /) -> Sequence[tuple[int, int, int, int, int]]: ...


class Stream(NamedTuple):
    """One stream of a file: ``kind`` is video, audio, subtitle, data or attachment."""

    number: int
    kind: str
    codec: str
    language: str = ""


class Fate(NamedTuple):
    """What became of a stream in the public part, as in ``copied`` or ``left out: cover art``."""

    stream: Stream
    became: str


@dataclass(frozen=True)
class Video:
    """What a file says of itself before its frames are decoded.

    Parameters
    ----------
    width, height : int
        Of the upright picture, as it is shown.
    frames : int or None
        As the container counts them: a measure of the work ahead, no promise. Hidden frames
        count too.
    duration_ms : int or None
    container : str
        ``mp4``, ``mov``, ``mkv``, ``webm``, ``avi``, ``ts`` and others of
        :func:`facecrypt.media.video.container_of`.
    codecs : str
        For people to read, as in ``h264 + aac``.
    streams : tuple of Stream
        All of them, also those that no public part has.
    bits : int
        Of a sample.
    """

    width: int
    height: int
    frames: int | None
    duration_ms: int | None
    container: str
    codecs: str
    streams: tuple[Stream, ...]
    bits: int


@dataclass(frozen=True)
class Public:
    """How the public part is encoded.

    Parameters
    ----------
    fill : {"solid", "mosaic"}
        What faces are filled with. A mosaic has at most 6 cells a face; over many frames even
        so few tell more of a face than a solid box does.
    crf : int
        Quality as x264 counts it: 18 is hard to tell from the original, 28 is small. Other
        encoders get what looks about the same.
    speed : str
        A preset of x264, from ``ultrafast`` to ``veryslow``.
    codec : {"h264", "hevc", "vp9", "av1"}, optional
        By default H.264, HEVC where samples have more than 8 bits, VP9 in WebM.
    mute : bool
        Leave sound out.
    keep_metadata : bool
        Keep title, place, device and dates of file and streams, and the titles of chapters.
    """

    fill: Literal["solid", "mosaic"] = "solid"
    crf: int = 21
    speed: str = "veryfast"
    codec: Literal["h264", "hevc", "vp9", "av1"] | None = None
    mute: bool = False
    keep_metadata: bool = False


class Placement(NamedTuple):
    """Where one frame of a person's clip belongs.

    The k-th placement of a track belongs to the k-th frame of its clip. Coordinates are those of
    stored frames, before they are turned upright. `x`, `y`, `w`, `h` is the person's box, all that
    is laid over; `left`, `top` is where the clip's canvas lies, which is larger.
    """

    frame: int
    x: int
    y: int
    w: int
    h: int
    left: int
    top: int


class Placements(Sequence[Placement]):
    """Placements in 28 bytes each: a long video has hundreds of thousands.

    Examples
    --------
    >>> places = Placements([Placement(3, 10, 20, 30, 40, 8, 16)])
    >>> len(places), places[0].frame
    (1, 3)
    """

    def __init__(self, placements: Iterable[Placement] = ()) -> None:
        self._numbers = array("i")
        for placement in placements:
            self.append(placement)

    def append(self, placement: Placement) -> None:
        """Add that of the next frame."""
        self._numbers.extend(placement)

    def __len__(self) -> int:
        return len(self._numbers) // len(Placement._fields)

    @overload
    def __getitem__(self, number: int) -> Placement: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Placement]: ...
    def __getitem__(self, number: int | slice) -> Placement | Sequence[Placement]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        first = range(len(self))[number] * len(Placement._fields)
        return Placement(*self._numbers[first : first + len(Placement._fields)])


@dataclass(frozen=True)
class Clip:
    """One person's clip, an mp4 file without sound, and where its frames belong."""

    path: Path | Stored
    placements: Sequence[Placement]


@dataclass(frozen=True)
class Written:
    """What a public part became.

    Parameters
    ----------
    frames : int
    duration_ms : int
        From the first frame shown to the end of the last.
    codec : str
        Of the video: ``h264``, ``hevc``, ``vp9`` or ``av1``.
    streams : tuple of Fate
        What became of every stream of the source.
    clips : dict
        Of each track its :class:`Clip`; empty where none were asked for.
    notes : tuple of str
        What a user should know, each as in ``the file ends within a frame``.
    """

    frames: int
    duration_ms: int
    codec: str
    streams: tuple[Fate, ...]
    clips: dict[int, Clip]
    notes: tuple[str, ...] = ()
