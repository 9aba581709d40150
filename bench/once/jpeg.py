"""What cutting a JPEG and restoring it cost, beside decoding it with OpenCV.

    python -m bench.once.jpeg FOLDER_OR_FILE... [--rounds 5] [--least 1.0]

prints a Markdown table: milliseconds of the processor per megapixel, and the ratio to
`cv2.imdecode` of the same file, for photos of at least that many megapixels. Sealing is a cut of
5 % of the area, its public coefficients and the original hashed, and the original restored from
the result and compared; opening is a restoration with both hashed. One thread; all jobs run in
every round, in another order each time, and of each file the median over the rounds counts.
"""

import argparse
import hashlib
import random
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from bench.report import versions
from facecrypt.errors import UnsupportedJpegError
from facecrypt.machine import processor
from facecrypt.media.jpeg import cut, parse, read_coefficients, restore, tokens

PACKAGES = ("numpy", "opencv-python-headless")
SOI = b"\xff\xd8"
KINDS = ("sequential, tables of Annex K", "sequential, other tables", "progressive")
# The first AC codes of luminance in Annex K, as DHT has them: the public part has them where all
# tables of the original are of Annex K.
ANNEX_K = bytes.fromhex("10 0002010303020403050504040000017d")


def middle(frame):
    """A rectangle of about 5 % of the cells."""
    across, down = frame.grid
    width, height = max(1, round(across * 0.2236)), max(1, round(down * 0.2236))
    x, y = (across - width) // 2, (down - height) // 2
    return [(x, y, x + width, y + height)]


def jobs(data):
    """What is timed of one file, after a check that it all works."""
    rects = middle(parse(data))
    parts = cut(data, rects)
    sealed = SOI + parts.public
    if restore(sealed, rects, parts) != data:
        raise UnsupportedJpegError("coded as the recipe cannot say")
    coded = np.frombuffer(data, np.uint8)

    def unseal(public, parts):
        digest = hashlib.sha256()
        original = restore(public, rects, parts, digest.update)
        return digest.digest(), hashlib.sha256(original).digest()

    def seal():
        parts = cut(data, rects, hashlib.sha256().update)
        hashlib.sha256(data).digest()
        assert restore(SOI + parts.public, rects, parts) == data

    return {
        "imdecode": lambda: cv2.imdecode(coded, cv2.IMREAD_COLOR),
        "cut": lambda: cut(data, rects),
        "cut, hash": lambda: cut(data, rects, hashlib.sha256().update),
        "tokens, hash": lambda: tokens(sealed, rects, hashlib.sha256().update),
        "coefficients": lambda: read_coefficients(data),
        "restore": lambda: restore(sealed, rects, parts),
        "seal": seal,
        "open": lambda: unseal(sealed, parts),
    }


def measure(work, rounds):
    """Seconds of the processor, of each job the median."""
    seconds = {name: [] for name in work}
    for number in range(rounds):
        for name in random.Random(number).sample(list(work), len(work)):
            start = time.process_time()
            work[name]()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}


def photos(paths, least):
    """Path, bytes and frame of the JPEGs among them that are large enough."""
    files = [
        file for path in paths for file in ([path] if path.is_file() else path.rglob("*.jp*g"))
    ]
    for path in sorted(files):
        data = path.read_bytes()
        try:
            frame = parse(data)
        except UnsupportedJpegError:
            continue
        if frame.width * frame.height >= least * 1e6:
            yield path, data, frame


def kind_of(data, frame):
    return KINDS[2 if frame.progressive else ANNEX_K not in cut(data, []).public]


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("paths", type=Path, nargs="+")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--least", type=float, default=1.0, help="megapixels")
    chosen = options.parse_args()
    cv2.setNumThreads(1)
    found = {kind: [] for kind in KINDS}
    for path, data, frame in photos(chosen.paths, chosen.least):
        try:
            work = jobs(data)
        except UnsupportedJpegError as error:
            print(f"left out: {path.name}: {error}", file=sys.stderr)
            continue
        found[kind_of(data, frame)].append(
            (frame.width * frame.height / 1e6, len(data), measure(work, chosen.rounds))
        )
    print(f"{processor()}; {versions(PACKAGES)}\n")
    table({kind: rows for kind, rows in found.items() if rows})


def table(found):
    names = list(next(iter(found.values()))[0][2])
    print("|", " | ".join(["photos", "MP", "MB", *names]), "|")
    print("| --- |" + " ---: |" * (len(names) + 2))
    for kind, rows in found.items():
        pixels = sum(row[0] for row in rows)
        sums = {name: sum(row[2][name] for row in rows) for name in names}
        each = [
            f"{1e3 * sums[name] / pixels:.2f} ({sums[name] / sums['imdecode']:.2f} x)"
            for name in names
        ]
        size = sum(row[1] for row in rows) / 1e6
        print("|", " | ".join([f"{len(rows)} {kind}", f"{pixels:.1f}", f"{size:.1f}", *each]), "|")


if __name__ == "__main__":
    main()
