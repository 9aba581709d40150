"""What it costs to seal a file with its pixels: bytes and time, by format.

    python -m bench.once.originals FILE_OR_FOLDER ... [--rounds 5] [--made]

prints a Markdown table: of how many files of a format, how large the original is and the sealed
file without it, how much the original adds (median, and over all bytes), and how many
times as long sealing and opening take. A twentieth of each picture is sealed. With and without
alternate in each round; of each the best counts. With ``--made``, the pictures are written in other
formats first.
"""

import argparse
import io
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from facecrypt import Region, SecretKey
from facecrypt.errors import FacecryptError
from facecrypt.media import decode_image
from facecrypt.media.readers import file_suffix
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.in_memory import decode, encode
from facecrypt.sealing.options import Seal

KEY = SecretKey(bytes(32))
MADE = {
    "PNG, Pillow": ("PNG", {}),
    "PNG, optimised": ("PNG", {"optimize": True}),
    "WebP, lossless": ("WEBP", {"lossless": True}),
    "WebP, quality 80": ("WEBP", {"quality": 80}),
    "AVIF, quality 75": ("AVIF", {"quality": 75}),
    "JPEG 2000, lossless": ("JPEG2000", {"irreversible": False}),
    "JPEG, quality 90": ("JPEG", {"quality": 90}),
    "TIFF": ("TIFF", {}),
    "TIFF, LZW": ("TIFF", {"compression": "tiff_lzw"}),
    "TIFF, Deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "BMP": ("BMP", {}),
    "PPM": ("PPM", {}),
}


class Cost(NamedTuple):
    original: int
    without: int
    added: int
    sealing: float
    opening: float


def files(paths: list[str]) -> Iterator[bytes]:
    for path in map(Path, paths):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                yield file.read_bytes()


def kinds(data: bytes, *, made: bool) -> Iterator[tuple[str, bytes]]:
    if not made:
        yield file_suffix(data[:64]), data
        return
    picture = Image.fromarray(decode_image(data).pixels).convert("RGB")
    for name, (kind, options) in MADE.items():
        file = io.BytesIO()
        picture.save(file, kind, **options)
        yield name, file.getvalue()


def cost(data: bytes, rounds: int) -> Cost:
    height, width = decode_image(data).pixels.shape[:2]
    side = max(1, int((height * width / 20) ** 0.5))
    face = [Region(width // 4, height // 4, width // 4 + side, height // 4 + side)]
    best: dict[tuple[str, bool], float] = defaultdict(lambda: np.inf)
    sizes = {}
    for _ in range(rounds):
        for original in (True, False):
            options = Seal(regions=face, original=original)
            start = time.perf_counter()
            sealed = encode(Source(data), [KEY], options, suffix=".png").data
            middle = time.perf_counter()
            decode(Source(sealed), [KEY])
            end = time.perf_counter()
            sizes[original] = len(sealed)
            best["seal", original] = min(best["seal", original], middle - start)
            best["open", original] = min(best["open", original], end - middle)
    return Cost(
        len(data),
        sizes[False],
        sizes[True] - sizes[False],
        best["seal", True] / best["seal", False],
        best["open", True] / best["open", False],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--made", action="store_true")
    args = parser.parse_args()
    found = defaultdict(list)
    for data in files(args.paths):
        try:
            for kind, file in kinds(data, made=args.made):
                found[kind].append(cost(file, args.rounds))
        except FacecryptError:
            continue
    heads = "format", "files", "original / sealed without it", "added: median, largest, all"
    print(f"| {' | '.join(heads)} | time to seal | to open |\n|---|---|---|---|---|---|")
    for kind, costs in found.items():
        share = [one.added / one.without for one in costs]
        over = sum(one.added for one in costs) / sum(one.without for one in costs)
        size = statistics.median(one.original / one.without for one in costs)
        times = (
            statistics.median(values)
            for values in zip(*((one.sealing, one.opening) for one in costs), strict=True)
        )
        print(
            f"| {kind} | {len(costs)} | {size:.2f} | {statistics.median(share):.1%}, "
            f"{max(share):.1%}, {over:.1%} | {' | '.join(f'{value:.2f}' for value in times)} |"
        )


if __name__ == "__main__":
    main()
