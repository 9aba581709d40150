"""What a header says of a video, and of the people in it."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

from facecrypt import limits
from facecrypt.sealing.wire import Reader, damaged

__all__ = ["Person", "Video"]


class Person(NamedTuple):
    """When somebody is seen in a video, in milliseconds from its first frame; half-open.

    Where they are is not said: it shows anyway, in each frame. Somebody who leaves and comes back
    may be two people.
    """

    start: int
    end: int


@dataclass(frozen=True)
class Video:
    """A video whose original lies sealed beside what is shown of it.

    Parameters
    ----------
    width, height : int
        Of the frames as they are stored; the container may say that they are to be turned.
    frames : int
    duration : int
        In milliseconds, up to the end of the last frame.
    """

    width: int
    height: int
    frames: int
    duration: int

    kind: ClassVar[str] = "video"
    called: ClassVar[str] = "video"
    carried: ClassVar[bool] = True
    streamed: ClassVar[bool] = True
    private: ClassVar[tuple[str, ...]] = ("original",)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a frame."""
        return self.height, self.width, 3

    @property
    def dtype(self) -> str:
        """Of what faces are looked for in; the video may have more bits."""
        return "uint8"

    def fields(self) -> dict[str, Any]:
        size = {"width": self.width, "height": self.height}
        return {"video": size | {"frames": self.frames, "duration_ms": self.duration}}

    @classmethod
    def parse(cls, read: Reader) -> Self:
        if read.any("cipher") == "logistic":
            raise damaged("cipher is for research, and seals no video")
        video = Reader(read.object("video"))
        return cls(
            width=video.integer("width", 1, limits.MAX_SIDE),
            height=video.integer("height", 1, limits.MAX_SIDE),
            frames=video.integer("frames", 0, limits.MAX_FRAMES),
            duration=video.integer("duration_ms", 0, limits.MAX_DURATION_MS),
        )

    def region_fields(self, person: Person) -> dict[str, Any]:
        return {"track": [person.start, person.end]}

    def parse_region(self, item: Any) -> Person:
        start, end = Reader(item).integers("track", (2,), 0, limits.MAX_DURATION_MS)
        if not start < end <= self.duration:
            raise damaged("a track is not within the video")
        return Person(start, end)
