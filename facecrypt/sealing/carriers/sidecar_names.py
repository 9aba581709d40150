"""What sidecars are called, and which lie beside a picture."""

import errno
import os
import re
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from facecrypt.errors import ContainerError
from facecrypt.files import PathLike, media_error
from facecrypt.sealing.header import Header

__all__ = [
    "check_name",
    "few_sidecars",
    "is_sidecar",
    "naming_sidecar",
    "none_fits",
    "remember",
    "remember_rewritten",
    "several_fit",
    "short_id",
    "short_ids",
    "sidecar_path",
    "sidecars_of",
]

_SUFFIX = ".fcrypt"
_NAME = re.compile(r"(.+)\.([0-9a-f]{16})\.fcrypt", re.DOTALL)
# Where there is no folder, or none whose list may be read, no sidecar is seen.
_NO_LIST = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ENAMETOOLONG)
# A folder can change twice at one reading of its clock; later than this it did not.
_SETTLED_NS = 2 * 10**9
# A job that reads the list of a large folder for each file it writes there would do little else:
# a list is old when reading it anew costs a twentieth of the time since. Small ones are read anew.
_SMALL_SECONDS, _SHARE = 0.01, 20
_KEPT = 8
# Each costs a digest of what is shown. More come together only by force.
_MOST = 16


def sidecar_path(path: PathLike, header: Header) -> Path:
    """``photo.png`` -> ``photo.png.0123456789abcdef.fcrypt``."""
    return _sidecar(Path(path), short_id(header).hex())


def check_name(path: Path, beside: Path, header: Header) -> None:
    """ContainerError where a sidecar has not the name that its header gives it."""
    wanted = sidecar_path(path, header).name
    if beside.name != wanted:
        raise ContainerError(f"{beside}: its name is not that of its header, which is {wanted}")


def is_sidecar(path: Path) -> bool:
    """Whether a file holds the header of the picture beside it, with which it comes."""
    return _NAME.fullmatch(path.name) is not None


def sidecars_of(path: PathLike, *, lately: bool = False) -> list[Path]:
    """The files beside a picture that may hold its header; there need be no such picture.

    Parameters
    ----------
    path : path of the picture
    lately : bool
        Those of other processes may be missing that came just now.

    Raises
    ------
    MediaError
        The folder cannot be read.
    """
    path = Path(path)
    try:
        digits = _listed(path.parent, lately=lately).get(_folded(path.name), ())
    except OSError as error:
        if error.errno in _NO_LIST:
            return []
        raise media_error(path.parent, error) from error
    # Whether names of other spelling are the same, the file system knows.
    return [beside for beside in (_sidecar(path, id_) for id_ in digits) if os.path.lexists(beside)]


def few_sidecars(path: Path, what: str) -> list[Path]:
    """:func:`sidecars_of` of a picture or a video, all of which may be tried.

    Raises
    ------
    ContainerError
        There are too many.
    """
    found = sidecars_of(path)
    if len(found) > _MOST:
        raise ContainerError(
            f"{path}: {len(found)} sidecars lie beside it, and {_MOST} may at most; "
            f"move those of other {what}s away"
        )
    return found


@contextmanager
def naming_sidecar(beside: Path) -> Iterator[None]:
    """Errors of what is in a sidecar begin with its name, and not with that of the picture."""
    try:
        yield
    except ContainerError as error:
        raise type(error)(f"{beside}: {error.message}", hint=error.hint) from error


def none_fits(path: Path, beside: Iterable[Path], what: str) -> ContainerError:
    """The error for a picture or a video that is that of no sidecar beside it."""
    names = ", ".join(one.name for one in beside)
    return ContainerError(
        f"{path}: of the sidecars beside it none fits the {what} as it is now: {names}; "
        f"move those of other {what}s away"
    )


def several_fit(path: PathLike, count: int, what: str) -> ContainerError:
    """The error where a key is needed to tell the payload of a picture or a video."""
    return ContainerError(
        f"{path}: {count} sidecars beside it fit, and only a key tells which is its "
        f"own; open it, or seal the {what} again with --force"
    )


def short_id(header: Header) -> bytes:
    """As much of the id of a sealing as the name of its sidecar has."""
    return header.picture_id[:8]


def short_ids(path: Path, header: Header) -> set[bytes]:
    """The short ids of a sealed file and of all sealings with a sidecar beside it."""
    beside = (_NAME.fullmatch(one.name) for one in sidecars_of(path, lately=True))
    return {short_id(header), *(bytes.fromhex(match[2]) for match in beside if match)}


def remember(beside: Path) -> None:
    """Note a sidecar that this process wrote, should a list of its folder be kept."""
    known, match = _lists.get(os.fspath(beside.parent)), _NAME.fullmatch(beside.name)
    if known is not None and match is not None:
        known.note(match)


def remember_rewritten(beside: Path) -> None:
    """Note that this process replaces sidecars of a folder by others of the same names.

    From then on all lists of that folder are as with `lately`: each replacement is a change.
    """
    known = _lists.get(os.fspath(beside.parent))
    if known is not None:
        known.rewritten = True


@dataclass
class _List:
    """The sidecars of a folder: folded name of the picture -> digits; and when this was so."""

    folder: tuple[int, int]
    changed: int
    settled: bool
    read: float
    seconds: float = 0.0
    rewritten: bool = False
    digits: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def note(self, match: re.Match[str]) -> None:
        name = _folded(match[1])
        self.digits[name] = (*self.digits.get(name, ()), match[2])

    def holds(self, found: os.stat_result, *, lately: bool) -> bool:
        if (found.st_dev, found.st_ino) != self.folder:
            return False
        if self.settled and found.st_mtime_ns == self.changed:
            return True
        if not (lately or self.rewritten) or self.seconds <= _SMALL_SECONDS:
            return False
        return time.monotonic() - self.read < _SHARE * self.seconds


_lists: dict[str, _List] = {}


def _listed(folder: Path, *, lately: bool) -> dict[str, tuple[str, ...]]:
    found, here = folder.stat(), os.fspath(folder)
    known = _lists.get(here)
    if known is None or not known.holds(found, lately=lately):
        before = known
        settled = time.time_ns() - found.st_mtime_ns > _SETTLED_NS
        identity = found.st_dev, found.st_ino
        known = _List(identity, found.st_mtime_ns, settled, time.monotonic())
        names = [name for name in os.listdir(folder) if name.endswith(_SUFFIX)]  # noqa: PTH208 (twice as fast)
        for match in filter(None, map(_NAME.fullmatch, sorted(names))):
            known.note(match)
        known.seconds = time.monotonic() - known.read
        known.rewritten = before is not None and before.rewritten
        if len(_lists) >= _KEPT:
            _lists.clear()
        _lists[here] = known
    return known.digits


def _sidecar(path: Path, digits: str) -> Path:
    return path.with_name(f"{path.name}.{digits}{_SUFFIX}")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())
