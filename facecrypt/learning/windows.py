"""Plain and encrypted windows out of pictures, for the classifier "encrypted or not".

A window is labelled by its centre: encrypted where all of :data:`CELL` x :data:`CELL` pixels
there are, plain where none is. So a classifier that slides over a picture also learns where a
sealed face ends.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt import schemes
from facecrypt.analysis.guess import CELL, MARGIN, WINDOW, mirrored
from facecrypt.regions import Region
from facecrypt.schemes.registry import own_names
from facecrypt.sealing import ciphers

__all__ = [
    "METHODS",
    "PLAIN",
    "SEALED",
    "Source",
    "Windows",
    "conceal",
    "draw_windows",
    "encrypt_whole",
    "split_sources",
]

PLAIN = "plain"
SEALED = ("sealed, aes-256-gcm", "sealed, logistic+aes-256-gcm")
METHODS = (*own_names(), *SEALED)
# What the schemes call a block, beside their own default.
_BLOCKS = {"block-shuffle": (2, 4, 8), "ele": (2, 4, 8), "etc": (4, 8, 16), "le": (2, 4, 8)}
_SIDES = (32, 48, 64, 96, 128)

Picture = NDArray[np.uint8]


class Source(NamedTuple):
    """A plain picture, (H, W, 3) or gray (H, W), and where it comes from."""

    name: str
    picture: Picture


class Windows(NamedTuple):
    """Samples; all arrays have one entry for each.

    Attributes
    ----------
    pixels : (n, 32, 32, 3) uint8 array
        Of gray pictures the same value three times.
    encrypted : (n,) bool array
    method : (n,) int array
        Index into :data:`METHODS`, or -1 for plain windows of plain pictures.
    source : (n,) int array
        Index of the picture it was cut from.
    """

    pixels: NDArray[np.uint8]
    encrypted: NDArray[np.bool_]
    method: NDArray[np.int64]
    source: NDArray[np.int64]


def split_sources(
    sources: Sequence[Source], held_out: float, rng: np.random.Generator
) -> tuple[list[Source], list[Source]]:
    """Two lists without a picture in common: for training, and for the test.

    Parameters
    ----------
    sources : sequence of Source
        Of one name there may be several, as the two pictures of a stereo pair; they stay together.
    held_out : float
        Part of the names that goes to the test, above 0 and below 1.
    rng : numpy.random.Generator

    Returns
    -------
    train, test : lists of Source

    Raises
    ------
    ValueError
        A part that would leave one of them empty.

    Examples
    --------
    >>> pictures = [Source(str(i), np.full((32, 32), i, np.uint8)) for i in range(10)]
    >>> train, test = split_sources(pictures, 0.3, np.random.default_rng(0))
    >>> len(train), len(test)
    (7, 3)
    """
    names = sorted({source.name for source in sources})
    count = round(held_out * len(names))
    if not 0 < count < len(names):
        raise ValueError(
            f"a part of {held_out} leaves no picture for training or none for the test: "
            f"there are {len(names)}"
        )
    chosen = set(rng.permutation(names)[:count].tolist())
    train = [source for source in sources if source.name not in chosen]
    return train, [source for source in sources if source.name in chosen]


def encrypt_whole(
    picture: Picture, method: str, rng: np.random.Generator, *, vary: bool = False
) -> Picture:
    """Encrypt all of a picture under a random key.

    Parameters
    ----------
    picture : (H, W) or (H, W, 3) uint8 array
        Square, and a multiple of 16, so that no scheme pads it.
    method : str
        One of :data:`METHODS`. Sealing is that of :func:`facecrypt.encrypt_image`, but the key
        comes from `rng`, so that an experiment can be run again.
    rng : numpy.random.Generator
    vary : bool
        Also draw the size of blocks, which is the scheme's default otherwise.

    Returns
    -------
    uint8 array of the same shape
    """
    if method in SEALED:
        data = picture.reshape(-1).copy()
        cipher = method.removeprefix("sealed, ")
        return ciphers.seal_part(data, rng.bytes(32), cipher, b"")[0].reshape(picture.shape)
    scheme = schemes.get(method)
    options = {}
    if vary and method in _BLOCKS:
        options["block"] = int(rng.choice(_BLOCKS[method]))
    key = scheme.random_key(picture.shape, rng, **options)
    return scheme.encrypt(picture, key)


def conceal(
    picture: Picture, method: str, rng: np.random.Generator, *, vary: bool = True
) -> tuple[Picture, NDArray[np.bool_]]:
    """Encrypt a random square of a picture, or half of the time as much of it as a square takes.

    Parameters
    ----------
    picture : (H, W) or (H, W, 3) uint8 array
        Both sides at least 32.
    method, rng, vary
        As of :func:`encrypt_whole`.

    Returns
    -------
    uint8 array
        A copy, or what is left of the picture where all of it is the square.
    (H, W) bool array
        What is encrypted.
    """
    height, width = picture.shape[:2]
    whole = rng.random() < 0.5
    sides = [side for side in _SIDES if side <= min(height, width)]
    side = sides[-1] if whole else int(rng.choice(sides))
    y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    square = np.s_[y : y + side, x : x + side]
    cipher = encrypt_whole(np.ascontiguousarray(picture[square]), method, rng, vary=vary)
    if whole:
        return cipher, np.ones((side, side), bool)
    out, mask = picture.copy(), np.zeros((height, width), bool)
    region = Region(0, 0, side, side, shape=str(rng.choice(["box", "box", "ellipse"])))
    mask[square] = region.mask()
    out[mask] = cipher[region.mask()]
    return out, mask


def draw_windows(
    sources: Sequence[Source],
    rng: np.random.Generator,
    *,
    plain: int = 16,
    each: int = 1,
    methods: Iterable[str] = METHODS,
    pure: bool = False,
) -> Windows:
    """Windows of pictures and of their ciphers under random keys.

    Parameters
    ----------
    sources : sequence of Source
        Of training or of the test, never of both.
    rng : numpy.random.Generator
    plain : int
        Windows of each picture itself.
    each : int
        Ciphers of each picture by each method. Of each there are two windows, where pictures are
        encrypted in part some of them plain, and from beside what is encrypted.
    methods : iterable of str
    pure : bool
        For a test: whole windows of whole ciphers, schemes by their defaults.

    Returns
    -------
    Windows
    """
    methods, samples = tuple(methods), []
    for number, source in enumerate(sources):
        nothing = np.zeros(source.picture.shape[:2], bool)
        cut = _cut(source.picture, nothing, plain, rng, mirror=not pure)
        samples += [(*window, -1, number) for window in cut]
        for name in (name for name in methods for _ in range(each)):
            if pure:
                part = _square(source.picture, rng)
                cipher, mask = encrypt_whole(part, name, rng), np.ones(part.shape[:2], bool)
            else:
                cipher, mask = conceal(source.picture, name, rng)
            cut = _cut(cipher, mask, 2, rng, mirror=not pure)
            samples += [(*window, METHODS.index(name), number) for window in cut]
    pixels, encrypted, method, origin = zip(*samples, strict=True)
    return Windows(np.stack(pixels), np.array(encrypted), np.array(method), np.array(origin))


def _square(picture: Picture, rng: np.random.Generator) -> Picture:
    """A random square of 128 pixels, or of the largest multiple of 16 below."""
    height, width = picture.shape[:2]
    side = min(128, height // 16 * 16, width // 16 * 16)
    y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    return np.ascontiguousarray(picture[y : y + side, x : x + side])


def _cut(
    picture: Picture, mask: NDArray[np.bool_], count: int, rng: np.random.Generator, *, mirror: bool
) -> Iterator[tuple[Picture, bool]]:
    """Random windows and their labels; those whose centre is encrypted in part are drawn again."""
    height, width = picture.shape[:2]
    outside = MARGIN if mirror else 0
    while count:
        y = int(rng.integers(-outside, height - WINDOW + outside + 1))
        x = int(rng.integers(-outside, width - WINDOW + outside + 1))
        middle = np.s_[y + MARGIN : y + MARGIN + CELL, x + MARGIN : x + MARGIN + CELL]
        label = bool(mask[middle].all())
        if not label and mask[middle].any():
            continue
        rows, columns = mirrored(height, y, y + WINDOW), mirrored(width, x, x + WINDOW)
        window = picture[np.ix_(rows, columns)]
        yield (np.repeat(window[..., None], 3, axis=2) if window.ndim == 2 else window), label
        count -= 1
