"""What a caller asked for, in one object: public functions take keywords and make it once."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from facecrypt.detector import Detector, default_detector
from facecrypt.regions import SHAPES, Region
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.ways import Way

__all__ = ["CODECS", "FILLS", "GROW", "PADDINGS", "SPEEDS", "Open", "Seal", "VideoOptions", "Watch"]

# Detected boxes end at brow and chin; what identifies a person does not.
GROW = 0.2
# To which lengths the sealed coefficients of a JPEG are filled up.
PADDINGS = ("padme", "double")
FILLS = ("solid", "mosaic")
CODECS = ("h264", "hevc", "vp9", "av1")
SPEEDS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
)
# Is told of the work on a video: its path, how many steps are done, and of how many, or 0.
Watch = Callable[[Path, int, int], None]


@dataclass(frozen=True, kw_only=True)
class VideoOptions:
    """What is asked for of videos alone; pictures ignore it.

    Parameters
    ----------
    every : int
        Look for faces in each so many frames; between them they are followed. 1 looks in all.
    hold : int
        Hide a face for so many frames before it is first found and after it was last found.
    fill : {"solid", "mosaic"}
        What faces are filled with. A mosaic tells more of them, over many frames much more.
    crf : int
        Quality of the public video: 18 is hard to tell from the original, 28 is small.
    speed : str
        Of its encoder: a preset of x264, from ``"ultrafast"`` to ``"veryslow"``.
    codec : {"h264", "hevc", "vp9", "av1"}, optional
        H.264 if None; HEVC for more than 8 bits a sample, VP9 for WebM.
    mute : bool
        Leave sound out of the public video, for voices identify people. The original keeps it.
    tracks : bool
        Seal a clip of each person, that opens alone. Costs time, and about a quarter in size.

    Raises
    ------
    ValueError
        A value that there is not.

    Examples
    --------
    >>> VideoOptions(mute=True).crf
    21
    """

    every: int = 5
    hold: int = 6
    fill: Literal["solid", "mosaic"] = "solid"
    crf: int = 21
    speed: str = "veryfast"
    codec: Literal["h264", "hevc", "vp9", "av1"] | None = None
    mute: bool = False
    tracks: bool = True

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("fill", self.fill, FILLS),
            ("speed", self.speed, SPEEDS),
            ("codec", self.codec, (None, *CODECS)),
        ):
            if value not in choices:
                listed = ", ".join(map(str, choices))
                raise ValueError(f"{name} must be one of {listed}, received {value!r}")
        for name, number, low, high in (
            ("every", self.every, 1, 250),
            ("hold", self.hold, 0, 250),
            ("crf", self.crf, 0, 51),
        ):
            if not low <= number <= high:
                raise ValueError(f"{name} must be {low} to {high}, received {number}")


@dataclass(frozen=True, kw_only=True)
class Seal:
    """How to seal; the parameters of :func:`facecrypt.encrypt_file`.

    Raises
    ------
    TypeError
        A detector that cannot detect, or regions that are no sequence.
    ValueError
        A cipher, a shape or a margin that there is not.
    """

    regions: Sequence[Region | Way] | None = None
    detector: Detector | None = None
    cipher: str = CIPHERS[0]
    grow: float = GROW
    shape: str = SHAPES[0]
    sidecar: bool = False
    keep_metadata: bool = False
    padding: str = PADDINGS[0]
    original: bool = True
    overwrite: bool = False
    backend: str = "auto"
    video: VideoOptions = VideoOptions()
    watch: Watch | None = None

    def __post_init__(self) -> None:
        if self.cipher not in CIPHERS:
            raise ValueError(
                f"cipher must be one of {', '.join(CIPHERS)}, received {self.cipher!r}"
            )
        detector = self.detector
        if detector is not None and (isinstance(detector, type) or not hasattr(detector, "detect")):
            name = detector.__name__ if isinstance(detector, type) else type(detector).__name__
            raise TypeError(
                "detector must be an object with a method detect(image) that returns Regions, such "
                f"as MTCNN(), received {'the class ' * isinstance(detector, type)}{name}"
            )
        if self.regions is not None and not isinstance(self.regions, Iterable):
            raise TypeError(_no_sequence("Region", self.regions))
        if self.padding not in PADDINGS:
            raise ValueError(
                f"padding must be one of {', '.join(PADDINGS)}, received {self.padding!r}"
            )
        Region(0, 0, 1, 1, shape=self.shape).grow(self.grow)  # refuses what it cannot be

    def request(self, *, video: bool = False) -> bytes:
        """8 bytes that say how the sealing is asked for; they tell nothing of the picture.

        The first has flags: 1 where metadata are kept, 2 where lengths are doubled. The others
        are a digest of how faces are looked for, or zeros where regions are given and where the
        detector does not say what it is, having no ``fingerprint``. Of a video the digest covers
        its options, too, and regions that are given.
        """
        flags = self.keep_metadata | (self.padding == "double") << 1
        asked = self._search(shape=not video)
        if video and self.regions is not None:
            asked = {"boxes": list(map(_place, self.regions))}
        if asked is None:
            return bytes([flags]) + bytes(7)
        text = json.dumps(asked | (asdict(self.video) if video else {}), sort_keys=True)
        digest = hashlib.sha256(b"facecrypt v2 request" + text.encode()).digest()
        return bytes([flags]) + digest[:7]

    def _search(self, *, shape: bool) -> dict[str, object] | None:
        name = None
        if self.regions is None:
            name = getattr(self.detector or default_detector(), "fingerprint", None)
        if name is None:
            return None
        asked = {"detector": name, "grow": float(self.grow)}
        return asked | ({"shape": self.shape} if shape else {})


@dataclass(frozen=True, kw_only=True)
class Open:
    """How to open; the parameters of :func:`facecrypt.decrypt_file`.

    ``pristine`` refuses a file that holds anything its writer would not have written, harmless
    or not. ``renamed`` is called with the name of an output that is not the one asked for, before
    it is written, and may raise.
    """

    regions: Sequence[int] | None = None
    allow_edited: bool = False
    overwrite: bool = False
    backend: str = "auto"
    pristine: bool = False
    watch: Watch | None = None
    renamed: Callable[[Path], object] | None = None

    def __post_init__(self) -> None:
        if self.regions is not None and not isinstance(self.regions, Iterable):
            raise TypeError(_no_sequence("numbers", self.regions))


def _place(region: Region | Way) -> list[object]:
    return list(region.keys if isinstance(region, Way) else region.box)


def _no_sequence(what: str, received: object) -> str:
    return f"regions must be a sequence of {what}, received {received!r}; put it in a list"
