"""A JPEG sealed in its coefficients: what is public of it, its parts, and the way back."""

import hashlib
import hmac
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from facecrypt.errors import (
    ALLOW_EDITED,
    AS_IT_IS,
    AuthenticationError,
    ContainerError,
    MediaError,
    UnsupportedJpegError,
)
from facecrypt.keys import RecipientLike, RegionKey, Stanza, Unwraps
from facecrypt.limits import MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES
from facecrypt.media import Picture, jpeg
from facecrypt.regions import Region, turn_back
from facecrypt.sealing.carriers.carrier import Opened, Source
from facecrypt.sealing.carriers.jpeg_private import Private
from facecrypt.sealing.ciphers import wrong_key
from facecrypt.sealing.content import Jpeg
from facecrypt.sealing.header import Header, check_counts
from facecrypt.sealing.images import EDITED, wanted_regions
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.padding import doubled, padded
from facecrypt.sealing.parts import open_part, start, unlock
from facecrypt.sealing.payload import Payload
from facecrypt.sealing.wire import canonical

__all__ = [
    "SealedJpeg",
    "has_public",
    "is_edited_jpeg",
    "is_hidden_jpeg",
    "is_public_of",
    "open_jpeg",
    "same_coefficients",
    "seal_jpeg",
    "wanted_cells",
]

_SOI = b"\xff\xd8"
_BESIDE = (
    "the colour profile, the orientation, the colour coding or the kept EXIF of the sealed JPEG "
    "was changed after sealing"
)


class SealedJpeg(NamedTuple):
    """A sealed JPEG: what is shown, and the payload.

    Attributes
    ----------
    segments : bytes
        From SOI to before the payload.
    payload : Payload
    packed : bytes
        The payload as it is written.
    public : bytes
        From DQT to EOI.
    """

    segments: bytes
    payload: Payload
    packed: bytes
    public: bytes

    def file(self, *, embedded: bool) -> bytes:
        """The file, with the payload in it or without."""
        packets = jpeg.packets(self.packed) if embedded else b""
        return b"".join((self.segments, packets, self.public))


def seal_jpeg(source: Source, recipients: Sequence[RecipientLike], options: Seal) -> SealedJpeg:
    """Seal the faces of a JPEG file, and open it again to see that it gives the file back.

    Raises
    ------
    MediaError
        It cannot be decoded, or comes out as another file when it is opened.

    Warns
    -----
    UserWarning
        Its way of coding cannot be taken apart: it was decoded and coded anew. The original
        comes back all the same.
    """
    try:
        plain = _Plain.of(source.data, keep_metadata=options.keep_metadata, name=source.name)
        wanted = plain.wanted(options, lambda: _decoded(source))
        return _seal(plain, wanted, recipients, options)
    except UnsupportedJpegError as error:
        why = error.message
    picture = source.decode(keep_metadata=options.keep_metadata)
    warnings.warn(
        f"{source.name}{why}; the sealed picture is coded anew, and larger: the original comes "
        "back from it byte for byte all the same",
        stacklevel=2,
    )
    plain = _Plain.coded_anew(picture, source.data)
    wanted = plain.wanted(options, lambda: picture)
    try:
        return _seal(plain, wanted, recipients, options)
    except UnsupportedJpegError as error:
        raise MediaError(f"cannot be sealed as JPEG: {error.message}") from error


def _decoded(source: Source) -> Picture:
    """To look for faces in: a JPEG that no decoder reads is sealed all the same without that."""
    try:
        return source.decode()
    except MediaError as error:
        raise MediaError(error.message, hint=error.hint or AS_IT_IS) from error


def wanted_cells(
    data: bytes, decode: Callable[[], Picture], header: Header, options: Seal
) -> tuple[Region, ...]:
    """The regions that :func:`seal_jpeg` would seal of a file whose sealed form has `header`;
    `decode` is asked for its pixels where they are needed."""
    exact = _content_of(header).exact
    plain = _Plain.of(data) if exact else _Plain.coded_anew(decode(), data)
    return plain.cells(plain.wanted(options, decode))


def is_public_of(data: bytes, decode: Callable[[], Picture], header: Header) -> bool:
    """Whether a plain file has the public coefficients that were sealed, if coded as they were;
    `decode` is as of :func:`wanted_cells`."""
    exact = _content_of(header).exact
    return has_public(data if exact else jpeg.encode(decode().pixels), header)


def same_coefficients(one: bytes, other: bytes) -> bool:
    """Whether two JPEGs have the same coefficients; UnsupportedJpegError where one cannot be
    taken apart."""
    return _all_coefficients(one) == _all_coefficients(other)


def _all_coefficients(data: bytes) -> bytes:
    digest = _digest(_content(jpeg.parse(data)))
    jpeg.tokens(data, [], digest.update)
    return digest.digest()


def has_public(data: bytes, header: Header) -> bool:
    """Whether a JPEG has the public coefficients that were sealed."""
    try:
        same = _same_frame(_content(jpeg.parse(data)), _content_of(header))
        return same and _public_digest(data, header, sealed=False) == header.public_digest
    except UnsupportedJpegError:
        return False


def _is_edited(data: bytes, header: Header) -> bool:
    """Whether the public coefficients are others, or a sealed cell is not empty."""
    return _public_digest(data, header, sealed=True) != header.public_digest


def _public_digest(data: bytes, header: Header, *, sealed: bool) -> bytes:
    content = _content_of(header)
    digest, cells = _digest(content), [content.cells(region) for region in header.regions]
    jpeg.tokens(data, cells, digest.update, sealed=sealed)
    return digest.digest()


@dataclass(frozen=True)
class _Plain:
    """A JPEG to seal, and the file it comes from, which may be coded in another way."""

    data: bytes
    original: bytes
    content: Jpeg
    segments: jpeg.Segments

    @classmethod
    def of(cls, data: bytes, *, keep_metadata: bool = False, name: str = "") -> "_Plain":
        frame = jpeg.parse(data)
        segments = jpeg.public_segments(data, frame, keep_metadata=keep_metadata, name=name)
        content = replace(_content(frame), shown=_shown(segments, exif=keep_metadata))
        return cls(data, data, content, segments)

    @classmethod
    def coded_anew(cls, picture: Picture, original: bytes) -> "_Plain":
        data = jpeg.encode(picture.pixels)
        segments = jpeg.Segments(b"", picture.exif, picture.icc, b"", 1)
        content = replace(
            _content(jpeg.parse(data)), exact=False, shown=_shown(segments, exif=True)
        )
        return cls(data, original, content, segments)

    def wanted(self, options: Seal, decode: Callable[[], Picture]) -> list[Region]:
        """Regions of the upright picture."""
        return wanted_regions(options, *self._upright(), lambda: decode().pixels)

    def cells(self, wanted: Sequence[Region]) -> tuple[Region, ...]:
        """They widened to whole cells of the picture as it is stored."""
        content, turn = self.content, self.segments.turn
        stored = (Region(*turn_back(region.box, turn, *self._upright())) for region in wanted)
        return tuple(content.region_of(content.cells(region)) for region in stored)

    def _upright(self) -> tuple[int, int]:
        """Height and width of the upright picture."""
        height, width = self.content.height, self.content.width
        return (width, height) if self.segments.turn >= 5 else (height, width)


def _content(frame: jpeg.Frame) -> Jpeg:
    return Jpeg(frame.precision, frame.width, frame.height, frame.components, frame.quant)


def _shown(segments: jpeg.Segments, *, exif: bool) -> dict[str, bytes]:
    """Digests of what is shown beside the coefficients; of EXIF where tags were kept."""
    shown = {"adobe": segments.adobe, "icc": segments.icc or b""}
    shown["exif"] = (segments.exif or b"") if exif else b""
    shown["turn"] = bytes([segments.turn]) if segments.turn != 1 else b""
    shown["colours"] = b"RGB" if segments.rgb else b""
    return {name: hashlib.sha256(data).digest() for name, data in shown.items() if data}


def _digest(content: Jpeg) -> "hashlib._Hash":
    return hashlib.sha256(b"facecrypt v2 public coefficients" + canonical(content.frame()))


def _content_of(header: Header) -> Jpeg:
    assert isinstance(header.content, Jpeg), "the carrier is chosen by the header"
    return header.content


def _same_frame(one: Jpeg, other: Jpeg) -> bool:
    return one.frame() == other.frame()


class _ContentKey:
    """Opens what was just sealed."""

    def __init__(self, key: bytes):
        self._key = key

    def unwrap(self, stanza: Stanza) -> bytes:
        return self._key


def _seal(
    plain: _Plain, wanted: Sequence[Region], recipients: Sequence[RecipientLike], options: Seal
) -> SealedJpeg:
    content, regions = plain.content, plain.cells(wanted)
    check_counts(content.shape, regions, len(recipients))
    digest = _digest(content)
    parts = jpeg.cut(plain.data, [content.cells(region) for region in regions], digest.update)
    own = (parts.recipe, parts.skeleton, parts.dummies, parts.tail)
    private = Private(
        hashlib.sha256(plain.original).digest(),
        len(plain.original),
        *(own if content.exact else (b"", b"", b"", plain.original)),
    )
    sealer = start(
        content,
        regions,
        recipients,
        options,
        public_digest=digest.digest(),
        private=("original",),
    )
    plaintexts = [
        _filled(part, content.cells(region), options)
        for part, region in zip(parts.regions, regions, strict=True)
    ]
    plaintexts.append(private.to_bytes())
    header, sealed = sealer.seal(np.frombuffer(bytearray(text), np.uint8) for text in plaintexts)
    count = len(regions)
    payload = Payload(
        header,
        [part.data for part in sealed[:count]],
        [part.data for part in sealed[count:]],
    )
    segments = _SOI + plain.segments.to_bytes()
    result = SealedJpeg(segments, payload, payload.to_bytes(), parts.public)
    # With room for a header that grows when keys are added.
    if len(result.packed) > MAX_PAYLOAD_BYTES - MAX_HEADER_BYTES:
        raise MediaError(
            f"what is sealed of it has {len(result.packed)} bytes, more than a reader takes; seal "
            "fewer or smaller regions, or drop what follows the end of the picture"
        )
    _check(result, sealer.content_key, plain)
    return result


def _filled(part: bytes, cells: tuple[int, int, int, int], options: Seal) -> bytes:
    if options.padding == "double":
        x0, y0, x1, y1 = cells
        return doubled(part, (x1 - x0) * (y1 - y0))
    return padded(part)


def _check(sealed: SealedJpeg, content_key: bytes, plain: _Plain) -> None:
    """Open what was made, as a reader does, and compare."""
    payload = Payload.from_bytes(sealed.packed)
    try:
        opened = open_jpeg(sealed.file(embedded=False), payload, [_ContentKey(content_key)], Open())
    except (ContainerError, AuthenticationError) as error:
        raise UnsupportedJpegError(f"it does not open again: {error}") from error
    if opened.given != plain.original:
        raise UnsupportedJpegError("it is coded in a way that cannot be described")


def open_jpeg(
    data: bytes,
    payload: Payload,
    identities: Sequence[Unwraps | RegionKey],
    options: Open,
) -> Opened:
    """Open what the identities can: the original file, or a JPEG with some of the faces.

    Raises
    ------
    AuthenticationError
        No identity opens it, or it was changed.
    ContainerError
        It is damaged, or the payload is that of another picture.
    """
    header = payload.header
    content = header.content
    if not isinstance(content, Jpeg) or header.private != content.private:
        raise ContainerError("the payload is that of another kind of picture, or damaged")
    sealed = _read_sealed(data, content)
    unlocked = unlock(header, identities, options.regions)
    # Copies, for a cipher may decrypt in place.
    parts = [np.array(part, np.uint8) for part in (*payload.regions, *payload.private)]
    plain = {
        index: open_part(header, index, parts[index], key, backend=options.backend).tobytes()
        for index, key in unlocked.keys.items()
    }
    rects = [content.cells(region) for region in header.regions]
    beside = _is_beside_edited(sealed, content)
    with _as_container_errors():
        if len(plain) == header.parts:
            given, edited = _original(data, rects, plain, payload)
        else:
            given, edited = None, _is_edited(data, header)
        # The original comes back whatever stands beside the coefficients, or in cells that it
        # fills; a face does not.
        if given is not None and not options.pristine:
            edited = beside = False
        if (edited or beside) and not options.allow_edited:
            if edited and (moved := jpeg.how_turned(data, rects)) is not None:
                raise ContainerError(f"the picture was {moved[0]} after sealing; {_undo(moved[1])}")
            why = EDITED if edited else _BESIDE
            raise AuthenticationError(why, hint=None if options.pristine else ALLOW_EDITED)
        if given is None:
            faces = {index: part for index, part in plain.items() if index < len(rects)}
            given = _SOI + sealed.segments.to_bytes() + jpeg.place(data, rects, faces)
    edited = edited or beside
    return Opened(header, given, edited, regions=unlocked.regions(header), whole=unlocked.whole)


def is_edited_jpeg(data: bytes, header: Header) -> bool:
    """As of :class:`Carrier`."""
    content = _content_of(header)
    sealed = _read_sealed(data, content)
    with _as_container_errors():
        return _is_edited(data, header) or _is_beside_edited(sealed, content)


def is_hidden_jpeg(data: bytes, header: Header) -> bool:
    """Whether what was sealed is hidden; not where the public coefficients were edited, for then
    that cannot be told."""
    _read_sealed(data, _content_of(header))
    with _as_container_errors():
        return not _is_edited(data, header)


def _is_beside_edited(sealed: _Plain, content: Jpeg) -> bool:
    """Whether what is shown beside the coefficients is not, or not for all, what was sealed."""
    return (
        sealed.segments.several
        or _shown(sealed.segments, exif="exif" in content.shown) != content.shown
    )


def _undo(option: str) -> str:
    return f"undo it without loss: jpegtran -copy all {option} IN > OUT".replace("  ", " ")


@contextmanager
def _as_container_errors() -> Iterator[None]:
    try:
        yield
    except UnsupportedJpegError as error:
        why = f"is damaged: {error.message}"
        if "arithmetic coding" in error.message:
            why = f"was recoded with arithmetic coding after sealing; {_undo('')}"
        raise ContainerError(f"the sealed JPEG {why}") from error


def _read_sealed(data: bytes, content: Jpeg) -> _Plain:
    with _as_container_errors():
        sealed = _Plain.of(data, keep_metadata=True)
    found = sealed.content
    if (found.precision, found.width, found.height) != (
        content.precision,
        content.width,
        content.height,
    ):
        quarter = (found.height, found.width) == (content.width, content.height)
        what = f"; if it was rotated, {_undo('-rotate 90')}, or 270" if quarter else ""
        raise ContainerError(f"the picture was rotated, cropped or resized after sealing{what}")
    if not _same_frame(found, content):
        raise ContainerError(
            "the picture was compressed again after sealing: its faces no longer fit it; "
            "get the file as it was sealed"
        )
    return sealed


def _original(
    data: bytes, rects: list[tuple[int, int, int, int]], plain: dict[int, bytes], payload: Payload
) -> tuple[bytes | None, bool]:
    """The file that was sealed, if the public coefficients are those that were; and whether
    they, or sealed cells, were edited."""
    header = payload.header
    count = len(rects)
    private, content = Private.from_bytes(plain[count]), _content_of(header)
    digest = _digest(content)
    if content.exact:
        parts = jpeg.Cut(
            b"",
            tuple(plain[index] for index in range(count)),
            private.skeleton,
            private.recipe,
            private.dummies,
            private.tail,
        )
        try:
            original = jpeg.restore(data, rects, parts, digest.update)
        except ContainerError:
            if _public_digest(data, header, sealed=True) == header.public_digest:
                raise
            return None, True
    else:
        jpeg.tokens(data, rects, digest.update)
        original = private.tail
    edited = digest.digest() != header.public_digest
    same = len(original) == private.size and hmac.compare_digest(
        hashlib.sha256(original).digest(), private.sha256
    )
    # What somebody painted into sealed cells is not in an original of the same coefficients.
    if edited and not (same and content.exact):
        return None, True
    if not same:
        raise wrong_key()
    return original, edited
