"""The command ``detect``: find faces, print where they are, draw them."""

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
from facecrypt.detector import Detector
from facecrypt.detector.protocol import look
from facecrypt.files import atomic_write
from facecrypt.jobs.boxes import Place, dump_boxes
from facecrypt.jobs.inputs import MEDIA_SUFFIXES, Input, find_inputs, find_pictures, prepare
from facecrypt.jobs.outputs import OtherNames
from facecrypt.jobs.pool import forget_frames
from facecrypt.media import encode_image, read_image
from facecrypt.media.draw import draw_people, draw_regions
from facecrypt.media.video import probe, read_frames
from facecrypt.sealing.carriers import file_carrier
from facecrypt.sealing.carriers.video_people import find_ways
from facecrypt.sealing.options import VideoOptions, Watch
from facecrypt.sealing.ways import Way

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    add_examples(
        sub,
        "facecrypt detect photos --draw looked",
        "facecrypt detect photos --json > boxes.json",
        "facecrypt detect clip.mp4 --draw looked --json > boxes.json",
    )
    add_pictures(sub, "pictures and videos")
    add_json(sub, "the boxes, for --boxes of other commands,")
    sub.add_argument(
        "--draw",
        type=folder,
        metavar="DIR",
        help="write pictures with the boxes drawn in; of a video NAME.N.png, which shows person N "
        "in some frames",
    )
    add_force(sub)
    add_detection(sub)
    add_following(sub.add_argument_group("videos", "Pictures ignore these options."))


def run(args: Namespace) -> int:
    detector = options.detector(args)
    found: dict[str, Sequence[Place]] = {}
    errors = []
    with video_bars(quiet=args.quiet) as watch:
        for item in some(*_pictures(args), quiet=args.quiet):
            try:
                found[item.name] = _look(item, detector, args, watch)
            except Exception as error:
                forget_frames(error)
                errors.append((item.source, error))
                continue
            if not (args.json or args.quiet):
                _show(item.source, found[item.name])
    if args.json:
        print(dump_boxes(found))
    say_errors(errors)
    return exit_code([error for _, error in errors])


def _look(item: "_Picture", detector: Detector, args: Namespace, watch: Watch) -> Sequence[Place]:
    """The faces of a picture, or the ways of the people in a video."""
    drawing = item.drawing
    if drawing:
        prepare(drawing.item)
    if file_carrier(item.source) is not None:
        video = VideoOptions(every=args.every, hold=args.hold)
        ways = find_ways(item.source, detector, video, lambda done: watch(item.source, done, 0))
        if drawing:
            _draw_people(drawing, ways)
        return ways
    picture = read_image(item.source)
    faces = look(detector, picture.pixels)
    if drawing:
        drawing.write(drawing.item.output, draw_regions(picture.pixels, faces))
    return faces


def _show(source: Path, faces: Sequence[Place]) -> None:
    print(f"{shown(source)}: {count(len(faces), 'face')}")
    for face in faces:
        if isinstance(face, Way):
            first, last = face.keys[0], face.keys[-1]
            print(f"  frames {first[0]} to {last[0]}, from {' '.join(map(str, first[1:]))}")
            continue
        score = "" if face.score is None else f"  score {face.score:.3f}"
        print(f"  {' '.join(map(str, face.box))}{score}")


class _Drawing(NamedTuple):
    """Where to draw; how many sheets a video gets only shows when it was looked at."""

    item: Input
    others: OtherNames
    overwrite: bool

    def write(self, path: Path, pixels: np.ndarray) -> None:
        data = encode_image(".png", pixels)
        atomic_write(path, data, overwrite=self.overwrite, like=self.item.source)

    def sheet(self, number: int) -> Path:
        """Of the person with that number in a video."""
        path = self.item.output.with_suffix(f".{number}.png")
        self.others.take(path, self.item.source)
        return path


class _Picture(NamedTuple):
    source: Path
    name: str
    drawing: _Drawing | None


def _pictures(args: Namespace) -> tuple[list[_Picture], Mapping[str, int]]:
    """What to look at, its name in the JSON, and where to draw; what of the folders is ignored."""
    if args.draw:
        inputs, ignored = find_inputs(args.inputs, args.draw, rename=_drawn_name)
        others = OtherNames({item.source: item.output for item in inputs}, args.draw)
        drawings = [_Drawing(item, others, args.force) for item in inputs]
        return [
            _Picture(one.item.source, one.item.relative.as_posix(), one) for one in drawings
        ], ignored
    found, ignored = find_pictures(args.inputs, suffixes=MEDIA_SUFFIXES)
    times = Counter(found.values())
    # Of two folders with a file of one name, only the paths as given tell them apart.
    names = {
        source: relative.as_posix() if times[relative] == 1 else str(source)
        for source, relative in found.items()
    }
    return [_Picture(source, name, None) for source, name in names.items()], ignored


def _drawn_name(_: Path, name: Path) -> Path:
    return name.with_suffix(".png")


def _draw_people(drawing: _Drawing, ways: Sequence[Way]) -> None:
    source = drawing.item.source
    video = probe(source)
    tracks = []
    for way in ways:
        track = way.track(way.keys[-1][0] + 1, video.height, video.width)
        assert track is not None  # as it was found in these frames
        tracks.append(track)
    for number, sheet in draw_people(read_frames(source), tracks):
        drawing.write(drawing.sheet(number), sheet)
