"""Attacks by the name of the scheme."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facecrypt import schemes
from facecrypt.attacks import catmaps, etc, keystreams, nibbles, observed, pixelwise, shuffles
from facecrypt.attacks.oracle import Encrypt, Oracle, Recovery, agreement
from facecrypt.errors import UnknownSchemeError
from facecrypt.schemes.pictures import as_batch

__all__ = ["CHOSEN", "KNOWN", "chosen_plaintext", "ciphertext_only", "known_plaintext", "open_with"]

CHOSEN: dict[str, Callable[..., Any]] = {
    "pbe": pixelwise.chosen_pbe,
    "logistic-pixel": pixelwise.chosen_logistic_pixel,
    "le": nibbles.chosen_le,
    "ele": nibbles.chosen_ele,
    "block-shuffle": shuffles.chosen_block_shuffle,
    "cat-map": catmaps.chosen_cat_map,
    "combined-cat-map": catmaps.chosen_combined_cat_map,
    "etc": etc.chosen_etc,
    "chaos-blocks": keystreams.chosen_chaos_blocks,
    "fiie": keystreams.chosen_fiie,
}

KNOWN: dict[str, Callable[..., tuple[Any, float]]] = {
    "pbe": pixelwise.known_pbe,
    "logistic-pixel": pixelwise.known_logistic_pixel,
    "le": nibbles.known_le,
    "ele": nibbles.known_ele,
    "block-shuffle": shuffles.known_block_shuffle,
    "cat-map": catmaps.known_cat_map,
    "combined-cat-map": catmaps.known_combined_cat_map,
    "etc": etc.known_etc,
    "chaos-blocks": keystreams.known_chaos_blocks,
    "fiie": keystreams.known_fiie,
}

# What known pairs leave open where the score is below 1; the key holds one guess that fits.
_OPEN = {
    "pbe": "the order of channels of pixels whose channels differ alike in all pairs",
    "logistic-pixel": "the order of channels of pixels whose channels differ alike in all pairs",
    "le": "which nibble went where, among nibbles that agree in all blocks",
    "ele": "which block or nibble went where, among those that agree in all pairs",
    "block-shuffle": "which sample went where, among samples that agree in all blocks",
    "cat-map": "which of several maps it was: flat pictures fit many",
    "etc": "which block went where and how it turned, among flat, symmetric and equal blocks",
    "chaos-blocks": "which part went where, among parts where the pictures differ alike",
    "fiie": "the keystream outside the regions of the pairs",
}
_NOT_THIS = "the oracle is not this scheme, or changes its key"


def chosen_plaintext(
    name: str, oracle: Encrypt, shape: tuple[int, ...], **options: Any
) -> Recovery:
    """Recover a key by having pictures of one's choice encrypted.

    Parameters
    ----------
    name : str
        A scheme: pbe, logistic-pixel, le, ele, block-shuffle, cat-map, combined-cat-map, etc,
        chaos-blocks, fiie.
    oracle : callable
        Encrypts one uint8 picture of `shape` under the one key sought. For fiie, with regions
        that the attacker forces.
    shape : tuple of int
        ``(H, W, 3)``; also ``(H, W)`` and ``(H, W, 1)`` where the scheme takes them and has no
        channel shuffle. Sides must be multiples of the block.
    **options
        What the scheme makes public: ``block`` (le, ele, block-shuffle: 4; etc: 16, gray 8),
        ``parts`` (chaos-blocks: (4, 4)), ``shuffle`` (logistic-pixel: True).

    Returns
    -------
    Recovery
        Its score is measured with one more picture, a random one.

    Raises
    ------
    UnknownSchemeError
        No attack on a scheme of that name.
    ValueError
        The answers are not those of this scheme under one key, or the shape does not fit.

    Notes
    -----
    Queries: 1 for pbe, block-shuffle, cat-map, combined-cat-map, etc, fiie and for le where a
    picture has two blocks; 2 for logistic-pixel (without shuffle 1), ele and chaos-blocks.
    All attacks are O(n) or O(n log n) in the samples of a picture.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import schemes
    >>> pbe = schemes.get("pbe")
    >>> secret = pbe.random_key((8, 8, 3), np.random.default_rng(1))
    >>> found = chosen_plaintext("pbe", lambda image: pbe.encrypt(image, secret), (8, 8, 3))
    >>> found.score, found.queries
    (1.0, 1)
    """
    asked = Oracle(oracle, shape)
    key = _attack(CHOSEN, name)(asked, **options)
    queries = asked.queries
    fresh = np.random.default_rng(1).integers(0, 256, asked.picture, np.uint8)
    score = agreement(open_with(name, asked.raw(fresh), key), fresh)
    return Recovery(key, score, queries, "" if score == 1 else _NOT_THIS)


def known_plaintext(
    name: str, plains: NDArray[np.uint8], ciphers: NDArray[np.uint8], **options: Any
) -> Recovery:
    """Recover a key, or what of it shows, from pictures whose ciphers are known.

    Parameters
    ----------
    name, **options
        As in :func:`chosen_plaintext`; pbe has ``shuffle``, too.
    plains, ciphers : uint8 arrays
        One pair, ``(H, W, C)``, or pairs under one key, ``(N, H, W, C)``.

    Returns
    -------
    Recovery
        Its score is the share of the key without alternative; the rest of the key is a guess
        that fits the pairs.

    Raises
    ------
    UnknownSchemeError
        No attack on a scheme of that name.
    ValueError
        Shapes that do not fit, or pairs that no key explains, where that shows.

    Examples
    --------
    >>> import numpy as np
    >>> plain, key = np.random.default_rng(1).integers(0, 256, (2, 4, 4, 3), np.uint8)
    >>> known_plaintext("logistic-pixel", plain, plain ^ key, shuffle=False).score
    1.0
    """
    key, score = _attack(KNOWN, name)(plains, ciphers, **options)
    return Recovery(key, score, len(as_batch(plains)), "" if score == 1 else _OPEN[name])


def ciphertext_only(
    name: str,
    ciphers: NDArray[np.uint8],
    *,
    method: str = "advanced",
    first: ArrayLike | None = None,
) -> NDArray[np.uint8]:
    """Pictures from ciphers alone, though each has a key of its own. Only for pbe.

    Parameters
    ----------
    name : str
        ``"pbe"``. (Of two ciphers under one XOR keystream, see :func:`two_time_pad`.)
    ciphers : (H, W, 3) or (N, H, W, 3) uint8 array
    method : {"advanced", "basic"}
        See :func:`facecrypt.attacks.observed.pbe_advanced` and :func:`pbe_basic` there.
    first : (3,) or (N, 3) array-like, optional
        Of "advanced": a guess of the top left pixel.

    Returns
    -------
    uint8 array of the ciphers' shape
        What the picture may have looked like; not exact.

    Raises
    ------
    UnknownSchemeError
        Another scheme.

    Examples
    --------
    >>> import numpy as np
    >>> ciphertext_only("pbe", np.full((1, 2, 3), 250, np.uint8), method="basic").tolist()
    [[[5, 5, 5], [5, 5, 5]]]
    """
    if name != "pbe":
        raise UnknownSchemeError(f"ciphertext alone opens pictures of 'pbe' only, not of {name!r}")
    if method == "advanced":
        return observed.pbe_advanced(ciphers, first)
    if method == "basic" and first is None:
        return observed.pbe_basic(ciphers)
    raise ValueError(f"method must be 'advanced' or, without first, 'basic', received {method!r}")


def open_with(name: str, cipher: NDArray[np.uint8], key: Any) -> NDArray[np.uint8]:
    """Decrypt one picture with a recovered key; of fiie, one that is 0 outside the regions."""
    return schemes.get(name).decrypt(cipher, key)


def _attack(attacks: dict[str, Callable[..., Any]], name: str) -> Callable[..., Any]:
    try:
        return attacks[name]
    except KeyError:
        raise UnknownSchemeError(f"no attack on {name!r}, only on {', '.join(attacks)}") from None
