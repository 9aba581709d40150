"""Pixels out of OpenCV and out of Pillow, in RGB order.

OpenCV decodes what it decodes exactly: JPEG, PNG, PNM, JPEG 2000 and most TIFF files.
Pillow decodes the rest, up to its own size limit.
"""

import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from facecrypt import _native
from facecrypt.errors import RESAVE, FacecryptError, MediaError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = [
    "DAMAGED",
    "check_pillow_size",
    "cv2_pixels",
    "fence",
    "frames",
    "hear",
    "open_by_pillow",
    "pillow_pixels",
]

DAMAGED = "damaged or cut short: it cannot be decoded"
T = TypeVar("T")
_LINES, _WIDTH = 3, 200
_NO_MEMORY = -4  # cv2.Error.StsNoMem
_WHAT = {"TIFF": "a bilevel, palette, tiled or transparent"}


@contextlib.contextmanager
def fence(what: str = DAMAGED) -> Iterator[None]:
    """Every error of a decoder becomes ours; damaged files meet whatever a parser runs into.

    Parameters
    ----------
    what : str
        What the message begins with.

    Raises
    ------
    MediaError
    MemoryError
        As it came: it is no word about the file.
    """
    try:
        yield
    except (FacecryptError, MemoryError):
        raise
    except Exception as error:
        own = str(error) if isinstance(error, (OSError, ValueError)) else ""
        why = own or f"{type(error).__name__}: {error}".removesuffix(": ")
        raise MediaError(f"{what} ({why})", hint=RESAVE) from error


def hear(work: Callable[[], T]) -> tuple[T, tuple[str, ...]]:
    """Do some decoding; also gives what C libraries printed about it to standard error.

    Parameters
    ----------
    work : callable without arguments

    Returns
    -------
    result
    lines : tuple of str
        Of this thread alone. None on platforms where they cannot be caught, which print them.

    Raises
    ------
    MediaError
        As `work` raises it, with those lines.
    """
    _native.start_hearing()
    try:
        result = work()
    except MediaError as error:
        lines = _lines(_native.stop_hearing())
        if not lines:
            raise
        raise MediaError(f"{error.message} ({'; '.join(lines)})", hint=error.hint) from error
    except BaseException:
        _native.stop_hearing()
        raise
    return result, _lines(_native.stop_hearing())


def _lines(text: bytes) -> tuple[str, ...]:
    """Each line once, the first few of them; what is no printable ASCII is replaced."""
    lines = (line.strip() for line in text.decode("ascii", "replace").splitlines())
    shown = ("".join(c if c.isprintable() else "?" for c in line[:_WIDTH]) for line in lines)
    return tuple(dict.fromkeys(line for line in shown if line))[:_LINES]


def open_by_pillow(name: str, data: bytes) -> "ImageFile":
    """Read a header without Image.open, whose size limit is a global of the process."""
    from PIL import Image

    if name not in Image.OPEN:
        Image.init()
    if name not in Image.OPEN:
        raise MediaError(f"this build of Pillow reads no {name}; save the picture as PNG")
    with fence(f"the {name} header is damaged"):
        return Image.OPEN[name][0](io.BytesIO(data), "")


def frames(image: "ImageFile") -> int:
    """How many pictures the file holds; for some formats they have to be looked for."""
    with fence():
        return getattr(image, "n_frames", 1)


def check_pillow_size(name: str, width: int, height: int) -> None:
    """Refuse what Pillow would warn of, or refuse with advice that is not ours to give."""
    from PIL import Image

    if Image.MAX_IMAGE_PIXELS and width * height > Image.MAX_IMAGE_PIXELS:
        raise MediaError(
            f"at most {Image.MAX_IMAGE_PIXELS} pixels of {_WHAT.get(name, 'a')} {name} file "
            "are read; save the picture as PNG"
        )


def pillow_pixels(image: "ImageFile") -> np.ndarray:
    """Decode as gray, RGB or RGBA; palettes and 1-bit pictures are expanded."""
    check_pillow_size(str(image.format), image.width, image.height)
    transparent = "transparency" in image.info
    mode = {
        "1": "L",
        "L": "RGBA" if transparent else "L",
        "LA": "RGBA",
        "P": "RGBA" if transparent else "RGB",
        "PA": "RGBA",
        "RGB": "RGBA" if transparent else "RGB",
        "RGBA": "RGBA",
        "YCbCr": "RGB",
    }.get(image.mode)
    if mode is None:
        raise MediaError(f"{image.mode} colours are not read; convert the picture to RGB")
    with fence():
        image.load()
        return np.array(image if image.mode == mode else image.convert(mode))


def cv2_pixels(data: bytes) -> np.ndarray:
    """Decode as stored: the EXIF orientation is applied to TIFF files and no others."""
    import cv2

    try:
        with _quiet_cv2():
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        if error.code == _NO_MEMORY:
            raise MemoryError(error.err) from error
        raise MediaError(f"{DAMAGED} ({error.err})", hint=RESAVE) from error
    if pixels is None:
        raise MediaError(DAMAGED, hint=RESAVE)
    if pixels.ndim == 3:
        code = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
        pixels = cv2.cvtColor(pixels, code)
    return pixels


_quiet_lock = threading.Lock()
_quiet_users = 0
_level_before = 0


@contextlib.contextmanager
def _quiet_cv2() -> Iterator[None]:
    """Silence OpenCV's log, which is one for all threads: the last to leave restores it."""
    import cv2

    # 5.0 moved the two functions.
    log = cv2.utils.logging if hasattr(cv2.utils, "logging") else cv2
    global _quiet_users, _level_before  # noqa: PLW0603
    with _quiet_lock:
        if not _quiet_users:
            _level_before = log.getLogLevel()
            log.setLogLevel(0)
        _quiet_users += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_users -= 1
            if not _quiet_users:
                log.setLogLevel(_level_before)
