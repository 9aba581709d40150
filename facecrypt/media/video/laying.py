"""Persons laid over a public clip, which then shows them and no other."""

from collections.abc import Callable, Sequence

from facecrypt.files import PathLike
from facecrypt.media.video.model import Clip, Public

__all__ = ["lay_over"]


def lay_over(
    public: PathLike,
    clips: Sequence[Clip],
    target: PathLike,
    options: Public | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Show persons on a public clip: decode it, lay their boxes over it and encode it anew.

    Parameters
    ----------
    public : path of the public clip
        It may hold a payload, which the result has not.
    clips : sequence of Clip
    target : path
        As for :func:`write_public`.
    options : Public, optional
        By default with crf 18.
    progress : callable, optional
        Called with the number of frames done so far, after each.

    Returns
    -------
    int
        The number of frames.

    Raises
    ------
    MediaError
        The clips are not of this video, or cannot be decoded.
    BackendUnavailableError
        PyAV or the encoder is missing.
    """
    raise NotImplementedError
