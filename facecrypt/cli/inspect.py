"""The command ``inspect``: what sealed pictures say without a key, and what any picture looks
like with ``--guess``."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.cli import keys, videos
from facecrypt.cli.batches import print_failed
from facecrypt.cli.escapes import shown
from facecrypt.cli.options import add_json, add_pictures, some
from facecrypt.cli.overview import ONLY, show_many
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import count, exit_code, say_errors
from facecrypt.errors import NotSealedError
from facecrypt.jobs.inputs import MEDIA_SUFFIXES, find_pictures
from facecrypt.jobs.pool import forget_frames
from facecrypt.media import read_image
from facecrypt.sealing.carriers import PayloadLike
from facecrypt.sealing.content import Jpeg, Pixels
from facecrypt.sealing.content_video import Video
from facecrypt.sealing.finding import read_payload
from facecrypt.sealing.header import VERSION, Header

__all__ = ["add_options", "run"]

_NOTE = "a guess from how the pixels look; it proves nothing, and only a header is sure"


class _Seen(NamedTuple):
    payload: PayloadLike | None
    guessed: Mapping[str, Any] | None

    @property
    def header(self) -> Header | None:
        return None if self.payload is None else self.payload.header


def add_options(sub: ArgumentParser) -> None:
    add_examples(
        sub,
        "facecrypt inspect sealed/photo.png",
        "facecrypt inspect sealed --json",
        "facecrypt inspect sealed --only no-face",
        "facecrypt inspect sealed --only opens -i key.txt",
    )
    add_pictures(sub, "sealed pictures and videos")
    add_json(sub, "the header of one file, or a line for each of several,")
    sub.add_argument(
        "--only",
        action="append",
        choices=tuple(ONLY),
        default=[],
        help="of several files list those: "
        + "; ".join(f"{name}, {meaning}" for name, (meaning, _) in ONLY.items())
        + "; may be given again: what is listed is all of it",
    )
    sub.add_argument(
        "--edited",
        action="store_true",
        help="say too whether pictures were changed outside the faces, for which they are decoded",
    )
    sub.add_argument(
        "--guess", action="store_true", help="of any picture: does it look encrypted, and where"
    )
    keys.add_identities(sub, "keys (to see which pictures and faces they open)")


def run(args: Namespace) -> int:
    """``facecrypt inspect IN [IN ...] [--json] [--guess]``."""
    alone = len(args.inputs) == 1 and Path(args.inputs[0]).is_file()
    found, ignored = find_pictures(args.inputs, suffixes=MEDIA_SUFFIXES)
    paths = some(found, ignored, quiet=args.quiet)
    asked = args.only or args.edited or keys.given(args)
    if args.guess and asked:
        raise ValueError("--guess is for any picture; keys, --only and --edited for sealed ones")
    if not args.guess and (asked or not alone):
        return show_many(paths, args)
    errors = []
    for path in paths:
        try:
            seen = _look_at(path, guess=args.guess)
        except Exception as error:
            forget_frames(error)
            errors.append((path, error))
            if args.json and args.guess:
                print_failed(path, error)
            continue
        if args.json:
            print(_as_json_line(path, seen) if args.guess else _as_json(seen))
        elif alone and not args.quiet:
            _show(seen)
        elif not args.quiet:
            print(f"{shown(path)}: {_in_short(seen)}")
    say_errors(errors)
    return exit_code([error for _, error in errors])


def _look_at(path: Path, *, guess: bool) -> _Seen:
    payload = None
    try:
        payload = read_payload(path)
    except NotSealedError:
        if not guess:
            raise
    return _Seen(payload, _look(read_image(path).pixels) if guess else None)


def _as_json(seen: _Seen) -> str:
    """The header as the file has it."""
    return "null" if seen.header is None else seen.header.to_bytes().decode()


def _as_json_line(path: Path, seen: _Seen) -> str:
    header = None if seen.header is None else json.loads(seen.header.to_bytes())
    return json.dumps({"source": str(path), "header": header, "guess": seen.guessed})


def _in_short(seen: _Seen) -> str:
    parts = ["no facecrypt header"]
    if seen.header is not None:
        header = seen.header
        parts = [
            count(len(header.regions), "region"),
            count(len(header.stanzas), "key"),
            f"{'x'.join(map(str, header.shape))} {header.dtype}",
            header.cipher,
        ]
        if isinstance(header.content, Jpeg):
            parts.append(f"JPEG, {_coding(header.content)}")
        elif isinstance(header.content, Pixels) and header.content.original:
            parts.append(f"with its {header.content.original}")
    if seen.guessed is not None:
        places = count(len(seen.guessed["regions"]), "place")
        parts.append(f"looks encrypted {seen.guessed['probability']:.3f}, at {places}")
    return ", ".join(parts)


def _show(seen: _Seen) -> None:
    if seen.payload is None:
        print("no facecrypt header")
    else:
        _show_payload(seen.payload)
    if seen.guessed is not None:
        _show_guess(seen.guessed)


def _coding(content: Jpeg) -> str:
    return "exact" if content.exact else "transcoded"


def _show_payload(payload: PayloadLike) -> None:
    header = payload.header
    print(f"facecrypt format {VERSION}, written by {shown(header.software)}")
    print(f"carrier   {header.carrier}")
    if isinstance(header.content, Video):
        print(f"video     {videos.described(header.content, payload)}")
    else:
        print(f"picture   {'x'.join(map(str, header.shape))} {header.dtype}")
    if isinstance(header.content, Jpeg):
        print(f"coding    {_coding(header.content)}")
    print(f"cipher    {header.cipher}")
    for stanza in header.stanzas:
        print(shown(f"opens to  {stanza['type']} {stanza.get('id', '')}".rstrip()))
    if isinstance(header.content, Video):
        videos.show_people(payload)
    else:
        _show_regions(payload)
    for name, part in zip(header.private, payload.private, strict=True):
        kind = f"  {header.content.original}" if isinstance(header.content, Pixels) else ""
        size = "forgotten" if name in header.forgotten else f"{len(part)} bytes"
        print(f"private   {name}{kind}  {size}")


def _show_regions(payload: PayloadLike) -> None:
    header = payload.header
    for index, region in enumerate(header.regions):
        size = f"  {len(payload.regions[index])} bytes" if payload.regions else ""
        size = "  forgotten" if index in header.forgotten else size
        print(f"region {index}  {region.shape} {' '.join(map(str, region.box))}{size}")
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
