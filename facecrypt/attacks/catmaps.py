"""Cat maps: linear, so where two pixels go tells where all go.

The map moves pixel (r, c) of an N x N square by the matrix ``A = [[1, p], [q, pq + 1]]`` modulo N,
`iterations` times. The images of (1, 0) and (0, 1) are the columns of ``A**iterations``. Not
even the number of iterations is needed; we search it all the same, to give a key.
"""

import numpy as np
from numpy.typing import NDArray

from facecrypt.attacks.layout import check_pairs
from facecrypt.attacks.matching import fingerprint, match
from facecrypt.attacks.oracle import Oracle
from facecrypt.schemes import CatMapKey, CombinedCatMapKey

__all__ = [
    "chosen_cat_map",
    "chosen_combined_cat_map",
    "fit_cat_map",
    "known_cat_map",
    "known_combined_cat_map",
]

_MOST_MATRICES = 1 << 20
_TOO_FLAT = "too few pixels of rare colours match: flat pictures, or not this scheme"
_NOT_ONE = "the marked pixels are not where a cat map moves them: not this scheme, or a new key"


def chosen_cat_map(oracle: Oracle) -> CatMapKey:
    """Cat map of a square. 1 query, O(N**2): two marked pixels, then :func:`fit_cat_map`."""
    n = _side(oracle.shape)
    places = _follow(oracle, np.array([(1 % n, 0), (0, 1 % n)]))
    return CatMapKey(*fit_cat_map(places.T, n))


def chosen_combined_cat_map(oracle: Oracle) -> CombinedCatMapKey:
    """Four cat maps of quadrants, a perfect shuffle, one of the whole. 1 query, O(N**2).

    A quadrant's corner stays in place, so the corners of two quadrants come to (0, 1) and
    (1, 0) after the shuffle: they show the whole square's matrix. Undone, the other
    eight marks show the quadrants' matrices.
    """
    n = _side(oracle.shape)
    half = _half(n)
    corners = np.array([(0, 0), (0, half), (half, 0), (half, half)])
    steps = np.array([(1, 0), (0, 1)])
    marks = np.concatenate([corners[[2, 1]], *(corner + steps for corner in corners)])
    places = _follow(oracle, marks)
    whole = places[:2].T
    shuffled = places[2:] @ _undo(whole).T % n
    local = shuffled // 2 % half
    quads = [fit_cat_map(local[2 * k : 2 * k + 2].T, half) for k in range(4)]
    return CombinedCatMapKey(quads=np.array(quads), whole=np.array(fit_cat_map(whole, n)))


def known_cat_map(plains: NDArray[np.uint8], ciphers: NDArray[np.uint8]) -> tuple[CatMapKey, float]:
    """Cat map from known pairs ``(N, S, S, C)``. O(N n log n) where some colours are rare.

    Two pixels of rare colours can have gone to few places; of the matrices that this leaves, all
    other pixels must agree with the right one.

    Returns
    -------
    CatMapKey, float
        1 over the number of matrices that fit all pixels.

    Raises
    ------
    ValueError
        No matrix fits, or the pictures are so flat that no two pixels tell.
    """
    plains, ciphers = check_pairs(plains, ciphers)
    n = _side(plains.shape[1:])
    colours = _colours(plains), _colours(ciphers)
    matrices = _agreeing(_two_rare(colours[0]), *colours)
    if len(matrices) == 0:
        raise ValueError(_NOT_ONE)
    return CatMapKey(*fit_cat_map(matrices[0], n)), 1 / len(matrices)


def known_combined_cat_map(
    plains: NDArray[np.uint8], ciphers: NDArray[np.uint8]
) -> tuple[CombinedCatMapKey, float]:
    """Combined cat map from known pairs ``(N, S, S, C)``. O(n log n).

    Within quadrant (i, j) pixel x goes to ``2 B x + W (i, j)`` modulo S, where W is the whole
    square's matrix and ``B = W Q`` modulo S/2 with the quadrant's Q. Three pixels of unique
    colours in each quadrant give both.

    Returns
    -------
    CombinedCatMapKey, float
        1: what three pixels show holds for all.

    Raises
    ------
    ValueError
        A quadrant has too few pixels of unique colours, or no such map explains them.
    """
    plains, ciphers = check_pairs(plains, ciphers)
    n = _side(plains.shape[1:])
    half = _half(n)
    plain, cipher = _colours(plains), _colours(ciphers)
    perm, sure = match(plain.reshape(-1), cipher.reshape(-1))
    source = np.stack(np.divmod(perm[sure], n), axis=1)
    target = np.stack(np.divmod(np.flatnonzero(sure), n), axis=1)
    pixels = np.indices((half, half)).reshape(2, -1)
    matrices, offsets = [], []
    for corner in ((0, 0), (0, half), (half, 0), (half, half)):
        here = (source // half * half == corner).all(1)
        matrix, offset = _affine(source[here] - corner, target[here], half)
        moved = (2 * matrix @ pixels + offset[:, None]) % n
        if not np.array_equal(plain[tuple(pixels + np.reshape(corner, (2, 1)))], cipher[*moved]):
            raise ValueError(_NOT_ONE)
        matrices.append(matrix)
        offsets.append(offset)
    whole = np.stack([offsets[2], offsets[1]], axis=1)
    quads = [fit_cat_map(_undo(whole) @ matrix, half) for matrix in matrices]
    return CombinedCatMapKey(quads=np.array(quads), whole=np.array(fit_cat_map(whole, n))), 1.0


def fit_cat_map(matrix: NDArray[np.integer], n: int) -> tuple[int, int, int]:
    """The key (p, q, iterations) with the fewest iterations for a matrix modulo n.

    Parameters
    ----------
    matrix : (2, 2) int array
    n : int
        Side of the square.

    Returns
    -------
    p, q, iterations : int

    Raises
    ------
    ValueError
        There is none.

    Notes
    -----
    With ``s = pq``, ``A**2 = (2 + s) A - I``, so ``A**t = u A - v I`` where u and v depend on
    s and t alone. For each t all s are tried at once: O(n) a step, and an orbit is at most 3n long.

    Examples
    --------
    >>> import numpy as np
    >>> fit_cat_map(np.linalg.matrix_power(np.array([[1, 3], [2, 7]]), 5) % 32, 32)
    (3, 2, 5)
    """
    (a, b), (c, d) = np.asarray(matrix, np.int64) % n
    s = np.arange(n)
    u, v = np.ones(n, np.int64) % n, np.zeros(n, np.int64)
    for t in range(1, 3 * n + 1):
        for k in np.flatnonzero(((u - v - a) % n == 0) & ((u * (s + 1) - v - d) % n == 0)):
            p, q = (np.flatnonzero(u[k] * s % n == entry) for entry in (b, c))
            at = np.argwhere(np.multiply.outer(p, q) % n == k)
            if len(at):
                return int(p[at[0, 0]]), int(q[at[0, 1]]), t
        u, v = (u * (2 + s) - v) % n, u
    raise ValueError(_NOT_ONE)


def _side(shape: tuple[int, ...]) -> int:
    if shape[0] != shape[1]:
        raise ValueError(f"a cat map needs a square, received {shape}: take the padded size")
    return shape[0]


def _half(n: int) -> int:
    if n % 2 or n < 4:
        raise ValueError(f"a combined cat map needs an even side of at least 4, received {n}")
    return n // 2


def _undo(matrix: NDArray[np.integer]) -> NDArray[np.int64]:
    """The inverse of a matrix of determinant 1. Of any other, fit_cat_map will find no key."""
    (a, b), (c, d) = matrix
    return np.array([(d, -b), (-c, a)])


def _colours(pictures: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """What each pixel ``(S, S)`` held in all pictures."""
    n = pictures.shape[1]
    return fingerprint(np.moveaxis(pictures, 3, 1).reshape(-1, n, n))


def _follow(oracle: Oracle, marks: NDArray[np.integer]) -> NDArray[np.int64]:
    """Where pixels ``(k, 2)`` go, by one picture that numbers them from 1."""
    image = oracle.blank()
    image[tuple(marks.T)] = np.arange(1, len(marks) + 1)[:, None]
    cipher = oracle.ask_same(image)[..., 0]
    found = [np.argwhere(cipher == number) for number in range(1, len(marks) + 1)]
    if any(len(places) != 1 for places in found):
        raise ValueError(_NOT_ONE)
    return np.concatenate(found)


def _two_rare(colours: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Two pixels ``(2, 2)``, a row each, of rare colours, that determine the matrix."""
    n = len(colours)
    _, which, counts = np.unique(colours, return_inverse=True, return_counts=True)
    counts = counts[which.reshape(-1)]
    rarest = np.argsort(counts, kind="stable")[:256]
    places = np.stack(np.divmod(rarest, n), axis=1)
    pairs = _independent(places, n)
    candidates = counts[rarest][pairs].prod(1)
    if len(pairs) == 0 or candidates.min() > _MOST_MATRICES:
        raise ValueError(_TOO_FLAT)
    return places[pairs[candidates.argmin()]]


def _agreeing(
    pixels: NDArray[np.int64], plain: NDArray[np.uint64], cipher: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """The matrices ``(k, 2, 2)`` of determinant 1 that move every pixel to one of its colour."""
    n = len(plain)
    first, second = (np.argwhere(cipher == plain[tuple(pixel)]) for pixel in pixels)
    if len(first) * len(second) > _MOST_MATRICES:
        raise ValueError(_NOT_ONE)
    images = np.empty((len(first), len(second), 2, 2), np.int64)
    images[..., 0] = first[:, None]
    images[..., 1] = second[None]
    matrices = images.reshape(-1, 2, 2) @ _inverse(pixels.T, n) % n
    determinants = matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0]
    matrices = matrices[determinants % n == 1 % n]
    for place in np.random.default_rng(3).permutation(n * n):
        if len(matrices) < 2:
            break
        source = np.array(divmod(int(place), n))
        moved = matrices @ source % n
        matrices = matrices[cipher[moved[:, 0], moved[:, 1]] == plain[tuple(source)]]
    rows, columns = np.indices((n, n)).reshape(2, -1)
    fits = [
        np.array_equal(cipher[tuple(m @ (rows, columns) % n)], plain[rows, columns])
        for m in matrices
    ]
    return matrices[np.array(fits, bool)]


def _affine(
    x: NDArray[np.int64], y: NDArray[np.int64], half: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """B modulo half and t modulo 2*half with ``y = 2 B x + t``, from pixels ``(m, 2)``."""
    if len(x) == 0:
        raise ValueError(_TOO_FLAT)
    # More pixels than these make the search for two no likelier to succeed.
    across, along = (x - x[0])[:256], (y - y[0])[:256]
    pairs = _independent(across, half)
    if len(pairs) == 0:
        raise ValueError(_TOO_FLAT)
    matrix = along[pairs[0]].T // 2 @ _inverse(across[pairs[0]].T, half) % half
    offset = (y[0] - 2 * matrix @ x[0]) % (2 * half)
    return matrix, offset


def _independent(vectors: NDArray[np.int64], n: int) -> NDArray[np.intp]:
    """The pairs ``(k, 2)`` of vectors ``(m, 2)`` whose determinant has an inverse modulo n."""
    r, c = vectors.T
    return np.argwhere(np.gcd(np.multiply.outer(r, c) - np.multiply.outer(c, r), n) == 1)


def _inverse(matrix: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    (a, b), (c, d) = matrix.tolist()
    return pow(a * d - b * c, -1, n) * np.array([(d, -b), (-c, a)]) % n
