"""What a sealed file is without opening it, and which of its faces keys would open."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facecrypt.errors import AuthenticationError, ForgottenError
from facecrypt.files import PathLike
from facecrypt.keys import RegionKey, Unwraps
from facecrypt.media.pictures import naming
from facecrypt.sealing.finding import find_sealed, is_edited
from facecrypt.sealing.header import Header
from facecrypt.sealing.parts import unlock

__all__ = ["Overview", "overview"]


@dataclass(frozen=True)
class Overview:
    """What :func:`overview` found.

    Parameters
    ----------
    header : Header
        Of several beside a picture the one that the keys open, else the first.
    carrier : str
        "png", "jpeg", "sidecar" or "video".
    opens : tuple of int, optional
        Numbers of the regions that the keys would open; None where they open nothing at all, or
        none were given.
    whole : bool
        The keys open all of it.
    edited : bool, optional
        What is public was changed since it was sealed; None where that was not looked at.
    """

    header: Header
    carrier: str
    opens: tuple[int, ...] | None
    whole: bool
    edited: bool | None

    @property
    def faces(self) -> int:
        """How many there are to be opened."""
        return len(self.header.regions) - len(self.header.forgotten_regions)

    @property
    def erased(self) -> bool:
        """Whether there were faces, and all of them were forgotten."""
        return bool(self.header.regions) and self.faces == 0


def overview(
    path: PathLike, identities: Sequence[Unwraps | RegionKey] = (), *, look: bool = False
) -> Overview:
    """Look at a sealed file without opening it.

    Parameters
    ----------
    path : path of the file
    identities : sequence of identities
        Whether they would open it. No face is decrypted.
    look : bool
        Whether what is public was edited, for which the picture is decoded.

    Raises
    ------
    NotSealedError
        It has no header.
    ContainerError
        It is damaged.
    """
    carrier, headers = find_sealed(path)
    opens, whole, chosen = None, False, headers[0]
    for header in headers if identities else ():
        try:
            unlocked = unlock(header, identities, None)
        except (AuthenticationError, ForgottenError):
            continue
        opens, whole, chosen = unlocked.regions(header), unlocked.whole, header
        break
    edited = None
    if look:
        with naming(path):
            edited = is_edited(Path(path), carrier, chosen)
    return Overview(chosen, carrier.name, opens, whole, edited)
