"""The page that opens sealed files in a browser: for who has a key and no Python.

``opener.html`` is one file without any reference to the network. ``tools/build_opener.py`` builds
it from ``opener/`` and ``csrc/``.
"""

from importlib.resources import files

from facecrypt.files import PathLike, atomic_write

__all__ = ["page", "write_page"]


def page() -> bytes:
    """The page, as UTF-8.

    Examples
    --------
    >>> page()[:15]
    b'<!doctype html>'
    """
    return (files(__name__) / "opener.html").read_bytes()


def write_page(path: PathLike, *, overwrite: bool = False) -> None:
    """Write the page to a file, to be opened in a browser or sent along with sealed pictures.

    Parameters
    ----------
    path : path
    overwrite : bool
        Replace a file of that name.

    Raises
    ------
    MediaError
        It cannot be written, or exists.
    """
    atomic_write(path, page(), overwrite=overwrite)
