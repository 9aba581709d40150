"""One picture: detect, seal, open.

``encrypt_image`` and ``decrypt_image`` work on arrays, ``encrypt_file`` and
``decrypt_file`` on files; ``inspect`` and ``verify`` look and check.
"""

import hmac
import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from facecrypt import carriers, keys, sealing
from facecrypt.container import CIPHERS, Header, Sealed, public_digest
from facecrypt.errors import AuthenticationError, KeyFormatError, MediaError
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.media import read_image
from facecrypt.png import read_chunk
from facecrypt.regions import Claim, Region, claims, clip_given

__all__ = [
    "Verified",
    "decrypt_file",
    "decrypt_image",
    "encrypt_file",
    "encrypt_image",
    "inspect",
    "region_key",
    "verify",
]

Identities = Unwraps | RegionKey | Iterable[Unwraps | RegionKey]
Recipients = RecipientLike | Iterable[RecipientLike]
PathLike = str | os.PathLike[str]

EDITED = "the pixels outside the sealed regions were edited after sealing"


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
    """

    regions: tuple[int, ...]
    unchecked: tuple[int, ...]
    whole: bool


class _Opened(NamedTuple):
    """Region number -> region key, and whether they come from the content key, which also
    checked the header."""

    keys: dict[int, bytes]
    whole: bool


class Detector(Protocol):
    """What finds the faces; :class:`facecrypt.MTCNN` is one."""

    def detect(self, image: np.ndarray) -> list[Region]: ...


def encrypt_image(
    image: np.ndarray,
    recipients: Recipients,
    *,
    regions: Sequence[Region] | None = None,
    detector: Detector | None = None,
    cipher: str = CIPHERS[0],
    grow: float = 0.2,
    shape: str = "box",
    backend: str = "auto",
) -> Sealed:
    """Encrypt the faces of a picture.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array, uint8 or uint16, C in {1, 3, 4}
        RGB or RGBA; not edited. Alpha is encrypted with the rest.
    recipients : recipient or iterable of recipients
        Who may open it: :class:`Recipient`, :class:`Passphrase` or :class:`SecretKey`.
    regions : sequence of Region, optional
        What to encrypt, exactly as given but clipped to the picture; one that lies wholly outside
        is an error. None: detect faces.
    detector : optional
        Has ``detect(image) -> list[Region]``; :class:`MTCNN` with its defaults if None.
    cipher : {"logistic+aes-256-gcm", "aes-256-gcm", "logistic"}, default "logistic+aes-256-gcm"
        ``"logistic"`` alone is for research: the logistic map is not a cipher.
    grow : float
        How far each side of a *detected* box moves out, as a part of its width or height.
    shape : {"box", "ellipse"}
        Shape of *detected* regions.
    backend : str
        Which kernels to use: :func:`available_backends`.

    Returns
    -------
    Sealed
        The picture with its faces as noise, and the header that belongs to it.

    Raises
    ------
    TypeError, ValueError
        The picture or an option is not as described, or a given region lies outside.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Identity, Region, decrypt_image, encrypt_image
    >>> photo = np.zeros((48, 64, 3), np.uint8)
    >>> alice = Identity.generate()
    >>> sealed = encrypt_image(photo, alice.recipient, regions=[Region(8, 8, 40, 40)])
    >>> bool(sealed.image.any())
    True
    >>> bool((decrypt_image(sealed, alice) == photo).all())
    True
    """
    image = _checked(image)
    if cipher not in CIPHERS:
        raise ValueError(f"cipher must be one of {', '.join(CIPHERS)}, received {cipher!r}")
    if cipher == "logistic":
        warnings.warn(
            "cipher='logistic' is for research: the logistic map is not a secure cipher; "
            "use the default for anything that must stay secret",
            stacklevel=2,
        )
    wrappers = as_list(recipients, "a recipient", "wrap")
    if regions is None:
        inside = _detected(image, detector or default_detector(), grow, shape)
    else:
        inside = clip_given(regions, *image.shape[:2])
    kept = tuple(_public(region) for region in inside)
    content_key = keys.new_content_key()
    header = Header(
        shape=tuple(image.shape),
        dtype=image.dtype.name,
        cipher=cipher,
        regions=kept,
        tags=(),
        stanzas=tuple(wrapper.wrap(content_key) for wrapper in wrappers),
        public_digest=public_digest(image, kept),
    )
    out, tags, aad = image.copy(), [], header.aad()
    for index, claim in enumerate(claims(kept, *image.shape[:2])):
        key = keys.region_key(content_key, index)
        data, tag = sealing.seal_region(_gather(image, claim), key, cipher, aad, backend=backend)
        _scatter(out, claim, data)
        tags.append(tag)
    header = replace(header, tags=tuple(tags))
    mac = sealing.header_mac(keys.content_subkey(content_key, "header"), header.mac_input())
    return Sealed(out, replace(header, mac=mac))


def decrypt_image(
    sealed: Sealed,
    identities: Identities,
    *,
    regions: Sequence[int] | None = None,
    allow_edited: bool = False,
    backend: str = "auto",
) -> np.ndarray:
    """Give the faces back.

    Parameters
    ----------
    sealed : Sealed
    identities : identity or iterable of identities
        :class:`Identity`, :class:`Passphrase`, :class:`SecretKey` or :class:`RegionKey`.
    regions : sequence of int, optional
        Numbers of the regions to open. None: all that the identities can open.
    allow_edited : bool
        Open the regions although the pixels around them were edited;
        :attr:`Sealed.edited` tells whether they were.
    backend : str

    Returns
    -------
    array like ``sealed.image``
        With every region opened, the picture that was sealed, bit for bit.

    Raises
    ------
    AuthenticationError
        No identity opens it, or header, tags or pixels were changed.
    ValueError
        There is no region of that number.
    """
    opened = _unlock(sealed.header, identities, regions).keys
    return _decrypt(sealed, opened, sealed.edited and not allow_edited, backend)


def region_key(sealed: Sealed | Header, identities: Identities, index: int) -> RegionKey:
    """Export the key of one region, to open that face alone.

    Raises
    ------
    AuthenticationError
        No identity opens the picture.
    ValueError
        There is no region of that number.
    """
    header = sealed.header if isinstance(sealed, Sealed) else sealed
    return RegionKey(header.picture_id, index, _unlock(header, identities, [index]).keys[index])


def encrypt_file(
    src: PathLike,
    dst: PathLike,
    recipients: Recipients,
    *,
    regions: Sequence[Region] | None = None,
    detector: Detector | None = None,
    cipher: str = CIPHERS[0],
    grow: float = 0.2,
    shape: str = "box",
    sidecar: bool = False,
    keep_metadata: bool = False,
    overwrite: bool = False,
    backend: str = "auto",
) -> Header:
    """Read a picture, encrypt its faces, write it; see :func:`encrypt_image`.

    Parameters
    ----------
    src, dst : path
        ``dst`` ends in ``.png``, or with ``sidecar`` in ``.png``, ``.tif`` or ``.tiff``.
    sidecar : bool
        Put the header into ``DST.fcrypt.json`` rather than into the picture.
    keep_metadata : bool
        Keep EXIF, without thumbnails, previews and maker notes. The ICC profile stays
        in any case, all else is dropped.
    overwrite : bool
        Replace ``dst`` if it exists.

    Raises
    ------
    MediaError
        A file cannot be read or written. Nothing is left behind.
    ValueError
        An option is not as described, or a given region lies outside the picture.
    """
    carriers.check_destination(dst, sidecar=sidecar)
    if carriers.is_sealed(src):
        # Sealing it again would drop the first header and with it the way back to the faces.
        raise MediaError(f"{src}: is a sealed picture already; decrypt it first")
    if read_chunk(src, carriers.SCHEME_CHUNK) is not None:
        raise MediaError(
            f"{src}: is the cipher of a scheme, and sealing it would drop what opens it; "
            "decrypt it first, with 'facecrypt scheme'"
        )
    picture = read_image(src, keep_metadata=keep_metadata)
    sealed = encrypt_image(
        picture.pixels,
        recipients,
        regions=regions,
        detector=detector,
        cipher=cipher,
        grow=grow,
        shape=shape,
        backend=backend,
    )
    carriers.write(dst, sealed, like=picture, sidecar=sidecar, overwrite=overwrite)
    return sealed.header


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

    ``dst`` ends in ``.png``, ``.tif`` or ``.tiff``. Nothing is written unless every
    region that was asked for opens.

    Warns
    -----
    UserWarning
        The picture was opened with ``allow_edited`` and was in fact edited.
    """
    header, edited = open_file(
        src,
        dst,
        identities,
        regions=regions,
        allow_edited=allow_edited,
        overwrite=overwrite,
        backend=backend,
    )
    if edited:
        warnings.warn(f"{src}: {EDITED}", stacklevel=2)
    return header


def open_file(src, dst, identities, *, regions, allow_edited, overwrite, backend):
    """:func:`decrypt_file` that returns whether the picture was edited rather than warn."""
    carriers.check_destination(dst, sidecar=True)
    sealed, picture = carriers.read(src)
    edited = sealed.edited
    opened = _unlock(sealed.header, identities, regions).keys
    pixels = _decrypt(sealed, opened, edited and not allow_edited, backend)
    carriers.write_plain(dst, replace(picture, pixels=pixels), overwrite=overwrite)
    return sealed.header, edited


def inspect(src: PathLike) -> Header:
    """Read the header of a sealed picture; needs no key and checks no tag.

    Raises
    ------
    ContainerError
        Not a sealed picture.
    """
    return carriers.read_header(src)


def verify(src: PathLike, identities: Identities) -> Verified:
    """Check that a sealed picture opens and that nothing the identities can check was changed.

    With only region keys the other regions and the header are not checked; what is returned says
    so. With any other key that opens the picture all is checked, whatever else is given.

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
    >>> from facecrypt import Region, SecretKey, encrypt_file, region_key
    >>> from facecrypt.media import encode_image
    >>> key, faces = SecretKey.generate(), [Region(0, 0, 8, 8), Region(8, 8, 16, 16)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plain, sealed = Path(folder, "plain.png"), Path(folder, "sealed.png")
    ...     size = plain.write_bytes(encode_image(".png", np.zeros((16, 16), np.uint8)))
    ...     header = encrypt_file(plain, sealed, key, regions=faces)
    ...     verify(sealed, key)
    ...     verify(sealed, region_key(header, key, 1))
    Verified(regions=(0, 1), unchecked=(), whole=True)
    Verified(regions=(1,), unchecked=(0,), whole=False)
    """
    sealed, _ = carriers.read(src)
    opened, whole = _unlock(sealed.header, identities, None)
    _decrypt(sealed, opened, sealed.edited, "auto")
    unchecked = set(range(len(sealed.header.regions))) - opened.keys()
    return Verified(tuple(sorted(opened)), tuple(sorted(unchecked)), whole)


def _decrypt(
    sealed: Sealed, opened: dict[int, bytes], refuse_edited: bool, backend: str
) -> np.ndarray:
    out, header = sealed.image.copy(), sealed.header
    aad = header.aad()
    for index, claim in enumerate(claims(header.regions, *header.shape[:2])):
        if index in opened:
            data = sealing.open_region(
                _gather(sealed.image, claim),
                header.tags[index],
                opened[index],
                header.cipher,
                aad,
                backend=backend,
            )
            _scatter(out, claim, data)
    if refuse_edited:
        raise AuthenticationError(f"{EDITED}; allow_edited opens the regions all the same")
    return out


def _checked(image: np.ndarray) -> np.ndarray:
    if not isinstance(image, np.ndarray) or image.dtype.name not in ("uint8", "uint16"):
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(
            f"image must be a NumPy array of uint8 or uint16, received {kind}; "
            "scale and round other types yourself, so that nothing is lost unseen"
        )
    if image.ndim not in (2, 3) or image.size == 0 or image.shape[2:] not in ((), (1,), (3,), (4,)):
        raise ValueError(
            f"image must be (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) and not empty, "
            f"received shape {image.shape}"
        )
    return np.ascontiguousarray(image, dtype=image.dtype.newbyteorder("="))


def as_list(one_or_many, what: str, method: str) -> list:
    """One or several keys as a list, each of which can wrap or unwrap."""

    def fits(item) -> bool:
        return hasattr(item, method) or (method == "unwrap" and isinstance(item, RegionKey))

    if isinstance(one_or_many, str):
        raise TypeError(f"expected {what}, received text; Recipient.parse reads public keys")
    single = fits(one_or_many) or not isinstance(one_or_many, Iterable)
    many = [one_or_many] if single else list(one_or_many)
    if not many:
        raise KeyFormatError(f"expected {what}, received none")
    for item in many:
        if not fits(item):
            raise TypeError(f"expected {what}, received {type(item).__name__}")
    return many


def default_detector() -> Detector:
    from facecrypt.detector import MTCNN

    return MTCNN()


def _detected(image: np.ndarray, detector: Detector, grow: float, shape: str) -> list[Region]:
    grown = (replace(region.grow(grow), shape=shape) for region in detector.detect(image))
    clipped = (region.clip(*image.shape[:2]) for region in grown)
    return [region for region in clipped if region is not None]


def _public(region: Region) -> Region:
    # Landmarks describe the face that is to be hidden; the place and the score do not.
    score = None if region.score is None else round(float(region.score), 4)
    return replace(region, landmarks=None, score=score)


def _unlock(header: Header, identities: Identities, wanted: Sequence[int] | None) -> _Opened:
    """The keys of the wanted regions; checks the header's MAC where an identity can."""
    holders = as_list(identities, "an identity", "unwrap")
    count = len(header.regions)
    for index in wanted or ():
        if not 0 <= index < count:
            raise ValueError(f"there is no region {index}; the picture has {count}, from 0")
    content_key = _content_key(header, holders)
    if content_key is not None:
        every = range(count) if wanted is None else wanted
        return _Opened({index: keys.region_key(content_key, index) for index in every}, whole=True)
    here = header.picture_id
    opened = {
        holder.index: holder.key
        for holder in holders
        if isinstance(holder, RegionKey) and holder.picture == here and holder.index < count
    }
    if not opened or not set(wanted or ()) <= opened.keys():
        raise AuthenticationError(sealing.WRONG_KEY)
    if wanted is not None:
        opened = {index: opened[index] for index in wanted}
    return _Opened(opened, whole=False)


def _content_key(header: Header, holders: list) -> bytes | None:
    for holder in holders:
        for stanza in header.stanzas if hasattr(holder, "unwrap") else ():
            content_key = holder.unwrap(stanza)
            if content_key is not None:
                mac_key = keys.content_subkey(content_key, "header")
                expected = sealing.header_mac(mac_key, header.mac_input())
                if not hmac.compare_digest(expected, header.mac):
                    raise AuthenticationError(sealing.WRONG_KEY)
                return content_key
    return None


def _gather(image: np.ndarray, claim: Claim) -> np.ndarray:
    """A copy of the bytes a region owns: raster order, samples little-endian."""
    crop = image[claim.y0 : claim.y1, claim.x0 : claim.x1]
    owned = crop if claim.mask is None else crop[claim.mask]
    samples = np.array(owned, dtype=image.dtype.newbyteorder("<"), order="C")
    return samples.reshape(-1).view(np.uint8)


def _scatter(image: np.ndarray, claim: Claim, data: np.ndarray) -> None:
    crop = image[claim.y0 : claim.y1, claim.x0 : claim.x1]
    samples = data.view(image.dtype.newbyteorder("<"))
    if claim.mask is None:
        crop[...] = samples.reshape(crop.shape)
    else:
        crop[claim.mask] = samples.reshape(-1, *image.shape[2:])
