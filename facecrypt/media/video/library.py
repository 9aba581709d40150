"""FFmpeg by way of PyAV: loaded when it is first wanted, its errors in our words."""

import contextlib
import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from facecrypt.errors import BackendUnavailableError, MediaError
from facecrypt.files import PathLike, media_error

__all__ = ["THREADS", "load", "said_of"]

# More make no clip faster that is not huge, and each holds frames.
THREADS = min(8, os.cpu_count() or 1)


def load() -> Any:
    """Import PyAV; BackendUnavailableError where it is missing, too old, or cannot be loaded."""
    try:
        av = import_module("av")
    except ImportError as error:
        raise BackendUnavailableError(
            f"videos need PyAV ({error}); pip install 'facecrypt[video]'"
        ) from error
    if not hasattr(av.VideoFrame, "rotation") or not hasattr(
        av.video.stream.VideoStream, "set_display_matrix"
    ):
        raise BackendUnavailableError(
            f"videos need PyAV 17.1 or later, and this is {av.__version__}; "
            "pip install -U 'facecrypt[video]'"
        )
    return av


@contextlib.contextmanager
def said_of(path: PathLike, doing: str) -> Iterator[None]:
    """Turn what FFmpeg and the system refuse into a MediaError that names the file.

    Parameters
    ----------
    path : path of the file
    doing : str
        What failed, as in ``cannot be opened``.
    """
    av = load()
    try:
        yield
    except MediaError:
        raise
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise MediaError(f"{path}: {doing}: damaged, or no video that FFmpeg knows") from error
    except av.error.FFmpegError as error:
        if isinstance(error, OSError) and not isinstance(error, av.error.ArgumentError):
            raise media_error(path, error) from error
        raise MediaError(f"{path}: {doing}: {error.strerror}{_log(error)}") from error
    except OSError as error:
        raise media_error(path, error) from error


def _log(error: Any) -> str:
    return f" ({error.log[2].strip()})" if error.log else ""
