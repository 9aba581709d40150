"""What steers the search for faces, and the combinations that have a name."""

from collections.abc import Sequence
from numbers import Real
from typing import Any, NamedTuple

__all__ = ["DEFAULT", "PRESETS", "SURE", "Settings", "checked", "is_number", "preset_settings"]


class Settings(NamedTuple):
    """What steers the search."""

    min_face_size: float
    thresholds: tuple[float, float, float]
    factor: float


DEFAULT = Settings(20, (0.6, 0.7, 0.7), 0.709)
PRESETS = {
    # A quarter fewer pixels for P-Net and fewer candidates for R-Net.
    "fast": Settings(20, (0.7, 0.7, 0.7), 0.6),
    # CenterFace looks, too (facecrypt/detector/joined.py): it finds what lower thresholds
    # would, and more, without what they take for faces.
    "recall": DEFAULT,
}
# Scores wanted of faces in turned pictures (facecrypt/detector/turned.py), by preset: CenterFace,
# whose scores "recall" has, gives few of its faces more.
SURE = {None: 0.97, "fast": 0.97, "recall": 0.75}


def is_number(value: Any) -> bool:
    """Whether it is a real number, of Python or of NumPy."""
    return isinstance(value, Real)


def checked(min_face_size: float, thresholds: Sequence[float], factor: float) -> Settings:
    """The parameters as settings, or an error that says which is none or out of range."""
    for name, value in {"min_face_size": min_face_size, "factor": factor}.items():
        if not is_number(value):
            raise TypeError(f"{name} must be a number, received {value!r}")
    if not 6 <= min_face_size < float("inf"):
        raise ValueError(
            f"min_face_size must be a number of pixels of at least 6, received {min_face_size!r}; "
            "enlarge the picture to look for smaller faces"
        )
    wanted = f"thresholds must be three numbers between 0 and 1, received {thresholds!r}"
    try:
        first, second, third = (float(value) for value in thresholds)
    except TypeError:
        raise TypeError(wanted) from None
    except ValueError:
        raise ValueError(wanted) from None
    if not all(0 < value < 1 for value in (first, second, third)):
        raise ValueError(wanted)
    if not 0 < factor <= 0.95:
        raise ValueError(f"factor must lie between 0 and 0.95, received {factor!r}")
    return Settings(min_face_size, (first, second, third), factor)


def preset_settings(name: str, given: Settings) -> Settings:
    """The settings of a preset, or a ValueError where other parameters were given too."""
    if name not in tuple(PRESETS):
        raise ValueError(f"preset must be one of {', '.join(PRESETS)} or None, received {name!r}")
    preset = PRESETS[name]
    for field in Settings._fields:
        value = getattr(given, field)
        if value not in (getattr(DEFAULT, field), getattr(preset, field)):
            raise ValueError(
                f"preset {name!r} fixes {field} at {getattr(preset, field)}, received {value}; "
                "give the preset or the parameters, not both"
            )
    return preset
