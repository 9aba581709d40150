"""A payload in a video file, whichever container it is."""

from collections.abc import Iterable
from typing import BinaryIO

from facecrypt.media.video.matroska import append_element, find_element
from facecrypt.media.video.mp4 import append_box, find_box
from facecrypt.media.video.place import Place

__all__ = ["append_payload", "find_payload"]

_EBML = b"\x1a\x45\xdf\xa3"


def append_payload(file: BinaryIO, size: int, chunks: Iterable[bytes]) -> Place:
    """Write a payload at the end of a finished video, where players do not mind it.

    Parameters
    ----------
    file : binary file
        MP4, QuickTime, Matroska or WebM, open for reading and writing (``r+b``).
    size : int
        Of the payload in bytes.
    chunks : iterable of bytes
        The payload; they are written one by one.

    Returns
    -------
    Place

    Raises
    ------
    ContainerError
        The file is damaged at its end, or holds a payload already.
    ValueError
        The chunks are not `size` bytes.
    """
    append = append_element if _is_matroska(file) else append_box
    return append(file, size, chunks)


def find_payload(file: BinaryIO) -> Place | None:
    """Find the payload of a video by walking its boxes or elements; no bytes are searched.

    Parameters
    ----------
    file : binary file
        Seekable.

    Returns
    -------
    Place or None
        None where there is no payload.

    Raises
    ------
    ContainerError
        There are two payloads, or the one is cut off.
    """
    return find_element(file) if _is_matroska(file) else find_box(file)


def _is_matroska(file: BinaryIO) -> bool:
    file.seek(0)
    return file.read(len(_EBML)) == _EBML
