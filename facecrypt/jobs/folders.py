"""What in a folder is an input: by suffix, else by the first bytes, as the readers tell."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from facecrypt.files import media_error
from facecrypt.media.readers import is_picture
from facecrypt.media.video_kinds import HEAD, VIDEO_SUFFIXES, is_video
from facecrypt.sealing.carriers.sidecar_names import is_sidecar

__all__ = ["MEDIA_SUFFIXES", "PICTURE_SUFFIXES", "VIDEO_SUFFIXES", "Found", "Search"]

# Those of formats that are not read, too: such a picture fails and is not passed over.
PICTURE_SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".pjpeg",
        ".pjp",
        ".jif",
        ".png",
        ".webp",
        ".tif",
        ".tiff",
        ".bmp",
        ".avif",
        ".gif",
        ".jp2",
        ".jpf",
        ".j2k",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".heic",
        ".heif",
        ".jxl",
        ".psd",
        ".tga",
    ]
)
MEDIA_SUFFIXES = PICTURE_SUFFIXES | VIDEO_SUFFIXES
_NOWHERE = (errno.ENOENT, errno.ELOOP)


class Found(NamedTuple):
    """An input, its path below the outputs, why it cannot be read if that is known, and whether
    it was named or came with its folder.
    """

    source: Path
    relative: Path
    error: Exception | None = None
    named: bool = True


@dataclass(frozen=True)
class Search:
    """Looks through folders for inputs.

    Parameters
    ----------
    results : str, optional
        The real path of the folder of outputs, which is passed over.
    suffixes : set of str
        What is an input by its name. Where these hold all `PICTURE_SUFFIXES`, so are
        pictures of any other name, and videos where they hold all `VIDEO_SUFFIXES`.
    ignored : Counter
        Suffixes of what was no input, and how many there were; the path, with a slash
        behind it, of each link to a folder: links are not followed.
    beside : list of Path
        Files that were named and are no input: they come with the picture or video beside them.
    """

    results: str | None
    suffixes: Set[str]
    ignored: Counter[str] = field(default_factory=Counter)
    beside: list[Path] = field(default_factory=list)

    def walk(self, folder: Path, below: Path) -> Iterator[Found]:
        """Inputs of a folder and all below it, in a fixed order; their paths start with ``below``.

        A folder that cannot be read is an input that fails, since its faces stay in the clear.
        """
        failed: list[OSError] = []
        for where, folders, files in os.walk(folder, onerror=failed.append):
            folders[:] = sorted(name for name in folders if self._is_entered(Path(where, name)))
            for name in sorted(files):
                source = Path(where, name)
                if self._is_input(source):
                    yield Found(source, below / source.relative_to(folder), named=False)
        for error in failed:
            source = Path(error.filename)
            relative = below / source.relative_to(folder)
            yield Found(source, relative, media_error(source, error))

    def _is_entered(self, folder: Path) -> bool:
        # Hidden folders are caches and version control; the results are never input.
        if folder.name.startswith(".") or os.path.realpath(folder) == self.results:
            return False
        if os.path.islink(folder):  # noqa: PTH114 (of a path too long Path makes an exception)
            self.ignored[f"{folder}/"] += 1
            return False
        return True

    def _is_input(self, source: Path) -> bool:
        if source.name.startswith(".") or is_sidecar(source):
            return False
        suffix = source.suffix.lower()
        named = suffix in self.suffixes
        try:
            regular = stat.S_ISREG(source.stat().st_mode)
            # A pipe would be waited for without end.
            wanted = regular and (named or (self._by_content and self._holds_any(source)))
        except OSError as error:
            # What cannot be looked at may be a picture: it fails, with its name in the summary.
            wanted = named or (self._by_content and error.errno not in _NOWHERE)
        if not wanted:
            self.ignored[suffix or source.name] += 1
        return wanted

    @property
    def _by_content(self) -> bool:
        return self.suffixes >= PICTURE_SUFFIXES

    def _holds_any(self, source: Path) -> bool:
        with source.open("rb") as file:
            head = file.read(HEAD)
        return is_picture(head[:64]) or (self.suffixes >= VIDEO_SUFFIXES and is_video(head))
