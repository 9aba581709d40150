"""What a report is about: a picture, its cipher, and what was measured by running the cipher."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from facecrypt.analysis.samples import check_image, check_pair, region_mask
from facecrypt.analysis.study import (
    Change,
    Encrypt,
    bit_neighbours,
    key_sensitivity,
    logistic_neighbours,
)
from facecrypt.detector import Detector
from facecrypt.keys import SecretKey
from facecrypt.regions import Region
from facecrypt.sealing import ciphers
from facecrypt.sealing.header import CIPHERS
from facecrypt.sealing.images import decrypt_image, encrypt_image

__all__ = ["Case", "SchemeLike", "study_scheme", "study_sealing"]


class SchemeLike(Protocol):
    """What :func:`study_scheme` asks of a scheme; those of ``facecrypt.schemes`` have it."""

    def encrypt(self, images: NDArray, key: Any) -> NDArray: ...

    def decrypt(self, images: NDArray, key: Any) -> NDArray: ...


@dataclass(frozen=True, eq=False)
class Case:
    """One section of a report.

    Parameters
    ----------
    name : str
        Heading.
    plain, cipher, decrypted : arrays of one shape and dtype, uint8 or uint16
        (H, W) or (H, W, C).
    mask : (H, W) bool array, optional
        The encrypted pixels, where it is not all of them. Measures look at these alone.
    mu, d0 : float, optional
        A logistic key, marked in the bifurcation diagram.
    key_space_bits : float, optional
        Binary logarithm of the number of different keys.
    encrypt : callable, optional
        The cipher, for the differential study and the timing.
    sensitivity : mapping of str to Change
        What :func:`key_sensitivity` gave.
    note : str
        What the reader should know beside the figures.

    Raises
    ------
    TypeError, ValueError
        Pictures that do not fit each other.
    """

    name: str
    plain: NDArray
    cipher: NDArray
    decrypted: NDArray
    mask: NDArray[np.bool_] | None = None
    mu: float | None = None
    d0: float | None = None
    key_space_bits: float | None = None
    encrypt: Encrypt | None = None
    sensitivity: Mapping[str, Change] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        check_pair(self.plain, self.cipher, self.mask)
        check_pair(self.plain, self.decrypted, self.mask)
        if self.plain.ndim not in (2, 3):
            raise ValueError(f"a case is one picture, received shape {self.plain.shape}")


def study_sealing(
    image: NDArray,
    regions: Sequence[Region] | None = None,
    *,
    detector: Detector | None = None,
    name: str = "sealing",
) -> Case:
    """Measure the sealing format on a picture.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array, uint8 or uint16
    regions : sequence of Region, optional
        What is sealed. None: the faces that are detected.
    detector : optional
        As in :func:`facecrypt.encrypt_image`.
    name : str
        Heading.

    Returns
    -------
    Case

    Raises
    ------
    ValueError
        There is no face in the picture, or no region is inside of it.

    Notes
    -----
    Key sensitivity is that of a region key, of which one bit is flipped; the differential
    study runs :func:`facecrypt.encrypt_image`, which draws a key for each picture.

    Examples
    --------
    >>> import numpy as np
    >>> case = study_sealing(np.zeros((48, 64, 3), np.uint8), [Region(8, 8, 40, 40)])
    >>> bool((case.decrypted == case.plain).all()), case.key_space_bits
    (True, 256.0)
    """
    check_image(image)
    secret = SecretKey.generate()
    sealed = encrypt_image(image, secret, regions=regions, detector=detector)
    found = sealed.header.regions
    if not found:
        raise ValueError(
            f"{name}: nothing was sealed: no face was found, or no region is inside the picture; "
            "name the regions yourself"
        )
    mask = region_mask(found, *image.shape[:2])
    key = np.random.default_rng(0).bytes(32)
    near = {f"region key, {bit}": _under(other, mask) for bit, other in bit_neighbours(key).items()}
    return Case(
        name,
        image,
        sealed.image,
        decrypt_image(sealed, secret),
        mask=mask,
        key_space_bits=256.0,
        encrypt=lambda plain: encrypt_image(plain, secret, regions=found).image,
        sensitivity=key_sensitivity(_under(key, mask), near, image, mask=mask),
        note=(
            f"{CIPHERS[0]}, {len(found)} region{'s' * (len(found) > 1)}, a fresh key for each "
            "picture. Its security rests on AES-256-GCM, not on these figures."
        ),
    )


def study_scheme(scheme: SchemeLike, image: NDArray, key: Any, *, name: str = "scheme") -> Case:
    """Measure a published scheme under one key.

    Parameters
    ----------
    scheme : object with ``encrypt(images, key)`` and ``decrypt(images, key)``
    image : (H, W) or (H, W, C) array, uint8 or uint16
        All of it is encrypted; cut out a region first to measure that region.
    key : dataclass
        With numbers `mu` and `d0` where there is a logistic map in it, and with
        ``space_bits(shape)`` where the number of keys is known.
    name : str
        Heading.

    Returns
    -------
    Case
        Where a scheme pads, without the padding.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import LogisticKey, logistic_sequence
    >>> class Xor:
    ...     def encrypt(self, images, key):
    ...         stream = logistic_sequence(key.mu, key.d0, images.size)
    ...         return images ^ stream.reshape(images.shape)
    ...     decrypt = encrypt
    >>> case = study_scheme(Xor(), np.zeros((8, 8), np.uint8), LogisticKey(3.99, 0.4))
    >>> len(case.sensitivity)
    4
    """
    check_image(image)
    cipher = scheme.encrypt(image, key)
    decrypted = scheme.decrypt(cipher, key)
    crop = tuple(slice(size) for size in image.shape)

    def under(other: Any) -> Encrypt:
        return lambda plain: scheme.encrypt(plain, other)[crop]

    mu, d0 = getattr(key, "mu", None), getattr(key, "d0", None)
    space_bits = getattr(key, "space_bits", None)
    sensitivity: Mapping[str, Change] = {}
    if mu is not None and d0 is not None:
        near = {
            step: under(replace(key, mu=m, d0=d))
            for step, (m, d) in logistic_neighbours(mu, d0).items()
        }
        sensitivity = key_sensitivity(under(key), near, image)
    return Case(
        name,
        image,
        cipher[crop],
        decrypted[crop],
        mu=mu,
        d0=d0,
        key_space_bits=None if space_bits is None else space_bits(image.shape),
        encrypt=under(key),
        sensitivity=sensitivity,
        note="A published scheme under one key. Not secure when the key is used again.",
    )


def _under(key: bytes, mask: NDArray[np.bool_]) -> Callable[[NDArray], NDArray]:
    """The default cipher of the sealing format on the pixels of a mask."""

    def encrypt(image: NDArray) -> NDArray:
        out = image.copy()
        owned = image[mask]
        data, _ = ciphers.seal_part(owned.reshape(-1).view(np.uint8), key, CIPHERS[0], b"")
        out[mask] = data.view(image.dtype).reshape(owned.shape)
        return out

    return encrypt
