"""From paths, folders and patterns to pairs of input and output files."""

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from facecrypt.errors import MediaError
from facecrypt.files import PathLike, media_error, refuse_special
from facecrypt.jobs.folders import (
    MEDIA_SUFFIXES,
    PICTURE_SUFFIXES,
    VIDEO_SUFFIXES,
    Found,
    Search,
)
from facecrypt.jobs.outputs import (
    Rename,
    make_folder,
    name_outputs,
    png_name,
    refuse_links,
    refuse_replacing,
)
from facecrypt.sealing.carriers import sealed_name
from facecrypt.sealing.carriers.sidecar_names import is_sidecar

__all__ = [
    "MEDIA_SUFFIXES",
    "PICTURE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Input",
    "find_in_place",
    "find_inputs",
    "find_pictures",
    "make_folder",
    "png_name",
    "prepare",
]


@dataclass(frozen=True)
class Input:
    """One picture to read, where its result goes, and its path below the folder it was found in.

    ``error`` says why it cannot be read, where that is known already: :func:`prepare` raises it.
    ``named`` is False where it came with its folder.
    """

    source: Path
    relative: Path
    output: Path
    error: Exception | None = None
    named: bool = True


def find_inputs(
    paths: PathLike | Iterable[PathLike],
    out_dir: Path,
    *,
    suffixes: Set[str] = MEDIA_SUFFIXES,
    rename: Rename = sealed_name,
) -> tuple[list[Input], Mapping[str, int]]:
    """Expand files, folders and glob patterns; give each picture an output of its own.

    Parameters
    ----------
    paths : path or iterable of paths
        What lies in a folder given alone keeps its path below that folder. A folder given
        with others keeps its own name, too. What a pattern finds keeps its path below the
        folders that the pattern names without wildcards.
    out_dir : Path
    suffixes : set of str
        Those that count when a folder is searched; a file that is named is always read.
        Where they hold all `PICTURE_SUFFIXES`, every file whose content is a picture
        counts, too, be it of a format that is refused; so do videos with `VIDEO_SUFFIXES`.
    rename : callable
        An input and its name to the name of its output.

    Returns
    -------
    list of Input
        In a fixed order. ``x.jpg`` becomes ``x.png``; where ``x.jpg`` and ``x.png`` are
        both there, ``x.jpg.png`` and ``x.png.png``. A link to nowhere and a folder that
        cannot be read are inputs that fail.
    dict of str to int
        Suffixes of the other files in the folders, and how many there were; the path of
        each link to a folder, which is not followed, with a slash behind it.

    Raises
    ------
    MediaError
        An input does not exist, is a pipe or a device, or lies in a folder that cannot be
        read.
    ValueError
        Two inputs would have one output, an output would replace an input, or a folder
        is input and output at once. Names the file system of ``out_dir`` takes for the
        same are one.
    """
    found, ignored = _find(paths, out_dir, suffixes)
    readable = {one.source: one.relative for one in found if one.error is None}
    outputs = name_outputs(readable, out_dir, rename)
    refuse_replacing(outputs)
    inputs = [
        Input(
            one.source,
            one.relative,
            outputs.get(one.source, out_dir / one.relative),
            one.error,
            one.named,
        )
        for one in found
    ]
    return inputs, ignored


def find_in_place(
    paths: PathLike | Iterable[PathLike], _: None = None
) -> tuple[list[Input], Mapping[str, int]]:
    """As :func:`find_inputs`, for outputs that take the place of their inputs."""
    found, ignored = _find(paths, None, MEDIA_SUFFIXES)
    inputs = [
        Input(one.source, Path(one.source.name), one.source, one.error, one.named) for one in found
    ]
    return inputs, ignored


def find_pictures(
    paths: PathLike | Iterable[PathLike],
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
    found, ignored = _find(paths, out_dir, suffixes)
    return {one.source: one.relative for one in found}, ignored


def prepare(item: Input) -> None:
    """Make the folder of an output; MediaError where the input or the output cannot be.

    An output does not go through a link inside the folder of outputs, nor into a pipe.
    """
    if item.error is not None:
        raise item.error
    refuse_links(item.output, len(item.relative.parts) - 1)
    make_folder(item.output.parent)
    refuse_special(item.output)


def _find(
    paths: PathLike | Iterable[PathLike], out_dir: Path | None, suffixes: Set[str]
) -> tuple[list[Found], Mapping[str, int]]:
    many = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    search = Search(None if out_dir is None else os.path.realpath(out_dir), suffixes)
    found: dict[Path, Found] = {}
    for path in many:
        for one in _expand(path, search, alone=len(many) == 1):
            found.setdefault(one.source, one)
    if not found and search.beside:
        raise MediaError(
            f"{search.beside[0]}: is the sealed part of the picture or video beside it; name that"
        )
    return list(found.values()), search.ignored


def _expand(path: PathLike, search: Search, *, alone: bool) -> Iterator[Found]:
    here = Path(path)
    if not os.fspath(path):
        raise ValueError("a path is empty; name a file or folder, '.' for the one you are in")
    if os.path.lexists(here):
        # Of a folder such as . or .. only the real path has a name.
        below = Path() if alone else Path(Path(os.path.realpath(here)).name)
        yield from _named(here, Path(here.name), below, search)
    elif glob.has_magic(os.fspath(path)):
        yield from _matched(here, search)
    else:
        raise _missing(here)


def _matched(pattern: Path, search: Search) -> Iterator[Found]:
    matches = sorted(glob.glob(str(pattern), recursive=True))  # noqa: PTH207 (absolute patterns)
    if not matches:
        raise _missing(pattern)
    fixed = next(n for n, part in enumerate(pattern.parts) if glob.has_magic(part))
    for match in map(Path, matches):
        if "**" in pattern.parts and (link := _first_link(match, fixed)):
            search.ignored[f"{link}/"] = 1
            continue
        real = Path(os.path.realpath(match))
        if search.results is None or not real.is_relative_to(search.results):
            below = _inside(match.parts[fixed:])
            yield from _named(match, below, below, search)


def _first_link(match: Path, fixed: int) -> Path | None:
    """The first link to a folder that `**` went through: it might lead round and round."""
    for number in range(fixed + 1, len(match.parts) + 1):
        here = Path(*match.parts[:number])
        if os.path.islink(here) and os.path.isdir(here):  # noqa: PTH112, PTH114 (paths too long)
            return here
    return None


def _inside(parts: tuple[str, ...]) -> Path:
    """What follows the last ``..``: an output must not climb out of its folder."""
    climbs = [number for number, part in enumerate(parts, 1) if part == ".."]
    return Path(*parts[climbs[-1] if climbs else 0 :])


def _named(here: Path, relative: Path, below: Path, search: Search) -> Iterator[Found]:
    """A file, with its path below the outputs, or a folder, with where what is in it goes."""
    try:
        mode = here.stat().st_mode
    except OSError as error:
        # A link to nowhere must not stop the others that a pattern of the shell named.
        yield Found(here, relative, media_error(here, error))
        return
    if stat.S_ISDIR(mode):
        if os.path.realpath(here) == search.results:
            raise ValueError(f"{here}: is input and output folder at once; name another for output")
        yield from search.walk(here, below)
    elif not stat.S_ISREG(mode):
        # It would be read twice, which a pipe cannot be, and might never end.
        raise MediaError(f"{here}: is not a regular file; copy what is in it into one")
    # A pattern such as sealed/* names the sidecars too; they come with their pictures.
    elif is_sidecar(here):
        search.beside.append(here)
    else:
        yield Found(here, relative)


def _missing(path: Path) -> MediaError:
    try:
        path.lstat()
    except OSError as error:
        return media_error(path, error)
    return MediaError(f"{path}: no such file or folder")
