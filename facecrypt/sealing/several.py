"""Of several payloads beside a file each may open it: what is changed is all of them."""

from collections.abc import Callable, Sequence

from facecrypt.errors import AuthenticationError
from facecrypt.sealing.header import Header

__all__ = ["Change", "changed_headers"]

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
