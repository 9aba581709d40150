"""Schemes that treat every pixel on its own: PBE and Ahmad and Shin's logistic variant.

Both XOR each sample with a byte that depends on the key alone (PBE: 0 or 255) and then may
reorder the three channels of the pixel. One picture of three values shows both.

Sources: Ahmad and Shin 2022, Algorithm 1; Chang and Case 2020 (arXiv:2004.13263), the attack on
Sirichotedumrong, Kinoshita and Kiya's scheme under one key.
"""

import numpy as np
from numpy.typing import NDArray

from facecrypt import backends
from facecrypt.attacks.layout import check_pairs
from facecrypt.attacks.oracle import Encrypt, Oracle
from facecrypt.schemes import LogisticPixelKey, PbeKey

__all__ = [
    "ORDERS",
    "algorithm1",
    "chosen_logistic_pixel",
    "chosen_pbe",
    "known_logistic_pixel",
    "known_pbe",
]

ORDERS = np.array(backends.ORDERS)
_ORDER_OF = np.full((3, 3, 3), -1)
_ORDER_OF[tuple(ORDERS.T)] = np.arange(6)

# v and 255 - v are six different values, so one answer tells channel and negation.
MARKER = np.array([1, 2, 3], np.uint8)


def algorithm1(oracle: Encrypt, shape: tuple[int, ...], a: int = 1) -> NDArray[np.bool_]:
    """Chosen-plaintext attack on PBE without channel shuffle, as printed.

    Parameters
    ----------
    oracle : callable
        Encrypts one picture under the key sought.
    shape : tuple of int
        ``(H, W, C)`` or ``(H, W)``.
    a : int
        The gray level asked for, 0 to 255.

    Returns
    -------
    bool array of `shape`
        True where the sample is negated: the key's ``negate``.

    Notes
    -----
    Ahmad and Shin 2022, Algorithm 1: encrypt a constant `a`; the key is 1 where the cipher is
    ``a XOR 255``. One query, O(n). The paper writes ``a <= L`` and ``a != (a XOR L)``; any
    `a` of 0 to 255 does, 0 included. On the paper's own scheme (`logistic-pixel`) it finds
    almost nothing; reading the same answer as ``cipher XOR a`` finds all.

    Examples
    --------
    >>> import numpy as np
    >>> negate = np.array([[[0, 1, 1]]], bool)
    >>> algorithm1(lambda image: image ^ np.uint8(255) * negate, (1, 1, 3))
    array([[[False,  True,  True]]])
    """
    if not 0 <= a <= 255:
        raise ValueError(f"a must be 0 to 255, received {a}")
    asked = Oracle(oracle, shape)
    cipher = asked.ask_same(np.full(asked.shape, a, np.uint8))
    return (cipher == a ^ 255).reshape(shape)


def chosen_pbe(oracle: Oracle) -> PbeKey:
    """PBE with or without channel shuffle. 1 query, O(n).

    Every pixel is (1, 2, 3). In the cipher, the top bit is the negation and the rest names the
    channel. Pixels whose answer is no such thing are left as they are.
    """
    if oracle.shape[2] == 1:
        return PbeKey(negate=algorithm1(oracle.ask_same, oracle.shape).astype(np.uint8), order=None)
    answer = oracle.ask_same(oracle.blank() + MARKER)
    negated = answer > 127
    order = _orders(np.where(negated, answer ^ 255, answer))
    negate = np.zeros(oracle.shape, bool)
    np.put_along_axis(negate, ORDERS[np.maximum(order, 0)], negated, 2)
    negate[order < 0] = False
    return PbeKey(negate=negate, order=np.maximum(order, 0).astype(np.uint8))


def chosen_logistic_pixel(oracle: Oracle, *, shuffle: bool = True) -> LogisticPixelKey:
    """Ahmad and Shin's scheme. 2 queries, or 1 without channel shuffle; O(n).

    The cipher of zeros is S*K_c, reordered: all that the sequence and the selecting bits ever
    do. The cipher of (1, 2, 3) XOR that is the order. mu and d0 are not needed.
    """
    mask = oracle.ask_same(oracle.blank())
    if not shuffle or oracle.shape[2] == 1:
        return _masking_key(mask, None)
    order = np.maximum(_orders(oracle.ask_same(oracle.blank() + MARKER) ^ mask), 0)
    straight = np.empty_like(mask)
    np.put_along_axis(straight, ORDERS[order], mask, 2)
    return _masking_key(straight, order.astype(np.uint8))


def known_pbe(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8], *, shuffle: bool = True
) -> tuple[PbeKey, float]:
    """PBE from known pairs ``(N, H, W, 3)``. O(N n).

    For each pixel, the orders of channels for which one XOR value of 0 or 255 fits all
    pairs. Ties remain where channel differences coincide, as in gray areas.

    Returns
    -------
    PbeKey, float
        The share of pixels with one such order.
    """
    mask, order, score = _known(plains, ciphers, shuffle=shuffle, binary=True)
    return PbeKey(negate=mask == 255, order=order), score


def known_logistic_pixel(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8], *, shuffle: bool = True
) -> tuple[LogisticPixelKey, float]:
    """Ahmad and Shin's scheme from known pairs ``(N, H, W, 3)``, as :func:`known_pbe`.

    The XOR value may be any byte, so with shuffle one pair leaves all six orders possible.
    Without, one pair is the key.
    """
    mask, order, score = _known(plains, ciphers, shuffle=shuffle, binary=False)
    return _masking_key(mask, order), score


def _known(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8], *, shuffle: bool, binary: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, float]:
    plains, ciphers = check_pairs(plains, ciphers)
    if not shuffle or plains.shape[3] == 1:
        mask = plains[0] ^ ciphers[0]
        holds = (plains ^ ciphers == mask).all(0)
        if binary:
            holds &= (mask == 0) | (mask == 255)
        return mask, None, float(holds.mean())
    # fits[y, x, j, c]: output j may be channel c, for one XOR value explains all pairs.
    values = ciphers[0][..., :, None] ^ plains[0][..., None, :]
    fits = (values == 0) | (values == 255) if binary else np.ones(values.shape, bool)
    for plain, cipher in zip(plains[1:], ciphers[1:], strict=True):
        fits &= cipher[..., :, None] ^ plain[..., None, :] == values
    possible = fits[..., np.arange(3), ORDERS].all(-1)
    order = possible.argmax(-1)
    sources = ORDERS[order]
    mask = np.empty(plains.shape[1:], np.uint8)
    found = np.take_along_axis(values, sources[..., None], -1)[..., 0]
    np.put_along_axis(mask, sources, found, 2)
    return mask, order.astype(np.uint8), float((possible.sum(-1) == 1).mean())


def _masking_key(mask: NDArray[np.uint8], order: NDArray[np.uint8] | None) -> LogisticPixelKey:
    select = np.ones(mask.shape, np.uint8)
    return LogisticPixelKey(None, None, select, order, "interleaved", mask)


def _orders(channels: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Row of ORDERS for pixels made of 1, 2, 3 in some order; -1 for all others."""
    legal = np.all((channels >= 1) & (channels <= 3), axis=-1)
    codes = np.where(legal[..., None], channels, 1) - 1
    return np.where(legal, _ORDER_OF[codes[..., 0], codes[..., 1], codes[..., 2]], -1)
