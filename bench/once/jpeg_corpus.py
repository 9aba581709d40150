"""Real JPEGs sealed and opened again: is each file back to the byte, and how large was it sealed?

    python tools/fetch_jpegs.py FOLDER
    python -m bench.once.jpeg_corpus FOLDER [--seconds 60] [--workers 2] [--area 0.05] [--json FILE]

Every file of the folder that starts as a JPEG goes through ``facecrypt.sealing.in_memory``,
with three boxes at places that its name draws. Prints a Markdown table: for each class of JPEG how
many files came back as exact ones, how many as transcoded ones, how many were refused, and the
change of size; then each file that is not exact, why, and what Pillow says of it. Fails where a
file came back otherwise, could not be opened, or killed its worker. One too slow is given up.
"""

import argparse
import hashlib
import json
import statistics
import struct
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from io import BytesIO
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from PIL import Image

from bench.report import versions
from facecrypt import Region, SecretKey
from facecrypt.errors import FacecryptError
from facecrypt.machine import processor
from facecrypt.sealing.carriers import CARRIERS, Source
from facecrypt.sealing.in_memory import decode, encode
from facecrypt.sealing.options import Seal

PACKAGES = ("numpy", "opencv-python-headless", "pillow")
SUFFIX = ".jpg"
EXACT, TRANSCODED, REFUSED = "exact", "transcoded", "refused"
CODINGS = {0xC0: "sequential", 0xC1: "sequential", 0xC2: "progressive"}
WRONG, NOT_OPENED, DIED, SLOW = "other bytes", "not opened", "worker died", "too slow"
FAILURES = (WRONG, NOT_OPENED, DIED)


@dataclass
class Outcome:
    """What became of one file."""

    name: str
    kind: str
    result: str
    reason: str = ""
    size: int = 0
    sealed: int = 0
    seconds: float = 0.0
    pillow: str = ""


def class_of(data: bytes) -> str:
    """The row of the table: coding, samplings, restarts; by the segments alone."""
    segments = list(_segments(data))
    frame = _frame(segments)
    if frame is None:
        return "no frame"
    marker, body = frame
    factors = [divmod(body[7 + 3 * i], 16) for i in range(body[5])]
    coding = CODINGS.get(marker, "other coding")
    words = [coding, _sampling(factors)]
    words += ["12 bit"] if body[0] != 8 else []
    several = sum(marker == 0xDA for marker, _ in segments) > 1
    words += ["several scans"] if several and coding == "sequential" else []
    words += ["restarts"] if any(kind == 0xDD and any(body) for kind, body in segments) else []
    return " ".join(words)


def _frame(segments: list[tuple[int, bytes]]) -> tuple[int, bytes] | None:
    """The first SOF, if it is whole."""
    for marker, body in segments:
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return (marker, body) if len(body) > 6 and len(body) == 6 + 3 * body[5] else None
    return None


def _sampling(factors: list[tuple[int, int]]) -> str:
    if len(factors) == 1:
        return "gray"
    if len(factors) == 4:
        return "CMYK"
    usual = {"11": "4:4:4", "21": "4:2:2", "22": "4:2:0", "12": "4:4:0", "41": "4:1:1"}
    luma, *chroma = (f"{h}{v}" for h, v in factors)
    return usual.get(luma, luma) if chroma == ["11", "11"] else "other sampling"


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Markers with what they hold, up to EOI; entropy-coded bytes are passed over."""
    at = 2
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 1:
        marker, at = data[at + 1], at + 1
        if marker in (0x00, 0x01, 0xFF) or 0xD0 <= marker <= 0xD8:
            continue
        if marker == 0xD9 or at + 3 > len(data):
            return
        (length,) = struct.unpack_from(">H", data, at + 1)
        yield marker, data[at + 3 : at + 1 + length]
        at += 1 + max(2, length)


def boxes(name: str, width: int, height: int, area: float) -> list[Region]:
    """Three boxes, together of this part of the picture; the same for a file each time."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    draw = np.random.default_rng(seed)
    w, h = (max(1, round(side * (area / 3) ** 0.5)) for side in (width, height))
    corners = [(draw.integers(0, width - w + 1), draw.integers(0, height - h + 1)) for _ in "123"]
    return [Region(int(x), int(y), int(x) + w, int(y) + h) for x, y in corners]


def upright_size(data: bytes) -> tuple[int, int]:
    """Width and height as it is shown; 1x1 where it has no frame."""
    frame = _frame(list(_segments(data)))
    height, width = struct.unpack_from(">HH", frame[1], 1) if frame else (1, 1)
    try:
        with Image.open(BytesIO(data)) as image:
            turned = image.getexif().get(0x0112, 1) in range(5, 9)
    except Exception:  # Pillow refuses it; let the package say what it thinks
        turned = False
    width, height = max(1, width), max(1, height)
    return (height, width) if turned else (width, height)


def pillow_says(data: bytes) -> str:
    """Pillow's error or first warning; empty where it has none."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with Image.open(BytesIO(data)) as image:
                image.load()
        except Image.UnidentifiedImageError:
            return "cannot identify it"
        except Exception as error:
            return f"{type(error).__name__}: {error}"[:100]
    return str(caught[0].message)[:100] if caught else ""


def run_one(path: Path, area: float) -> Outcome:
    """Seal, open, compare."""
    data, key = path.read_bytes(), SecretKey.generate()
    outcome = Outcome(path.name, class_of(data), REFUSED, size=len(data))
    outcome.pillow = pillow_says(data)
    started = time.perf_counter()
    try:
        regions = boxes(path.name, *upright_size(data), area)
        sealed = encode(Source(data), [key], Seal(regions=regions), suffix=SUFFIX)
    except FacecryptError as error:
        outcome.reason = str(error)
        return outcome
    outcome.sealed = len(sealed.data) + len(sealed.beside or b"")
    try:
        back = decode(Source(sealed.data), [key]).encode(SUFFIX)
    except Exception as error:
        outcome.result, outcome.reason = NOT_OPENED, repr(error)
        return outcome
    outcome.seconds = time.perf_counter() - started
    named = json.loads(sealed.header.to_bytes()).get("coding", "no kind in its header")
    outcome.result = named if back == data else WRONG
    return outcome


def serve(pipe: Connection, area: float) -> None:
    """A worker: paths in, outcomes out."""
    warnings.simplefilter("ignore")
    while (path := pipe.recv()) is not None:
        try:
            pipe.send(run_one(path, area))
        except Exception as error:
            pipe.send(Outcome(path.name, class_of(path.read_bytes()), DIED, repr(error)))


class Worker:
    """A process that can be ended, and then another takes its place."""

    def __init__(self, area: float, seconds: float) -> None:
        self._area, self._seconds = area, seconds
        self._start()

    def _start(self) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._area), daemon=True)
        self._process.start()
        theirs.close()

    def run(self, path: Path) -> Outcome:
        self._pipe.send(path)
        result, reason = SLOW, f"{self._seconds:g} s were not enough"
        try:
            if self._pipe.poll(self._seconds):
                return self._pipe.recv()
        except EOFError:
            self._process.join()
            result, reason = DIED, f"exit status {self._process.exitcode}"
        self._process.kill()
        self._process.join()
        self._start()
        data = path.read_bytes()
        return Outcome(
            path.name, class_of(data), result, reason, len(data), pillow=pillow_says(data)
        )

    def end(self) -> None:
        self._pipe.send(None)
        self._process.join()


def run_all(paths: list[Path], count: int, area: float, seconds: float) -> list[Outcome]:
    """Every file by one of the workers; in the order of the paths."""
    workers = [Worker(area, seconds) for _ in range(count)]
    free: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        free.put(worker)

    def one(path: Path) -> Outcome:
        worker = free.get()
        try:
            return worker.run(path)
        finally:
            free.put(worker)

    with ThreadPoolExecutor(count) as pool:
        outcomes = list(pool.map(one, paths))
    for worker in workers:
        worker.end()
    return outcomes


def table(outcomes: list[Outcome]) -> list[str]:
    """A row for each class, the most frequent first, and one for all."""
    lines = [
        f"| class | n | {EXACT} | {TRANSCODED} | {REFUSED} | failed | size, median and worst |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    classes = [name for name, _ in Counter(outcome.kind for outcome in outcomes).most_common()]
    for name in classes:
        lines.append(_row(name, [outcome for outcome in outcomes if outcome.kind == name]))
    return [*lines, _row("**all**", outcomes)]


def _row(name: str, outcomes: list[Outcome]) -> str:
    counts = Counter(outcome.result for outcome in outcomes)
    listed = [counts.pop(result, 0) for result in (EXACT, TRANSCODED, REFUSED)]
    change = [o.sealed / o.size - 1 for o in outcomes if o.result == EXACT]
    size = f"{statistics.median(change):+.1%}, {max(change):+.1%}" if change else "-"
    cells = [name, len(outcomes), *listed, sum(counts.values()), size]
    return f"| {' | '.join(map(str, cells))} |"


def notes(outcomes: list[Outcome]) -> list[str]:
    """What is not in the table: why, and for which files."""
    sound = [
        o for o in outcomes if not o.pillow and o.kind.startswith(("sequential", "progressive"))
    ]
    exact = sum(o.result == EXACT for o in sound)
    share = f"{exact / len(sound):.2%}" if sound else "none"
    lines = [f"Huffman-coded, and Pillow has no complaint: {len(sound)}; exact: {exact} ({share})."]
    for outcome in outcomes:
        if outcome.result != EXACT:
            reason = " ".join(outcome.reason.split())[:160]
            both = f" Pillow: {outcome.pillow}" if outcome.pillow else ""
            lines.append(f"- {outcome.result}: {outcome.name} ({outcome.kind}). {reason}{both}")
    return lines


def main() -> None:
    """Run the corpus, print, and fail where a file did not come back."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60, help="limit for one file")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--area", type=float, default=0.05, help="part that the boxes cover")
    parser.add_argument("--json", type=Path, metavar="FILE", help="every outcome")
    arguments = parser.parse_args()
    if not any(SUFFIX in carrier.suffixes for carrier in CARRIERS):
        sys.exit("this facecrypt writes no sealed JPEGs")
    files = (path for path in sorted(arguments.folder.iterdir()) if path.is_file())
    paths = [path for path in files if path.read_bytes()[:3] == b"\xff\xd8\xff"]
    if not paths:
        sys.exit(f"{arguments.folder}: holds no JPEG; tools/fetch_jpegs.py fetches some")
    outcomes = run_all(paths, arguments.workers, arguments.area, arguments.seconds)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    print(f"{time.strftime('%Y-%m-%d')}, {processor()}, {versions(PACKAGES)}\n")
    print("\n".join([*table(outcomes), "", *notes(outcomes)]))
    sys.exit(any(outcome.result in FAILURES for outcome in outcomes))


if __name__ == "__main__":
    main()
