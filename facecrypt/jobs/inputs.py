"""From paths, folders and patterns to pairs of input and output files."""

import glob
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from facecrypt.errors import MediaError
from facecrypt.files import media_error

__all__ = ["PICTURE_SUFFIXES", "Input", "as_png", "find_inputs", "find_pictures", "make_folder"]

PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif", ".jp2")
)

SIDECAR_SUFFIX = ".fcrypt.json"


@dataclass(frozen=True)
class Input:
    """One picture to read, where its result goes, and its path below the folder it was found in."""

    source: Path
    relative: Path
    output: Path


def as_png(name: Path) -> Path:
    """``a/x.jpg`` -> ``a/x.png``."""
    return name.with_suffix(".png")


def find_inputs(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out_dir: Path,
    *,
    suffixes: Set[str] = PICTURE_SUFFIXES,
    rename: Callable[[Path], Path] = as_png,
) -> tuple[list[Input], Mapping[str, int]]:
    """Expand files, folders and glob patterns; give each picture an output of its own.

    Parameters
    ----------
    paths : path or iterable of paths
    out_dir : Path
    suffixes : set of str
        Suffixes that count when a folder is searched; a file named explicitly is always read.
    rename : callable
        The name of an input to that of its output.

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
        An input does not exist, is a pipe or a device, or a folder cannot be read.
    ValueError
        Two inputs would have one output, an output would replace an input, or a folder
        is input and output at once.
    """
    found, ignored = find_pictures(paths, out_dir, suffixes=suffixes)
    outputs = _outputs(found, out_dir, rename)
    sources = {source.resolve() for source in found}
    for source, output in outputs.items():
        if output.resolve() in sources:
            raise ValueError(
                f"the output for {source} would replace the input {output}; "
                "choose another output folder"
            )
    return [Input(source, found[source], outputs[source]) for source in found], ignored


def find_pictures(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out_dir: Path | None = None,
    *,
    suffixes: Set[str] = PICTURE_SUFFIXES,
) -> tuple[Mapping[Path, Path], Mapping[str, int]]:
    """Expand files, folders and glob patterns; what lies in ``out_dir`` is passed over.

    Returns
    -------
    dict of Path to Path
        Pictures, in a fixed order, and their paths below the folders they were found in.
    dict of str to int
        As :func:`find_inputs` gives it.
    """
    many = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    results = None if out_dir is None else out_dir.resolve()
    found: dict[Path, Path] = {}
    ignored: Counter[str] = Counter()
    for path in many:
        for source, relative in _expand(path, results, ignored, suffixes):
            found.setdefault(source, relative)
    return found, ignored


def make_folder(folder: Path) -> None:
    """Make a folder for outputs and those above it; MediaError where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise MediaError(f"{folder}: is a file; name a folder for the output") from None
    except OSError as error:
        raise media_error(folder, error) from error


def _expand(
    path: str | os.PathLike[str], results: Path | None, ignored: Counter[str], suffixes: Set[str]
) -> Iterator[tuple[Path, Path]]:
    here = Path(path)
    if here.is_dir():
        if here.resolve() == results:
            raise ValueError(f"{here}: is input and output folder at once; name another for output")
        yield from _walk(here, results, ignored, suffixes)
    elif here.is_file():
        # A pattern such as sealed/* names the sidecars too; they come with their pictures.
        if not here.name.endswith(SIDECAR_SUFFIX):
            yield here, Path(here.name)
    elif here.exists():
        # It would be read twice, which a pipe cannot be, and might never end.
        raise MediaError(f"{here}: is not a regular file; copy the picture into one")
    elif matches := sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207 (absolute patterns)
        for match in matches:
            if results is None or not Path(match).resolve().is_relative_to(results):
                yield from _expand(match, results, ignored, suffixes)
    else:
        raise MediaError(f"{path}: no such file or folder")


def _walk(
    folder: Path, results: Path | None, ignored: Counter[str], suffixes: Set[str]
) -> Iterator[tuple[Path, Path]]:
    for where, folders, files in os.walk(folder, onerror=_refuse):
        # Hidden folders are caches and version control; the results are never input.
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and Path(where, name).resolve() != results
        )
        for name in sorted(files):
            source = Path(where, name)
            if name.startswith(".") or name.endswith(SIDECAR_SUFFIX):
                continue
            suffix = source.suffix.lower()
            # A link that leads nowhere is a picture that fails, with its name in the summary;
            # a pipe would be waited for without end.
            if suffix in suffixes and (source.is_file() or not source.exists()):
                yield source, source.relative_to(folder)
            else:
                ignored[suffix or name] += 1


def _refuse(error: OSError) -> None:
    # os.walk would pass over an unreadable folder in silence, and its faces stay in the clear.
    raise media_error(error.filename, error)


def _outputs(
    found: Mapping[Path, Path], out_dir: Path, rename: Callable[[Path], Path]
) -> dict[Path, Path]:
    short = {source: rename(relative) for source, relative in found.items()}
    shared = Counter(short.values())
    names = {
        source: name
        if shared[name] == 1
        else found[source].with_name(found[source].name + name.suffix)
        for source, name in short.items()
    }
    taken: dict[Path, Path] = {}
    for source, name in names.items():
        other = taken.setdefault(name, source)
        if other is not source:
            raise ValueError(
                f"{other} and {source} would both become {out_dir / name}; "
                "give them in two runs with different output folders"
            )
    return {source: out_dir / name for source, name in names.items()}
