"""Options that several commands share, and what they stand for: keys, boxes, a detector."""

import argparse
import getpass
import os
from argparse import Namespace
from collections.abc import Iterable, Mapping
from math import inf, nan
from pathlib import Path
from typing import Any, TypeVar

from facecrypt.cli.terminal import say_ignored
from facecrypt.detector import MTCNN
from facecrypt.errors import MediaError
from facecrypt.jobs.boxes import load_boxes
from facecrypt.jobs.inputs import PICTURE_SUFFIXES
from facecrypt.keys import (
    Passphrase,
    Recipient,
    RecipientLike,
    RegionKey,
    SecretKey,
    Unwraps,
    load_identity,
    load_recipients,
)
from facecrypt.media.npy import ARRAY_SUFFIXES
from facecrypt.regions import Region

__all__ = [
    "add_batch",
    "add_detection",
    "add_force",
    "add_identity",
    "add_inputs",
    "add_shared_keys",
    "detector",
    "detector_settings",
    "folder",
    "identities",
    "margin",
    "recipients",
    "regions",
    "some",
]

Item = TypeVar("Item")

# A box that covers every picture a header can describe; it is clipped to each.
_WHOLE = 1 << 20


def add_force(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("-f", "--force", action="store_true", help="replace existing outputs")


def add_inputs(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("inputs", nargs="+", metavar="IN", help="pictures, folders or patterns")
    sub.add_argument(
        "-o", "--output", required=True, type=folder, metavar="DIR", help="output folder"
    )


def add_shared_keys(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("-k", "--key", action="append", default=[], metavar="KEYFILE")
    sub.add_argument(
        "-p", "--passphrase", action="store_true", help="ask, or take $FACECRYPT_PASSPHRASE"
    )


def add_identity(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("-i", "--identity", action="append", default=[], metavar="KEYFILE")
    add_shared_keys(sub)
    sub.add_argument(
        "--allow-costly", action="store_true", help="with -p: spend up to a minute and 1 GiB"
    )


def add_detection(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--preset", choices=("fast", "recall"), help="speed, or fewer missed faces")
    sub.add_argument("--min-face", type=int, metavar="PIXELS", help="(default 20)")
    sub.add_argument("--threshold", type=_thresholds, metavar="P,R,O", help="(default .6,.7,.7)")
    sub.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def add_batch(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("-j", "--jobs", type=int, metavar="N", help="threads (default: one a core)")
    add_force(sub)


def folder(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() in PICTURE_SUFFIXES | ARRAY_SUFFIXES and not path.is_dir():
        raise argparse.ArgumentTypeError(
            f"expected a folder, received {text}, a file; pictures are written into the folder as "
            "PNG, which keeps every pixel"
        )
    return path


def _thresholds(text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in (1, 3):
        raise argparse.ArgumentTypeError(
            f"expected one number or three, such as .6,.7,.7; received {text!r}"
        )
    return values * 3 if len(values) == 1 else values


def margin(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = nan
    if not 0 <= value < inf:
        raise argparse.ArgumentTypeError(
            f"expected a number of at least 0, such as 0.2; received {text!r}"
        )
    return value


def _passphrase(*, confirm: bool = False, allow_costly: bool = False) -> Passphrase:
    given = os.environ.get("FACECRYPT_PASSPHRASE")
    if given is None:
        try:
            given = getpass.getpass("Passphrase: ")
            if confirm and getpass.getpass("Once more: ") != given:
                raise ValueError("the two passphrases differ")
        except EOFError:
            raise ValueError(
                "no passphrase was given; type it, or set $FACECRYPT_PASSPHRASE"
            ) from None
    return Passphrase(given, allow_costly=allow_costly)


def recipients(args: Namespace) -> list[RecipientLike]:
    """Whom to encrypt for; ValueError where the options name nobody."""
    found: list[RecipientLike] = [Recipient.parse(text) for text in args.recipient]
    for path in args.recipients_file:
        found += load_recipients(path)
    found += [SecretKey.load(path) for path in args.key]
    if args.passphrase:
        found.append(_passphrase(confirm=True))
    if not found:
        raise ValueError("say who may decrypt: -r PUBLIC_KEY, -R FILE, -k KEYFILE or -p")
    return found


def identities(args: Namespace) -> list[Unwraps | RegionKey]:
    """What to decrypt with; ValueError where the options name nothing."""
    found: list[Unwraps | RegionKey] = [load_identity(path) for path in args.identity]
    found += [SecretKey.load(path) for path in args.key]
    if args.passphrase:
        found.append(_passphrase(allow_costly=args.allow_costly))
    if not found:
        raise ValueError("say what to decrypt with: -i KEYFILE, -k KEYFILE or -p")
    return found


def detector_settings(args: Namespace) -> dict[str, Any]:
    """What the options say of the detector: arguments of :class:`MTCNN`."""
    settings = {"device": args.device}
    if args.preset is not None:
        settings["preset"] = args.preset
    if args.min_face is not None:
        settings["min_face_size"] = args.min_face
    if args.threshold is not None:
        settings["thresholds"] = args.threshold
    return settings


def detector(args: Namespace) -> MTCNN:
    """The detector as the options set it."""
    return MTCNN(**detector_settings(args))


def regions(args: Namespace) -> list[Region] | dict[str, list[Region]] | None:
    """What to encrypt, where the options say so; None to detect faces."""
    if args.whole and args.boxes:
        raise ValueError("--whole and --boxes exclude each other")
    if args.whole:
        return [Region(0, 0, _WHOLE, _WHOLE)]
    return load_boxes(args.boxes, shape=args.shape, grow=args.grow) if args.boxes else None


def some(pictures: Iterable[Item], ignored: Mapping[str, int], *, quiet: bool) -> list[Item]:
    """The pictures, after a word on what is left out; MediaError where there are none."""
    if not quiet:
        say_ignored(ignored)
    found = list(pictures)
    if not found:
        raise MediaError("no pictures were found")
    return found
