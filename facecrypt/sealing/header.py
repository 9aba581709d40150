"""The header: what a sealed picture says about itself, as canonical JSON.

A header is public. It holds no clear-text secret, no file name and nothing about
a face but its place.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from facecrypt import limits
from facecrypt._version import __version__
from facecrypt.errors import ContainerError, UnsupportedVersionError
from facecrypt.keys import Stanza
from facecrypt.regions import Region
from facecrypt.sealing.content import Content, Jpeg, Pixels
from facecrypt.sealing.content_video import Video
from facecrypt.sealing.stanzas import parse_stanzas
from facecrypt.sealing.wire import Reader, canonical, damaged, joined

__all__ = ["CIPHERS", "VERSION", "Header", "check_counts"]

FORMAT, VERSION = "facecrypt", 2
CIPHERS = ("logistic+aes-256-gcm", "aes-256-gcm", "logistic")
_CONTENTS: dict[str, type[Content]] = {kind.kind: kind for kind in (Pixels, Jpeg, Video)}


@dataclass(frozen=True)
class Header:
    """What is known of a sealed picture without a key.

    Parameters
    ----------
    content : Content
        What the picture is; its kind is the header's ``carrier``.
    cipher : str
        One of :data:`CIPHERS`.
    regions : tuple of Region
        In pixels of the picture as it is stored; of a video :class:`Person`, when they are seen.
    commitments : tuple of bytes
        32 bytes for each part, that is for each region and then for each private part: what
        its key has to expand to, so that nothing opens under two keys.
    tags : tuple of bytes
        One authentication tag for each part.
    digests : tuple of bytes
        32 bytes for each region: SHA-256 of its ciphertext, which a tag does not bind for who has
        the region's key. Private parts open by the content key alone, so tags do for them.
    stanzas : tuple of dict
        The content key, wrapped once for each recipient.
    public_digest : bytes
        SHA-256 of what is outside the regions.
    private : tuple of str
        Names of the parts that only the content key opens.
    forgotten : tuple of int or str
        Regions, by rising number, and then private parts, by name, whose ciphertext was erased
        after sealing: nobody opens them any more. Their commitments, tags and digests stay, and
        so do the keys of the other regions.
    software : str
        What wrote the file.
    request : bytes
        8 bytes that say how the sealing was asked for (`Seal.request`), or none. By them a
        later run knows whether this picture was sealed as it is asked to.
    mac : bytes
        HMAC-SHA-256 of all the rest under a subkey of the content key.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_image
    >>> photo, faces = np.zeros((48, 64, 3), np.uint8), [Region(8, 8, 40, 40)]
    >>> header = encrypt_image(photo, SecretKey.generate(), regions=faces).header
    >>> header.carrier, header.shape, header.regions[0].box
    ('pixels', (48, 64, 3), (8, 8, 40, 40))
    >>> Header.from_bytes(header.to_bytes()) == header
    True
    """

    content: Content
    cipher: str
    regions: tuple[Any, ...]
    commitments: tuple[bytes, ...]
    tags: tuple[bytes, ...]
    digests: tuple[bytes, ...]
    stanzas: tuple[Stanza, ...]
    public_digest: bytes
    private: tuple[str, ...] = ()
    forgotten: tuple[int | str, ...] = ()
    software: str = f"facecrypt {__version__}"
    request: bytes = b""
    mac: bytes = b""

    @property
    def carrier(self) -> str:
        """``"pixels"``, ``"jpeg"`` or ``"video"``."""
        return self.content.kind

    @property
    def shape(self) -> tuple[int, ...]:
        """``(H, W)`` or ``(H, W, C)``."""
        return self.content.shape

    @property
    def dtype(self) -> str:
        """``"uint8"`` or ``"uint16"``."""
        return self.content.dtype

    @property
    def parts(self) -> int:
        """How many there are: regions and private parts."""
        return len(self.regions) + len(self.private)

    @property
    def forgotten_parts(self) -> frozenset[int]:
        """Numbers of the parts that were forgotten: of regions, and of private parts after them."""
        first = len(self.regions)
        names = {name: first + place for place, name in enumerate(self.private)}
        return frozenset(item if isinstance(item, int) else names[item] for item in self.forgotten)

    @property
    def forgotten_regions(self) -> tuple[int, ...]:
        """Numbers of the regions that were forgotten."""
        return tuple(item for item in self.forgotten if isinstance(item, int))

    @property
    def tag_size(self) -> int:
        return 32 if self.cipher == "logistic" else 16

    def _lasting(self) -> dict[str, Any]:
        """What stays when recipients change, and is known before anything is encrypted."""
        fields = {
            "format": FORMAT,
            "version": VERSION,
            "software": self.software,
            "carrier": self.carrier,
            "cipher": self.cipher,
            "public_sha256": self.public_digest.hex(),
            "regions": [self.content.region_fields(region) for region in self.regions],
            "commitments": joined(self.commitments),
        }
        if self.request:
            fields["request"] = self.request.hex()
        if self.private:
            fields["private"] = list(self.private)
        return fields | self.content.fields()

    def _sealed(self) -> dict[str, Any]:
        """What stays when recipients change or parts are forgotten."""
        return self._lasting() | {"tags": joined(self.tags), "digests": joined(self.digests)}

    def _all(self) -> dict[str, Any]:
        fields = self._sealed() | {"keys": [dict(stanza) for stanza in self.stanzas]}
        return fields | ({"forgotten": list(self.forgotten)} if self.forgotten else {})

    def aad(self) -> bytes:
        """What every tag authenticates besides its part: a hash of what was known before any part
        was encrypted, but for the keys."""
        return self._aad

    # Once for all parts: the cost must not grow with the square of their number.
    @cached_property
    def _aad(self) -> bytes:
        return hashlib.sha256(b"facecrypt v2 aad" + canonical(self._lasting())).digest()

    @property
    def picture_id(self) -> bytes:
        """16 bytes that name this sealed picture, for ever: neither other recipients nor parts
        that are forgotten change them.

        A region key says to which picture it belongs. They cover the digests of the regions'
        ciphertexts, so nobody who holds the key of a region can seal another face in its place.
        """
        text = canonical(self._sealed())
        return hashlib.sha256(b"facecrypt v2 picture" + text).digest()[:16]

    def mac_input(self) -> bytes:
        """What the MAC authenticates: all but itself."""
        return canonical(self._all())

    def to_bytes(self) -> bytes:
        """Canonical JSON in ASCII: keys sorted, no spaces."""
        return canonical(self._all() | {"mac": self.mac.hex()})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Parse and check a header.

        Raises
        ------
        UnsupportedVersionError
            A facecrypt header of another version.
        ContainerError
            Anything else that :meth:`to_bytes` would not have written.
        """
        if len(data) > limits.MAX_HEADER_BYTES:
            raise ContainerError(
                f"the header has {len(data)} bytes; at most {limits.MAX_HEADER_BYTES} may be"
            )
        try:
            fields = json.loads(bytes(data).decode("ascii"))
        except (ValueError, RecursionError):
            raise damaged("it is not valid JSON") from None
        header = cls._parse(fields)
        if header.to_bytes() != data:
            raise damaged("it is not in canonical form")
        return header

    def checked(self) -> Self:
        """Itself, if a reader will take it; ContainerError says what one would not."""
        return self.from_bytes(self.to_bytes())

    @classmethod
    def _parse(cls, fields: Any) -> Self:
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise ContainerError("not a facecrypt header")
        _check_version(fields.get("version"))
        read = Reader(fields)
        content = _CONTENTS[read.choice("carrier", tuple(_CONTENTS))].parse(read)
        items, stanzas = read.items("regions"), read.items("keys")
        check_counts(content.shape, (), len(stanzas), regions_listed=len(items))
        regions = tuple(content.parse_region(item) for item in items)
        if not content.streamed:
            _check_places(content.shape, regions, len(stanzas))
        private = tuple(read.items("private")) if "private" in read else ()
        if private != tuple(name for name in content.private if name in private):
            raise damaged("private does not name parts of this carrier, each once and in order")
        cipher = read.choice("cipher", CIPHERS)
        count = len(regions) + len(private)
        return cls(
            content=content,
            cipher=cipher,
            regions=regions,
            commitments=read.entries("commitments", count, 32),
            tags=read.entries("tags", count, 32 if cipher == "logistic" else 16),
            digests=read.entries("digests", len(regions), 32),
            stanzas=parse_stanzas(stanzas),
            public_digest=read.hex("public_sha256", 32),
            private=private,
            forgotten=_parse_forgotten(read, len(regions), private),
            software=read.words("software", limits.MAX_SOFTWARE),
            request=read.hex("request", 8) if "request" in read else b"",
            mac=read.hex("mac", 32),
        )


def _check_places(shape: Sequence[int], regions: Sequence[Region], recipients: int) -> None:
    check_counts(shape, regions, recipients)
    height, width = shape[:2]
    for index, region in enumerate(regions):
        if region.clip(height, width) != region:
            raise ContainerError(f"region {index} {region.box} lies outside the picture")


def _parse_forgotten(read: Reader, regions: int, private: tuple[str, ...]) -> tuple[int | str, ...]:
    if "forgotten" not in read:
        return ()
    items = read.items("forgotten")
    numbers = [item for item in items if type(item) is int and 0 <= item < regions]
    names = [name for name in private if name in items]
    if not items or items != [*sorted(set(numbers)), *names]:
        raise damaged("forgotten does not list regions and private parts, each once and in order")
    return tuple(items)


def _check_version(version: Any) -> None:
    if version == VERSION and type(version) is int:
        return
    if version == 1:
        raise UnsupportedVersionError(
            "format version 1 was written by a pre-release and is not read any more; "
            "seal the original again"
        )
    raise UnsupportedVersionError(
        f"format version {version!r} is not known to facecrypt "
        f"{__version__}, which reads version {VERSION}; a newer release may"
    )


def check_counts(
    shape: Sequence[int],
    regions: Sequence[Region],
    recipients: int,
    *,
    regions_listed: int | None = None,
) -> None:
    """Refuse what no reader would take, as far as it is known before any work is done.

    Parameters
    ----------
    shape : sequence of int
    regions : sequence of Region
    recipients : int
    regions_listed : int, optional
        How many regions there are, where they are not parsed yet.

    Raises
    ------
    ContainerError
        The picture is too large, or there are too many regions or recipients; what there
        is and how much may be.
    """
    height, width = shape[:2]
    if max(height, width) > limits.MAX_SIDE or height * width > limits.MAX_PIXELS:
        raise ContainerError(
            f"a picture of {width}x{height} pixels; at most {limits.MAX_PIXELS} in all and "
            f"{limits.MAX_SIDE} a side can be sealed; scale or cut the picture"
        )
    for count, what, limit in (
        (len(regions) if regions_listed is None else regions_listed, "regions", limits.MAX_REGIONS),
        (recipients, "recipients", limits.MAX_STANZAS),
    ):
        if count > limit:
            raise ContainerError(f"{count} {what}; at most {limit} may be in a header")
    covered = sum(region.width * region.height for region in regions)
    if covered > limits.MAX_COVERED * height * width:
        raise ContainerError(
            f"the boxes of the regions have {covered / (height * width):.1f} times the pixels of "
            f"the picture; at most {limits.MAX_COVERED} times may be; "
            "use fewer or smaller regions, or one for the whole picture"
        )
