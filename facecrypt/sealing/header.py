"""The header: what a sealed picture says about itself, as canonical JSON.

A header is public. It holds no clear-text secret, no file name and nothing about
a face but its place. One header has exactly one spelling: what does not
re-serialise to the same bytes is refused, so nothing can be smuggled into one.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from facecrypt import keys, limits
from facecrypt._version import __version__
from facecrypt.errors import ContainerError, UnsupportedVersionError
from facecrypt.keys import Stanza
from facecrypt.regions import SHAPES, Region, claims

__all__ = ["CIPHERS", "Header", "Sealed", "check_counts", "public_digest"]

FORMAT, VERSION = "facecrypt", 1
CIPHERS = ("logistic+aes-256-gcm", "aes-256-gcm", "logistic")


@dataclass(frozen=True)
class Header:
    """What is known of a sealed picture without a key.

    Parameters
    ----------
    shape : tuple of int
        ``(H, W)`` or ``(H, W, C)``.
    dtype : {"uint8", "uint16"}
    cipher : str
        One of :data:`CIPHERS`.
    regions : tuple of Region
    tags : tuple of bytes
        One authentication tag for each region.
    stanzas : tuple of dict
        The content key, wrapped once for each recipient.
    public_digest : bytes
        SHA-256 of the pixels outside the regions.
    software : str
        What wrote the file.
    request : bytes
        8 bytes that say how the sealing was asked for (`Seal.request`), or none. By them a
        later run knows whether this picture was sealed as it is asked to.
    mac : bytes
        HMAC-SHA-256 of all the rest under a subkey of the content key.
    """

    shape: tuple[int, ...]
    dtype: str
    cipher: str
    regions: tuple[Region, ...]
    tags: tuple[bytes, ...]
    stanzas: tuple[Stanza, ...]
    public_digest: bytes
    software: str = f"facecrypt {__version__}"
    mac: bytes = b""
    request: bytes = b""

    def _fields(self) -> dict[str, Any]:
        asked = {"request": self.request.hex()} if self.request else {}
        return asked | {
            "format": FORMAT,
            "version": VERSION,
            "software": self.software,
            "cipher": self.cipher,
            "image": {"shape": list(self.shape), "dtype": self.dtype},
            "public_sha256": self.public_digest.hex(),
            "keys": [dict(stanza) for stanza in self.stanzas],
            "regions": [_region_fields(region) for region in self.regions],
        }

    def aad(self) -> bytes:
        """What every region's tag authenticates besides its pixels: all but tags and MAC."""
        return _canonical(self._fields())

    def mac_input(self) -> bytes:
        """What the MAC authenticates: all but itself."""
        return _canonical(self._fields() | {"tags": [tag.hex() for tag in self.tags]})

    def to_bytes(self) -> bytes:
        """Canonical JSON in ASCII: keys sorted, no spaces."""
        tags = [tag.hex() for tag in self.tags]
        return _canonical(self._fields() | {"tags": tags, "mac": self.mac.hex()})

    @property
    def picture_id(self) -> bytes:
        """16 bytes that name this sealed picture; a region key says to which it belongs."""
        return hashlib.sha256(self.aad()).digest()[:16]

    @property
    def tag_size(self) -> int:
        return 32 if self.cipher == "logistic" else 16

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
            fields = json.loads(data.decode("ascii"))
        except (ValueError, RecursionError):
            raise ContainerError("the header is damaged: it is not valid JSON") from None
        header = cls._parse(fields)
        if header.to_bytes() != data:
            raise ContainerError("the header is damaged: it is not in canonical form")
        hashed = len(header.regions) * len(data)
        if hashed > limits.MAX_AUTHENTICATED_BYTES:
            raise ContainerError(
                f"{len(header.regions)} regions and a header of {len(data)} bytes: their product "
                f"may be at most {limits.MAX_AUTHENTICATED_BYTES}, for every region's tag covers "
                "the header; use fewer regions or fewer recipients"
            )
        return header

    def checked(self) -> Self:
        """Itself, if a reader will take it; ContainerError says what one would not."""
        return self.from_bytes(self.to_bytes())

    @classmethod
    def _parse(cls, fields: Any) -> Self:
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise ContainerError("not a facecrypt header")
        if fields.get("version") != VERSION:
            raise UnsupportedVersionError(
                f"format version {fields.get('version')!r} is not known to facecrypt "
                f"{__version__}, which reads version {VERSION}; a newer release may"
            )
        read = _Reader(fields)
        image = _Reader(read.object("image"))
        regions = [_parse_region(item) for item in read.items("regions")]
        tags, stanzas = read.items("tags"), read.items("keys")
        check_counts(image.sides("shape"), regions, len(stanzas))
        header = cls(
            shape=tuple(image.sides("shape")),
            dtype=image.choice("dtype", ("uint8", "uint16")),
            cipher=read.choice("cipher", CIPHERS),
            regions=tuple(regions),
            tags=tuple(_hex(tag, "tags") for tag in tags),
            stanzas=_parse_stanzas(stanzas),
            public_digest=read.hex("public_sha256", 32),
            request=_hex(fields["request"], "request", 8) if "request" in fields else b"",
            software=read.words("software", limits.MAX_SOFTWARE),
            mac=read.hex("mac", 32),
        )
        if len(header.shape) == 3 and header.shape[2] not in (1, 3, 4):
            raise ContainerError(f"image.shape names {header.shape[2]} channels; 1, 3 or 4 exist")
        height, width = header.shape[:2]
        for index, region in enumerate(header.regions):
            if region.clip(height, width) != region:
                raise ContainerError(f"region {index} {region.box} lies outside the picture")
        if [len(tag) for tag in header.tags] != [header.tag_size] * len(regions):
            raise ContainerError("the header does not hold one tag of the right size a region")
        return header


@dataclass(frozen=True)
class Sealed:
    """A sealed picture: pixels of which some are encrypted, and the header that says which.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array, uint8 or uint16
    header : Header

    Raises
    ------
    ContainerError
        Header and pixels differ in shape or dtype: the picture was resized or converted.
    """

    image: np.ndarray
    header: Header

    def __post_init__(self) -> None:
        found = (tuple(self.image.shape), self.image.dtype.name)
        expected = (self.header.shape, self.header.dtype)
        if found != expected:
            raise ContainerError(
                f"the header belongs to a picture of shape {expected[0]} and type {expected[1]}, "
                f"this one is {found[0]}, {found[1]}: it was resized or converted after sealing"
            )

    @property
    def edited(self) -> bool:
        """Whether the pixels outside the regions differ from those that were sealed."""
        return public_digest(self.image, self.header.regions) != self.header.public_digest


def check_counts(shape: Sequence[int], regions: Sequence[Region], recipients: int) -> None:
    """Refuse what no reader would take, as far as it is known before any work is done.

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
        (len(regions), "regions", limits.MAX_REGIONS),
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


def public_digest(image: np.ndarray, regions: Sequence[Region]) -> bytes:
    """SHA-256 of shape, dtype and pixels, those of the regions counted as zero.

    Samples of two bytes are hashed in little-endian order on every machine.
    """
    public = np.array(image, dtype=image.dtype.newbyteorder("<"), order="C")
    for claim in claims(regions, *image.shape[:2]):
        # Zeroing the owned pixels of each region zeroes their union.
        crop = public[claim.y0 : claim.y1, claim.x0 : claim.x1]
        crop[... if claim.mask is None else claim.mask] = 0
    label = _canonical({"dtype": image.dtype.name, "shape": list(image.shape)})
    digest = hashlib.sha256(b"facecrypt v1 public pixels" + label)
    digest.update(public.data)
    return digest.digest()


def _canonical(fields: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError:
        raise ContainerError("the header is damaged: a number is not finite") from None
    return text.encode("ascii")


def _region_fields(region: Region) -> dict[str, Any]:
    fields: dict[str, Any] = {"shape": region.shape, "box": list(region.box)}
    if region.score is not None:
        fields["score"] = region.score
    return fields


class _Reader:
    """Typed access to a JSON object; what is not as it should be is a ContainerError."""

    def __init__(self, fields: Any):
        self._fields = fields if isinstance(fields, dict) else {}

    def _get(self, name: str, check: Callable[[Any], bool], expected: str) -> Any:
        value = self._fields.get(name)
        if not check(value):
            raise ContainerError(f"the header is damaged: {name} is not {expected}")
        return value

    def text(self, name: str, pattern: str, expected: str) -> str:
        return self._get(
            name, lambda v: isinstance(v, str) and re.fullmatch(pattern, v) is not None, expected
        )

    def words(self, name: str, limit: int) -> str:
        return self.text(
            name, rf"[ -~]{{0,{limit}}}", f"printable ASCII of at most {limit} characters"
        )

    def base64(self, name: str, size: int) -> str:
        return self._get(
            name,
            lambda v: len(keys.unb64(v)) == size,
            f"{size} bytes in base64",
        )

    def object(self, name: str) -> dict[str, Any]:
        return self._get(name, lambda v: isinstance(v, dict), "an object")

    def items(self, name: str) -> list[Any]:
        return self._get(name, lambda v: isinstance(v, list), "a list")

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        return self._get(name, lambda v: v in choices, f"one of {', '.join(choices)}")

    def any(self, name: str) -> Any:
        return self._fields.get(name)

    def hex(self, name: str, size: int) -> bytes:
        return _hex(self.any(name), name, size)

    def integer(self, name: str, low: int, high: int) -> int:
        return self._get(
            name, lambda v: type(v) is int and low <= v <= high, f"an integer of {low} to {high}"
        )

    def sides(self, name: str) -> list[int]:
        return self._get(
            name,
            lambda v: (
                isinstance(v, list)
                and len(v) in (2, 3)
                and all(type(n) is int and n >= 1 for n in v)
            ),
            "two or three sizes",
        )


def _hex(text: Any, name: str, size: int | None = None) -> bytes:
    if not isinstance(text, str) or not re.fullmatch(r"([0-9a-f]{2})*", text):
        raise ContainerError(f"the header is damaged: {name} is not hexadecimal")
    if size is not None and len(text) != 2 * size:
        raise ContainerError(f"the header is damaged: {name} is not {size} bytes")
    return bytes.fromhex(text)


def _parse_region(item: Any) -> Region:
    read = _Reader(item)
    box, score = read.items("box"), read.any("score")
    if len(box) != 4 or not all(type(edge) is int and abs(edge) <= limits.MAX_SIDE for edge in box):
        raise ContainerError(
            f"the header is damaged: a box is not four integers of at most {limits.MAX_SIDE}"
        )
    if score is not None and not isinstance(score, float):
        raise ContainerError("the header is damaged: a score is not a number")
    try:
        x0, y0, x1, y1 = box
        return Region(x0, y0, x1, y1, shape=read.choice("shape", SHAPES), score=score)
    except ValueError as error:
        raise ContainerError(f"the header is damaged: {error}") from None


def _parse_stanzas(items: list[Any]) -> tuple[Stanza, ...]:
    stanzas = tuple(_parse_stanza(item) for item in items)
    stretched = [stanza for stanza in stanzas if stanza["type"] == "argon2id"]
    if len(stretched) > limits.MAX_ARGON2_STANZAS:
        raise ContainerError(
            f"{len(stretched)} passphrases; at most {limits.MAX_ARGON2_STANZAS} may be in a header"
        )
    total = sum(stanza["memory"] * stanza["time"] for stanza in stretched)
    if total > limits.MAX_ARGON2_TOTAL_KIB:
        raise ContainerError(
            f"the header asks for Argon2id of {total} KiB times passes in all; "
            f"at most {limits.MAX_ARGON2_TOTAL_KIB} may be"
        )
    return stanzas


def _parse_stanza(item: Any) -> Stanza:
    read = _Reader(item)
    kind = read.choice("type", keys.STANZA_TYPES)
    stanza: dict[str, Any] = {
        "type": kind,
        "wrapped": read.base64("wrapped", keys.WRAPPED_SIZES[kind]),
    }
    if kind == "argon2id":
        memory, time, lanes = limits.ARGON2_COSTLY
        stanza["salt"] = read.base64("salt", 16)
        stanza["memory"] = read.integer("memory", limits.ARGON2_MIN_MEMORY_KIB, memory)
        stanza["time"] = read.integer("time", 1, time)
        stanza["lanes"] = read.integer("lanes", 1, lanes)
    else:
        stanza["id"] = read.text("id", "[0-9a-f]{16}", "16 hexadecimal digits")
    return stanza
