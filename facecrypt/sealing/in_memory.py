"""From file to file in memory: what single files, batches and other software share."""

from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO

from facecrypt.errors import AuthenticationError, MediaError
from facecrypt.files import PathLike
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.media.pictures import read_bounded
from facecrypt.media.png import read_chunk
from facecrypt.sealing.carriers import (
    Carrier,
    Opened,
    SealedFile,
    Source,
    carrier_for,
    find_payloads,
    sealed_suffix,
)
from facecrypt.sealing.finding import checked_path, found_in, open_binary, sealed_large
from facecrypt.sealing.options import Open, Seal
from facecrypt.sealing.payload import Payload

__all__ = ["SCHEME_CHUNK", "decode", "decode_file", "encode", "refuse_encrypted"]

# What the cipher of a scheme needs beside its key; here, so that sealing can refuse such a file.
SCHEME_CHUNK = b"fcSC"


def encode(
    source: Source,
    recipients: Sequence[RecipientLike],
    options: Seal,
    *,
    suffix: str | None = None,
) -> SealedFile:
    """Seal a picture file in memory.

    Parameters
    ----------
    source : Source
    recipients : sequence of recipients
    options : Seal
    suffix : str, optional
        Names the format of the result; that of the source where it can be sealed, else PNG.

    Raises
    ------
    MediaError
        It cannot be decoded, or is encrypted already.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey
    >>> from facecrypt.media import encode_image
    >>> key, photo = SecretKey.generate(), encode_image(".png", np.zeros((40, 60), np.uint8))
    >>> sealed = encode(Source(photo), [key], Seal(regions=[Region(0, 0, 8, 8)]))
    >>> bool(decode(Source(sealed.data), [key]).pixels.any())
    False
    """
    refuse_encrypted(source)
    suffix = sealed_suffix(source.data) if suffix is None else suffix
    return carrier_for(suffix, sidecar=options.sidecar).seal(source, recipients, options, suffix)


def decode(
    source: Source,
    identities: Sequence[Unwraps | RegionKey],
    options: Open = Open(),  # noqa: B008 (frozen)
) -> Opened:
    """Open a sealed file in memory; the inverse of :func:`encode`.

    Raises
    ------
    NotSealedError
        It has no header.
    ContainerError
        It is damaged, or its header is that of another picture.
    AuthenticationError
        No identity opens it, or it was changed.
    """
    carrier, payloads = found_in(BytesIO(source.data), source.path)
    return _open_first(carrier, payloads, source, identities, options)


def decode_file(
    path: PathLike,
    identities: Sequence[Unwraps | RegionKey],
    options: Open = Open(),  # noqa: B008 (frozen)
) -> Opened:
    """:func:`decode` of a file on disk; one without a header is not loaded."""
    path = checked_path(path)
    if sealed_large(path) is not None:
        raise MediaError(f"{path}: is too large for memory; decrypt_file opens it into a file")
    with open_binary(path) as file:
        carrier, payloads = found_in(file, path)
        file.seek(0)
        source = Source(read_bounded(file), path)
    return _open_first(carrier, payloads, source, identities, options)


def refuse_encrypted(source: Source) -> None:
    """MediaError where a file is sealed, or the cipher of a scheme.

    Encrypting it again would drop what it says about itself, and with it the way back.
    """
    if find_payloads(BytesIO(source.data), source.path) is not None:
        raise MediaError("is a sealed picture already; decrypt it first")
    if read_chunk(BytesIO(source.data), SCHEME_CHUNK) is not None:
        raise MediaError(
            "is the cipher of a scheme, and sealing it would drop what opens it; "
            "decrypt it first, with 'facecrypt scheme'"
        )


def _open_first(
    carrier: Carrier,
    payloads: Sequence[bytes],
    source: Source,
    identities: Sequence[Unwraps | RegionKey],
    options: Open,
) -> Opened:
    """Open with the payload that opens most, of those that do; errors are those of the last."""
    found = map(Payload.from_bytes, payloads)
    # One may be changed already where a run was killed that changes all.
    *others, last = sorted(found, key=lambda payload: len(payload.header.forgotten))
    for payload in others:
        with suppress(AuthenticationError):
            return carrier.open(source, payload, identities, options)
    return carrier.open(source, last, identities, options)
