"""Throughput, stages and memory of a batch: ``python -m bench.once.pipeline > table.md``.

It makes a folder of photos from ``examples/astronaut.png`` (crops, flips, brightness), or takes
``--photos DIR``, and prints Markdown. Rounds are interleaved and medians are given, for other
work on the machine slows some rounds and not others. Two things tell what it costs: how much
two threads gain at that moment at SHA-256 over a large buffer, which holds no lock; and how
long the workers were ready to run while no core was free for them (Linux's schedstat). The
wall-clock time less the latter is what a machine of its own would need, or a little more.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import cv2
import numpy as np

from bench.report import versions
from facecrypt import MTCNN, SecretKey, Summary, decrypt_files, encrypt_files
from facecrypt.files import atomic_write
from facecrypt.machine import cores, processor
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.in_memory import decode_file, encode
from facecrypt.sealing.options import GROW, Seal

SOURCE = Path(__file__).parents[2] / "examples" / "astronaut.png"
PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "cryptography", "isal")


def make_photos(folder: Path, count: int, width: int, height: int) -> None:
    """JPEG files of one size: the astronaut, cropped, mirrored, lighter or darker."""
    image, rng = cv2.imread(str(SOURCE)), np.random.default_rng(0)
    folder.mkdir(parents=True)
    for number in range(count):
        h = int(rng.integers(300, 385))
        w = min(512, h * width // height)
        y, x = rng.integers(0, 512 - h + 1) // 4, rng.integers(0, 512 - w + 1)
        crop = image[y : y + h, x : x + w][:, :: rng.choice([-1, 1])]
        lit = cv2.convertScaleAbs(crop, alpha=rng.uniform(0.7, 1.2), beta=rng.uniform(-10, 20))
        out = cv2.resize(lit, (width, height), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(folder / f"{number:03}.jpg"), out, [cv2.IMWRITE_JPEG_QUALITY, 92])


class Times(NamedTuple):
    """Seconds on the clock, of the processor, and that a worker waited for a free core."""

    wall: float
    cpu: float
    waited: float

    @property
    def alone(self) -> float:
        return self.wall - self.waited


class Meter:
    """A progress callback that reads the clocks while the workers still live."""

    def __init__(self):
        self._wall, self._cpu, self._seen = time.perf_counter(), time.process_time(), 0

    def __call__(self, result, total: int) -> None:
        self._seen += 1
        if self._seen < total:
            return
        waits = [
            int(Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text().split()[1])
            for thread in threading.enumerate()
            if thread.name.startswith("facecrypt")
        ]
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        self.times = Times(wall, cpu, sum(waits) / len(waits) / 1e9)


def measured(job: Callable[[Meter], Summary]) -> Times:
    meter = Meter()
    summary = job(meter)
    assert not summary.failed, summary.failed[0].error
    return meter.times


def ceiling() -> float:
    """How much faster two threads are than one at work that shares nothing."""
    data = bytes(24 << 20)

    def hashed(workers: int) -> None:
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda _: hashlib.sha256(data).digest(), range(8)))

    started = time.perf_counter()
    hashed(1)
    between = time.perf_counter()
    hashed(2)
    return (between - started) / (time.perf_counter() - between)


def throughput(photos: Path, work: Path, rounds: int) -> None:
    key, detector = SecretKey.generate(), MTCNN()
    count = len(list(photos.iterdir()))
    found: dict[str, dict[int, list[Times]]] = {
        "encrypt": {1: [], 2: []},
        "decrypt": {1: [], 2: []},
    }
    ceilings = []
    for turn in range(rounds):
        for workers in (1, 2) if turn % 2 == 0 else (2, 1):
            shutil.rmtree(work, ignore_errors=True)
            options = {"workers": workers}
            found["encrypt"][workers].append(
                measured(
                    lambda meter, o=options: encrypt_files(
                        photos, work / "sealed", key, detector=detector, progress=meter, **o
                    )
                )
            )
            found["decrypt"][workers].append(
                measured(
                    lambda meter, o=options: decrypt_files(
                        work / "sealed", work / "back", key, progress=meter, **o
                    )
                )
            )
        ceilings.append(ceiling())
    print("| | workers | images/s | on free cores | processor ms an image |\n|---|---|---|---|---|")
    for name, rows in found.items():
        for workers, times in rows.items():
            rate = count / median(t.wall for t in times)
            alone = count / median(t.alone for t in times)
            busy = 1000 * median(t.cpu for t in times) / count
            print(f"| {name} | {workers} | {rate:.1f} | {alone:.1f} | {busy:.1f} |")
    print("\n| two workers against one | measured | on free cores |\n|---|---|---|")
    for name, rows in found.items():
        wall = median(a.wall / b.wall for a, b in zip(rows[1], rows[2], strict=True))
        alone = median(a.alone / b.alone for a, b in zip(rows[1], rows[2], strict=True))
        print(f"| {name} | {wall:.2f}x | {alone:.2f}x |")
    print(f"| SHA-256 | {median(ceilings):.2f}x | |")


def stages(photos: Path, work: Path) -> None:
    """JPEG to JPEG in one thread, stage by stage; medians over the photos."""
    key, detector = SecretKey.generate(), MTCNN()
    spent: dict[str, list[tuple[float, float]]] = {}

    def step(name: str, call: Callable):
        wall, cpu = time.perf_counter(), time.thread_time()
        result = call()
        times = (time.thread_time() - cpu, time.perf_counter() - wall)
        spent.setdefault(name, []).append(times)
        return result

    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    for path in sorted(photos.iterdir())[:50]:
        out = work / path.name
        source = step("encrypt: read", lambda p=path: Source.read(p))
        photo = step("encrypt: decode", lambda s=source: s.decode())
        faces = step("encrypt: detect", lambda i=photo: detector.detect(i.pixels))
        options = Seal(regions=[face.grow(GROW) for face in faces])
        sealed = step(
            "encrypt: seal, verify", lambda s=source, o=options: encode(s, [key], o, suffix=".jpg")
        )
        step("encrypt: write", lambda o=out, d=sealed.data: atomic_write(o, d))
        opened = step("decrypt: read, open", lambda o=out: decode_file(o, [key]))
        data = step("decrypt: encode", lambda o=opened: o.encode(".jpg"))
        assert data == source.data, path
        step("decrypt: write", lambda o=out, d=data: atomic_write(o, d, overwrite=True))
    print("\n| stage | processor ms an image | share | clock ms |\n|---|---|---|---|")
    middle = {name: [1000 * median(m) for m in zip(*v, strict=True)] for name, v in spent.items()}
    for name, (cpu, wall) in middle.items():
        whole = sum(other for key, (other, _) in middle.items() if key[:7] == name[:7])
        print(f"| {name} | {cpu:.2f} | {100 * cpu / whole:.0f} % | {wall:.2f} |")


# VmHWM, for ru_maxrss of a child also counts its parent, as it was when they parted.
CHILD = """
import re, sys
from pathlib import Path
from facecrypt import SecretKey, encrypt_files
photos, out, workers = sys.argv[1:]
summary = encrypt_files(photos, out, SecretKey.generate(), workers=int(workers))
assert not summary.failed
print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def peak_memory(photos: Path, work: Path, workers: int) -> float:
    """MiB of a process that encrypts the photos."""
    shutil.rmtree(work, ignore_errors=True)
    command = [sys.executable, "-c", CHILD, str(photos), str(work), str(workers)]
    child = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(child.stdout) / 1024


def memory(folders: Iterable[Path], work: Path) -> None:
    print("\n| photos | size | workers | peak memory, MiB |\n|---|---|---|---|")
    for photos in folders:
        every = sorted(photos.iterdir())
        height, width = cv2.imread(str(every[0])).shape[:2]
        for workers in (1, 2):
            for count in (len(every) // 4, len(every)):
                some = work / "some"
                shutil.rmtree(some, ignore_errors=True)
                some.mkdir(parents=True)
                for path in every[:count]:
                    os.link(path, some / path.name)
                peak = peak_memory(some, work / "out", workers)
                print(f"| {count} | {width} x {height} | {workers} | {peak:.0f} |")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument(
        "--photos", type=Path, help="a folder of JPEG photos, instead of made ones"
    )
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--size", type=int, nargs=2, default=(800, 600), metavar=("W", "H"))
    options.add_argument("--rounds", type=int, default=5)
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        photos = args.photos or work / "photos"
        folders = [photos]
        if args.photos is None:
            make_photos(photos, args.count, *args.size)
            folders.append(work / "large")
            make_photos(folders[-1], 40, 3000, 2000)
        print(f"{time.strftime('%Y-%m-%d')}, {processor()}, {cores()} cores,", end=" ")
        print(f"load {os.getloadavg()[0]:.1f} at the start. {versions(PACKAGES)}.")
        print(f"`python -m bench.once.pipeline {' '.join(sys.argv[1:])}`\n")
        throughput(photos, work / "batch", args.rounds)
        stages(photos, work / "stages")
        memory(folders, work / "memory")


if __name__ == "__main__":
    main()
