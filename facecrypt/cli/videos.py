"""What ``inspect`` says of a sealed video."""

from facecrypt.cli.terminal import count
from facecrypt.sealing.carriers import PayloadLike
from facecrypt.sealing.content_video import Person, Video

__all__ = ["described", "short_people", "show_people"]

_FEW = 8  # people in one line


def described(content: Video) -> str:
    """``1920x1080, 105 frames, 4.2 s``."""
    frames = count(content.frames, "frame")
    return f"{content.width}x{content.height}, {frames}, {content.duration / 1000:.1f} s"


def short_people(payload: PayloadLike) -> list[str]:
    """How large the original is, and who is seen when."""
    header = payload.header
    people = header.regions
    gone = "original" in header.forgotten
    original = "original forgotten" if gone else f"sealed original {_size(payload.private[0])}"
    seen = [f"{index} {_seen(person)}" for index, person in enumerate(people[:_FEW])]
    seen += [f"{len(people) - _FEW} more"] if len(people) > _FEW else []
    return [original, f"{_count(len(people))}{': ' if seen else ''}{', '.join(seen)}"]


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


def _count(people: int) -> str:
    return "1 person" if people == 1 else f"{people} people"


def _size(part: object) -> str:
    size = float(len(part))  # type: ignore[arg-type]
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
