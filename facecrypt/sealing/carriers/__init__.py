"""The file formats that a sealed picture can be, one module each, behind one protocol.

A header is looked for by every carrier in turn; what to write is chosen by what was asked for.
"""

import stat
from pathlib import Path
from typing import BinaryIO

from facecrypt.errors import FacecryptError, MediaError, NotSealedError
from facecrypt.files import PathLike, open_regular
from facecrypt.media.pictures import LOSSY
from facecrypt.media.png import find_chunk
from facecrypt.media.readers import FILE_SUFFIXES
from facecrypt.sealing.carriers.carrier import (
    Carrier,
    FileCarrier,
    Opened,
    OpenedFile,
    PayloadLike,
    Rewritten,
    SealedFile,
    Source,
)
from facecrypt.sealing.carriers.jpeg import Jpeg
from facecrypt.sealing.carriers.png import CHUNK, Png
from facecrypt.sealing.carriers.sidecar import Sidecar
from facecrypt.sealing.carriers.sidecar_names import sidecars_of
from facecrypt.sealing.carriers.video import Video
from facecrypt.sealing.content import Pixels
from facecrypt.sealing.payload import read_header

__all__ = [
    "CARRIERS",
    "FILE_CARRIERS",
    "LOSSLESS_SUFFIXES",
    "Carrier",
    "FileCarrier",
    "Opened",
    "OpenedFile",
    "PayloadLike",
    "Rewritten",
    "SealedFile",
    "Source",
    "carrier_for",
    "check_destination",
    "file_carrier",
    "find_payloads",
    "not_sealed",
    "opened_name",
    "sealed_name",
    "sealed_suffix",
]

# From the general to the special: what several claim is for the last of them.
CARRIERS: tuple[Carrier, ...] = (Png(), Jpeg(), Sidecar())
FILE_CARRIERS: tuple[FileCarrier, ...] = (Video(),)
_HEAD = 64  # bytes by which a kind of file is known
_HEAD_OF_ANY = max(_HEAD, *(carrier.head for carrier in FILE_CARRIERS))
LOSSLESS_SUFFIXES = tuple(dict.fromkeys(s for carrier in CARRIERS for s in carrier.suffixes))


def find_payloads(file: BinaryIO, path: Path | None) -> tuple[Carrier, list[bytes]] | None:
    """The carrier whose payload a file has, and what it found; None for a plain file."""
    for carrier in CARRIERS:
        file.seek(0)
        if payloads := carrier.find_payloads(file, path):
            return carrier, payloads
    return None


def file_carrier(path: Path) -> FileCarrier | None:
    """The carrier of a file, plain or sealed, that is of a kind too large for memory."""
    try:
        # Whoever opened a pipe would wait for its other end.
        if not stat.S_ISREG(path.stat().st_mode):
            return None
        with path.open("rb") as file:
            head = file.read(_HEAD_OF_ANY)
    except OSError:
        return None  # whoever reads it says why
    return _claiming(head)


def _claiming(head: bytes) -> FileCarrier | None:
    return next((one for one in FILE_CARRIERS if one.claims(head[: one.head])), None)


def not_sealed(path: Path | None) -> NotSealedError:
    """What to say of a file without a header."""
    if path is None:
        return NotSealedError(
            "holds no facecrypt header. Either it was never encrypted, or a program re-saved it "
            "and dropped the header"
        )
    return NotSealedError(
        f"{path}: holds no facecrypt header. Either it was never encrypted, or a program "
        f"re-saved it and dropped the header, or {path.name}.….fcrypt is missing beside it"
    )


def carrier_for(suffix: str, *, sidecar: bool) -> Carrier:
    """The carrier to seal into for a file with that suffix: the one that writes such files."""
    kind = [carrier for carrier in CARRIERS if carrier.beside == sidecar]
    return next((carrier for carrier in kind if suffix.lower() in carrier.suffixes), kind[0])


def sealed_name(source: Path, name: Path) -> Path:
    """What the sealed form of a picture is called: ``x.bmp`` -> ``x.png``, for it becomes one.

    What a source is, its content says, for names lie: a JPEG called ``x.png`` becomes ``x.jpg``.
    A suffix of that kind of file is kept as it is spelled: cameras write ``.JPG``.

    Parameters
    ----------
    source : Path
        The plain picture.
    name : Path
        That is to be changed.
    """
    try:
        with source.open("rb") as file:
            head = file.read(_HEAD_OF_ANY)
    except OSError:
        head = b""  # whoever reads it says why
    return _named(name, sealed_suffix(head, name.suffix))


def opened_name(source: Path, name: Path) -> Path:
    """What a sealed picture is called when it is opened whole: the inverse of :func:`sealed_name`.

    ``x.png`` becomes ``x.webp`` where that was sealed, and so does ``x.webp.png``.
    """
    suffix = _original_suffix(source)
    if not suffix:
        return sealed_name(source, name)
    short = name.with_suffix("")
    return short if short.suffix.lower() == suffix else _named(name, suffix)


def _named(name: Path, suffix: str) -> Path:
    return name if name.suffix.lower() == suffix else name.with_suffix(suffix)


def _original_suffix(path: Path) -> str:
    """That of the file which a sealed picture gives back; none where it only has its pixels."""
    try:
        with path.open("rb") as file:
            if find_chunk(file, CHUNK) is not None:
                return _said_original(file)
        for beside in sidecars_of(path):
            with open_regular(beside) as file:
                return _said_original(file)
    except (OSError, FacecryptError):
        pass  # whoever opens it says why
    return ""


def _said_original(file: BinaryIO) -> str:
    header = read_header(file)
    content = header.content
    if not isinstance(content, Pixels) or "original" in header.forgotten:
        return ""
    return content.original


def sealed_suffix(data: bytes, suffix: str = "") -> str:
    """That of the sealed form of a plain file, which has `suffix`; see :func:`sealed_name`."""
    suffix, head = suffix.lower(), data[:_HEAD]
    large = _claiming(data)
    if large is not None:
        return large.sealed_suffix(data[: large.head], suffix)
    [*_, written] = (one for one in CARRIERS if not one.beside and one.claims(head))
    return suffix if suffix in written.suffixes else written.suffixes[0]


def check_destination(path: PathLike, carrier: Carrier | FileCarrier | None = None) -> None:
    """Refuse, before any work is done, a file format that would not keep every pixel.

    Parameters
    ----------
    path : path of the output
    carrier : Carrier, optional
        What it is sealed into; None for a picture that was opened.

    Raises
    ------
    MediaError
    """
    suffix = Path(path).suffix.lower()
    allowed = LOSSLESS_SUFFIXES if carrier is None else carrier.suffixes
    # Whether such a file was sealed, opening tells.
    if suffix in allowed or (carrier is None and suffix in FILE_SUFFIXES):
        return
    if suffix in LOSSY:
        why = f"{suffix} does not keep every pixel exactly, so the faces could not be given back"
    elif suffix in LOSSLESS_SUFFIXES:
        why = f"{suffix} has no place for the header; use a sidecar"
    else:
        why = f"{suffix or 'a name without a suffix'} is not a format facecrypt writes"
    raise MediaError(f"{path}: {why}; write {' or '.join(allowed)}")
