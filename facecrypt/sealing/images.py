"""One picture as an array: detect, seal, open."""

import hmac
import operator
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from facecrypt import keys
from facecrypt.detector import Detector, default_detector
from facecrypt.errors import ALLOW_EDITED, AuthenticationError, KeyFormatError
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.regions import Claim, Region, claims, clip_given
from facecrypt.sealing import ciphers
from facecrypt.sealing.header import CIPHERS, Header, Sealed, check_counts, public_digest
from facecrypt.sealing.options import GROW, Open, Seal

__all__ = [
    "EDITED",
    "Identities",
    "Recipients",
    "decrypt_image",
    "encrypt_image",
    "identities_of",
    "open_pixels",
    "recipients_of",
    "region_key",
    "regions_for",
    "seal_pixels",
]

Identities = Unwraps | RegionKey | Iterable[Unwraps | RegionKey]
Recipients = RecipientLike | Iterable[RecipientLike]

EDITED = "the pixels outside the sealed regions were edited after sealing"


def encrypt_image(
    image: np.ndarray,
    recipients: Recipients,
    *,
    regions: Sequence[Region] | None = None,
    detector: Detector | None = None,
    cipher: str = CIPHERS[0],
    grow: float = GROW,
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
        What to encrypt, exactly as given but clipped to the picture; ValueError where one
        lies wholly outside. None: detect faces.
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
        The picture or an option is not as described.
    ContainerError
        More regions, recipients or pixels than a reader takes: it would never open again.

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
    options = Seal(
        regions=regions,
        detector=detector,
        cipher=cipher,
        grow=grow,
        shape=shape,
        backend=backend,
    )
    return seal_pixels(image, recipients_of(recipients), options)


def seal_pixels(image: np.ndarray, recipients: Sequence[RecipientLike], options: Seal) -> Sealed:
    """:func:`encrypt_image` of options in one object."""
    image = _checked(image)
    if options.cipher == "logistic":
        warnings.warn(
            "cipher='logistic' is for research: the logistic map is not a secure cipher; "
            "use the default for anything that must stay secret",
            stacklevel=3,
        )
    check_counts(image.shape, (), len(recipients))
    kept = regions_for(image, options)
    check_counts(image.shape, kept, len(recipients))
    content_key = keys.new_content_key()
    header = Header(
        shape=tuple(image.shape),
        dtype=image.dtype.name,
        cipher=options.cipher,
        regions=kept,
        tags=(),
        stanzas=tuple(recipient.wrap(content_key) for recipient in recipients),
        public_digest=public_digest(image, kept),
        request=options.request(),
    )
    # With tags and MAC of the final size, so that all it may be refused for shows before the work.
    replace(header, tags=(bytes(header.tag_size),) * len(kept), mac=bytes(32)).checked()
    out, tags, aad = image.copy(), [], header.aad()
    for index, claim in enumerate(claims(kept, *image.shape[:2])):
        key = keys.region_key(content_key, index)
        data, tag = ciphers.seal_region(
            _gather(image, claim), key, header.cipher, aad, backend=options.backend
        )
        _scatter(out, claim, data)
        tags.append(tag)
    header = replace(header, tags=tuple(tags))
    mac = ciphers.header_mac(keys.content_subkey(content_key, "header"), header.mac_input())
    return Sealed(out, replace(header, mac=mac).checked())


def regions_for(image: np.ndarray, options: Seal) -> tuple[Region, ...]:
    """What is sealed of a picture: the given regions, or those of the detector, inside of it.

    Raises
    ------
    ValueError
        A given region lies wholly outside the picture.
    """
    height, width = image.shape[:2]
    if options.regions is None:
        found = (options.detector or default_detector()).detect(image)
        grown = (replace(region.grow(options.grow), shape=options.shape) for region in found)
        inside = [region.clip(height, width) for region in grown]
        return tuple(_public(region) for region in inside if region is not None)
    return tuple(_public(region) for region in clip_given(options.regions, height, width))


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
    if not isinstance(sealed, Sealed):
        raise TypeError(
            f"sealed must be a facecrypt.Sealed, received {type(sealed).__name__}; encrypt_image "
            "gives one, and decrypt_file opens a file"
        )
    options = Open(regions=regions, allow_edited=allow_edited, backend=backend)
    return open_pixels(sealed, identities_of(identities), options, edited=sealed.edited)[0]


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
    if not isinstance(header, Header):
        raise TypeError(
            f"expected a facecrypt.Sealed or its Header, received {type(header).__name__}; inspect "
            "reads the header of a file"
        )
    index = _number(index)
    unlocked = _unlock(header, identities_of(identities), [index])
    return RegionKey(header.picture_id, index, unlocked.keys[index])


class Unlocked(NamedTuple):
    """Region number -> region key, and whether they come from the content key, which also
    checked the header."""

    keys: dict[int, bytes]
    whole: bool


def open_pixels(
    sealed: Sealed,
    identities: Sequence[Unwraps | RegionKey],
    options: Open,
    *,
    edited: bool,
) -> tuple[np.ndarray, Unlocked]:
    """:func:`decrypt_image` of options in one object; `edited` is ``sealed.edited``."""
    unlocked = _unlock(sealed.header, identities, options.regions)
    out, header = sealed.image.copy(), sealed.header
    aad = header.aad()
    for index, claim in enumerate(claims(header.regions, *header.shape[:2])):
        if index in unlocked.keys:
            data = ciphers.open_region(
                _gather(sealed.image, claim),
                header.tags[index],
                unlocked.keys[index],
                header.cipher,
                aad,
                backend=options.backend,
            )
            _scatter(out, claim, data)
    if edited and not options.allow_edited:
        raise AuthenticationError(EDITED, hint=ALLOW_EDITED)
    return out, unlocked


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


def recipients_of(recipients: Recipients) -> list[RecipientLike]:
    """One or several recipients as a list.

    Raises
    ------
    TypeError, KeyFormatError
        Something among them cannot wrap a key, or there are none.
    """
    reads = "Recipient.parse reads public keys, SecretKey.load symmetric ones"
    return _listed(recipients, "a recipient", reads, lambda item: hasattr(item, "wrap"))


def identities_of(identities: Identities) -> list[Unwraps | RegionKey]:
    """One or several identities as a list; errors as of :func:`recipients_of`."""

    def opens(item: object) -> bool:
        return hasattr(item, "unwrap") or isinstance(item, RegionKey)

    reads = "Identity.load reads a private key's file, SecretKey.load a symmetric key's"
    return _listed(identities, "an identity", reads, opens)


def _listed(one_or_many: Any, what: str, reads: str, fits: Callable[[object], bool]) -> list[Any]:
    word = isinstance(one_or_many, (str, bytes))
    single = word or fits(one_or_many) or not isinstance(one_or_many, Iterable)
    many = [one_or_many] if single else list(one_or_many)
    if not many:
        raise KeyFormatError(f"expected {what}, received none")
    for item in many:
        if not fits(item):
            raise TypeError(f"expected {what}, received {type(item).__name__}; {reads}")
    return many


def _public(region: Region) -> Region:
    # Landmarks describe the face that is to be hidden; the place and the score do not.
    score = None if region.score is None else round(float(region.score), 4)
    return replace(region, landmarks=None, score=score)


def _unlock(
    header: Header, identities: Sequence[Unwraps | RegionKey], wanted: Sequence[int] | None
) -> Unlocked:
    """The keys of the wanted regions; checks the header's MAC where an identity can."""
    count = len(header.regions)
    wanted = None if wanted is None else [_number(index) for index in wanted]
    for index in wanted or ():
        if not 0 <= index < count:
            raise ValueError(f"there is no region {index}; the picture has {count}, from 0")
    content_key = _content_key(header, identities)
    if content_key is not None:
        every = range(count) if wanted is None else wanted
        return Unlocked({index: keys.region_key(content_key, index) for index in every}, whole=True)
    here = header.picture_id
    opened = {
        holder.index: holder.key
        for holder in identities
        if isinstance(holder, RegionKey) and holder.picture == here and holder.index < count
    }
    if not opened or not set(wanted or ()) <= opened.keys():
        raise ciphers.wrong_key()
    if wanted is not None:
        opened = {index: opened[index] for index in wanted}
    return Unlocked(opened, whole=False)


def _number(index: object) -> int:
    if not hasattr(index, "__index__"):
        raise TypeError(f"the number of a region must be an integer, received {index!r}")
    return operator.index(index)


def _content_key(header: Header, identities: Sequence[Unwraps | RegionKey]) -> bytes | None:
    for holder in identities:
        if not hasattr(holder, "unwrap"):
            continue
        for stanza in header.stanzas:
            content_key = holder.unwrap(stanza)
            if content_key is not None:
                mac_key = keys.content_subkey(content_key, "header")
                expected = ciphers.header_mac(mac_key, header.mac_input())
                if not hmac.compare_digest(expected, header.mac):
                    raise ciphers.wrong_key()
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
