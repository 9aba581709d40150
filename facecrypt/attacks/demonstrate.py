"""One attack from beginning to end on a picture of the user's, for showing."""

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt import schemes
from facecrypt.attacks.dispatch import CHOSEN, chosen_plaintext, open_with
from facecrypt.attacks.oracle import agreement
from facecrypt.chaos.keystreams import MAX_OUTPUTS
from facecrypt.errors import UnknownSchemeError
from facecrypt.regions import Region
from facecrypt.schemes.pictures import as_batch

__all__ = ["Demonstration", "demonstrate"]

# Both sides are cut to a multiple: the largest block in use, which 4 x 4 parts divide, too.
_MULTIPLE = 16


class Demonstration(NamedTuple):
    """Outcome of :func:`demonstrate`.

    Attributes
    ----------
    plain : uint8 array
        The middle of the picture: sides that are multiples of 16, at most 2**20 samples (as many
        as a logistic key may give), a square where the scheme would pad it to one.
    cipher : uint8 array
        Of the picture, under a random key that the attack never sees.
    recovered : uint8 array
        The cipher opened with the key the attack found.
    queries : int
        Other pictures that the attack had encrypted under that key.
    score : float
        Share of the samples recovered rightly.
    text : str
        One sentence that says so.
    """

    plain: NDArray[np.uint8]
    cipher: NDArray[np.uint8]
    recovered: NDArray[np.uint8]
    queries: int
    score: float
    text: str


def demonstrate(
    scheme_name: str, image: NDArray[np.uint8], rng: np.random.Generator
) -> Demonstration:
    """Encrypt a picture under a random key, break the key by chosen plaintext, open the cipher.

    Parameters
    ----------
    scheme_name : str
        See :func:`facecrypt.attacks.chosen_plaintext`. fiie encrypts the middle of the picture.
    image : (H, W), (H, W, 1) or (H, W, 3) uint8 array
        At least 16 x 16 pixels.
    rng : numpy.random.Generator
        Draws the key.

    Returns
    -------
    Demonstration

    Raises
    ------
    UnknownSchemeError
        No attack on a scheme of that name.
    ValueError
        The picture is too small.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.random.default_rng(1).integers(0, 256, (40, 30, 3), np.uint8)
    >>> demonstrate("pbe", image, np.random.default_rng(2)).text
    'pbe: 1 chosen picture opened 100 % of the samples.'
    """
    if scheme_name not in CHOSEN:
        raise UnknownSchemeError(f"no attack on {scheme_name!r}, only on {', '.join(CHOSEN)}")
    plain = _cut(image)
    scheme = schemes.get(scheme_name)
    secret = scheme.random_key(plain.shape, rng)
    if scheme.padded(secret, *plain.shape[:2]) != plain.shape[:2]:
        plain = _cut(image, square=True)
    height, width = plain.shape[:2]
    middle = [Region(width // 4, height // 4, width - width // 4, height - height // 4)]
    regions = middle if scheme.takes_regions else None

    def oracle(chosen: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return scheme.encrypt(chosen, secret, regions)

    cipher = oracle(plain)
    found = chosen_plaintext(scheme_name, oracle, plain.shape)
    recovered = open_with(scheme_name, cipher, found.key)
    score = agreement(recovered, plain)
    pictures = "picture" if found.queries == 1 else "pictures"
    # Rounded down, so that 100 % is said of all samples only.
    percent = f"{int(10_000 * score) / 100:g}"
    text = f"{scheme_name}: {found.queries} chosen {pictures} opened {percent} % of the samples."
    return Demonstration(plain, cipher, recovered, found.queries, score, text)


def _cut(image: NDArray[np.uint8], *, square: bool = False) -> NDArray[np.uint8]:
    """The middle of a picture, as large as all attacks and keystreams take it."""
    height, width, channels = as_batch(image).shape[1:]
    scale = min(1.0, sqrt(MAX_OUTPUTS / (height * width * channels)))
    height, width = (int(side * scale) // _MULTIPLE * _MULTIPLE for side in (height, width))
    if square:
        height = width = min(height, width)
    if height == 0 or width == 0:
        raise ValueError(
            f"expected a picture of at least {_MULTIPLE} x {_MULTIPLE} pixels, "
            f"received shape {image.shape}"
        )
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    return np.ascontiguousarray(image[top : top + height, left : left + width])
