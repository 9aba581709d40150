"""The command ``inspect``: what a sealed picture says without a key, and what any picture looks
like with ``--guess``."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.cli.terminal import DONE
from facecrypt.errors import NotSealedError
from facecrypt.media import read_image
from facecrypt.sealing import files
from facecrypt.sealing.header import VERSION, Header

__all__ = ["add_options", "run"]

_NOTE = "a guess from how the pixels look; it proves nothing, and only a header is sure"


def add_options(sub: ArgumentParser) -> None:
    sub.add_argument("input", metavar="IN")
    sub.add_argument("--json", action="store_true")
    sub.add_argument(
        "--guess", action="store_true", help="of any picture: does it look encrypted, and where"
    )


def run(args: Namespace) -> int:
    """``facecrypt inspect IN [--json] [--guess]``."""
    header, guessed = None, None
    try:
        header = files.inspect(args.input)
    except NotSealedError:
        if not args.guess:
            raise
    if args.guess:
        guessed = _look(read_image(args.input).pixels)
    if args.json:
        known = None if header is None else header.to_bytes().decode()
        print(f'{{"header":{known or "null"},"guess":{json.dumps(guessed)}}}' if guessed else known)
        return DONE
    if header is None:
        print("no facecrypt header")
    else:
        _show_header(header)
    if guessed:
        _show_guess(guessed)
    return DONE


def _show_header(header: Header) -> None:
    print(f"facecrypt format {VERSION}, written by {header.software}")
    print(f"carrier   {header.carrier}")
    print(f"picture   {'x'.join(map(str, header.shape))} {header.dtype}")
    print(f"cipher    {header.cipher}")
    for stanza in header.stanzas:
        print(f"opens to  {stanza['type']} {stanza.get('id', '')}".rstrip())
    for index, region in enumerate(header.regions):
        print(f"region {index}  {region.shape} {' '.join(map(str, region.box))}")
    if not header.regions:
        print("regions   none")


def _look(image: NDArray) -> dict[str, Any]:
    """The guess, and three figures of the colours beside those of noise, as JSON has them."""
    from facecrypt.analysis import adjacent_correlation, chi_square_test, entropy, expected_entropy
    from facecrypt.analysis.guess import guess

    found = guess(image)
    colours = image if image.ndim == 2 else np.ascontiguousarray(image[..., :3])
    planes = np.moveaxis(colours.reshape(*image.shape[:2], -1), 2, 0)
    correlation = float(np.mean([adjacent_correlation(plane) for plane in planes]))
    uniform = chi_square_test(colours)
    return {
        "probability": round(found.probability, 4),
        "regions": [
            {"box": list(region.box), "score": round(float(region.score or 0), 4)}
            for region in found.regions
        ],
        "entropy": round(entropy(colours), 4),
        "noise_entropy": round(expected_entropy(colours.size, 1 << 8 * colours.itemsize), 4),
        "chi_square": round(uniform.statistic, 1),
        "noise_chi_square": round(uniform.critical, 1),
        "correlation": None if isnan(correlation) else round(correlation, 4),
    }


def _show_guess(guessed: Mapping[str, Any]) -> None:
    print(f"guess     {guessed['probability']:.3f} that the whole picture is encrypted")
    for region in guessed["regions"]:
        box = " ".join(map(str, region["box"]))
        print(f"looks     encrypted at {box}  score {region['score']:.3f}")
    if not guessed["regions"]:
        print("looks     encrypted nowhere")
    flat = guessed["correlation"] is None
    correlation = "none, a channel is flat" if flat else f"{guessed['correlation']:.3f}"
    print(f"figures   entropy {guessed['entropy']:.3f} bits; noise {guessed['noise_entropy']:.3f}")
    print(
        f"          chi-square {guessed['chi_square']:.0f}; "
        f"noise mostly below {guessed['noise_chi_square']:.0f}"
    )
    print(f"          correlation of neighbours {correlation}; noise 0.000")
    print(f"note      {_NOTE}")
