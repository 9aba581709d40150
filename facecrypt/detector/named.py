"""A detector of somebody else's, by the name of its module and its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from facecrypt.detector.protocol import Detector
from facecrypt.errors import FacecryptError
from facecrypt.regions import Region

__all__ = ["named_detector"]


class _Named:
    """Checks what the detector gives: it is no code of ours, and boxes decide what is hidden."""

    def __init__(self, name: str, detector: Any):
        self._name, self._detector = name, detector

    @property
    def fingerprint(self) -> str | None:
        found = getattr(self._detector, "fingerprint", None)
        return found if isinstance(found, str) else None

    def detect(self, image: np.ndarray) -> list[Region]:
        with _named_errors(self._name, FacecryptError):
            # It may draw in what it looks at.
            found = self._detector.detect(image.copy())
        if not isinstance(found, (list, tuple)):
            raise TypeError(
                f"detect of {self._name} must return a list of facecrypt.Region, received "
                f"{type(found).__name__}"
            )
        for face in found:
            if not isinstance(face, Region):
                raise TypeError(
                    f"detect of {self._name} must return facecrypt.Region objects, received "
                    f"{type(face).__name__}; Region.around(x0, y0, x1, y1) makes one"
                )
        return list(found)


def named_detector(name: str) -> Detector:
    """The detector ``MODULE:NAME``.

    Parameters
    ----------
    name : str
        The module is looked for where Python looks, then in the current folder. In it, NAME is an
        object with a method ``detect(image)`` that returns Regions, or a class or function that
        gives one when called with no argument.

    Raises
    ------
    ValueError
        No such module or name, or it raises an error.
    TypeError
        It cannot detect.

    Examples
    --------
    >>> import numpy as np
    >>> named_detector("facecrypt.detector:CenterFace").detect(np.zeros((64, 64, 3), np.uint8))
    []
    """
    module, _, attribute = name.partition(":")
    if not module or not attribute:
        raise ValueError(f"a detector is named MODULE:NAME, as mine:Finder; received {name!r}")
    found = _imported(name, module)
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ValueError(f"detector {name}: {module} has no {attribute}")
        found = getattr(found, part)
    if isinstance(found, type) or not hasattr(found, "detect"):
        if not callable(found):
            raise TypeError(_no_detector(name, found))
        with _named_errors(name, ValueError):
            found = found()
    if not callable(getattr(found, "detect", None)):
        raise TypeError(_no_detector(name, found))
    return _Named(name, found)


def _imported(name: str, module: str) -> Any:
    # Last, so that a file there replaces no module of others.
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        return import_module(module)
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"detector {name}: {module} cannot be imported ({_said(error)}); it must lie where "
            "Python looks for modules, or in the current folder"
        ) from error


@contextmanager
def _named_errors(name: str, kind: type[Exception]) -> Iterator[None]:
    """Say whose error it is; no detector ends the program."""
    try:
        yield
    except FacecryptError:
        raise
    except (Exception, SystemExit) as error:
        raise kind(f"detector {name}: {_said(error)}") from error


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _no_detector(name: str, found: object) -> str:
    return (
        f"detector {name} must be, or make when called, an object with a method detect(image) that "
        f"returns facecrypt.Region objects; it is of type {type(found).__name__}"
    )
