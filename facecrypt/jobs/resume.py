"""What counts as done: an output that is what this run would make, and no other.

Names prove nothing: cameras use them again, and a second run may ask for more. An output that
is of another picture, or made with other options, is refused by name; it is replaced only where
that was asked for.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np

from facecrypt.errors import ContainerError, MediaError, UnsupportedJpegError
from facecrypt.files import already_exists
from facecrypt.jobs.inputs import Input
from facecrypt.keys import RecipientLike, Stanza
from facecrypt.media import Picture, read_image
from facecrypt.media.pictures import naming, same_pixels
from facecrypt.regions import Region, claims
from facecrypt.sealing.carriers import (
    Carrier,
    FileCarrier,
    Opened,
    Source,
    carrier_for,
    file_carrier,
)
from facecrypt.sealing.carriers.jpeg_sealing import is_public_of, same_coefficients, wanted_cells
from facecrypt.sealing.content import Jpeg, Pixels
from facecrypt.sealing.finding import find_sealed
from facecrypt.sealing.header import Header
from facecrypt.sealing.images import regions_for
from facecrypt.sealing.options import Seal
from facecrypt.sealing.pixels import grid_of, public_digest

__all__ = ["check_opened", "check_sealed", "key_names"]

_Decode = Callable[[], Picture]


def key_names(stanzas: Iterable[Stanza]) -> Counter[tuple[str, str | None]]:
    """What a header tells of the keys it was sealed for; passphrases have no names."""
    return Counter((stanza["type"], stanza.get("id")) for stanza in stanzas)


def check_sealed(
    item: Input,
    recipients: Sequence[RecipientLike],
    names: Counter[tuple[str, str | None]],
    options: Seal,
) -> Header:
    """The header of an output that is this source, sealed as asked.

    Parameters
    ----------
    item : Input
    recipients : sequence of recipients
    names : Counter
        Their `key_names`.
    options : Seal

    Raises
    ------
    MediaError
        The output is something else; the message says what.

    Notes
    -----
    Costs a decode of the source, of an exact JPEG of its scans alone, and a SHA-256, but no
    detection, for the header says with which detector and options the faces were looked for. A
    detector without a ``fingerprint`` looks again.
    """
    carrier, headers = _sealed_output(item.output)
    # Of several beside an output each may be its own.
    for header in headers:
        if not _same_keys(header, recipients, names):
            raise already_exists(item.output, ", sealed for other keys")
        if header.content.streamed:
            _check_large(item, header, options)
        else:
            _check_header(item, cast("Carrier", carrier), header, options)
    return headers[0]


def _check_large(item: Input, header: Header, options: Seal) -> None:
    """As far as shows without a key: its date, its size, and how it was sealed."""
    request = options.request(video=True)
    same = header.request == request and any(request[1:]) and header.cipher == options.cipher
    carrier = file_carrier(item.source)
    if carrier is None or not carrier.is_of(item.output, header, item.source):
        raise already_exists(item.output, ", sealed from another file")
    if not same or carrier.is_beside(item.output) != options.sidecar:
        raise already_exists(item.output, ", sealed with other options")


def _check_header(
    item: Input,
    carrier: Carrier,
    header: Header,
    options: Seal,
) -> None:
    request, found = options.request(), header.request or bytes(8)
    search = request[1:]
    asked = carrier_for(item.output.suffix, sidecar=options.sidecar)
    same = carrier is asked and header.cipher == options.cipher
    if isinstance(header.content, Pixels):
        same = same and bool(header.private) == options.original
    # Of given regions and an unknown detector the regions themselves are compared, below.
    if not same or found[0] != request[0] or (any(search) and search != found[1:]):
        raise already_exists(item.output, ", sealed with other options")
    source = Source.read(item.source)
    # An exact JPEG need not be decoded, and there are some that no decoder reads.
    decode = lru_cache(maxsize=1)(source.decode)
    with naming(item.source):
        if not _same_picture(source, decode, header, item):
            raise already_exists(item.output, ", sealed from another picture")
        if carrier.beside and header.regions and _in_the_clear(item.output, source, decode, header):
            raise already_exists(item.output, ", and its faces are in the clear")
        if not any(search):
            wanted = [
                (region.box, region.shape) for region in _wanted(source, decode, header, options)
            ]
            if wanted != [(region.box, region.shape) for region in header.regions]:
                raise already_exists(item.output, ", sealed with other regions")


def check_opened(output: Path, opened: Opened) -> None:
    """MediaError where an output is not the picture that was opened."""
    try:
        there, file = Source.read(output), opened.file(output.suffix)
        if file is None:
            same = same_pixels(there.decode().pixels, opened.pixels)
        else:
            same = there.data == file
    except MediaError:
        same = False
    if not same:
        raise already_exists(output, " and is not this picture opened")


def _sealed_output(path: Path) -> tuple[Carrier | FileCarrier, list[Header]]:
    try:
        return find_sealed(path)
    except ContainerError:
        kind = "picture" if file_carrier(path) is None else "video"
        raise already_exists(path, f" and is not a sealed {kind}") from None


def _same_keys(
    header: Header, recipients: Sequence[RecipientLike], names: Counter[tuple[str, str | None]]
) -> bool:
    # Passphrases have no name: whether one fits, only trying tells.
    openers = [recipient.unwrap for recipient in recipients if hasattr(recipient, "unwrap")]
    return key_names(header.stanzas) == names and all(
        any(unwrap(stanza) for stanza in header.stanzas) for unwrap in openers
    )


def _wanted(source: Source, decode: _Decode, header: Header, options: Seal) -> tuple[Region, ...]:
    if isinstance(header.content, Pixels):
        return regions_for(decode().pixels, options, grid_of(header))
    return wanted_cells(source.data, decode, header, options)


def _same_picture(source: Source, decode: _Decode, header: Header, item: Input) -> bool:
    younger = _younger(item.source, item.output)
    if not isinstance(header.content, Pixels):
        # What of the original is not shown, only a key can compare: it may have changed since.
        return not younger and is_public_of(source.data, decode, header)
    image = decode().pixels
    if (image.shape, image.dtype.name) != (header.shape, header.dtype):
        return False
    if public_digest(image, header.regions, grid_of(header)) != header.public_digest:
        return False
    # Where public pixels tell pictures apart no more, the source must not be younger; nor where
    # it was sealed whole, for only a key can compare what else is in it.
    return not younger or not (header.private or _featureless(header, image))


def _featureless(header: Header, image: np.ndarray) -> bool:
    """Whether there is no public pixel, or all are of one colour, as around a cut-out face."""
    height, width = image.shape[:2]
    public = np.ones((height, width), bool)
    for claim in claims(header.regions, height, width, grid_of(header)):
        crop = public[claim.y0 : claim.y1, claim.x0 : claim.x1]
        crop[... if claim.mask is None else claim.mask] = False
    seen = image[public]
    return not len(seen) or bool((seen == seen[0]).all())


def _in_the_clear(output: Path, source: Source, decode: _Decode, header: Header) -> bool:
    # A header beside a picture stays when the picture is replaced by the plain one.
    try:
        if isinstance(header.content, Jpeg) and header.content.exact:
            with suppress(UnsupportedJpegError):
                return same_coefficients(Source.read(output).data, source.data)
        return np.array_equal(read_image(output).pixels, decode().pixels)
    except MediaError:
        raise already_exists(output, ", and cannot be read") from None


def _younger(source: Path, output: Path) -> bool:
    return _changed(source) > _changed(output)


def _changed(path: Path) -> int:
    # ctime tells of what mtime hides: a copy that kept its date, a file moved here.
    found = path.stat()
    return max(found.st_mtime_ns, found.st_ctime_ns)
