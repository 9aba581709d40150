"""What to expect: time, memory and size of 1,000 photos, an hour of video, 50,000 small pictures.

    python -m bench.once.expect --photos DIR [--photographs 12] [--frames 1500]

prints a Markdown table of whole commands. A part of each job is run and scaled up: what starting
takes, which is a run on one small picture, is taken off first and added once. The photos are
those of DIR and the one in ``examples``, enlarged to 12 megapixels with grain; the clip is
:mod:`bench.clips` at 1920 x 1080. What was sealed is opened again and compared.
"""

import argparse
import filecmp
import itertools
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from bench.clips import CLIPS, Photos, frames_of, write_clip
from bench.harness import ROOT
from bench.once.jpeg_folder import size_of
from bench.report import versions
from bench.video import FACECRYPT, Run, run
from facecrypt import SecretKey
from facecrypt.machine import cores, processor

PIXELS, GRAIN, QUALITY = 12_000_000, 3.0, 92
FULL_HD, RATE = (1920, 1080), 25
SMALL = (32, 32, 3)
PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime", "av")


class Job(NamedTuple):
    """A part of a job: what it is in full, and how many times the part that is."""

    name: str
    times: float
    taken: Run
    read: int
    written: int


class Work:
    """A folder, a key, and commands on what lies there."""

    def __init__(self, root: Path) -> None:
        self.root, self.key = root, root / "key"
        SecretKey.generate().save(self.key)

    def seal(self, name: str, source: Path, times: float, *more: str) -> Iterator[Job]:
        """Seal the files of a folder, open them again, compare."""
        sealed, opened = self.root / f"{source.name}-sealed", self.root / f"{source.name}-opened"
        for verb, here, there, options in (
            ("encrypt", source, sealed, more),
            ("decrypt", sealed, opened, ()),
        ):
            command = [*FACECRYPT, verb, str(here), "-o", str(there), "-k", str(self.key), "-q"]
            taken = run([*command, *options])
            yield Job(f"`{verb}`: {name}", times, taken, size_of(here), size_of(there))
        names = [path.name for path in source.iterdir()]
        _, changed, missing = filecmp.cmpfiles(source, opened, names, shallow=False)
        if changed or missing:
            raise RuntimeError(f"did not come back: {', '.join([*changed, *missing])}")

    def scheme(self, name: str, pictures: Path) -> Job:
        """Encrypt an array of pictures by a scheme."""
        key, out = self.root / f"{name}.npz", self.root / f"{name}-cipher"
        run([*FACECRYPT, "scheme", name, "keygen", "-o", str(key), "--like", str(pictures)])
        command = [*FACECRYPT, "scheme", name, "encrypt", str(pictures), "-o", str(out)]
        taken = run([*command, "--key", str(key), "-q"])
        title = f"`scheme {name} encrypt`: 50,000 pictures of 32 x 32 in one .npy"
        return Job(title, 1, taken, pictures.stat().st_size, size_of(out))


def make_photos(folder: Path, sources: Sequence[Path], count: int) -> None:
    """Write JPEGs of 12 megapixels."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number, source in zip(range(count), itertools.cycle(sources), strict=False):
        photo = cv2.cvtColor(cv2.imread(str(source)), cv2.COLOR_BGR2RGB)
        scale = (PIXELS / (photo.shape[0] * photo.shape[1])) ** 0.5
        sides = round(photo.shape[1] * scale), round(photo.shape[0] * scale)
        large = cv2.resize(photo, sides, interpolation=cv2.INTER_CUBIC)
        grain = random.normal(0, GRAIN, large.shape).astype(np.float32)
        grainy = np.clip(large + grain, 0, 255).astype(np.uint8)
        Image.fromarray(grainy).save(folder / f"{number:03}.jpg", quality=QUALITY)


def make_clip(folder: Path, photos: Photos, count: int) -> int:
    """Write a clip; give back how many frames it has."""
    folder.mkdir()
    parts = itertools.chain.from_iterable(CLIPS[name] for name in itertools.cycle(CLIPS))
    frames = itertools.chain.from_iterable(frames_of([part], photos) for part in parts)
    large = (
        (cv2.resize(frame, FULL_HD), faces) for frame, faces in itertools.islice(frames, count)
    )
    return len(write_clip(folder / "clip.mp4", large, RATE, FULL_HD))


def make_small(folder: Path, count: int) -> None:
    """Write small pictures as PNG."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        picture = cv2.resize(random.integers(0, 256, (8, 8, 3), np.uint8), SMALL[:2])
        cv2.imwrite(str(folder / f"{number}.png"), picture)


def jobs(work: Work, photos: Sequence[Path], photographs: int, frames: int) -> Iterator[Job]:
    """All of the table; the first is what starting takes."""
    root = work.root
    make_small(root / "one", 1)
    yield from work.seal("start, and one small picture", root / "one", 1, "--whole")
    make_photos(root / "photos", photos, photographs)
    for name in "1,000 photos of 12 MP", "the same again, when all are done":
        yield from work.seal(name, root / "photos", 1000 / photographs)
    loader = Photos([*{path.parent for path in photos}, ROOT / "examples"])
    shown = make_clip(root / "clips", loader, frames)
    yield from work.seal("an hour of 1080p, 25 frames/s", root / "clips", 3600 * RATE / shown)
    make_small(root / "small", 1000)
    yield from work.seal("50,000 PNG of 32 x 32, whole", root / "small", 50, "--whole")
    pictures = root / "pictures.npy"
    np.save(pictures, np.random.default_rng(0).integers(0, 256, (50_000, *SMALL), np.uint8))
    for name in ("le", "ele", "pbe", "logistic-pixel", "combined-cat-map"):
        yield work.scheme(name, pictures)


def line(job: Job, start: Run) -> str:
    """One of the table, scaled up."""
    clock, cpu = (
        getattr(start, name) + max(0.0, getattr(job.taken, name) - getattr(start, name)) * job.times
        for name in ("wall", "cpu")
    )
    grown = job.written / job.read
    return (
        f"| {job.name} | {_time(clock)} | {_time(cpu)} | {job.taken.peak:.0f} MiB "
        f"| {job.read * job.times / 1e6:,.0f} MB | {grown:.2f} | 1/{job.times:.0f} |"
    )


def _time(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds >= 100 else f"{seconds:.1f} s"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, metavar="DIR")
    parser.add_argument("--photographs", type=int, default=12)
    parser.add_argument("--frames", type=int, default=1500)
    chosen = parser.parse_args()
    photos = [ROOT / "examples" / "astronaut.png", *sorted(chosen.photos.glob("*.jpg"))]
    print(f"{processor()}, {cores()} cores; {versions(PACKAGES)}\n")
    print("| command | clock | processor | memory | input | output/input | part that was run |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as root:
        started: dict[str, Run] = {}
        for job in jobs(Work(Path(root)), photos, chosen.photographs, chosen.frames):
            verb = job.name.split("`")[1].split()[-1]
            print(line(job, started.setdefault(verb, job.taken)), flush=True)


if __name__ == "__main__":
    main()
