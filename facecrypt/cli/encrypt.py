"""The command ``encrypt``: the faces of many pictures and videos, on this machine or on many."""

from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from collections.abc import Callable
from typing import Any

from facecrypt.cli import deface, keys, options
from facecrypt.cli.batches import has_videos, print_results, report
from facecrypt.cli.options import (
    add_batch,
    add_detection,
    add_following,
    add_inputs,
    add_json,
    margin,
    of_video,
    whole,
)
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import DENIED, FAILED, count, progress_bar, say, video_bars
from facecrypt.jobs.sealing import encrypt_files
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.options import CODECS, FILLS, GROW, PADDINGS, SPEEDS, VideoOptions

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    sub.usage = f"facecrypt encrypt IN [IN ...] -o DIR {keys.SEALING} [OPTION ...]"
    add_examples(
        sub,
        "facecrypt encrypt photos -o sealed -R key.pub",
        "facecrypt encrypt photos -o sealed -R key.pub --preset recall --json",
        "facecrypt encrypt clip.mp4 -o sealed -R key.pub --mute",
    )
    add_inputs(sub, "pictures and videos")
    keys.add_recipients(sub)
    sub.add_argument(
        "--cipher",
        choices=CIPHERS,
        default=CIPHERS[0],
        help="how pixels are encrypted (default %(default)s; logistic is for research)",
    )
    sub.add_argument(
        "--sidecar",
        action="store_true",
        help="write what opens it into NAME.ID.fcrypt beside the file, not into it",
    )
    sub.add_argument(
        "--as",
        dest="format",
        choices=("png",),
        help="write PNG of JPEG files too, which else stay JPEG and come back byte for byte",
    )
    sub.add_argument(
        "--padding",
        choices=PADDINGS,
        default=PADDINGS[0],
        help="how the length of a sealed face in a JPEG is rounded up: 'double' tells next to "
        "nothing of it and costs about 2 %% of the file (default %(default)s, 0.1 %%); and that "
        "of the original in a PNG",
    )
    sub.add_argument(
        "-m",
        "--keep-metadata",
        action="store_true",
        help="keep EXIF, readable by all: date, camera, settings, artist, copyright and place "
        "(GPS); never thumbnails, descriptions, owner or serial numbers",
    )
    sub.add_argument(
        "--original",
        action=BooleanOptionalAction,
        default=True,
        help="seal the file with its pixels, so that it comes back byte for byte, metadata and "
        "all; a sealed PNG is a third to four fifths larger for it. A JPEG that stays one and a "
        "video have it in any case",
    )
    add_json(sub, "what became of each picture, one line each,")
    add_batch(sub)
    _add_regions(sub)
    add_detection(sub)
    _add_videos(sub)
    _add_engine(sub)
    deface.add_options(sub)


def _add_regions(sub: ArgumentParser) -> None:
    group = sub.add_argument_group("what is encrypted")
    group.add_argument(
        "--grow",
        type=margin,
        default=GROW,
        metavar="SHARE",
        help="how far each side of a box moves out, as a share of its width or height "
        "(default %(default)s); then to a multiple of 16 pixels",
    )
    group.add_argument(
        "--shape",
        choices=("box", "ellipse"),
        default="box",
        help="what is encrypted of a box: all of it, or every cell of 16 pixels that the "
        "ellipse in it touches (default %(default)s)",
    )
    group.add_argument(
        "--boxes",
        nargs="?",
        const="",  # deface's --boxes has no value; its type says so
        type=deface.boxes_file,
        metavar="FILE",
        help="encrypt the boxes of this file, as 'detect --json' prints it, and look for no faces",
    )
    group.add_argument(
        "--whole", action="store_true", help="encrypt whole pictures, and look for no faces"
    )


def _add_videos(sub: ArgumentParser) -> None:
    usual = VideoOptions()
    group = sub.add_argument_group("videos", "Pictures ignore these options.")
    add_following(group)
    group.add_argument(
        "--fill",
        choices=FILLS,
        default=usual.fill,
        help="what faces are filled with; a mosaic tells more of them (default %(default)s)",
    )
    group.add_argument(
        "--crf",
        type=of_video("crf"),
        default=usual.crf,
        metavar="N",
        help="quality of what is shown: 18 is hard to tell from the original, 28 is small "
        "(default %(default)s)",
    )
    group.add_argument(
        "--speed",
        choices=SPEEDS,
        default=usual.speed,
        metavar="PRESET",
        help="of its encoder, from ultrafast to veryslow as x264 names them (default %(default)s)",
    )
    group.add_argument(
        "--codec",
        choices=CODECS,
        help="of what is shown (default: h264; hevc for more than 8 bits, vp9 in WebM)",
    )
    group.add_argument(
        "--mute",
        action="store_true",
        help="leave sound out of what is shown: voices identify people; the original keeps it",
    )
    group.add_argument(
        "--no-tracks",
        action="store_true",
        help="seal no clip of each person; then only the whole original opens",
    )


def _video(args: Namespace) -> VideoOptions:
    return VideoOptions(
        every=args.every,
        hold=args.hold,
        fill=args.fill,
        crf=args.crf,
        speed=args.speed,
        codec=args.codec,
        mute=args.mute,
        tracks=not args.no_tracks,
    )


def _add_engine(sub: ArgumentParser) -> None:
    many = sub.add_argument_group("many machines")
    many.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="threads of this machine, or a cluster of Ray (default %(default)s)",
    )
    many.add_argument("--address", metavar="HOST:PORT", help="ray: of the cluster")
    many.add_argument(
        "--actors", type=whole(1), metavar="N", help="ray: workers (default: all there is)"
    )
    many.add_argument("--num-gpus", type=margin, metavar="X", help="ray: GPUs a worker (default 0)")


def run(args: Namespace) -> int:
    recipients = keys.recipients(args)
    regions = options.regions(args)
    encrypt, engine = _engine(args, detect=regions is None)
    video = _video(args)
    with progress_bar(quiet=args.quiet) as bar, video_bars(quiet=args.quiet) as watch:
        if args.engine == "local":
            engine["watch"] = watch
        summary = encrypt(
            args.inputs,
            args.output,
            recipients,
            progress=bar,
            regions=regions,
            cipher=args.cipher,
            grow=args.grow,
            shape=args.shape,
            keep_metadata=args.keep_metadata,
            as_png=args.format == "png",
            padding=args.padding,
            original=args.original,
            overwrite=args.force,
            video=video,
            **engine,
        )
    if args.json:
        print_results(summary, "encrypted")
    what = "face" if regions is None else "region"
    details = [count(summary.regions, what)]
    if summary.bare:
        kind = "file" if has_videos(summary) else "picture"
        details.append(f"none in {count(summary.bare, kind)}")
    if summary.transcoded:
        details.append(f"{summary.transcoded} coded anew")
    bare = f"no {what}, so in the clear"
    code = report(summary, "encrypted", details, quiet=args.quiet, bare=bare)
    if summary.bare and regions is None and not args.quiet:
        say("hint", _more_faces(args))
    # Sealing opens nothing: what fails is an input, whatever the error is called.
    return FAILED if code == DENIED else code


def _more_faces(args: Namespace) -> str:
    """What else there is where no face was found, less what was tried."""
    ways = {
        "--preset recall": args.preset == "recall" or args.detector,
        "--any-rotation": args.rotate or args.any_rotation,
    }
    left = " and ".join(way for way, tried in ways.items() if not tried)
    more = f"with {left} more faces are found; " if left else ""
    return f"look at them: {more}--boxes and --whole encrypt what no detector finds"


def _engine(args: Namespace, *, detect: bool) -> tuple[Callable, dict[str, Any]]:
    """What encrypts many files, and the options that it alone takes."""
    remote = {"address": args.address, "actors": args.actors, "num_gpus": args.num_gpus}
    if args.engine == "local":
        for name, value in remote.items():
            if value is not None:
                raise ValueError(f"--{name.replace('_', '-')} is for --engine ray")
        detector = options.detector(args) if detect else None
        return encrypt_files, {"workers": args.jobs, "sidecar": args.sidecar, "detector": detector}
    if args.jobs is not None:
        raise ValueError("--jobs is for threads of one machine; with --engine ray say --actors")
    if args.sidecar:
        raise ValueError(
            "--engine ray writes no sidecars: of two files, a lost machine could leave one"
        )
    from facecrypt.integrations.ray import encrypt_files as encrypt_on_cluster

    gpus = remote["num_gpus"] = args.num_gpus or 0
    # A worker that holds a card must not fall back to the processor unseen.
    device = "cuda" if gpus and args.device == "auto" else None
    return encrypt_on_cluster, {**remote, "detector": options.detector_maker(args, device)}
