"""What steers the search for faces, and the combinations that have a name."""

from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["DEFAULT", "PRESETS", "SURE", "Settings", "checked", "preset_settings"]


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


def checked(min_face_size: float, thresholds: Sequence[float], factor: float) -> Settings:
    """The parameters as settings, or a ValueError that says which is out of range."""
    if not 6 <= min_face_size < float("inf"):
        raise ValueError(
            f"min_face_size must be a number of pixels of at least 6, received {min_face_size!r}; "
            "enlarge the picture to look for smaller faces"
        )
    thresholds = tuple(float(value) for value in thresholds)
    if len(thresholds) != 3 or not all(0 < value < 1 for value in thresholds):
        raise ValueError(
            f"thresholds must be three numbers between 0 and 1, received {thresholds!r}"
        )
    if not 0 < factor <= 0.95:
        raise ValueError(f"factor must lie between 0 and 0.95, received {factor!r}")
    return Settings(min_face_size, thresholds, factor)


def preset_settings(name: str, given: Settings) -> Settings:
    """The settings of a preset, or a ValueError where other parameters were given too."""
    if name not in PRESETS:
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
