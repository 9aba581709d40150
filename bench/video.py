"""Whole videos, from file to file: sealed beside defaced, opened again, memory.

``python -m bench.video CLIP... --deface COMMAND`` takes turns between ``facecrypt encrypt`` and
``deface -k`` on each clip, round by round. ``--memory`` seals clips of one and of ten minutes.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

__all__ = ["FACECRYPT", "Run", "compare", "lengths", "run"]

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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recipient = _key(folder)[1]
        for long in minutes:
            looped = folder / f"{long}.mp4"
            _loop(clip, looped, long * 60 * 25)
            sealed = str(folder / f"sealed{long}")
            found = run([*FACECRYPT, "encrypt", str(looped), "-o", sealed, "-r", recipient])
            yield f"| {long} min, 320x180 | {found.peak:.0f} MiB |"


def _loop(clip: Path, output: Path, frames: int) -> None:
    import av

    with av.open(str(clip)) as file:
        pictures = [frame.reformat(320, 180).to_ndarray() for frame in file.decode(video=0)]
    # There and back, so that nothing jumps.
    pictures += pictures[-2:0:-1]
    with av.open(str(output), "w") as file:
        stream = file.add_stream("libx264", 25, options={"preset": "ultrafast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(pictures[number % len(pictures)]), "yuv420p"
            )
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def main() -> None:
    """Print Markdown tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.video", description=__doc__)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--deface", nargs="+", metavar="COMMAND", help="deface 1.5.0")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="*", metavar="MINUTES", default=[])
    chosen = parser.parse_args()
    if chosen.deface:
        print(
            "| clip | frames | frames/s | faster | ms of CPU a frame | less CPU | peak MiB "
            "| size | deface's | opening, CPU s |\n" + f"|{'---|' * 10}"
        )
        for clip in chosen.clips:
            print(compare(clip, chosen.deface, chosen.rounds), flush=True)
    for line in lengths(chosen.clips[0], chosen.memory):
        print(line, flush=True)


if __name__ == "__main__":
    main()
