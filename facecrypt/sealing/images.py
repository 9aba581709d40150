"""One picture as an array: detect, seal, open."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from facecrypt.detector import Detector, default_detector
from facecrypt.detector.protocol import look
from facecrypt.errors import (
    ALLOW_EDITED,
    AuthenticationError,
    ContainerError,
    ForgottenError,
    KeyFormatError,
)
from facecrypt.keys import RecipientLike, RegionKey, Unwraps
from facecrypt.regions import PIXEL, Grid, Region, claims, clip_given
from facecrypt.sealing.content import Pixels
from facecrypt.sealing.header import CIPHERS, Header, check_counts
from facecrypt.sealing.options import GROW, Open, Seal
from facecrypt.sealing.parts import (
    Unlocked,
    number,
    open_part,
    start,
    unfinished,
    unlock,
    without_clip,
)
from facecrypt.sealing.pixels import Sealed, checked_image, gather, public_digest, scatter

__all__ = [
    "CELLS",
    "EDITED",
    "Identities",
    "Original",
    "Recipients",
    "SealedPixels",
    "decrypt_image",
    "encrypt_image",
    "identities_of",
    "open_pixels",
    "recipients_of",
    "region_key",
    "regions_for",
    "seal_pixels",
    "wanted_regions",
]

Identities = Unwraps | RegionKey | Iterable[Unwraps | RegionKey]
Recipients = RecipientLike | Iterable[RecipientLike]

# A JPEG codes blocks of up to 16 pixels: those beside an edge that cuts one tell the others.
CELLS = Grid(16, 0, 0)
EDITED = "the public pixels were edited after sealing"


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
        lies wholly outside. None: detect faces, and widen what is found to multiples of 16
        pixels.
    detector : optional
        Has ``detect(image) -> list[Region]``; :class:`MTCNN` with its defaults if None.
    cipher : {"logistic+aes-256-gcm", "aes-256-gcm", "logistic"}, default "logistic+aes-256-gcm"
        ``"logistic"`` alone is for research: the logistic map is not a cipher.
    grow : float
        How far each side of a *detected* box moves out, as a part of its width or height.
    shape : {"box", "ellipse"}
        Shape of *detected* regions. Of an ellipse every cell of 16 pixels is encrypted that it
        touches; one that the border of the picture cuts becomes a box.
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
    return seal_pixels(image, recipients_of(recipients), options).sealed


class Original(NamedTuple):
    """The file that pixels were read from: its suffix, and what gives it back from them."""

    suffix: str
    text: bytes


class SealedPixels(NamedTuple):
    """Sealed pixels, the ciphertext of the private parts, and the content key."""

    sealed: Sealed
    private: Sequence[np.ndarray]
    content_key: bytes


def seal_pixels(
    image: np.ndarray,
    recipients: Sequence[RecipientLike],
    options: Seal,
    *,
    grid: Grid | None = None,
    shown: Mapping[str, bytes] | None = None,
    original: Original | None = None,
) -> SealedPixels:
    """:func:`encrypt_image` of options in one object.

    Parameters
    ----------
    grid : Grid, optional
        Cells of the file the pixels come from: regions are widened to them. None: only
        detected regions are, to `CELLS`.
    shown : mapping, optional
        As of :class:`Pixels`.
    original : Original, optional
        Goes into a private part.
    """
    image = checked_image(image)
    check_counts(image.shape, (), len(recipients))
    if grid is None:
        grid = CELLS if options.regions is None else PIXEL
    kept = regions_for(image, options, grid)
    check_counts(image.shape, kept, len(recipients))
    sealer = start(
        Pixels(
            tuple(image.shape),
            image.dtype.name,
            grid,
            shown or {},
            "" if original is None else original.suffix,
        ),
        kept,
        recipients,
        options,
        public_digest=public_digest(image, kept, grid),
        private=() if original is None else ("original",),
    )
    height, width = image.shape[:2]
    owned = list(claims(kept, height, width, grid))
    private = () if original is None else (np.frombuffer(bytearray(original.text), np.uint8),)
    header, parts = sealer.seal(chain((gather(image, claim) for claim in owned), private))
    out = image.copy()
    for claim, data in zip(owned, parts, strict=False):
        scatter(out, claim, data)
    return SealedPixels(Sealed(out, header), parts[len(owned) :], sealer.content_key)


def regions_for(image: np.ndarray, options: Seal, grid: Grid) -> tuple[Region, ...]:
    """What is sealed of a picture: the given regions, or those of the detector, inside of it.

    Edges lie on the grid, or on the border of the picture.

    Raises
    ------
    ValueError
        A given region lies wholly outside the picture.
    """
    height, width = image.shape[:2]
    found = wanted_regions(options, height, width, lambda: image)
    snapped = (region.snap(grid).clip(height, width) for region in found)
    return tuple(region for region in snapped if region)


def wanted_regions(
    options: Seal, height: int, width: int, pixels: Callable[[], np.ndarray]
) -> list[Region]:
    """As :func:`regions_for`, but not widened; `pixels` is called where faces are looked for."""
    if options.regions is None:
        found = look(options.detector or default_detector(), pixels())
        grown = (replace(region.grow(options.grow), shape=options.shape) for region in found)
        inside = [region.clip(height, width) for region in grown]
    else:
        inside = list(clip_given(options.regions, height, width))
    # Landmarks and score describe the face that is to be hidden; the place has to be known.
    return [replace(region, landmarks=None, score=None) for region in inside if region]


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

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Identity, Region, encrypt_image
    >>> photo, alice = np.full((48, 64, 3), 7, np.uint8), Identity.generate()
    >>> sealed = encrypt_image(photo, alice.recipient, regions=[Region(8, 8, 40, 40)])
    >>> bool((decrypt_image(sealed, alice) == photo).all())
    True
    """
    if not isinstance(sealed, Sealed):
        raise TypeError(
            f"sealed must be a facecrypt.Sealed, received {type(sealed).__name__}; encrypt_image "
            "gives one, and decrypt_file opens a file"
        )
    options = Open(regions=regions, allow_edited=allow_edited, backend=backend)
    return open_pixels(sealed, identities_of(identities), options)[0]


def region_key(sealed: Sealed | Header, identities: Identities, index: int) -> RegionKey:
    """Export the key of one region, to open that face alone.

    Raises
    ------
    AuthenticationError
        No identity opens the picture.
    ValueError
        There is no region of that number, or it is of a video sealed without clips of people.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Region, SecretKey, decrypt_image, encrypt_image
    >>> key, faces = SecretKey.generate(), [Region(0, 0, 16, 16), Region(16, 16, 32, 32)]
    >>> sealed = encrypt_image(np.full((32, 32), 7, np.uint8), key, regions=faces)
    >>> seen = decrypt_image(sealed, region_key(sealed, key, 1)) == 7
    >>> bool(seen[16:, 16:].all()), bool(seen[:16, :16].all())
    (True, False)
    """
    header = sealed.header if isinstance(sealed, Sealed) else sealed
    if not isinstance(header, Header):
        raise TypeError(
            f"expected a facecrypt.Sealed or its Header, received {type(header).__name__}; inspect "
            "reads the header of a file"
        )
    index = number(index)
    unlocked = unlock(header, identities_of(identities), [index])
    if index in without_clip(header):
        raise ValueError(
            f"the video was sealed without clips of people: a key of region {index} would open "
            "nothing"
        )
    return RegionKey(header.picture_id, index, unlocked.keys[index])


def open_pixels(
    sealed: Sealed,
    identities: Sequence[Unwraps | RegionKey],
    options: Open,
    *,
    beside: bool = False,
) -> tuple[np.ndarray, Unlocked, bool]:
    """:func:`decrypt_image` of options in one object; also what the identities open, and whether
    the picture was edited, as it was if what is shown `beside` the pixels was."""
    header, out = sealed.header, sealed.erased().image
    if not isinstance(header.content, Pixels):
        raise ContainerError(f"the header is that of a {header.carrier} file, not of pixels")
    unlocked = _unlocked(sealed, identities, options)
    height, width = header.shape[:2]
    owned = claims(header.regions, height, width, header.content.grid)
    for index, claim in enumerate(owned):
        if index in unlocked.keys:
            data = gather(sealed.image, claim)
            key = unlocked.keys[index]
            scatter(out, claim, open_part(header, index, data, key, backend=options.backend))
    edited = beside or not (sealed.has_public() and sealed.has_sealed(unlocked.keys))
    if edited and not options.allow_edited:
        raise AuthenticationError(EDITED, hint=None if options.pristine else ALLOW_EDITED)
    return out, unlocked, edited


def _unlocked(sealed: Sealed, identities: Sequence[Unwraps | RegionKey], options: Open) -> Unlocked:
    try:
        return unlock(sealed.header, identities, options.regions)
    except ForgottenError:
        still = sealed.unerased
        if options.regions is not None:
            still = tuple(index for index in still if index in options.regions)
        if still:
            raise ForgottenError(unfinished(still)) from None
        raise


def recipients_of(recipients: Recipients) -> list[RecipientLike]:
    """One or several recipients as a list, each once.

    Raises
    ------
    TypeError, KeyFormatError
        Something among them cannot wrap a key, or there are none.
    """
    reads = "Recipient.parse reads public keys, SecretKey.load symmetric ones"
    many = _listed(recipients, "a recipient", reads, lambda item: hasattr(item, "wrap"))
    # Whose key is in a file of the team and named besides is one who may open it.
    try:
        return list(dict.fromkeys(many))
    except TypeError:  # of those that cannot be hashed each is compared with all before it
        return [one for number, one in enumerate(many) if one not in many[:number]]


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
