"""What a carrier is: a file format that a sealed picture can be, and what goes in and out of it."""

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, Self

import numpy as np

from facecrypt.errors import MediaError
from facecrypt.files import PathLike
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.media import Picture, decode_image, encode_image
from facecrypt.media.pictures import read_file
from facecrypt.media.readers import file_suffix
from facecrypt.sealing.header import Header
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.payload import Payload

__all__ = [
    "PIXELS",
    "Carrier",
    "FileCarrier",
    "Opened",
    "OpenedFile",
    "PayloadLike",
    "Rewritten",
    "SealedFile",
    "Source",
]

# Files that are written of pixels, whatever was sealed.
PIXELS = (".png", ".tif", ".tiff")


@dataclass(frozen=True)
class Source:
    """A file that was read, once.

    Parameters
    ----------
    data : bytes
    path : Path, optional
        Where it lies, for a payload beside it; None for a file in memory.
    """

    data: bytes
    path: Path | None = None

    @classmethod
    def read(cls, path: PathLike) -> Self:
        """Read a file; MediaError where that fails or it is no kind of picture."""
        return cls(read_file(path), Path(path))

    def decode(self, *, keep_metadata: bool = False) -> Picture:
        """The picture in it; warnings name the file, and errors leave that to the caller."""
        return decode_image(self.data, keep_metadata=keep_metadata, name=self.name)

    @property
    def suffix(self) -> str:
        """Of its path, where there is one."""
        return "" if self.path is None else self.path.suffix

    @property
    def name(self) -> str:
        """What warnings begin with: the path, where there is one."""
        return "" if self.path is None else f"{self.path}: "


class SealedFile(NamedTuple):
    """What sealing gives: a file, and its payload where that lies beside it."""

    header: Header
    data: bytes
    beside: bytes | None = None


class Rewritten(NamedTuple):
    """A sealed file with another payload.

    Attributes
    ----------
    header : Header
    data : bytes, optional
        The whole file; None where it stays as it is, to the byte.
    beside : bytes, optional
        The payload, where that lies beside it.
    """

    header: Header
    data: bytes | None
    beside: bytes | None = None


@dataclass(frozen=True)
class Opened:
    """What opening gives.

    Parameters
    ----------
    header : Header
    given : Picture or bytes
        With the faces that were opened: pixels, or a whole file of the kind that was sealed.
    edited : bool
        The picture was changed outside the regions since it was sealed.
    regions : tuple of int
        Numbers of the regions that were opened.
    whole : bool
        The content key was there, so that the header was checked too.
    original : bytes, optional
        The file that was sealed as pixels, where all of them were opened.
    unerased : tuple of int
        Numbers of forgotten regions whose encrypted face is still in the file, not in `given`.
    """

    header: Header
    given: Picture | bytes
    edited: bool
    regions: tuple[int, ...]
    whole: bool
    original: bytes | None = None
    unerased: tuple[int, ...] = ()

    @cached_property
    def picture(self) -> Picture:
        """The opened picture, decoded."""
        if isinstance(self.given, Picture):
            return self.given
        return decode_image(self.given, keep_metadata=True)

    @property
    def pixels(self) -> np.ndarray:
        """The opened pixels."""
        return self.picture.pixels

    def file(self, suffix: str) -> bytes | None:
        """What there is as a file, if it is one that a name of this suffix promises; else None."""
        whole = self.given if isinstance(self.given, bytes) else self.original
        if whole is not None and file_suffix(whole[:64], suffix) == suffix.lower():
            return whole
        return None

    def can_be(self, suffix: str) -> bool:
        """Whether :meth:`encode` gives a file for a name of this suffix."""
        return suffix.lower() in PIXELS or self.file(suffix) is not None

    def encode(self, suffix: str) -> bytes:
        """The file to give back: that which was sealed, or pixels in the format of the suffix."""
        whole = self.file(suffix)
        if whole is not None:
            return whole
        if not self.can_be(suffix):
            names = ".png"
            if self.original is not None:
                names += f", or {file_suffix(self.original[:64])} for the file that was sealed"
            raise MediaError(
                f"was sealed as pixels, and {suffix} does not keep every pixel; name it {names}"
            )
        picture = self.picture
        return encode_image(
            suffix, picture.pixels, icc=picture.icc, exif=picture.exif, colour=picture.colour
        )


class OpenedFile(NamedTuple):
    """What opening gives of a file that is too large for memory.

    Attributes
    ----------
    header : Header
    path : Path
        The file that was written, or checked.
    edited, regions, whole, unerased
        As of :class:`Opened`.
    """

    header: Header
    path: Path
    edited: bool
    regions: tuple[int, ...]
    whole: bool
    unerased: tuple[int, ...] = ()


class FileCarrier(Protocol):
    """A format of files that are too large for memory: all goes from path to path.

    What is said of :class:`Carrier` holds. A new one is a line in ``FILE_CARRIERS``.

    Attributes
    ----------
    name : str
    suffixes : tuple of str
        Of the files it writes.
    beside : bool
        False: a file with a sidecar is changed by its sidecar alone.
    head : int
        By how many bytes its files are known.
    """

    name: str
    suffixes: tuple[str, ...]
    beside: bool
    head: int

    def claims(self, head: bytes) -> bool:
        """Whether a file that begins so is of this kind, plain or sealed."""

    def sealed_suffix(self, head: bytes, suffix: str) -> str:
        """That of the sealed form of a file, which has `suffix`."""

    def find_headers(self, path: Path) -> list[Header]:
        """The headers of a file; several only where without a key nothing tells which counts."""

    def find_payload(self, path: Path) -> "PayloadLike":
        """The payload of a file that has one; ContainerError where it has several."""

    def seal(
        self, src: Path, dst: Path, recipients: Sequence[RecipientLike], options: Seal
    ) -> Header:
        """Seal a plain file."""

    def open(
        self,
        src: Path,
        dst: Path,
        identities: Sequence[Unwraps | RegionKey],
        options: Open,
        *,
        exact: bool,
    ) -> OpenedFile:
        """Open a sealed file; unless `exact` is asked for, the result has the suffix it had."""

    def check(self, src: Path, identities: Sequence[Unwraps | RegionKey]) -> OpenedFile:
        """Check all that the identities can open."""

    def check_opened(
        self, src: Path, dst: Path, identities: Sequence[Unwraps | RegionKey], options: Open
    ) -> OpenedFile:
        """MediaError where a file is not what :meth:`open` would write there."""

    def is_edited(self, path: Path, header: Header) -> bool:
        """Whether what is public of a sealed file was changed."""

    def change(
        self,
        path: Path,
        output: Path | None,
        change: Callable[[Header], Header],
        *,
        overwrite: bool,
    ) -> Header:
        """Write a sealed file with another header, without parts that it says are forgotten."""

    def is_of(self, output: Path, header: Header, source: Path) -> bool:
        """Whether a sealed file is that of a source, as far as shows without a key."""

    def is_beside(self, output: Path) -> bool:
        """Whether the payload of a sealed file lies in a file of its own."""


class PayloadLike(Protocol):
    """A payload, in memory or in its file: each part has a length."""

    @property
    def header(self) -> Header: ...
    @property
    def regions(self) -> Sequence[Sized]: ...
    @property
    def private(self) -> Sequence[Sized]: ...


class Carrier(Protocol):
    """One file format. A new one is a module here, a line in ``CARRIERS``, vectors, a row of
    docs/format.md.

    Attributes
    ----------
    name : str
        As ``facecrypt inspect`` and docs/format.md name it.
    suffixes : tuple of str
        Of the files it writes.
    beside : bool
        Whether the payload lies in a file of its own.
    """

    name: str
    suffixes: tuple[str, ...]
    beside: bool

    def claims(self, head: bytes) -> bool:
        """Whether it seals plain files that begin so; 64 bytes if there are."""

    def find_payloads(self, file: BinaryIO, path: Path | None) -> list[bytes]:
        """The payload's bytes, sound or not; none where this is no sealed file of the carrier.

        They are more than one only where without a key nothing tells which is the file's own.

        Parameters
        ----------
        file : binary file, at its beginning
            Need not be read to the end.
        path : Path, optional
            Where the file lies.
        """

    def seal(
        self, source: Source, recipients: Sequence[RecipientLike], options: Seal, suffix: str
    ) -> SealedFile:
        """Seal a plain picture into a file of the format that `suffix` names."""

    def open(
        self,
        source: Source,
        payload: Payload,
        identities: Sequence[Unwraps | RegionKey],
        options: Open,
    ) -> Opened:
        """Open a sealed file whose payload was found.

        Raises
        ------
        AuthenticationError
            No identity opens it, or it was changed.
        ContainerError
            The file is damaged, or its header is that of another picture.
        """

    def is_edited(self, source: Source, header: Header) -> bool:
        """Whether what is public of a sealed file was changed since it was sealed; needs no key.

        Raises
        ------
        ContainerError
            As :meth:`open`.
        """

    def rewrite(self, file: BinaryIO, payload: Payload) -> Rewritten:
        """The same sealed file with another payload; what it shows stays as it is.

        Parameters
        ----------
        file : binary file, at its beginning
            The sealed file, whose payload :meth:`find_payloads` found.
        payload : Payload
            Of the same picture.

        Raises
        ------
        ContainerError
            The file is damaged, or has no place for this payload.
        """

    def erase(self, file: BinaryIO, payload: Payload) -> Rewritten:
        """As :meth:`rewrite`, and what the file itself holds of forgotten regions is erased.

        It may have been erased before: then it stays as it is.
        """
