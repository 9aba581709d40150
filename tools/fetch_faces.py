"""Fetch photographs with known faces, and some without any, for the benchmark of recall.

    python tools/fetch_faces.py FOLDER
    python -m bench recall --photos FOLDER

Takes them out of packages of Python, with pip as this machine has it configured. bench/faces.json
names them all; those it cannot fetch are from dlib's repository, `examples/faces`: put them
into FOLDER by hand, if you have them. The pictures belong to their packages; none is in this
repository.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FACES, HERE = ROOT / "bench" / "faces.json", ROOT / "examples"
WHEELS = ("scikit-image==0.26.0", "insightface==2.1")
SOURCES = ("face_recognition==1.3.0",)


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file of an archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, wheel.read(name)
        return
    with tarfile.open(archive) as source:
        for member in source:
            if (file := source.extractfile(member)) is not None:
                yield member.name, file.read()


def download(package: str, kind: str, folder: Path) -> None:
    """Fetch one package and nothing that it needs."""
    words = ["-m", "pip", "download", "--quiet", "--no-deps", kind, ":all:", "--dest", str(folder)]
    subprocess.run([sys.executable, *words, package], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    target = parser.parse_args().folder
    target.mkdir(parents=True, exist_ok=True)
    wanted = {known["sha256"]: name for name, known in json.loads(FACES.read_text()).items()}
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for package in WHEELS:
            download(package, "--only-binary", place)
        for package in SOURCES:
            download(package, "--no-binary", place)
        for archive in sorted(place.iterdir()):
            for _, data in members(archive):
                if name := wanted.pop(hashlib.sha256(data).hexdigest(), None):
                    (target / name).write_bytes(data)
    for name in wanted.values():
        if not ((target / name).exists() or (HERE / name).exists()):
            print(f"not fetched: {name}")


if __name__ == "__main__":
    main()
