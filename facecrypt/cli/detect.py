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
from facecrypt.jobs.pool import forget_frames
from facecrypt.media import encode_image, read_image
from facecrypt.media.draw import draw_people, draw_regions
from facecrypt.media.video import probe, read_frames
from facecrypt.regions import Region
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
    if file_carrier(item.source) is not None:
        if item.drawing:
            prepare(item.drawing)
        video = VideoOptions(every=args.every, hold=args.hold)
        ways = find_ways(item.source, detector, video, lambda done: watch(item.source, done, 0))
        if item.drawing:
            _draw_people(item.drawing, ways, overwrite=args.force)
        return ways
    if item.drawing:
        prepare(item.drawing)
    picture = read_image(item.source)
    faces = look(detector, picture.pixels)
    if item.drawing:
        _draw(item.drawing, picture.pixels, faces, overwrite=args.force)
    return faces


def _show(source: Path, faces: Sequence[Place]) -> None:
    print(f"{shown(source)}: {count(len(faces), 'face')}")
    for face in faces:
        if isinstance(face, Way):
            first, last = face.keys[0], face.keys[-1]
            print(f"  frames {first[0]} to {last[0]}, from {' '.join(map(str, first[1:]))}")
            continue
        print(f"  {' '.join(map(str, face.box))}  score {face.score:.3f}")


class _Picture(NamedTuple):
    source: Path
    name: str
    drawing: Input | None


def _pictures(args: Namespace) -> tuple[list[_Picture], Mapping[str, int]]:
    """What to look at, its name in the JSON, and where to draw; what of the folders is ignored."""
    if args.draw:
        inputs, ignored = find_inputs(args.inputs, args.draw)
        return [_Picture(item.source, item.relative.as_posix(), item) for item in inputs], ignored
    found, ignored = find_pictures(args.inputs, suffixes=MEDIA_SUFFIXES)
    times = Counter(found.values())
    # Of two folders with a file of one name, only the paths as given tell them apart.
    names = {
        source: relative.as_posix() if times[relative] == 1 else str(source)
        for source, relative in found.items()
    }
    return [_Picture(source, name, None) for source, name in names.items()], ignored


def _draw(item: Input, pixels: np.ndarray, faces: Sequence[Region], *, overwrite: bool) -> None:
    data = encode_image(".png", draw_regions(pixels, faces))
    atomic_write(item.output, data, overwrite=overwrite, like=item.source)


def _draw_people(item: Input, ways: Sequence[Way], *, overwrite: bool) -> None:
    video = probe(item.source)
    tracks = []
    for way in ways:
        track = way.track(way.keys[-1][0] + 1, video.height, video.width)
        assert track is not None  # as it was found in these frames
        tracks.append(track)
    for number, sheet in draw_people(read_frames(item.source), tracks):
        path = item.output.with_suffix(f".{number}.png")
        atomic_write(path, encode_image(".png", sheet), overwrite=overwrite, like=item.source)
