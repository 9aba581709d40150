"""Where results go: a name of its own for each, below the folder that was named."""

import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from threading import Lock

from facecrypt.errors import MediaError
from facecrypt.files import media_error
from facecrypt.leftovers import hidden_name
from facecrypt.sealing.carriers import file_carrier, sealed_name
from facecrypt.sealing.finding import is_sealed

__all__ = [
    "OtherNames",
    "Rename",
    "left_behind",
    "make_folder",
    "name_outputs",
    "png_name",
    "refuse_links",
    "refuse_replacing",
]

_Spelling = Callable[[Path], str]
# A source and its name below the folder it was found in -> the name of its output.
Rename = Callable[[Path, Path], Path]


def png_name(source: Path, name: Path) -> Path:
    """``a/x.jpg`` -> ``a/x.png``; a video stays one."""
    return name.with_suffix(".png") if file_carrier(source) is None else sealed_name(source, name)


def make_folder(folder: Path) -> None:
    """Make a folder for outputs and those above it; MediaError where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise MediaError(f"{folder}: is a file; name a folder for the output") from None
    except OSError as error:
        raise media_error(folder, error) from error


def refuse_links(output: Path, depth: int) -> None:
    """Raise MediaError where one of the ``depth`` folders an output lies in is a link."""
    for folder in list(output.parents)[:depth]:
        if os.path.islink(folder):  # noqa: PTH114 (of a path too long Path makes an exception)
            raise MediaError(
                f"{folder}: is a link, and results stay in the folder that was named; "
                "remove the link, or name its target in a run of its own"
            )


def name_outputs(found: Mapping[Path, Path], out_dir: Path, rename: Rename) -> dict[Path, Path]:
    """The output of each input; ValueError where two would have the same.

    Names that differ in letter case, or in the Unicode form of their accents, are the same
    where the file system takes them for the same.
    """
    short = {source: rename(source, relative) for source, relative in found.items()}
    spelled = {*_names(found, short, str).values(), *short.values()}
    key: _Spelling = str
    if len({_spelling(name, case=True, form=True) for name in spelled}) < len(spelled):
        key = _spelling_in(out_dir)
    taken: dict[str, Path] = {}
    names = _names(found, short, key)
    for source, name in names.items():
        other = taken.setdefault(key(name), source)
        if other is not source:
            why = "" if names[other] == name else ", names this file system does not tell apart"
            raise ValueError(
                f"{other} and {source} would both become {out_dir / short[source]}{why}; "
                "give them in two runs with different output folders"
            )
    return {source: out_dir / name for source, name in names.items()}


def refuse_replacing(outputs: Mapping[Path, Path]) -> None:
    """Raise ValueError where an output would replace an input, which may be spelled otherwise."""
    sources = {_anywhere(source): source for source in outputs}
    for source, output in outputs.items():
        real = os.path.realpath(output)
        other = sources.get(_anywhere(output))
        if other is not None and (os.path.realpath(other) == real or _is_same(other, output)):
            raise ValueError(
                f"the output for {source} would replace the input {output}; "
                "choose another output folder"
            )


class OtherNames:
    """Names of outputs that only show when a file is opened; none is that of another's file.

    Parameters
    ----------
    outputs : mapping of Path to Path
        The inputs of a run, and their outputs as planned.
    folder : Path
        That the outputs go into: its file system says which names are the same.
    """

    def __init__(self, outputs: Mapping[Path, Path], folder: Path) -> None:
        self._outputs, self._folder, self._lock = outputs, folder, Lock()

    def take(self, name: Path, source: Path) -> None:
        """Note that an input goes there; MediaError where another does, or an input lies there."""
        with self._lock:
            owner = self._owners.setdefault(self._key(name), source)
        if owner != source:
            why = "is an input itself" if owner is None else f"is the output of {owner}, too"
            raise MediaError(f"{name}: {why}; give one of them alone, with another output folder")

    @cached_property
    def _owners(self) -> dict[str, Path | None]:
        """Who goes where; None where an input lies. Seldom needed."""
        planned: dict[str, Path | None] = {
            self._key(output): source for source, output in self._outputs.items()
        }
        return planned | dict.fromkeys(map(self._key, self._outputs))

    def _key(self, name: Path) -> str:
        return self._spelling(Path(os.path.realpath(name)))

    @cached_property
    def _spelling(self) -> _Spelling:
        return _spelling_in(self._folder)


def left_behind(outputs: Mapping[Path, Path]) -> Iterator[tuple[Path, Path]]:
    """Files with the short name of an input that now has its full name, and the input.

    They come of an earlier run, when no other input wanted that name, and are sealed where the
    outputs are: an input of this run, or any other picture that lies there, is none.
    """
    taken = set(outputs.values())
    found: dict[Path, Path] = {}
    for source, output in outputs.items():
        short = output.with_name(f"{source.stem}{output.suffix}")
        full = output.name == source.name + output.suffix
        if full and short not in taken and short.is_file():
            found.setdefault(short, source)
    inputs = set(map(os.path.realpath, outputs)) if found else set()
    for short, source in found.items():
        alike = is_sealed(short) == is_sealed(outputs[source])
        if alike and os.path.realpath(short) not in inputs:
            yield short, source


def _names(
    found: Mapping[Path, Path], short: Mapping[Path, Path], key: _Spelling
) -> dict[Path, Path]:
    """Short names, and full ones where the short one would not be an input's own."""
    shared = Counter(map(key, short.values()))
    return {
        source: name
        if shared[key(name)] == 1
        else found[source].with_name(found[source].name + name.suffix)
        for source, name in short.items()
    }


def _anywhere(name: Path) -> str:
    return _spelling(Path(os.path.realpath(name)), case=True, form=True)


def _spelling_in(folder: Path) -> _Spelling:
    """What a file system goes by when it compares names: tried out, with a file for a moment."""
    here = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    plain = hidden_name(here / "x")
    accented = plain.with_name(unicodedata.normalize("NFC", f"{plain.stem}\u00e9{plain.suffix}"))
    return partial(
        _spelling,
        case=_is_joined(plain, plain.with_name(plain.name.upper())),
        form=_is_joined(accented, accented.with_name(unicodedata.normalize("NFD", accented.name))),
    )


def _is_joined(name: Path, other: Path) -> bool:
    try:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except (OSError, UnicodeError):
        # Where nothing can be written nothing gets lost.
        return False
    try:
        return os.path.lexists(other)
    finally:
        name.unlink()


def _spelling(name: Path, *, case: bool, form: bool) -> str:
    text = name.as_posix()
    if case:
        text = text.casefold()
    # Folded after it: case folding takes letters and accents apart.
    return unicodedata.normalize("NFC", text) if form else text


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
