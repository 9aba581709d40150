"""Videos: what is in them, their frames, their public part, and a payload beside that.

The public part is a normal clip in which every face is filled. Nothing here knows keys or
hashes. FFmpeg, by way of PyAV, is loaded when a function first needs it: the extra
``facecrypt[video]``. Containers are walked without it.
"""

from facecrypt.media.video.laying import lay_over
from facecrypt.media.video.model import (
    Box,
    Boxes,
    Clip,
    Fate,
    Placement,
    Placements,
    Public,
    Stream,
    Video,
    Written,
)
from facecrypt.media.video.payload import append_payload, find_payload
from facecrypt.media.video.place import Place, public_chunks
from facecrypt.media.video.public import write_public
from facecrypt.media.video.reading import probe, read_frames
from facecrypt.media.video.spool import Spool, Stored
from facecrypt.media.video_kinds import HEAD, container_of, is_video, output_suffix

__all__ = [
    "HEAD",
    "Box",
    "Boxes",
    "Clip",
    "Fate",
    "Place",
    "Placement",
    "Placements",
    "Public",
    "Spool",
    "Stored",
    "Stream",
    "Video",
    "Written",
    "append_payload",
    "container_of",
    "find_payload",
    "is_video",
    "lay_over",
    "output_suffix",
    "probe",
    "public_chunks",
    "read_frames",
    "write_public",
]
