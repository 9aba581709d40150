"""The command ``region-key``: export the key of one face."""

import sys
from argparse import ArgumentParser, Namespace

from facecrypt.cli import options
from facecrypt.cli.options import add_force, add_identity
from facecrypt.cli.terminal import DONE
from facecrypt.sealing.files import inspect
from facecrypt.sealing.images import region_key

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    sub.add_argument("input", metavar="IN")
    sub.add_argument("--region", type=int, required=True, metavar="N")
    sub.add_argument("-o", "--output", metavar="FILE", help="(default: standard output)")
    add_identity(sub)
    add_force(sub)


def run(args: Namespace) -> int:
    key = region_key(inspect(args.input), options.identities(args), args.region)
    if args.output:
        key.save(args.output, overwrite=args.force)
        if not args.quiet:
            opens = f"it opens region {args.region} and no other"
            print(f"wrote {args.output}; {opens}", file=sys.stderr)
    else:
        print(key)
    return DONE
