"""The command ``analyze``: measure a cipher on pictures and write a report."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import numpy as np

from facecrypt import schemes
from facecrypt.cli import options
from facecrypt.cli.options import add_detection, add_force, add_pictures, file
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import FAILED, count, exit_code, say_errors, tell
from facecrypt.errors import MediaError
from facecrypt.files import already_exists
from facecrypt.jobs.boxes import load_boxes, regions_of
from facecrypt.jobs.inputs import find_pictures
from facecrypt.jobs.pool import forget_frames

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    add_examples(
        sub,
        "facecrypt analyze photos -o sealing.html",
        "facecrypt analyze photos --scheme le -o le.html",
    )
    add_pictures(sub)
    sub.add_argument(
        "--scheme", metavar="NAME", help="what to measure (default: what 'encrypt' does)"
    )
    sub.add_argument("--key", metavar="KEY", help="of the scheme (default: a random one for each)")
    sub.add_argument(
        "-o",
        "--output",
        default="report.html",
        type=file,
        metavar="FILE",
        help="the report (default %(default)s)",
    )
    sub.add_argument(
        "--boxes",
        metavar="FILE",
        help="measure in the boxes of this file, as 'detect --json' prints it",
    )
    add_force(sub)
    add_detection(sub)


def run(args: Namespace) -> int:
    """``facecrypt analyze IN``: a report on what 'encrypt' or a scheme does to pictures."""
    from facecrypt.analysis import analyze_files

    if args.key and not args.scheme:
        raise ValueError("--key is that of a scheme: name it, --scheme NAME")
    if Path(args.output).exists() and not args.force:
        raise already_exists(args.output)
    found, _ = find_pictures(args.inputs)
    if not found:
        raise MediaError("no pictures were found")
    boxes = load_boxes(args.boxes) if args.boxes else None
    regions = None if boxes is None else lambda path: regions_of(path, found[path], boxes)
    errors: list[tuple[object, Exception]] = []

    def failed(path: object, error: Exception) -> None:
        forget_frames(error)
        errors.append((path, error))

    try:
        analyze_files(
            found,
            args.output,
            **_cipher(args),
            regions=regions,
            detector=None if args.scheme or regions else options.detector(args),
            overwrite=args.force,
            on_error=failed,
        )
    except ValueError:
        # Of no case at all: then each picture has its error, and there is no report.
        if not errors:
            raise
        say_errors(errors)
        return FAILED
    say_errors(errors)
    if not args.quiet:
        measured = count(len(found) - len(errors), "picture")
        tell(f"wrote {args.output} on {measured}")
    return exit_code([error for _, error in errors])


def _cipher(args: Namespace) -> dict[str, Any]:
    """What to measure: a scheme and its key, or nothing for what 'encrypt' does."""
    if not args.scheme:
        return {}
    chosen = schemes.get(args.scheme)
    if args.key:
        return {"scheme": chosen, "key": chosen.key_type.load(args.key)}
    rng = np.random.default_rng()
    return {"scheme": chosen, "key": lambda shape: chosen.random_key(shape, rng)}
