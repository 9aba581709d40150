"""One file: read it once, seal or open it, write the result whole or not at all.

``encode`` and ``decode`` are the way from file to file in memory that single files, batches and
other software share; a carrier (:mod:`facecrypt.sealing.carriers`) does what its format needs.
"""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from facecrypt.detector import Detector
from facecrypt.errors import AuthenticationError, ContainerError, MediaError
from facecrypt.files import PathLike, atomic_write, media_error
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.media.pictures import naming, read_bounded
from facecrypt.media.png import read_chunk
from facecrypt.regions import Region
from facecrypt.sealing.carriers import (
    FILE_CARRIERS,
    Carrier,
    FileCarrier,
    Opened,
    OpenedFile,
    PayloadLike,
    SealedFile,
    Source,
    carrier_for,
    check_destination,
    file_carrier,
    find_payloads,
    not_sealed,
    sealed_suffix,
)
from facecrypt.sealing.carriers.sidecar_names import several_fit
from facecrypt.sealing.header import CIPHERS, Header
from facecrypt.sealing.images import (
    EDITED,
    Identities,
    Recipients,
    identities_of,
    recipients_of,
)
from facecrypt.sealing.options import GROW, PADDINGS, Open, Seal, VideoOptions
from facecrypt.sealing.pairs import write_pair
from facecrypt.sealing.parts import unfinished
from facecrypt.sealing.payload import Payload

__all__ = [
    "SCHEME_CHUNK",
    "Verified",
    "decode",
    "decode_file",
    "decrypt_file",
    "encode",
    "encrypt_file",
    "find_sealed",
    "inspect",
    "is_sealed",
    "of_forgotten",
    "open_file",
    "opened_sealed",
    "read_payload",
    "refuse_encrypted",
    "seal_file",
    "sealed_large",
    "verify",
    "write_opened",
    "write_sealed",
]

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
    >>> from facecrypt import SecretKey
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
    carrier, payloads = _found(BytesIO(source.data), source.path)
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


def seal_file(
    src: PathLike, dst: PathLike, recipients: Sequence[RecipientLike], options: Seal
) -> Header:
    """:func:`encrypt_file` of options in one object."""
    large = file_carrier(Path(src))
    if large is not None:
        return _seal_large(large, Path(src), Path(dst), recipients, options)
    if any(Path(dst).suffix.lower() in large.suffixes for large in FILE_CARRIERS):
        raise _no_video(Path(src), Path(dst))
    check_destination(dst, carrier_for(Path(dst).suffix, sidecar=options.sidecar))
    if options.sidecar and _same_file(src, dst):
        raise MediaError(f"{dst}: is the picture to seal; name another file for the output")
    source = Source.read(src)
    with naming(src):
        sealed = encode(source, recipients, options, suffix=Path(dst).suffix)
    write_sealed(dst, sealed, overwrite=options.overwrite, like=src)
    return sealed.header


def _no_video(src: Path, dst: Path) -> MediaError:
    try:
        src.stat()
    except OSError as error:
        return media_error(src, error)
    return MediaError(
        f"{src}: is no video that facecrypt knows, or its beginning is damaged; only videos are "
        f"sealed as {dst.suffix}"
    )


def _seal_large(
    carrier: FileCarrier,
    src: Path,
    dst: Path,
    recipients: Sequence[RecipientLike],
    options: Seal,
) -> Header:
    if carrier.find_headers(src):
        raise MediaError(f"{src}: is a sealed {carrier.name} already; decrypt it first")
    if dst.suffix.lower() not in carrier.suffixes:
        written = " or ".join(carrier.suffixes)
        raise MediaError(f"{dst}: a sealed {carrier.name} is written as {written}")
    if _same_file(src, dst):
        raise MediaError(f"{dst}: is the {carrier.name} to seal; name another file for the output")
    return carrier.seal(src, dst, recipients, options)


def open_file(
    src: PathLike,
    dst: PathLike,
    identities: Sequence[Unwraps | RegionKey],
    options: Open,
    *,
    exact: bool = True,
) -> Opened | OpenedFile:
    """:func:`decrypt_file` of options in one object; says whether the picture was edited.

    Unless `exact` is asked for, the original of a video gets the suffix it had.
    """
    large = sealed_large(_checked(src))
    if large is not None:
        return large.open(Path(src), Path(dst), identities, options, exact=exact)
    try:
        check_destination(dst)
    except MediaError:
        find_sealed(src)  # a damaged video is no video any more, and its name is not what is wrong
        raise
    opened = decode_file(src, identities, options)
    write_opened(dst, opened, overwrite=options.overwrite, like=src)
    return opened


def write_opened(path: PathLike, opened: Opened, *, overwrite: bool, like: PathLike) -> None:
    """Write what was opened as a file of the suffix of the path; MediaError where it is none."""
    with naming(path):
        data = opened.encode(Path(path).suffix)
    atomic_write(path, data, overwrite=overwrite, like=like)


def decode_file(
    path: PathLike,
    identities: Sequence[Unwraps | RegionKey],
    options: Open = Open(),  # noqa: B008 (frozen)
) -> Opened:
    """:func:`decode` of a file on disk; one without a header is not loaded."""
    path = _checked(path)
    if sealed_large(path) is not None:
        raise MediaError(f"{path}: is too large for memory; decrypt_file opens it into a file")
    with _opened(path) as file:
        carrier, payloads = _found(file, path)
        file.seek(0)
        source = Source(read_bounded(file), path)
    return _open_first(carrier, payloads, source, identities, options)


def write_sealed(
    path: PathLike, sealed: SealedFile, *, overwrite: bool, like: PathLike | None = None
) -> None:
    """Write a sealed file, and its header beside it where it has one; whole or not at all."""
    if sealed.beside is None:
        atomic_write(path, sealed.data, overwrite=overwrite, like=like)
    else:
        write_pair(path, sealed, overwrite=overwrite, like=like)


def find_sealed(path: PathLike) -> tuple[Carrier | FileCarrier, list[Header]]:
    """The carrier of a sealed file and its header, read from the picture or from beside it.

    Beside it there may be several that fit, of which only a key can tell its own.

    Raises
    ------
    NotSealedError
        There is no header.
    ContainerError
        The header is damaged.
    """
    large = file_carrier(_checked(path))
    if large is not None:
        headers = large.find_headers(Path(path))
        if not headers:
            raise not_sealed(Path(path))
        return large, headers
    carrier, payloads = _payloads(path)
    return carrier, [payload.header for payload in payloads]


def is_sealed(path: PathLike) -> bool:
    """Whether there is a sealed file that is sound, as far as shows without a key."""
    try:
        find_sealed(path)
    except (ContainerError, MediaError):
        return False
    return True


def sealed_large(path: Path) -> FileCarrier | None:
    """The carrier of a sealed file that is too large for memory; NotSealedError of a plain one."""
    large = file_carrier(path)
    if large is not None and not large.find_headers(path):
        raise not_sealed(path)
    return large


def _payloads(path: PathLike) -> tuple[Carrier, list[Payload]]:
    with opened_sealed(path) as (_, carrier, payloads):
        return carrier, payloads


@contextmanager
def opened_sealed(path: PathLike) -> Iterator[tuple[BinaryIO, Carrier, list[Payload]]]:
    """A sealed file, at its beginning, with its carrier and payload; of the latter there may be
    several, as :func:`find_sealed` says."""
    path = _checked(path)
    with _opened(path) as file:
        carrier, found = _found(file, path)
        payloads = list(map(Payload.from_bytes, found))
        file.seek(0)
        yield file, carrier, payloads


def _found(file: BinaryIO, path: Path | None) -> tuple[Carrier, list[bytes]]:
    found = find_payloads(file, path)
    if found is None:
        raise not_sealed(path)
    return found


def _open_first(
    carrier: Carrier,
    payloads: Sequence[bytes],
    source: Source,
    identities: Sequence[Unwraps | RegionKey],
    options: Open,
) -> Opened:
    """Open with the first payload that does; errors are those of the last."""
    *others, last = map(Payload.from_bytes, payloads)
    for payload in others:
        with suppress(AuthenticationError):
            return carrier.open(source, payload, identities, options)
    return carrier.open(source, last, identities, options)


def _same_file(one: PathLike, other: PathLike) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


def _checked(path: PathLike) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            f"expected the path of a sealed picture, received {type(path).__name__}; decrypt_image "
            "opens one in memory"
        )
    return Path(path)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except MediaError:
        raise
    except OSError as error:
        raise media_error(path, error) from error


def encrypt_file(
    src: PathLike,
    dst: PathLike,
    recipients: Recipients,
    *,
    regions: Sequence[Region] | None = None,
    detector: Detector | None = None,
    cipher: str = CIPHERS[0],
    grow: float = GROW,
    shape: str = "box",
    sidecar: bool = False,
    keep_metadata: bool = False,
    padding: str = PADDINGS[0],
    original: bool = True,
    overwrite: bool = False,
    backend: str = "auto",
    video: VideoOptions = VideoOptions(),  # noqa: B008 (frozen)
) -> Header:
    """Read a picture or a video, encrypt its faces, write it; see :func:`encrypt_image`.

    Parameters
    ----------
    src, dst : path
        ``dst`` ends in ``.png``; or in ``.jpg`` where ``src`` is a JPEG, which stays one and comes
        back byte for byte; or with ``sidecar`` also in ``.tif``. Of a video it ends in ``.mp4``,
        ``.mov``, ``.mkv`` or ``.webm``.
    regions : sequence of Region, optional
        What to encrypt; given ones too are widened to multiples of 16 pixels, in a JPEG of the
        picture as it is stored, so that no edge cuts one of its blocks.
    sidecar : bool
        Put the header beside the picture, into ``DST.ID.fcrypt``, rather than into it. ID
        is of 16 digits that name this sealing. The two belong together: move both.
    keep_metadata : bool
        Keep EXIF: date, camera, settings, artist, copyright and place (GPS), without thumbnails,
        descriptions, owner and serial numbers. The ICC profile and the colour chunks of a PNG
        stay in any case, all else is dropped.
    padding : {"padme", "double"}
        How much the length of a sealed face in a JPEG tells: about 4 bits of how busy it is, at
        0.1 % of the file; or next to nothing, at about 2 % where faces take a twentieth of it.
        Likewise the length of the original in a PNG: to a Padmé length, or to a power of two.
    original : bool
        Seal the file itself with its pixels, so that ``src`` comes back byte for byte, with its
        metadata. A JPEG that stays one and a video have it in any case.
    overwrite : bool
        Replace ``dst`` if it exists, with ``sidecar`` also the sidecars beside it.
    video : VideoOptions
        What is asked for of a video; it needs ``facecrypt[video]``. Regions that are given stay
        where they are from the first frame to the last, and ``shape`` is a box.

    Raises
    ------
    MediaError
        A file cannot be read or written, or beside ``dst`` lies a sidecar whose picture is gone.
        Nothing is left behind.

    Notes
    -----
    What is written takes the date of change of ``src``, and is open to nobody to whom ``src`` is
    closed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Identity, Region
    >>> from facecrypt.media import encode_image
    >>> alice = Identity.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plain, sealed = Path(folder, "plain.png"), Path(folder, "sealed.png")
    ...     size = plain.write_bytes(encode_image(".png", np.zeros((40, 60), np.uint8)))
    ...     header = encrypt_file(plain, sealed, alice.recipient, regions=[Region(5, 5, 30, 30)])
    >>> header.regions[0].box
    (0, 0, 32, 32)
    """
    options = Seal(
        regions=regions,
        detector=detector,
        cipher=cipher,
        grow=grow,
        shape=shape,
        sidecar=sidecar,
        keep_metadata=keep_metadata,
        padding=padding,
        original=original,
        overwrite=overwrite,
        backend=backend,
        video=video,
    )
    return seal_file(src, dst, recipients_of(recipients), options)


def decrypt_file(
    src: PathLike,
    dst: PathLike,
    identities: Identities,
    *,
    regions: Sequence[int] | None = None,
    allow_edited: bool = False,
    overwrite: bool = False,
    backend: str = "auto",
) -> Header:
    """Read a sealed picture, open its faces, write it; see :func:`decrypt_image`.

    Where ``dst`` has a suffix of the format that was sealed, it is the file that was sealed, byte
    for byte. Else it ends in ``.png`` or ``.tif`` and has the pixels; and so it has where only some
    of the faces are opened, and where ``src`` was edited or sealed without ``original``. Of a
    sealed JPEG some of the faces are a JPEG. A video comes back byte for byte, and ``dst`` ends as
    its name did; with ``regions``, or with keys of regions, it is the public video that shows these
    people, encoded anew. Nothing is written unless every region that was asked for opens. ``dst``
    takes the date of change of ``src``, which is that of the plain picture unless somebody changed
    it.

    Warns
    -----
    UserWarning
        The picture was opened with ``allow_edited`` and was in fact edited; or a face of it was
        forgotten, and stays hidden, also where its encrypted pixels are still to be erased.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_file
    >>> from facecrypt.media import encode_image
    >>> key = SecretKey.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plain, sealed = Path(folder, "plain.png"), Path(folder, "sealed.png")
    ...     opened = Path(folder, "opened.png")
    ...     size = plain.write_bytes(encode_image(".png", np.zeros((16, 16), np.uint8)))
    ...     header = encrypt_file(plain, sealed, key, regions=[Region(0, 0, 16, 16)])
    ...     header = decrypt_file(sealed, opened, key)
    ...     opened.read_bytes() == plain.read_bytes()
    True
    """
    options = Open(regions=regions, allow_edited=allow_edited, overwrite=overwrite, backend=backend)
    opened = open_file(src, dst, identities_of(identities), options)
    if opened.edited:
        warnings.warn(f"{src}: {EDITED}", stacklevel=2)
    for said in of_forgotten(opened.header.forgotten_regions, opened.unerased):
        warnings.warn(f"{src}: {said}", stacklevel=2)
    return opened.header


def of_forgotten(regions: Sequence[int], unerased: Sequence[int]) -> Iterator[str]:
    """What to say of an opened picture of which faces were forgotten, or are to be."""
    if gone := [index for index in regions if index not in unerased]:
        yield _in_gray(gone)
    if unerased:
        yield unfinished(unerased)


def _in_gray(regions: Sequence[int]) -> str:
    listed = ", ".join(map(str, regions))
    if len(regions) == 1:
        return f"region {listed} was forgotten and stays hidden"
    return f"regions {listed} were forgotten and stay hidden"


def inspect(src: PathLike) -> Header:
    """Read the header of a sealed picture; needs no key and checks no tag.

    Raises
    ------
    ContainerError
        Not a sealed picture.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_file
    >>> from facecrypt.media import encode_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plain, sealed = Path(folder, "plain.png"), Path(folder, "sealed.png")
    ...     size = plain.write_bytes(encode_image(".png", np.zeros((16, 16), np.uint8)))
    ...     header = encrypt_file(
    ...         plain, sealed, SecretKey.generate(), regions=[Region(0, 0, 16, 16)]
    ...     )
    ...     inspect(sealed) == header
    True
    """
    return read_payload(src).header


def read_payload(src: PathLike) -> PayloadLike:
    """The payload of a sealed picture; errors as of :func:`inspect`."""
    large = sealed_large(_checked(src))
    if large is not None:
        return large.find_payload(Path(src))
    payloads = _payloads(src)[1]
    if len(payloads) > 1:
        raise several_fit(src, len(payloads), "picture")
    return payloads[0]


@dataclass(frozen=True)
class Verified:
    """What :func:`verify` checked, and found intact.

    Parameters
    ----------
    regions : tuple of int
        Numbers of the regions that were checked.
    unchecked : tuple of int
        Numbers of those that were not, because no key for them was given.
    whole : bool
        Whether all was checked: every region, the header and the pixels around the regions. A
        region key cannot check the header, so it is False whenever only region keys were given.
    forgotten : tuple of int
        Numbers of regions that were erased for good, as the header says.
    unerased : tuple of int
        Those of them whose encrypted face is in the file all the same: :func:`forget_regions` was
        stopped, and is to be run again.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_file, verify
    >>> from facecrypt.media import encode_image
    >>> key = SecretKey.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plain, sealed = Path(folder, "plain.png"), Path(folder, "sealed.png")
    ...     size = plain.write_bytes(encode_image(".png", np.zeros((16, 16), np.uint8)))
    ...     header = encrypt_file(plain, sealed, key, regions=[Region(0, 0, 16, 16)])
    ...     verify(sealed, key)
    Verified(regions=(0,), unchecked=(), whole=True, forgotten=(), unerased=())
    """

    regions: tuple[int, ...]
    unchecked: tuple[int, ...]
    whole: bool
    forgotten: tuple[int, ...] = ()
    unerased: tuple[int, ...] = ()


def verify(src: PathLike, identities: Identities) -> Verified:
    """Check that a sealed picture opens and that nothing the identities can check was changed.

    With only region keys the other regions and the header are not checked; what is returned says
    so. With any other key that opens the picture all is checked, whatever else is given. A PNG
    with the header in it has to be as it was written: text chunks, say, that somebody added are
    refused here, and by :func:`decrypt_file` passed over.

    Returns
    -------
    Verified

    Raises
    ------
    AuthenticationError
        No identity opens it, or something that was checked was changed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, encrypt_file, region_key
    >>> from facecrypt.media import encode_image
    >>> key, faces = SecretKey.generate(), [Region(0, 0, 8, 8), Region(8, 8, 16, 16)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plain, sealed = Path(folder, "plain.png"), Path(folder, "sealed.png")
    ...     size = plain.write_bytes(encode_image(".png", np.zeros((16, 16), np.uint8)))
    ...     header = encrypt_file(plain, sealed, key, regions=faces)
    ...     verify(sealed, key)
    ...     verify(sealed, region_key(header, key, 1))
    Verified(regions=(0, 1), unchecked=(), whole=True, forgotten=(), unerased=())
    Verified(regions=(1,), unchecked=(0,), whole=False, forgotten=(), unerased=())
    """
    large = sealed_large(_checked(src))
    opened: Opened | OpenedFile
    if large is not None:
        opened = large.check(Path(src), identities_of(identities))
    else:
        opened = decode_file(src, identities_of(identities), Open(pristine=True))
    gone = opened.header.forgotten_regions
    unchecked = set(range(len(opened.header.regions))) - {*opened.regions, *gone}
    return Verified(opened.regions, tuple(sorted(unchecked)), opened.whole, gone, opened.unerased)
