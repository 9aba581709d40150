"""One file: read it once, seal or open it, write the result whole or not at all.

What happens in memory is in :mod:`facecrypt.sealing.in_memory`, what tells a sealed file from
another in :mod:`facecrypt.sealing.finding`; a carrier (:mod:`facecrypt.sealing.carriers`) does what
its format needs.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from facecrypt.detector import Detector
from facecrypt.errors import MediaError
from facecrypt.files import PathLike, atomic_write, media_error
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.media.pictures import naming
from facecrypt.regions import Region
from facecrypt.sealing.carriers import (
    FILE_CARRIERS,
    FileCarrier,
    Opened,
    OpenedFile,
    SealedFile,
    Source,
    carrier_for,
    check_destination,
    file_carrier,
)
from facecrypt.sealing.finding import checked_path, find_sealed, read_payload, sealed_large
from facecrypt.sealing.header import CIPHERS, Header
from facecrypt.sealing.images import (
    EDITED,
    Identities,
    Recipients,
    identities_of,
    recipients_of,
)
from facecrypt.sealing.in_memory import decode_file, encode
from facecrypt.sealing.options import GROW, PADDINGS, Open, Seal, VideoOptions
from facecrypt.sealing.pairs import write_alone, write_pair
from facecrypt.sealing.parts import unfinished

__all__ = [
    "Verified",
    "decrypt_file",
    "encrypt_file",
    "inspect",
    "of_forgotten",
    "open_file",
    "seal_file",
    "verify",
    "write_opened",
    "write_sealed",
]


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
    if _same_file(src, dst):
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
    large = sealed_large(checked_path(src))
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


def write_sealed(
    path: PathLike, sealed: SealedFile, *, overwrite: bool, like: PathLike | None = None
) -> None:
    """Write a sealed file, and its header beside it where it has one; whole or not at all."""
    if sealed.beside is None:
        write_alone(path, sealed.data, overwrite=overwrite, like=like)
    else:
        write_pair(path, sealed, overwrite=overwrite, like=like)


def _same_file(one: PathLike, other: PathLike) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


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
        Replace ``dst`` if it exists, and the sidecars beside it.
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
    large = sealed_large(checked_path(src))
    opened: Opened | OpenedFile
    if large is not None:
        opened = large.check(Path(src), identities_of(identities))
    else:
        opened = decode_file(src, identities_of(identities), Open(pristine=True))
    gone = opened.header.forgotten_regions
    unchecked = set(range(len(opened.header.regions))) - {*opened.regions, *gone}
    return Verified(opened.regions, tuple(sorted(unchecked)), opened.whole, gone, opened.unerased)
