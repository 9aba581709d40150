"""Whole videos, from file to file: sealed beside defaced, opened again, memory.

``python -m bench.video CLIP... --deface COMMAND`` takes turns between ``facecrypt encrypt`` and
``deface -k`` on each clip, round by round. ``--memory 1 10`` seals clips of one and of ten
minutes at 320x180, ``--large`` the clips at 1920x1080, each with clips of people and without.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

__all__ = ["FACECRYPT", "Run", "compare", "lengths", "peaks", "run"]

SMALL, LARGE, RATE = (320, 180), (1920, 1080), 25
FACECRYPT = [sys.executable, "-m", "facecrypt"]


class Run(NamedTuple):
    """What a command took: seconds on the clock and of the processor, and MiB at the most."""

    wall: float
    cpu: float
    peak: float


# Between us and the command: what a process has at the most counts whoever started it, too.
_LAUNCH = """
import os, sys
started = os.times().elapsed
child = os.fork()
if not child:
    os.execvp(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
found = os.times().elapsed - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
os.write(int(sys.argv[1]), " ".join(map(str, found)).encode())
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(command: Sequence[str]) -> Run:
    """Run a command to its end, and no other at the same time."""
    answer, told = os.pipe()
    with tempfile.TemporaryFile() as said, os.fdopen(answer, "rb") as found:
        launch = [sys.executable, "-ISc", _LAUNCH, str(told), *command]
        try:
            code = subprocess.call(launch, stdout=said, stderr=said, pass_fds=[told])
        finally:
            os.close(told)
        if code:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)}: {said.read().decode()[-2000:]}")
        return Run(*map(float, found.read().split()))


def compare(clip: Path, deface: Sequence[str], rounds: int) -> str:
    """A line of a table; an error where the clip does not come back byte for byte."""
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key, recipient = _key(folder)
        for turn in range(rounds):
            sealed, blurred = folder / f"sealed{turn}", folder / f"{turn}.mp4"
            encrypt = [*FACECRYPT, "encrypt", str(clip), "-o", str(sealed), "-r", recipient]
            ours.append(run(encrypt))
            theirs.append(run([*deface, str(clip), "-k", "-o", str(blurred)]))
        opened = folder / "opened"
        decrypt = [*FACECRYPT, "decrypt", str(sealed / clip.name), "-o", str(opened)]
        opening = run([*decrypt, "-i", str(key)])
        if (opened / clip.name).read_bytes() != clip.read_bytes():
            raise RuntimeError(f"{clip} did not come back")
        size = (sealed / clip.name).stat().st_size / clip.stat().st_size
        blur = blurred.stat().st_size / clip.stat().st_size
    frames = _frames(clip)
    return (
        f"| {clip.stem} | {frames} | {frames / median(r.wall for r in ours):.1f} "
        f"| {_ratio(ours, theirs, 'wall'):.1f}x | {median(r.cpu for r in ours) / frames * 1e3:.0f} "
        f"| {_ratio(ours, theirs, 'cpu'):.1f}x | {max(r.peak for r in ours):.0f} "
        f"| {size:.2f} | {blur:.2f} | {opening.cpu:.1f} |"
    )


def _ratio(ours: Sequence[Run], theirs: Sequence[Run], clock: str) -> float:
    """Median over the rounds of how many times as long deface takes."""
    pairs = zip(ours, theirs, strict=True)
    return median(getattr(other, clock) / getattr(own, clock) for own, other in pairs)


def _key(folder: Path) -> tuple[Path, str]:
    key = folder / "key.txt"
    made = subprocess.run(
        [*FACECRYPT, "keygen", "-o", str(key)], capture_output=True, check=True, text=True
    )
    return key, next(word for word in made.stdout.split() if word.startswith("fc1"))


def _frames(clip: Path) -> int:
    import av

    with av.open(str(clip)) as file:
        return sum(1 for _ in file.decode(video=0))


def lengths(clip: Path, minutes: Sequence[int]) -> Iterator[str]:
    """Peak memory of sealing the frames of a clip, in a small size, over and over."""
    for long in minutes:
        yield peaks(clip, SMALL, long * 60 * RATE)


def peaks(clip: Path, size: tuple[int, int], frames: int) -> str:
    """A line of a table: memory of sealing so many frames of a clip, of another size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipient, scaled = _key(folder)[1], folder / "clip.mp4"
        _loop(clip, scaled, size, frames)
        encrypt = [*FACECRYPT, "encrypt", str(scaled), "-r", recipient, "-o"]
        full = run([*encrypt, str(folder / "full")])
        bare = run([*encrypt, str(folder / "bare"), "--no-tracks"])
        people = _people(folder / "full" / scaled.name)
    length = f"{frames} frames, {size[0]}x{size[1]}"
    return f"| {clip.stem} | {length} | {people} | {full.peak:.0f} | {bare.peak:.0f} |"


def _people(sealed: Path) -> int:
    told = subprocess.run(
        [*FACECRYPT, "inspect", "--json", str(sealed)], capture_output=True, check=True
    )
    return len(json.loads(told.stdout)["regions"])


def _loop(clip: Path, output: Path, size: tuple[int, int], frames: int) -> None:
    import av

    with av.open(str(clip)) as file:
        decoded = islice(file.decode(video=0), frames)
        pictures = [frame.reformat(*size).to_ndarray() for frame in decoded]
    # There and back, so that nothing jumps.
    pictures += pictures[-2:0:-1]
    with av.open(str(output), "w") as file:
        stream = file.add_stream("libx264", RATE, options={"preset": "ultrafast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(pictures[number % len(pictures)]), "yuv420p"
            )
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def main() -> None:
    """Print Markdown tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.video", description=__doc__)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--deface", nargs="+", metavar="COMMAND", help="deface 1.5.0")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="*", metavar="MINUTES", default=[])
    parser.add_argument("--large", action="store_true", help="memory at 1920x1080")
    chosen = parser.parse_args()
    if chosen.deface:
        print(
            "| clip | frames | frames/s | faster | ms of CPU a frame | less CPU | peak MiB "
            "| size | deface's | opening, CPU s |\n" + f"|{'---|' * 10}"
        )
        for clip in chosen.clips:
            print(compare(clip, chosen.deface, chosen.rounds), flush=True)
    if chosen.memory or chosen.large:
        print(f"| clip | | people | peak MiB | without their clips |\n|{'---|' * 5}")
    for line in lengths(chosen.clips[0], chosen.memory):
        print(line, flush=True)
    for clip in chosen.clips if chosen.large else ():
        print(peaks(clip, LARGE, 60), flush=True)


if __name__ == "__main__":
    main()
