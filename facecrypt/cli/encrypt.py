"""The command ``encrypt``: the faces of many pictures, on this machine or on many."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import partial
from typing import Any

from facecrypt.cli import deface, options
from facecrypt.cli.options import add_batch, add_detection, add_inputs, add_shared_keys, margin
from facecrypt.cli.terminal import count, progress_bar, report
from facecrypt.detector import MTCNN
from facecrypt.jobs.sealing import encrypt_files
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.options import GROW

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    add_inputs(sub)
    sub.add_argument("-r", "--recipient", action="append", default=[], metavar="PUBLIC_KEY")
    sub.add_argument("-R", "--recipients-file", action="append", default=[], metavar="FILE")
    add_shared_keys(sub)
    sub.add_argument("--cipher", choices=CIPHERS, default=CIPHERS[0], help="(default %(default)s)")
    sub.add_argument(
        "--grow", type=margin, default=GROW, help="margin a side (default %(default)s)"
    )
    sub.add_argument("--shape", choices=("box", "ellipse"), default="box")
    sub.add_argument(
        "--boxes",
        nargs="?",
        const="",  # deface's --boxes has no value; its type says so
        type=deface.boxes_file,
        metavar="FILE",
        help="boxes as 'detect --json' prints them",
    )
    sub.add_argument("--whole", action="store_true", help="encrypt whole pictures")
    sub.add_argument("--sidecar", action="store_true", help="header in NAME.fcrypt.json beside")
    sub.add_argument(
        "-m",
        "--keep-metadata",
        action="store_true",
        help="keep EXIF: date, camera, settings, artist, copyright and place (GPS); never "
        "thumbnails, descriptions, owner or serial numbers",
    )
    add_detection(sub)
    add_batch(sub)
    _add_engine(sub)
    deface.add_options(sub)


def _add_engine(sub: ArgumentParser) -> None:
    many = sub.add_argument_group("many machines")
    many.add_argument("--engine", choices=("local", "ray"), default="local")
    many.add_argument("--address", metavar="HOST:PORT", help="ray: of the cluster")
    many.add_argument(
        "--actors", type=int, metavar="N", help="ray: workers (default: all there is)"
    )
    many.add_argument("--num-gpus", type=float, metavar="X", help="ray: GPUs a worker (default 0)")


def run(args: Namespace) -> int:
    recipients = options.recipients(args)
    regions = options.regions(args)
    encrypt, engine = _engine(args, detect=regions is None)
    with progress_bar(quiet=args.quiet) as bar:
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
            overwrite=args.force,
            **engine,
        )
    details = [count(summary.regions, "face" if regions is None else "region")]
    if summary.bare:
        details.append(f"none in {count(summary.bare, 'picture')}")
    return report(summary, "encrypted", details, quiet=args.quiet)


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
    settings = options.detector_settings(args)
    if gpus and args.device == "auto":
        # A worker that holds a card must not fall back to the processor unseen.
        settings["device"] = "cuda"
    return encrypt_on_cluster, {**remote, "detector": partial(MTCNN, **settings)}
