"""Annotated pictures where they are: in a folder, or in WIDER FACE's archives as downloaded.

``WIDER_train.zip`` holds ``WIDER_train/images/0--Parade/0_Parade_marchingband_1_849.jpg``. The list
``wider_face_split/wider_face_train_bbx_gt.txt`` in ``wider_face_split.zip`` calls it
``0--Parade/0_Parade_marchingband_1_849.jpg``; ``val`` likewise. Nothing is unpacked: a picture is
read when its turn comes.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path, PurePosixPath
from typing import Protocol, TextIO

from numpy.typing import NDArray

from facecrypt.errors import MediaError
from facecrypt.files import PathLike, media_error
from facecrypt.media import decode_image, read_image
from facecrypt.media.pictures import naming, read_bounded

__all__ = ["Pictures", "open_list", "open_pictures"]

# By the folder that WIDER FACE's pictures lie in, the part of its split.
_PARTS = {"WIDER_train": "train", "WIDER_val": "val"}
_LIST = "_bbx_gt.txt"
# What zipfile raises for archives that are cut short, damaged, locked or of a newer kind.
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class Pictures(Protocol):
    """Pictures by the paths that a list gives them; threads may read at the same time.

    Attributes
    ----------
    part : str or None
        ``train`` or ``val`` where the pictures are WIDER FACE's, by the names of their folders.
    """

    part: str | None

    def read(self, path: str) -> NDArray:
        """The pixels of one, or MediaError."""


@contextmanager
def open_pictures(images: PathLike) -> Iterator[Pictures]:
    """Open a folder of pictures, or an archive.

    Parameters
    ----------
    images : path
        The folder that the paths of a list are relative to; or ``WIDER_train.zip``,
        ``WIDER_val.zip`` or another ZIP archive, in which they are relative to its folder
        ``images`` where there is one.

    Yields
    ------
    Pictures

    Raises
    ------
    MediaError
        The archive cannot be read.

    Examples
    --------
    >>> import zipfile
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from facecrypt.media import encode_image
    >>> picture = encode_image(".png", np.zeros((2, 3), np.uint8))
    >>> with TemporaryDirectory() as name:
    ...     archive = Path(name) / "WIDER_val.zip"
    ...     with zipfile.ZipFile(archive, "w") as file:
    ...         file.writestr("WIDER_val/images/0--Parade/1.png", picture)
    ...     with open_pictures(archive) as pictures:
    ...         print(pictures.part, pictures.read("0--Parade/1.png").shape)
    val (2, 3)
    """
    if not zipfile.is_zipfile(images) and not _is_named_archive(images):
        yield _Folder(Path(images))
        return
    with _opened(images) as archive:
        yield _Archive(images, archive)


@contextmanager
def open_list(path: PathLike, part: str | None) -> Iterator[tuple[str, TextIO]]:
    """Open a list of annotations, or the one for a part in an archive of them.

    Parameters
    ----------
    path : path
        A text file, or ``wider_face_split.zip``.
    part : str or None
        Of an archive with lists for several: ``train`` or ``val``.

    Yields
    ------
    name : str
        For messages.
    file : text file

    Raises
    ------
    MediaError
        It cannot be read, or has no list for the part, or several and none is named.
    """
    if not zipfile.is_zipfile(path) and not _is_named_archive(path):
        try:
            # File names are bytes: those that are no text come out as they went in.
            with Path(path).open(encoding="utf-8-sig", errors="surrogateescape") as file:
                yield str(path), file
        except OSError as error:
            raise media_error(path, error) from error
        return
    with _opened(path) as archive:
        name = _chosen(path, _members(archive), part)
        with archive.open(name) as data:
            yield f"{path}, {name}", TextIOWrapper(data, "utf-8-sig", errors="surrogateescape")


class _Folder:
    def __init__(self, folder: Path):
        self._folder = folder
        self.part = next((_PARTS[name] for name in folder.parts[::-1] if name in _PARTS), None)

    def read(self, path: str) -> NDArray:
        return read_image(self._folder / path).pixels


class _Archive:
    def __init__(self, path: PathLike, archive: zipfile.ZipFile):
        self._path, self._archive = path, archive
        self._members: dict[str, str] = {}
        self.part = None
        for member in _members(archive):
            parts = PurePosixPath(member).parts
            inner = parts[parts.index("images") + 1 :] if "images" in parts[:-1] else parts
            self._members["/".join(inner)] = member
            self.part = self.part or _PARTS.get(parts[0])

    def read(self, path: str) -> NDArray:
        member = self._members.get(path)
        if member is None:
            raise MediaError(
                f"{self._path}: holds no picture {path!r}; take the list and the archive of the "
                "same part, both train or both val"
            )
        name = f"{self._path}, {member}"
        with _reading(name), self._archive.open(member) as file:
            data = read_bounded(file)
        with naming(name):
            return decode_image(data, name=f"{name}: ").pixels


def _is_named_archive(path: PathLike) -> bool:
    """A file that says it is one, be it damaged: its errors are those of an archive."""
    return Path(path).suffix.lower() == ".zip" and Path(path).is_file()


@contextmanager
def _opened(path: PathLike) -> Iterator[zipfile.ZipFile]:
    with _reading(str(path)):
        archive = zipfile.ZipFile(path)
    with archive:
        yield archive


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except MediaError:
        raise
    except OSError as error:
        raise media_error(name, error) from error
    except _DAMAGED as error:
        raise MediaError(f"{name}: damaged, or no ZIP archive ({error}); get it anew") from error


def _members(archive: zipfile.ZipFile) -> list[str]:
    """The names of its files, but for what macOS adds."""
    names = (info.filename for info in archive.infolist() if not info.is_dir())
    return [name for name in names if not name.startswith("__MACOSX/")]


def _chosen(path: PathLike, members: list[str], part: str | None) -> str:
    lists = [name for name in members if name.endswith(_LIST)]
    wanted = lists if part is None else [name for name in lists if name.endswith(part + _LIST)]
    if len(wanted) == 1:
        return wanted[0]
    if not wanted:
        raise MediaError(
            f"{path}: holds no list that ends in {part or ''}{_LIST}; expected wider_face_split.zip"
        )
    raise MediaError(
        f"{path}: holds {len(wanted)} lists; pictures of WIDER_train or WIDER_val say which is "
        "meant, or unpack the one and name it"
    )
