"""Whether a video is all there: what a container says of its own length.

Readers of Matroska and AVI end without a word where a file ends that was not loaded to its end.
"""

import struct
from typing import BinaryIO

from facecrypt.errors import ContainerError
from facecrypt.media.video import matroska, mp4
from facecrypt.media.video.place import size_of

__all__ = ["ends_early"]


def ends_early(file: BinaryIO, kind: str) -> bool:
    """Whether a file is shorter than it says.

    Broadcasts do not say how long they are, nor do recordings that were never finished.

    Parameters
    ----------
    file : binary file
        Seekable.
    kind : str
        Its container, as :func:`facecrypt.media.video.container_of` names it.
    """
    end, said = size_of(file), None
    try:
        if kind in {"mkv", "webm"}:
            said = matroska.said_end(file)
        elif kind in {"mp4", "mov"}:
            said = mp4.said_end(file)
        elif kind == "avi":
            said = _riff_end(file)
    except ContainerError:  # too many boxes to look at them all
        return False
    return said is not None and said > end


def _riff_end(file: BinaryIO) -> int:
    file.seek(4)
    (size,) = struct.unpack("<I", file.read(4).rjust(4, b"\0"))
    return 8 + size
