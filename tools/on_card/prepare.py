"""Fetch what a machine with a card and no network lacks, into one folder.

    python tools/on_card/prepare.py [FOLDER] [--python 3.12] [--machine FILE] [--limit 64]

Wheels for that Python on Linux x86-64, and NVIDIA's compiler library for kernels as nvvm.tar.xz,
for machines where it is missing. Says how large all is; more than --limit MiB, the files of the
checkout counted in, since they travel too, is an error.
"""

import argparse
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
# Beside what the package itself needs: to build it, for its kernels, for the tests.
OTHERS = ("cython", "setuptools", "numba-cuda", "pytest", "pytest-xdist", "hypothesis")
NVVM = "nvidia-nvvm==13.*"
NVVM_FILES = ("libnvvm.so.4", "libdevice.10.bc")
MIB = 1 << 20


def main() -> int:
    """Fetch, and say how much there is to carry."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / ".carried")
    parser.add_argument("--python", default="3.12", help="version there (default %(default)s)")
    parser.add_argument("--machine", type=Path, default=HERE / "packages.txt", help="what is there")
    parser.add_argument("--limit", type=float, default=64, metavar="MIB")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if any(options.folder.iterdir()):
        parser.error(f"{options.folder} is not empty: remove it, or name another folder")
    there = installed(options.machine.read_text())
    wanted = missing(resolved(requirements(), options.python), there)
    if wanted:
        pip("download", "--no-deps", "-d", options.folder, *wanted, python=options.python)
    carry_nvvm(options.folder, options.python)
    return weigh(options.folder, options.limit)


def requirements() -> list[str]:
    """What is to be there, as pyproject.toml says it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    listed = [*extras["dev"], *extras["test"]]
    others = [next((line for line in listed if canonical(line) == name), name) for name in OTHERS]
    return [*project["dependencies"], *extras["cpu"], *others]


def canonical(requirement: str) -> str:
    """The name of a requirement as registries compare it.

    >>> canonical("Numba_CUDA[cu13]>=0.30")
    'numba-cuda'
    """
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def installed(text: str) -> dict[str, str | None]:
    """Names and, where they are said, versions of a list of packages."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    pairs = (line.partition("==") for line in lines if line)
    return {canonical(name): version or None for name, _, version in pairs}


def resolved(wanted: Iterable[str], python: str) -> list[tuple[str, str]]:
    """Names and versions of what these need, and of what that needs."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        pip(
            "install", "--dry-run", "--ignore-installed", "--report", report, "--target", folder,
            *wanted, python=python,
        )  # fmt: skip
        found = json.loads(report.read_text())["install"]
    return [(canonical(one["metadata"]["name"]), one["metadata"]["version"]) for one in found]


def missing(found: Iterable[tuple[str, str]], there: dict[str, str | None]) -> list[str]:
    """What of it the machine lacks, or has in a version that is named and another."""
    return [
        f"{name}=={version}"
        for name, version in found
        if there.get(name, "") not in (None, version)
    ]


def pip(command: str, *arguments: object, python: str) -> None:
    """Run pip for that Python on Linux x86-64, wheels alone."""
    # pip takes a platform to the letter, and wheels name the glibc they need.
    platforms = [f"manylinux_2_{glibc}_x86_64" for glibc in range(17, 40)]
    platforms += ["manylinux2014_x86_64", "manylinux2010_x86_64"]
    tags = [f"--platform={name}" for name in platforms]
    subprocess.run(
        [
            sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check",
            "--only-binary=:all:", "--implementation=cp", f"--python-version={python}", *tags,
            *map(str, arguments),
        ],
        check=True,
    )  # fmt: skip


def carry_nvvm(folder: Path, python: str) -> None:
    """Of the wheel with NVVM the library and its bitcode: the compiler driver is larger."""
    with tempfile.TemporaryDirectory() as name:
        pip("download", "--no-deps", "-d", name, NVVM, python=python)
        wheel = next(Path(name).glob("*.whl"))
        with (
            zipfile.ZipFile(wheel) as source,
            tarfile.open(folder / "nvvm.tar.xz", "w:xz", preset=1) as target,
        ):
            members = [one for one in source.infolist() if Path(one.filename).name in NVVM_FILES]
            if len(members) != len(NVVM_FILES):
                raise SystemExit(f"{wheel.name} lacks one of {', '.join(NVVM_FILES)}")
            for one in members:
                entry = tarfile.TarInfo(one.filename.removeprefix("nvidia/cu13/"))
                entry.size, entry.mode = one.file_size, 0o755
                target.addfile(entry, io.BytesIO(source.read(one)))


def weigh(folder: Path, limit: float) -> int:
    """Say what there is and how large; 1 where it is too much."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    checkout = sum((ROOT / name).stat().st_size for name in names if name)
    files = sorted(folder.iterdir())
    for path in files:
        print(f"{path.stat().st_size / MIB:7.1f} MiB  {path.name}")
    carried = sum(path.stat().st_size for path in files)
    total = (carried + checkout) / MIB
    print(f"{carried / MIB:7.1f} MiB in {folder}; {total:.1f} MiB with the files of the checkout")
    if total > limit:
        print(f"more than {limit:g} MiB: name what that machine has in --machine", file=sys.stderr)
    return int(total > limit)


if __name__ == "__main__":
    sys.exit(main())
