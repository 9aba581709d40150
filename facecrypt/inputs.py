"""From paths, folders and patterns to pairs of input and output files."""

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from facecrypt.errors import MediaError

__all__ = ["PICTURE_SUFFIXES", "Input", "find_inputs"]

PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".jp2")
)


@dataclass(frozen=True)
class Input:
    """One picture to read, where its result goes, and its path below the folder it was found in."""

    source: Path
    relative: Path
    output: Path


def find_inputs(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], out_dir: Path
) -> tuple[list[Input], Mapping[str, int]]:
    """Expand files, folders and glob patterns; give each picture an output of its own.

    Returns
    -------
    list of Input
        In a fixed order. ``x.jpg`` becomes ``x.png``; where ``x.jpg`` and ``x.png`` are
        both there, ``x.jpg.png`` and ``x.png.png``.
    dict of str to int
        Suffixes of the other files in the folders, and how many there were.

    Raises
    ------
    MediaError
        An input does not exist.
    ValueError
        Two inputs would have one output, an output would replace an input, or a folder
        is input and output at once.
    """
    many = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    found: dict[Path, Path] = {}
    ignored: Counter[str] = Counter()
    for path in many:
        for source, relative in _expand(path, out_dir, ignored):
            found.setdefault(source, relative)
    outputs = _outputs(found, out_dir)
    sources = {source.resolve() for source in found}
    for source, output in outputs.items():
        if output.resolve() in sources:
            raise ValueError(
                f"the output for {source} would replace the input {output}; "
                "choose another output folder"
            )
    return [Input(source, found[source], outputs[source]) for source in found], ignored


def _expand(
    path: str | os.PathLike[str], out_dir: Path, ignored: Counter[str]
) -> Iterator[tuple[Path, Path]]:
    here = Path(path)
    if here.is_dir():
        if here.resolve() == out_dir.resolve():
            raise ValueError(f"{here}: is input and output folder at once; name another for output")
        yield from _walk(here, out_dir, ignored)
    elif here.exists():
        yield here, Path(here.name)
    elif matches := sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 (absolute patterns)
        for match in matches:
            yield from _expand(match, out_dir, ignored)
    else:
        raise MediaError(f"{path}: no such file or folder")


def _walk(folder: Path, out_dir: Path, ignored: Counter[str]) -> Iterator[tuple[Path, Path]]:
    results = out_dir.resolve()
    for where, folders, files in os.walk(folder):
        # Hidden folders are caches and version control; the results are never input.
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and Path(where, name).resolve() != results
        )
        for name in sorted(files):
            source = Path(where, name)
            suffix = source.suffix.lower()
            if name.startswith("."):
                continue
            if suffix in PICTURE_SUFFIXES:
                yield source, source.relative_to(folder)
            elif not name.endswith(".fcrypt.json"):
                ignored[suffix or name] += 1


def _outputs(found: Mapping[Path, Path], out_dir: Path) -> dict[Path, Path]:
    short = {source: relative.with_suffix(".png") for source, relative in found.items()}
    shared = Counter(short.values())
    names = {
        source: name if shared[name] == 1 else found[source].with_name(found[source].name + ".png")
        for source, name in short.items()
    }
    taken: dict[Path, Path] = {}
    for source, name in names.items():
        other = taken.setdefault(name, source)
        if other is not source:
            raise ValueError(
                f"{other} and {source} would both become {out_dir / name}; "
                "encrypt them into different folders"
            )
    return {source: out_dir / name for source, name in names.items()}
