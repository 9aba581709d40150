"""The command ``region-key``: export the key of one face."""

from argparse import ArgumentParser, Namespace

from facecrypt.cli import keys
from facecrypt.cli.options import add_force, file, whole
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import DONE, tell_written
from facecrypt.sealing.files import inspect
from facecrypt.sealing.images import region_key

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    sub.usage = f"facecrypt region-key IN --region N {keys.OPENING} [OPTION ...]"
    add_examples(sub, "facecrypt region-key sealed/photo.png --region 0 -i key.txt -o face0.key")
    sub.add_argument("input", metavar="IN", help="a sealed picture or video")
    sub.add_argument(
        "--region",
        "--track",
        type=whole(),
        action="append",
        required=True,
        metavar="N",
        help="number of the face, or of the person of a video, in 'inspect'",
    )
    sub.add_argument(
        "-o", "--output", type=file, metavar="FILE", help="key file (default: standard output)"
    )
    keys.add_identities(sub)
    add_force(sub)


def run(args: Namespace) -> int:
    region, *others = dict.fromkeys(args.region)
    if others:
        raise ValueError(
            f"--region was given {len(others) + 1} numbers, and a key opens one; run this once for "
            "each, with another --output"
        )
    key = region_key(inspect(args.input), keys.identities(args), region)
    if args.output:
        key.save(args.output, overwrite=args.force)
        if not args.quiet:
            tell_written(args.output, f"; it opens region {region} and no other")
    else:
        print(key)
    return DONE
