"""Folders of photos, whole commands: sealed as JPEG, sealed as PNG, and blurred by deface.

    python -m bench.once.jpeg_folder FOLDER... --deface VENV/bin/deface [--rounds 3] [--most 12]

prints a Markdown table for each folder: the processor time of each command with all that it
starts, the ratio to ``facecrypt encrypt``, and the bytes of what it wrote. Of each folder the
largest JPEGs are taken that Pillow reads without a warning. Every round runs every command once,
in another order each time; medians count. ``one face`` of a folder is what starting up and one
small picture cost. deface 1.5.0 is to be in an environment of its own, with onnxruntime.
"""

import argparse
import random
import shutil
import statistics
import sys
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench.report import versions
from bench.video import run
from facecrypt import SecretKey
from facecrypt.machine import cores, processor

PACKAGES = ("numpy", "opencv-python-headless", "onnxruntime")
FACECRYPT = str(Path(sys.executable).with_name("facecrypt"))


def sound(path: Path) -> bool:
    """Whether Pillow reads it and has no complaint."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            with Image.open(path) as image:
                image.load()
                return image.format == "JPEG"
        except Exception:
            return False


def largest(folder: Path, most: int) -> list[Path]:
    """The largest sound JPEGs of a folder."""
    files = sorted(folder.glob("*.jp*g"), key=lambda path: (-path.stat().st_size, path))
    chosen = []
    for path in files:
        if len(chosen) < most and sound(path):
            chosen.append(path)
    return chosen


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


class Work:
    """A folder of photos and what is made of it."""

    def __init__(self, root: Path, photos: Sequence[Path], deface: str | None) -> None:
        self.root, self.count = root, len(photos)
        (root / "photos").mkdir(parents=True)
        for path in photos:
            shutil.copy(path, root / "photos" / path.name)
        key = root / "key"
        SecretKey.generate().save(key)
        self.commands = self._commands(str(key), deface)

    def _commands(self, key: str, deface: str | None) -> dict[str, list[str]]:
        def ours(verb: str, source: str, to: str, *more: str) -> list[str]:
            places = [str(self.root / source), "-o", str(self.root / to)]
            return [FACECRYPT, verb, *places, "-k", key, "-q", "-j", "1", "--force", *more]

        found = {
            "facecrypt encrypt": ours("encrypt", "photos", "sealed"),
            "facecrypt encrypt --as png": ours("encrypt", "photos", "png", "--as", "png"),
            "facecrypt decrypt": ours("decrypt", "sealed", "opened"),
            "facecrypt decrypt, of PNG": ours("decrypt", "png", "opened-png"),
        }
        if deface:
            found["deface"] = [deface, str(self.root / "blurred")]
        return found

    def run(self, name: str) -> float:
        if name == "deface":  # it writes beside its input
            shutil.rmtree(self.root / "blurred", ignore_errors=True)
            shutil.copytree(self.root / "photos", self.root / "blurred")
        return run(self.commands[name]).cpu

    def sizes(self) -> dict[str, int]:
        names = {
            "facecrypt encrypt": "sealed",
            "facecrypt encrypt --as png": "png",
            "facecrypt decrypt": "opened",
            "facecrypt decrypt, of PNG": "opened-png",
        }
        found = {name: size_of(self.root / place) for name, place in names.items()}
        blurred = self.root / "blurred"
        if blurred.exists():
            found["deface"] = size_of(blurred) - size_of(self.root / "photos")
        return found

    def all_back(self) -> bool:
        return all(
            path.read_bytes() == (self.root / "opened" / path.name).read_bytes()
            for path in (self.root / "photos").iterdir()
        )


def measure(work: Work, rounds: int) -> dict[str, float]:
    """Of each command the median; encryption runs first once, for decryption needs its files."""
    for name in work.commands:
        work.run(name)
    seconds: dict[str, list[float]] = {name: [] for name in work.commands}
    for number in range(rounds):
        for name in random.Random(number).sample(list(seconds), len(seconds)):
            seconds[name].append(work.run(name))
    return {name: statistics.median(found) for name, found in seconds.items()}


def table(work: Work, seconds: dict[str, float]) -> list[str]:
    """Markdown, the first command being the measure."""
    first, before = next(iter(seconds.values())), size_of(work.root / "photos")
    lines = [
        "| command | processor s | ratio | bytes written | of the photos |",
        "|---|---|---|---|---|",
    ]
    sizes = work.sizes()
    for name, taken in seconds.items():
        size = sizes[name]
        lines.append(
            f"| {name} | {taken:.2f} | {taken / first:.2f} | {size:,} | {size / before:.3f} |"
        )
    lines.append("")
    lines.append(f"All {work.count} files come back byte for byte: {work.all_back()}.")
    return lines


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--deface", metavar="COMMAND")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, default=12, help="photos of a folder")
    chosen = parser.parse_args()
    print(f"{processor()}, {cores()} cores; {versions(PACKAGES)}; one thread each, deface its own")
    with tempfile.TemporaryDirectory() as root:
        tiny = Path(root, "tiny.jpg")
        cv2.imwrite(str(tiny), np.full((64, 64, 3), 90, np.uint8))
        jobs = {"starting up and one small picture": [tiny]}
        jobs |= {folder.name: largest(folder, chosen.most) for folder in chosen.folders}
        for number, (name, photos) in enumerate(jobs.items()):
            work = Work(Path(root, str(number)), photos, chosen.deface)
            size = size_of(work.root / "photos")
            print(f"\n### {name}: {len(photos)} photos, {size:,} bytes\n")
            print("\n".join(table(work, measure(work, chosen.rounds))), flush=True)


if __name__ == "__main__":
    main()
