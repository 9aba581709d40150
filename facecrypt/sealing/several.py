"""Of several payloads beside a file each may open it: what is changed is all of them."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from facecrypt.errors import AuthenticationError, ContainerError, MediaError
from facecrypt.files import open_regular
from facecrypt.sealing.carriers.sidecar_names import sidecars_of
from facecrypt.sealing.header import Header
from facecrypt.sealing.payload import read_header

__all__ = ["Change", "changed_headers", "warn_of_others"]

Change = Callable[[Header], Header]


def changed_headers(headers: Sequence[Header], change: Change) -> list[Header | None]:
    """What each becomes; None for one that the change refuses, as that of another sealing.

    Raises
    ------
    AuthenticationError
        It refuses all; that of the last.
    """
    found: list[Header | None] = []
    refused = None
    for header in headers:
        try:
            found.append(change(header))
        except AuthenticationError as error:
            found.append(None)
            refused = error
    if refused is not None and not any(found):
        raise refused
    return found


def warn_of_others(path: Path, is_right: Callable[[Header], bool]) -> None:
    """Say which sidecars beside a file are not as is asked: who looks at the file alone would
    believe that nobody opens it who does with one of these.

    Parameters
    ----------
    path : Path
        That was changed, or found to be as it is to be.
    is_right : callable
        Whether a header is as it is to be, be it of another sealing.
    """
    others = []
    for beside in sidecars_of(path, lately=True):
        with suppress(ContainerError, MediaError), open_regular(beside) as file:
            if is_right(read_header(file)):
                continue
        others.append(beside.name)
    if others:
        warnings.warn(
            f"{path}: beside it lie sidecars of other sealings, which these keys do not open or "
            f"which do not fit, and which stay as they are: {', '.join(others)}",
            stacklevel=4,
        )
