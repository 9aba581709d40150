"""All that README and docs say of speed, size and recall, measured at one commit.

    python -m bench.once.everything FOLDER [--photos DIR] [--jpegs DIR] [--clips DIR]
        [--peers PYTHON] [--deface COMMAND] [--only NAME ...]

Runs one measurement after another. Of each, FOLDER gets NAME.md: the commit, the machine, its
load, the command and what it printed; of one that failed NAME.err, what it said. Continues where
it was stopped: a NAME.md of the same commit stays. At the end README.md of FOLDER lists what was
measured, which page of the repository has its figures, and what was left out for want of what.

Hours, on a machine with nothing else to do. What needs a card is ``bench.once.cuda``; what needs
days of training, ``facecrypt learn``, ``train-mtcnn`` and ``tools/train_guess.py``.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import report
from bench.harness import ROOT
from facecrypt import _native

__all__ = ["MEASUREMENTS", "NEEDS", "Measurement", "main"]

NEEDS = {
    "photos": "photographs with known faces (tools/fetch_faces.py)",
    "jpegs": "JPEG files (tools/fetch_jpegs.py)",
    "clips": "clips with known faces (bench.clips)",
    "peers": "Python of the environment with other detectors (bench/README.md)",
    "deface": "deface 1.5.0",
}


class Measurement(NamedTuple):
    """A command, words after ``python -m``, and the page that has its figures.

    ``{photos}`` and the like stand for what :data:`NEEDS` names, ``{clips/*}`` for the clips.
    """

    name: str
    words: str
    page: str

    @property
    def needs(self) -> list[str]:
        return [name for name in NEEDS if f"{{{name}" in self.words]


MEASUREMENTS = (
    Measurement("kernels", "bench kernels", "bench/RESULTS.md"),
    Measurement("schemes", "bench schemes", "bench/RESULTS.md, README.md"),
    Measurement("detector", "bench detector --peers {peers} --photos {photos}", "bench/RESULTS.md"),
    Measurement("recall", "bench recall --photos {photos}", "docs/howto/missed-faces.md"),
    Measurement("pipeline", "bench pipeline --peers {peers}", "bench/RESULTS.md"),
    Measurement("exact", "bench.once.exact", "bench/RESULTS.md"),
    Measurement("stages", "bench.once.pipeline --rounds 5", "bench/PIPELINE.md"),
    Measurement("png", "bench.once.png {photos}", "bench/PNG.md"),
    Measurement("samples", "bench.once.samples", "bench/SAMPLES.md"),
    Measurement("jpeg", "bench.once.jpeg {jpegs} --least 2 --rounds 3", "bench/JPEG.md"),
    Measurement("jpeg-corpus", "bench.once.jpeg_corpus {jpegs}", "bench/JPEG.md"),
    Measurement(
        "jpeg-folder", "bench.once.jpeg_folder {photos} --deface {deface}", "bench/JPEG.md"
    ),
    Measurement("originals", "bench.once.originals {photos} --made", "docs/howto/originals.md"),
    Measurement(
        "attacks", "bench.once.attacks --keys 40 --photos {photos}", "docs/attacks.md, README.md"
    ),
    Measurement("rewrap", "bench.once.rewrap", "docs/howto/people-join-and-leave.md"),
    Measurement("opener", "bench.once.opener", "docs/howto/opener.md"),
    Measurement("tracking", "bench.tracking {clips} --peers {peers}", "bench/VIDEO.md"),
    Measurement("video", "bench.video {clips/*} --deface {deface}", "bench/VIDEO.md"),
    Measurement("video-kinds", "bench.once.video_kinds", "bench/VIDEO_KINDS.md"),
    Measurement("expect", "bench.once.expect --photos {photos}", "docs/expect.md"),
)


def _command(one: Measurement, given: Mapping[str, str]) -> list[str]:
    words = [sys.executable, "-m"]
    for word in one.words.split():
        if word == "{clips/*}":
            words += map(str, sorted(Path(given["clips"]).glob("*.mp4")))
        else:
            words.append(word.format_map(given))
    return words


def _measure(one: Measurement, given: Mapping[str, str], folder: Path) -> str:
    """Run it unless it was; what became of it, in a word or two."""
    missing = [NEEDS[name] for name in one.needs if name not in given]
    if missing:
        return f"left out: needs {', '.join(missing)}"
    page, said = folder / f"{one.name}.md", folder / f"{one.name}.err"
    commit = report.commit()
    clean = "changes" not in commit and commit != "unknown"
    if clean and page.exists() and f"Commit {commit}." in page.read_text():
        return "measured before"
    load, start = report.Load(), time.monotonic()
    done = subprocess.run(
        _command(one, given),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    took = f"{(time.monotonic() - start) / 60:.1f} minutes"
    if done.returncode:
        said.write_text(done.stdout + done.stderr)
        return f"**failed** after {took}, see {said.name}"
    said.unlink(missing_ok=True)
    head = [f"# {one.name}", f"`python -m {one.words}`, {took}; for {one.page}."]
    head += [report.machine(list(_native.supported_isas())), load.text(), done.stdout]
    # Whole or absent: what stands there is not measured again.
    new = page.with_suffix(".new")
    new.write_text("\n\n".join(head))
    new.replace(page)
    return took


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
    # They run in another folder. Links stay: that of an environment's Python says which it is.
    given = {
        name: str(Path(value).absolute()) if Path(value).exists() else value
        for name in NEEDS
        if (value := getattr(options, name)) is not None
    }
    options.folder.mkdir(parents=True, exist_ok=True)
    lines = ["| measurement | figures are in | |", "|---|---|---|"]
    for one in MEASUREMENTS:
        if one.name in options.only:
            state = _measure(one, given, options.folder)
            print(f"{one.name}: {state}", file=sys.stderr, flush=True)
            lines.append(f"| {one.name} | {one.page} | {state} |")
    (options.folder / "README.md").write_text("\n".join(lines) + "\n")
    return int(any("**failed**" in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
