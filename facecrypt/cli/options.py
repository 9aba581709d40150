"""Options that several commands share, and what they stand for: folders, boxes, a detector."""

import argparse
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from facecrypt.cli.terminal import say_ignored
from facecrypt.detector import MTCNN, AnyRotation, Detector, Turned
from facecrypt.detector.named import named_detector
from facecrypt.detector.presets import SURE
from facecrypt.detector.turned import QUARTERS
from facecrypt.errors import MediaError
from facecrypt.jobs.boxes import Boxes, load_places
from facecrypt.jobs.inputs import MEDIA_SUFFIXES
from facecrypt.machine import cores
from facecrypt.media.npy import ARRAY_SUFFIXES
from facecrypt.regions import Region
from facecrypt.sealing.options import VideoOptions

__all__ = [
    "add_batch",
    "add_detection",
    "add_device",
    "add_following",
    "add_force",
    "add_inputs",
    "add_json",
    "add_pictures",
    "detector",
    "detector_maker",
    "file",
    "folder",
    "margin",
    "numbers",
    "of_video",
    "regions",
    "some",
    "whole",
]

Item = TypeVar("Item")

# A box that covers every picture a header can describe; it is clipped to each.
_WHOLE = 1 << 20
_STANDARD = "{what} takes no -, which elsewhere means standard output; for one of that name say ./-"


def add_force(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("-f", "--force", action="store_true", help="replace existing outputs")


def add_pictures(sub: argparse.ArgumentParser, what: str = "pictures") -> None:
    sub.add_argument(
        "inputs", nargs="+", metavar="IN", help=f"{what}, folders of them, or patterns"
    )


def add_inputs(sub: argparse.ArgumentParser, what: str = "pictures") -> None:
    add_pictures(sub, what)
    sub.add_argument(
        "-o",
        "--output",
        required=True,
        type=folder,
        metavar="DIR",
        help="folder for the results; the tree below a folder IN is kept",
    )


def add_json(sub: argparse.ArgumentParser, what: str) -> None:
    sub.add_argument("--json", action="store_true", help=f"print {what} as JSON")


def add_detection(sub: argparse.ArgumentParser) -> None:
    group = sub.add_argument_group("how faces are found")
    group.add_argument("--preset", choices=("fast", "recall"), help="speed, or fewer missed faces")
    group.add_argument(
        "--min-face",
        type=whole(6),
        metavar="PIXELS",
        help="side of the smallest face to look for (default 20)",
    )
    group.add_argument(
        "--threshold",
        type=_thresholds,
        metavar="P,R,O",
        help="confidence wanted of the three networks (default .6,.7,.7)",
    )
    turns = group.add_mutually_exclusive_group()
    turns.add_argument(
        "--rotate",
        type=int,
        choices=QUARTERS,
        help="look at every picture turned clockwise by so many degrees; outputs are not turned",
    )
    turns.add_argument(
        "--any-rotation",
        action="store_true",
        help="look at every picture as it is and turned by 90, 180 and 270 degrees: four times "
        "the time",
    )
    group.add_argument(
        "--detector",
        metavar="MODULE:NAME",
        help="another detector: an object of a Python module with detect(image), or what makes one",
    )
    add_device(group)


def add_following(group: argparse._ActionsContainer) -> None:
    usual = VideoOptions()
    group.add_argument(
        "--every",
        type=of_video("every"),
        default=usual.every,
        metavar="N",
        help="look for faces in each so many frames, and follow them between (default %(default)s)",
    )
    group.add_argument(
        "--hold",
        type=of_video("hold"),
        default=usual.hold,
        metavar="N",
        help="hide a face for so many frames before it is first found and after it was last found "
        "(default %(default)s)",
    )


def add_device(sub: argparse._ActionsContainer) -> None:
    sub.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where the networks run; auto takes an NVIDIA card if one works (default %(default)s)",
    )


def add_batch(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "-j", "--jobs", type=whole(1), metavar="N", help="threads (default: one a core)"
    )
    add_force(sub)


def folder(text: str) -> Path:
    path = Path(text)
    if text == "-":
        raise argparse.ArgumentTypeError(_STANDARD.format(what="an output folder"))
    if path.suffix.lower() in MEDIA_SUFFIXES | ARRAY_SUFFIXES and not path.is_dir():
        raise argparse.ArgumentTypeError(
            f"expected a folder, received {text}, a file; the results are written into the "
            "folder: JPEG as JPEG, other pictures as PNG, videos as videos"
        )
    return path


def file(text: str) -> str:
    if text == "-":
        raise argparse.ArgumentTypeError(_STANDARD.format(what="an output file"))
    return text


def whole(least: int | None = None) -> Callable[[str], int]:
    """A type of option: a whole number, of at least so much."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or (least is not None and value < least):
            bound = "" if least is None else f" of at least {least}"
            raise argparse.ArgumentTypeError(f"expected a whole number{bound}, received {text}")
        return value

    return parse


def of_video(name: str) -> Callable[[str], int]:
    """A type of option: a whole number that `VideoOptions` takes under this name."""

    def parse(text: str) -> int:
        setting: dict[str, Any] = {name: whole()(text)}
        try:
            VideoOptions(**setting)  # refuses what it cannot be
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        return setting[name]

    return parse


def numbers(text: str) -> list[int]:
    """Whole numbers, such as ``3,7``."""
    return [whole()(part) for part in text.split(",")]


def _thresholds(text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in (1, 3):
        raise argparse.ArgumentTypeError(
            f"expected one number or three, such as .6,.7,.7; received {text!r}"
        )
    if not all(0 < value < 1 for value in values):
        raise argparse.ArgumentTypeError(f"expected numbers between 0 and 1, received {text}")
    return values * 3 if len(values) == 1 else values


def margin(text: str) -> float:
    try:
        value = float(text)
        Region(0, 0, 1, 1).grow(value)  # refuses what it cannot be
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a number from 0 to 100, such as 0.2; received {text!r}"
        ) from None
    return value


def detector(args: Namespace) -> Detector:
    """The detector as the options set it."""
    return detector_maker(args)()


def detector_maker(args: Namespace, device: str | None = None) -> Callable[[], Detector]:
    """What makes it, here or on another machine; `device` stands instead of ``--device``."""
    turn = "any" if args.any_rotation else args.rotate
    return partial(_make_detector, _settings(args, device), args.detector, turn)


def _settings(args: Namespace, device: str | None) -> dict[str, Any]:
    """What the options say of MTCNN."""
    given = {
        "preset": args.preset,
        "min_face_size": args.min_face,
        "thresholds": args.threshold,
    }
    settings = {name: value for name, value in given.items() if value is not None}
    if args.preset is not None and len(settings) > 1:
        raise ValueError(
            "--preset sets what --min-face and --threshold set; give the one or the others"
        )
    if args.detector is not None and settings:
        raise ValueError(
            "--preset, --min-face and --threshold are for MTCNN; --detector is another detector"
        )
    return {"device": device or args.device, "threads": _threads(args), **settings}


def _threads(args: Namespace) -> int:
    """Of one picture: all there are where it is the only one, else pictures have one each."""
    alone = len(args.inputs) == 1 and not Path(args.inputs[0]).is_dir()
    return (getattr(args, "jobs", None) or cores()) if alone else 1


def _make_detector(
    settings: Mapping[str, Any], name: str | None, turn: int | str | None
) -> Detector:
    if name is not None:
        upright, least = named_detector(name), 0.0
    else:
        upright, least = MTCNN(**settings), SURE[settings.get("preset")]
    if turn == "any":
        return AnyRotation(upright, least)
    return Turned(upright, int(turn)) if turn else upright


def regions(args: Namespace) -> Boxes | None:
    """What to encrypt, where the options say so; None to detect faces."""
    if args.whole and args.boxes:
        raise ValueError("--whole and --boxes exclude each other")
    if args.whole:
        return [Region(0, 0, _WHOLE, _WHOLE)]
    return load_places(args.boxes, shape=args.shape, grow=args.grow) if args.boxes else None


def some(pictures: Iterable[Item], ignored: Mapping[str, int], *, quiet: bool) -> list[Item]:
    """The pictures, after a word on what is left out; MediaError where there are none."""
    if not quiet:
        say_ignored(ignored)
    found = list(pictures)
    if not found:
        raise MediaError("no pictures or videos were found")
    return found
