"""Changing who may open many files: the figures of docs/howto/people-join-and-leave.md.

    python -m bench.once.rewrap [--files 10000] [--kind jpeg|png|sidecar]

Copies one sealed picture of 1024 x 768, adds a key to all, asks again, drops a key from all; then
reads all headers as `inspect --only opens` does.
"""

import argparse
import os
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

from facecrypt import Identity, Region, SecretKey, encrypt_file, rewrap_files
from facecrypt.sealing.overview import overview

EXAMPLE = Path(__file__).parents[2] / "examples" / "astronaut.png"
FACE = Region(320, 48, 576, 312)


def many_of(folder: Path, kind: str, files: int, recipients) -> Path:
    """A folder of copies of one sealed picture."""
    suffix = ".png" if kind == "png" else ".jpg"
    plain, sealed = folder / f"plain{suffix}", folder / "one" / f"a{suffix}"
    cv2.imwrite(str(plain), cv2.resize(cv2.imread(str(EXAMPLE)), (1024, 768)))
    sealed.parent.mkdir()
    encrypt_file(plain, sealed, recipients, regions=[FACE], sidecar=kind == "sidecar")
    many = folder / "many"
    many.mkdir()
    for number in range(files):
        for path in sealed.parent.iterdir():
            shutil.copyfile(path, many / f"{number:06}{path.name[1:]}")
    print(f"{files} files of {sealed.stat().st_size} bytes, {kind}, {os.cpu_count()} cores")
    return many


def timed(what: str, files: int, work) -> None:
    start, used = time.perf_counter(), time.process_time()
    result = work()
    seconds, used = time.perf_counter() - start, time.process_time() - used
    print(
        f"{what:<8} {files / seconds:6.0f} files/s  {seconds:6.1f} s, of the processor {used:.1f} s"
        f"  {result}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--kind", choices=("jpeg", "png", "sidecar"), default="jpeg")
    options = parser.parse_args()
    key, old, new = SecretKey.generate(), Identity.generate(), Identity.generate()
    with TemporaryDirectory() as folder:
        many = many_of(Path(folder), options.kind, options.files, [key, old.recipient])

        def rewrap(**how):
            summary = rewrap_files(many, key, **how)
            return f"{summary.done} done, {summary.skipped} skipped, {len(summary.failed)} failed"

        pictures = [path for path in many.iterdir() if path.suffix != ".fcrypt"]
        add = {"recipients": new.recipient, "keep": True}
        timed("add", options.files, lambda: rewrap(**add))
        timed("again", options.files, lambda: rewrap(**add))
        timed("drop", options.files, lambda: rewrap(drop=[old.recipient]))
        timed(
            "opens",
            options.files,
            lambda: f"{sum(overview(path, [new]).opens is not None for path in pictures)} open",
        )


if __name__ == "__main__":
    main()
