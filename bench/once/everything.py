"""What README and docs say of speed, size and recall, measured at one commit.

    python -m bench.once.everything FOLDER [--faces DIR] [--photos DIR] [--tiles DIR]
        [--jpegs DIR] [--pngs DIR] [--clips DIR] [--peers PYTHON] [--deface COMMAND]
        [--only NAME ...]

Runs one measurement after another. Of each, FOLDER gets NAME.md: the commit, the machine, its
load, the command and what it printed; of one that failed NAME.err, what it said. Continues where
it was stopped: a NAME.md of the same commit and command stays. README.md of FOLDER lists what was
measured, which page of the repository has its figures, and what was left out for want of what.

An hour, on a machine with nothing else to do. Apart are what needs a card (``bench.once.cuda``) and
what needs days of training (``facecrypt learn``, ``train-mtcnn``, ``tools/train_guess.py``).
``bench/README.md`` lists the figures that were measured by hand.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import report
from bench.harness import ROOT
from facecrypt import _native
from facecrypt.files import atomic_write

__all__ = ["MEASUREMENTS", "NEEDS", "Measurement", "main"]

NEEDS = {
    "faces": "photographs of bench/faces.json (tools/fetch_faces.py)",
    "photos": "JPEG photographs with faces, half a dozen",
    "tiles": "chelsea.png and coffee.png of scikit-image, and no more",
    "jpegs": "JPEG files (tools/fetch_jpegs.py)",
    "pngs": "PNG files, say those of a Linux system",
    "clips": "clips with known faces (bench.clips)",
    "peers": "Python of the environment with other detectors (bench/README.md)",
    "deface": "the command deface 1.5.0",
}
_FOLDERS = ("faces", "photos", "tiles", "jpegs", "pngs", "clips")
_COMMANDS = ("peers", "deface")
_CHROMIUM = ("chromium", "chromium-browser")


class Measurement(NamedTuple):
    """A command, words after ``python -m``, and the pages that have its figures.

    ``{photos}`` and the like stand for what :data:`NEEDS` names, ``{clips/*}`` for the clips.
    """

    name: str
    words: str
    pages: str

    @property
    def needs(self) -> list[str]:
        return [name for name in NEEDS if f"{{{name}" in self.words]


MEASUREMENTS = (
    Measurement("kernels", "bench kernels", "bench/RESULTS.md"),
    Measurement("schemes", "bench schemes", "bench/RESULTS.md, README.md"),
    Measurement(
        "detector",
        "bench detector --quick --peers {peers} --photos {photos}",
        "bench/RESULTS.md, docs/howto/missed-faces.md",
    ),
    Measurement(
        "recall",
        "bench recall --peers {peers} --photos {faces}",
        "bench/RESULTS.md, docs/howto/missed-faces.md",
    ),
    Measurement("pipeline", "bench pipeline --quick --peers {peers}", "bench/RESULTS.md"),
    Measurement("exact", "bench.once.exact", "bench/RESULTS.md"),
    Measurement("stages", "bench.once.pipeline --rounds 5", "bench/PIPELINE.md"),
    Measurement("png", "bench.once.png {photos}", "bench/PNG.md"),
    Measurement("samples", "bench.once.samples", "bench/SAMPLES.md"),
    Measurement("jpeg", "bench.once.jpeg {jpegs} --least 2 --rounds 3", "bench/JPEG.md"),
    Measurement(
        "jpeg-corpus", "bench.once.jpeg_corpus {jpegs}", "bench/JPEG.md, docs/howto/jpeg.md"
    ),
    Measurement(
        "jpeg-growth",
        "bench.once.jpeg_growth {jpegs}",
        "docs/howto/jpeg.md, docs/security.md",
    ),
    Measurement(
        "jpeg-folder", "bench.once.jpeg_folder {photos} --deface {deface}", "bench/JPEG.md"
    ),
    Measurement("originals", "bench.once.originals {photos} --made", "docs/howto/originals.md"),
    Measurement("originals-png", "bench.once.originals {pngs}", "docs/howto/originals.md"),
    Measurement(
        "attacks", "bench.once.attacks --keys 40 --photos {tiles}", "docs/attacks.md, README.md"
    ),
    Measurement("looking", "bench.once.looking", "docs/guess.md, docs/howto/missed-faces.md"),
    Measurement("rewrap", "bench.once.rewrap", "docs/howto/people-join-and-leave.md"),
    Measurement("opener", "bench.once.opener", "docs/howto/opener.md"),
    Measurement("tracking", "bench.tracking {clips} --peers {peers}", "bench/VIDEO.md"),
    Measurement("video", "bench.video {clips/*} --deface {deface}", "bench/VIDEO.md"),
    Measurement(
        "video-memory",
        "bench.video {clips}/held-walk.mp4 {clips}/crowd.mp4 --memory 1 10 --large",
        "bench/VIDEO.md, docs/expect.md",
    ),
    Measurement("video-kinds", "bench.once.video_kinds", "bench/VIDEO_KINDS.md"),
    Measurement("expect", "bench.once.expect --photos {faces}", "docs/expect.md"),
)


def _missing(one: Measurement, given: Mapping[str, str]) -> Iterator[str]:
    yield from (NEEDS[name] for name in one.needs if name not in given)
    if one.name == "opener" and not any(map(shutil.which, _CHROMIUM)):
        yield "Chromium"


def _command(one: Measurement, given: Mapping[str, str]) -> list[str]:
    words = ["-m"]
    for word in one.words.split():
        if word == "{clips/*}":
            words += map(str, sorted(Path(given["clips"]).glob("*.mp4")))
        else:
            words.append(word.format_map(given))
    return words


def _measure(one: Measurement, given: Mapping[str, str], folder: Path) -> str:
    """Run it unless it was; what became of it, in a word or two."""
    if missing := list(_missing(one, given)):
        return f"left out: needs {', '.join(missing)}"
    words, commit = _command(one, given), report.commit()
    page, said = folder / f"{one.name}.md", folder / f"{one.name}.err"
    head = [f"# {one.name}", f"Commit {commit}: `python {' '.join(words)}`; for {one.pages}."]
    clean = "changes" not in commit and commit != "unknown"
    if clean and page.exists() and page.read_text().startswith("\n\n".join(head)):
        return "measured before"
    load, start = report.Load(), time.monotonic()
    paths = [str(ROOT / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    took = f"{(time.monotonic() - start) / 60:.1f} minutes"
    page.unlink(missing_ok=True)
    said.unlink(missing_ok=True)
    if done.returncode:
        said.write_text(done.stdout + done.stderr)
        return f"**failed** after {took}, see {said.name}"
    head += [report.machine(list(_native.supported_isas())), f"{took}. {load.text()}", done.stdout]
    # Whole or absent: what stands there is not measured again.
    atomic_write(page, "\n\n".join(head).encode())
    return took


def _given(options: argparse.Namespace, parser: argparse.ArgumentParser) -> dict[str, str]:
    """Absolute, for commands run in another folder. Links stay: that of an environment's Python
    says which environment it is."""
    given = {name: value for name in NEEDS if (value := getattr(options, name)) is not None}
    for name in _FOLDERS:
        if name in given and not any(Path(given[name]).glob("*")):
            parser.error(f"--{name}: expected a folder with {NEEDS[name]}, received {given[name]}")
    for name in _COMMANDS:
        if name in given and shutil.which(given[name]) is None:
            parser.error(f"--{name}: {given[name]} is no command; expected {NEEDS[name]}")
    if "clips" in given and not any(Path(given["clips"]).glob("*.mp4")):
        parser.error(f"--clips: {given['clips']} holds no .mp4")
    return {
        name: str(Path(value).absolute()) if Path(value).exists() else value
        for name, value in given.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 1 where a measurement failed."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.once.everything", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("folder", type=Path)
    for name, what in NEEDS.items():
        parser.add_argument(f"--{name}", help=what)
    names = [one.name for one in MEASUREMENTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    options = parser.parse_args(arguments)
    given = _given(options, parser)
    options.folder.mkdir(parents=True, exist_ok=True)
    lines = ["| measurement | figures are in | |", "|---|---|---|"]
    for one in MEASUREMENTS:
        asked = one.name in options.only
        state = _measure(one, given, options.folder) if asked else "not asked for"
        if asked:
            print(f"{one.name}: {state}", file=sys.stderr, flush=True)
        lines.append(f"| {one.name} | {one.pages} | {state} |")
    (options.folder / "README.md").write_text("\n".join(lines) + "\n")
    return int(any("**failed**" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
