"""What finds the faces, and what does where nothing else is named."""

import os
from threading import Lock
from typing import Protocol

import numpy as np

from facecrypt.detector.mtcnn import MTCNN
from facecrypt.regions import Region

__all__ = ["Detector", "default_detector", "look"]

# By process: what a card holds for one is of no use to a process forked from it.
_opened: dict[int, MTCNN] = {}
_opening = Lock()
if hasattr(os, "register_at_fork"):
    # No child may be born while another thread, which it will not have, holds the lock.
    os.register_at_fork(
        before=_opening.acquire,
        after_in_parent=_opening.release,
        after_in_child=_opening.release,
    )


class Detector(Protocol):
    """What finds the faces; :class:`facecrypt.MTCNN` is one.

    It gets an array that it cannot write to; one that draws in it makes a copy first.

    One that has an attribute ``fingerprint``, a text that changes with whatever changes the faces
    it finds, need not look again when a batch is resumed.
    """

    def detect(self, image: np.ndarray) -> list[Region]: ...


def look(detector: Detector, image: np.ndarray) -> list[Region]:
    """What a detector finds in a picture that it cannot write to: the same array is sealed."""
    shown = image.view()
    shown.flags.writeable = False
    return detector.detect(shown)


def default_detector() -> Detector:
    """:class:`facecrypt.MTCNN` as it is by default, opened at the first call in a process.

    It may be used by many threads at once and stays open, with the memory that the largest
    picture so far needed.

    Raises
    ------
    BackendUnavailableError
        onnxruntime is missing. A later call tries again.

    Examples
    --------
    >>> default_detector() is default_detector()
    True
    """
    with _opening:
        here = os.getpid()
        if here not in _opened:
            _opened[here] = MTCNN()
        return _opened[here]
