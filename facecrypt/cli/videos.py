"""What ``inspect`` says of a sealed video."""

from facecrypt.cli.terminal import count
from facecrypt.sealing.carriers import PayloadLike
from facecrypt.sealing.content_video import Person, Video

__all__ = ["described", "show_people"]


def described(content: Video, payload: PayloadLike) -> str:
    """``1920x1080, 105 frames, 4.2 s · sealed original 2.4 MB · 9 people``."""
    header = payload.header
    frames = count(content.frames, "frame")
    gone = "original" in header.forgotten
    original = "original forgotten" if gone else f"sealed original {_size(payload.private[0])}"
    people = len(header.regions)
    seconds = f"{content.duration / 1000:.1f} s"
    return " · ".join(
        (
            f"{content.width}x{content.height}, {frames}, {seconds}",
            original,
            "1 person" if people == 1 else f"{people} people",
        )
    )


def show_people(payload: PayloadLike) -> None:
    """A line for each."""
    header = payload.header
    for index, person in enumerate(header.regions):
        part = payload.regions[index]
        size = f"{len(part)} bytes" if len(part) else "no clip"
        size = "forgotten" if index in header.forgotten else size
        print(f"person {index}  {_seen(person)}  {size}")
    if not header.regions:
        print("people    none")


def _seen(person: Person) -> str:
    return f"{_time(person.start)}-{_time(person.end)}"


def _time(milliseconds: int) -> str:
    """``0:04`` or ``1:02:03``."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _size(part: object) -> str:
    size = float(len(part))  # type: ignore[arg-type]
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
