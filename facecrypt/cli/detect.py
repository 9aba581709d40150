"""The command ``detect``: find faces and people, print where they are, draw them."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facecrypt.cli import options
from facecrypt.cli.escapes import shown
from facecrypt.cli.options import (
    add_detection,
    add_following,
    add_force,
    add_json,
    add_pictures,
    folder,
    some,
)
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import count, exit_code, say_errors, video_bars
from facecrypt.detector import Detector, Track
from facecrypt.files import atomic_write
from facecrypt.jobs.boxes import Places, dump_boxes
from facecrypt.jobs.inputs import MEDIA_SUFFIXES, Input, find_inputs, find_pictures, prepare
from facecrypt.jobs.pool import forget_frames
from facecrypt.media import encode_image, read_image
from facecrypt.media.draw import draw_people, draw_regions
from facecrypt.media.video import HEAD, is_video, probe, read_frames
from facecrypt.regions import Region
from facecrypt.sealing.carriers.video_journal import Journal
from facecrypt.sealing.carriers.video_people import find_people
from facecrypt.sealing.options import Seal, VideoOptions, Watch

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    add_examples(
        sub,
        "facecrypt detect photos --draw looked",
        "facecrypt detect photos --json > boxes.json",
        "facecrypt detect clip.mp4 --draw looked --json > boxes.json",
    )
    add_pictures(sub, "pictures, videos")
    add_json(sub, "the boxes, for --boxes of other commands,")
    sub.add_argument(
        "--draw",
        type=folder,
        metavar="DIR",
        help="write pictures with the boxes drawn in, and of each person in a video a sheet of "
        "some frames",
    )
    add_force(sub)
    add_detection(sub)
    add_following(sub)


def run(args: Namespace) -> int:
    detector = options.detector(args)
    found: dict[str, Places] = {}
    errors = []
    with video_bars(quiet=args.quiet) as watch:
        for item in some(*_inputs(args), quiet=args.quiet):
            try:
                found[item.name] = _look(item, detector, args, watch)
            except Exception as error:
                forget_frames(error)
                errors.append((item.source, error))
    if args.json:
        print(dump_boxes(found))
    say_errors(errors)
    return exit_code([error for _, error in errors])


def _look(item: "_Item", detector: Detector, args: Namespace, watch: Watch) -> Places:
    if item.drawing:
        prepare(item.drawing)
    with item.source.open("rb") as file:
        video = is_video(file.read(HEAD))
    if video:
        return _look_at_video(item, detector, args, watch)
    picture = read_image(item.source)
    faces = detector.detect(picture.pixels)
    if item.drawing:
        _draw(item.drawing, picture.pixels, faces, overwrite=args.force)
    if not (args.json or args.quiet):
        _show(item.source, faces)
    return faces


def _look_at_video(item: "_Item", detector: Detector, args: Namespace, watch: Watch) -> Places:
    frames = probe(item.source).frames or 0
    # As of pictures, boxes are those of the faces: --grow is for what encrypts them.
    asked = Seal(detector=detector, grow=0.0, video=VideoOptions(every=args.every, hold=args.hold))
    people = find_people(
        item.source, asked, Journal(), lambda done: watch(item.source, done, frames)
    )
    if item.drawing:
        for number, sheet in draw_people(read_frames(item.source), people.tracks):
            path = item.drawing.output.with_suffix(f".{number}.png")
            data = encode_image(".png", sheet)
            atomic_write(path, data, overwrite=args.force, like=item.source)
    if not (args.json or args.quiet):
        _show_people(item.source, people.tracks)
    return people.tracks


def _show_people(source: Path, tracks: Sequence[Track]) -> None:
    people = "1 person" if len(tracks) == 1 else f"{len(tracks)} people"
    print(f"{shown(source)}: {people}")
    for number, track in enumerate(tracks):
        last = track.first + len(track.boxes) - 1
        print(f"  {number}  frames {track.first}-{last}, found in {track.detected.sum()}")


def _show(source: Path, faces: Sequence[Region]) -> None:
    print(f"{shown(source)}: {count(len(faces), 'face')}")
    for face in faces:
        print(f"  {' '.join(map(str, face.box))}  score {face.score:.3f}")


class _Item(NamedTuple):
    source: Path
    name: str
    drawing: Input | None


def _inputs(args: Namespace) -> tuple[list[_Item], Mapping[str, int]]:
    """What to look at, its name in the JSON, and where to draw; what of the folders is ignored."""
    if args.draw:
        inputs, ignored = find_inputs(args.inputs, args.draw)
        return [_Item(item.source, item.relative.as_posix(), item) for item in inputs], ignored
    found, ignored = find_pictures(args.inputs, suffixes=MEDIA_SUFFIXES)
    times = Counter(found.values())
    # Of two folders with a file of one name, only the paths as given tell them apart.
    names = {
        source: relative.as_posix() if times[relative] == 1 else str(source)
        for source, relative in found.items()
    }
    return [_Item(source, name, None) for source, name in names.items()], ignored


def _draw(item: Input, pixels: np.ndarray, faces: Sequence[Region], *, overwrite: bool) -> None:
    data = encode_image(".png", draw_regions(pixels, faces))
    atomic_write(item.output, data, overwrite=overwrite, like=item.source)
