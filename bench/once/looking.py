"""What looking at pictures costs: how long a guess takes, and the memory of each preset.

    python -m bench.once.looking

prints a Markdown table of seconds of one core that :func:`facecrypt.analysis.guess.guess` takes,
and one of the most memory that ``facecrypt detect`` had for one picture of 1920 x 1080.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from bench.harness import ROOT
from bench.report import versions
from facecrypt.analysis.guess import guess
from facecrypt.media import encode_image, read_image

PICTURE = ROOT / "examples" / "astronaut.png"
GUESSED = ((512, 512), (4000, 3000))
ROUNDS = 5
LOOKED_AT = (1920, 1080)
PRESETS: dict[str, tuple[str, ...]] = {
    "default": (),
    "fast": ("--preset", "fast"),
    "recall": ("--preset", "recall"),
}


def shot(size: tuple[int, int]) -> np.ndarray:
    """The shipped picture in another size: width, height."""
    return cv2.resize(read_image(PICTURE).pixels, size)


def seconds(pixels: np.ndarray) -> float:
    """Of the processor, for a guess; the network is loaded before."""
    guess(pixels)
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        guess(pixels)
        taken.append(time.process_time() - start)
    return median(taken)


def peak(path: Path, options: tuple[str, ...]) -> float:
    """MiB of a process that looks for faces in a picture, at its largest."""
    words = (sys.executable, "-m", "facecrypt", "detect", "--quiet", *options, str(path))
    with subprocess.Popen(words) as process:
        _, code, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)}: {process.returncode}")
    return used.ru_maxrss / 1024


def main() -> None:
    print("| a guess | seconds of one core |\n|---|---|")
    for size in GUESSED:
        print(f"| {size[0]} x {size[1]} | {seconds(shot(size)):.2f} |")
    print("\n| `detect` of one picture | MiB at the most |\n|---|---|")
    with TemporaryDirectory() as folder:
        path = Path(folder, "shot.png")
        path.write_bytes(encode_image(".png", shot(LOOKED_AT)))
        for name, options in PRESETS.items():
            print(f"| {name} | {median(peak(path, options) for _ in range(ROUNDS)):.0f} |")
    print(f"\n{versions(('numpy', 'onnxruntime'))}")


if __name__ == "__main__":
    main()
