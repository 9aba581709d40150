"""What a video says of itself, and its frames as they are shown."""

from collections.abc import Iterator

import numpy as np

from facecrypt.files import PathLike
from facecrypt.media.video.model import Video

__all__ = ["probe", "read_frames"]


def probe(path: PathLike) -> Video:
    """Read what a video says of itself; no frame but the first is decoded.

    Parameters
    ----------
    path : path of the file

    Returns
    -------
    Video

    Raises
    ------
    MediaError
        No video, one without a picture, or one beyond the limits.
    BackendUnavailableError
        PyAV is not installed.
    """
    raise NotImplementedError


def read_frames(path: PathLike) -> Iterator[np.ndarray]:
    """Decode the first video stream, frame by frame, in the order in which they are shown.

    Cover art is no video stream. Frames that an edit list hides are not shown.

    Parameters
    ----------
    path : path of the file

    Yields
    ------
    numpy.ndarray
        Upright RGB of 8 bits, ``(height, width, 3)``.

    Raises
    ------
    MediaError
        A frame in the middle cannot be decoded: its number is named. A file that is cut off in
        its last frame ends before that.
    BackendUnavailableError
        PyAV is not installed.
    """
    raise NotImplementedError
