"""Schemes by name: our own, those that a program registers, and those of installed plug-ins.

A plug-in is a distribution that has an entry point in the group ``facecrypt.schemes``: by the name
of its scheme, a subclass of :class:`facecrypt.schemes.Scheme`. They are loaded when schemes are
listed, or one is looked up that is not known yet.
"""

import re
from importlib.metadata import EntryPoint, entry_points
from threading import RLock
from typing import TypeVar

from facecrypt.errors import UnknownSchemeError
from facecrypt.schemes.base import Scheme

__all__ = ["broken", "get", "names", "own", "own_names", "register"]

_GROUP = "facecrypt.schemes"
Kind = TypeVar("Kind", bound=type[Scheme])

_schemes: dict[str, Scheme] = {}
_own: list[str] = []
_broken: list[tuple[str, str]] = []  # names of entry points, and what is wrong
# Reentrant: a plug-in may look a scheme up while it is imported.
_loading = RLock()
_loaded = False


def own(kind: Kind) -> Kind:
    """Class decorator of our schemes: each is known once its module is imported."""
    register(kind())
    _own.append(kind.name)
    return kind


def register(scheme: Scheme) -> None:
    """Make a scheme known under its name.

    Raises
    ------
    ValueError
        Another scheme has that name, or it is none that a cipher's note can hold.
    """
    if not re.fullmatch(r"[a-z0-9-]{1,64}", scheme.name):
        raise ValueError(
            f"a scheme's name is 1 to 64 of a-z, 0-9 and -, received {scheme.name!r}; "
            "files could not be decrypted under another"
        )
    if scheme.name in _schemes:
        raise ValueError(f"a scheme {scheme.name!r} is registered already")
    _schemes[scheme.name] = scheme


def get(name: str) -> Scheme:
    """The scheme of that name.

    Raises
    ------
    UnknownSchemeError
        None is registered or installed; the message names those that are, and says why a plug-in
        of that name could not be loaded.

    Examples
    --------
    >>> get("pbe").name
    'pbe'
    """
    if name not in _schemes:
        _load_plug_ins()
    if name not in _schemes:
        reasons = "".join(f"; {reason}" for wanted, reason in _broken if wanted == name)
        raise UnknownSchemeError(f"no scheme {name!r}; there are {', '.join(names())}{reasons}")
    return _schemes[name]


def names() -> list[str]:
    """Names of all schemes, in order of the alphabet, those of plug-ins included."""
    _load_plug_ins()
    return sorted(_schemes)


def own_names() -> list[str]:
    """Names of the schemes of this package alone, in order of the alphabet."""
    return sorted(_own)


def broken() -> list[str]:
    """A sentence for each plug-in that could not be loaded; the others work."""
    _load_plug_ins()
    return [reason for _, reason in _broken]


def _load_plug_ins() -> None:
    global _loaded  # noqa: PLW0603
    with _loading:
        if _loaded:
            return
        _loaded = True
        for entry in entry_points(group=_GROUP):
            try:
                register(_scheme_of(entry))
            except Exception as error:
                # Whatever a plug-in raises, the schemes of others stay of use.
                whose = f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
                reason = f"{type(error).__name__}: {error}"
                reason = f"plug-in {entry.name!r}{whose} could not be loaded: {reason}"
                _broken.append((entry.name, reason))


def _scheme_of(entry: EntryPoint) -> Scheme:
    kind = entry.load()
    if not (isinstance(kind, type) and issubclass(kind, Scheme)):
        raise TypeError(f"{entry.value} must be a subclass of facecrypt.schemes.Scheme")
    scheme = kind()
    if scheme.name != entry.name or scheme.key_type.scheme != entry.name:
        raise ValueError(
            f"{entry.value} is named {scheme.name!r} and its key {scheme.key_type.scheme!r}; "
            "both must be the name of the entry point"
        )
    return scheme
