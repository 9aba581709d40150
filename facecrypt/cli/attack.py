"""The command ``attack``: show on a picture how a scheme falls."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

import numpy as np

from facecrypt.attacks import demonstrate
from facecrypt.cli.options import add_force, file
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import DONE
from facecrypt.errors import MediaError, UnknownSchemeError
from facecrypt.files import atomic_write
from facecrypt.media import encode_image, read_image

__all__ = ["add_options", "run"]

_GAP = 8  # pixels of white between the pictures of an attack


def add_options(sub: ArgumentParser) -> None:
    add_examples(sub, "facecrypt attack le photo.png -o attack.png")
    sub.add_argument("name", metavar="SCHEME", help="as 'facecrypt scheme list' names it")
    sub.add_argument("input", metavar="IN", help="a picture")
    sub.add_argument(
        "-o",
        "--output",
        required=True,
        type=file,
        metavar="FILE",
        help="picture of plain, cipher and what was recovered, side by side",
    )
    sub.add_argument("--seed", type=int, metavar="N", help="of the key (default: a fresh one)")
    add_force(sub)


def run(args: Namespace) -> int:
    """``facecrypt attack SCHEME IN``: plain, cipher and what an attacker recovered, in a row."""
    picture = read_image(args.input)
    try:
        shown = demonstrate(args.name, picture.pixels, np.random.default_rng(args.seed))
    except UnknownSchemeError:
        raise
    except (TypeError, ValueError) as error:
        raise MediaError(f"{args.input}: {error}") from error
    gap = np.full((len(shown.plain), _GAP, *shown.plain.shape[2:]), 255, np.uint8)
    row = np.hstack([shown.plain, gap, shown.cipher, gap, shown.recovered])
    data = encode_image(Path(args.output).suffix, row, icc=picture.icc, colour=picture.colour)
    atomic_write(args.output, data, overwrite=args.force)
    if not args.quiet:
        print(shown.text)
    return DONE
