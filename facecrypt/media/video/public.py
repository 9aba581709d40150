"""The public part of a video: a normal clip in which every face is filled."""

from collections.abc import Callable, Mapping
from pathlib import Path

from facecrypt.files import PathLike
from facecrypt.media.video.model import Boxes, Public, Written

__all__ = ["write_public"]


def write_public(
    source: PathLike,
    target: PathLike,
    boxes: Boxes,
    options: Public | None = None,
    *,
    clips: Mapping[int, Path] | None = None,
    clip_crf: int = 23,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write the public part of a video, and a small clip of each person who is asked for.

    Faces are filled in the stored frames before anything is encoded, so no trace of them is in
    the result. Sound and text subtitles are copied. Times, rotation, the shape of pixels and the
    tags of colour and HDR stay. Metadata, places, data tracks, cover art, attachments, bitmap
    subtitles, closed captions and further video streams are left out.

    Parameters
    ----------
    source : path of the video
    target : path
        Written in place, and removed where writing fails: give a hidden name and rename it.
        The suffix chooses the container: ``.mp4``, ``.mov``, ``.mkv`` or ``.webm``, as
        :func:`output_suffix` says.
    boxes : Boxes
        Of every frame, upright; as many as :func:`read_frames` gave.
    options : Public, optional
    clips : mapping of int to path, optional
        Where the clip of each track goes: an mp4 with only that person's box of each frame.
    clip_crf : int
        Quality of these clips.
    progress : callable, optional
        Called with the number of frames done so far, after each.

    Returns
    -------
    Written

    Raises
    ------
    MediaError
        Not decodable, not as many frames as `boxes` has, beyond a limit, or no room on the disk.
    BackendUnavailableError
        PyAV or the encoder is missing.
    """
    raise NotImplementedError
