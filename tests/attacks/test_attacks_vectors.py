"""Attacks on oracles written here from the definitions, under keys that are frozen vectors.

Nothing of ``facecrypt.schemes`` encrypts in this file: each oracle must first reproduce the
vector's cipher, then the attack must give the vector's key.
"""

from pathlib import Path

import numpy as np
import pytest

from facecrypt.attacks import algorithm1, chosen_plaintext, known_plaintext
from facecrypt.attacks.catmaps import chosen_cat_map, chosen_combined_cat_map
from facecrypt.attacks.dispatch import CHOSEN
from facecrypt.attacks.oracle import Oracle
from facecrypt.attacks.shuffles import chosen_permutation

VECTORS = Path(__file__).parents[1] / "vectors"
ORDERS = np.array([(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
SIZES = pytest.mark.parametrize("size", ["5x7", "8x8", "32x32"])
BLOCKS = pytest.mark.parametrize("b", [2, 4, 8])


def vector(name):
    with np.load(VECTORS / f"{name}.npz") as file:
        return dict(file)


def attack(name, encrypt, v, cipher="cipher", **options):
    """The key and the number of queries, once the oracle is known to be right."""
    assert np.array_equal(encrypt(v["plain"]), v[cipher])
    oracle = Oracle(encrypt, v["plain"].shape)
    return CHOSEN[name](oracle, **options), oracle.queries


def blockwise(image, rows, columns, change):
    """Apply `change` to the blocks, a row each, and put them back."""
    height, width, c = image.shape
    grid = (height // rows, rows, width // columns, columns, c)
    blocks = image.reshape(grid).transpose(0, 2, 1, 3, 4).reshape(-1, rows * columns * c)
    back = change(blocks).reshape(grid[0], grid[2], rows, columns, c)
    return back.transpose(0, 2, 1, 3, 4).reshape(image.shape)


def nibbles(change):
    def changed(blocks):
        v = change(np.concatenate([blocks % 16, blocks // 16], axis=1))
        low, high = np.split(v, 2, axis=1)
        return (high * 16 + low).astype(np.uint8)

    return changed


@SIZES
def test_pbe(size):
    v = vector(f"pbe_{size}")

    def encrypt(image):
        negated = np.where(v["kc"], 255 - image, image)
        return np.take_along_axis(negated, ORDERS[v["ks"]], 2)

    key, queries = attack("pbe", encrypt, v)
    assert queries == 1
    assert np.array_equal(key.negate, v["kc"])
    assert np.array_equal(key.order, v["ks"])
    unshuffled = algorithm1(lambda image: np.where(v["kc"], 255 - image, image), v["kc"].shape, 7)
    assert np.array_equal(unshuffled, v["kc"])


@SIZES
def test_logistic_pixel(size):
    v = vector(f"proposed_{size}")
    mask = v["s"] * v["kc"]

    def encrypt(image):
        return np.take_along_axis(image ^ mask, ORDERS[v["ks"]], 2)

    key, queries = attack("logistic-pixel", encrypt, v)
    assert queries == 2
    assert np.array_equal(key.order, v["ks"])
    assert np.array_equal(key.mask, mask)
    key, queries = attack(
        "logistic-pixel", lambda image: image ^ mask, v, "cipher_no_shuffle", shuffle=False
    )
    assert queries == 1
    assert key.order is None
    assert np.array_equal(key.mask, mask)


def test_algorithm_1_fails_on_logistic_pixel_and_the_zero_picture_does_not():
    v = vector("proposed_32x32")
    mask = v["s"] * v["kc"]
    found = algorithm1(lambda image: image ^ mask, (32, 32, 3))
    assert (np.count_nonzero(v["kc"]), np.count_nonzero(found & (v["kc"] == 1))) == (1504, 7)
    found = CHOSEN["logistic-pixel"](Oracle(lambda image: image ^ mask, (32, 32, 3)), shuffle=False)
    assert np.array_equal(found.mask, mask)


@BLOCKS
@pytest.mark.parametrize("preset", ["tanaka", "paper", "perm_only"])
def test_le(b, preset):
    v = vector(f"le_b{b}")
    before = {"tanaka": v["tanaka_rev"], "paper": v["mask"], "perm_only": 0 * v["mask"]}[preset]
    after = before if preset == "tanaka" else 0 * before
    before, after = before.astype(bool), after.astype(bool)

    @nibbles
    def change(n):
        n = np.where(before, 15 - n, n)[:, v["perm"]]
        return np.where(after, 15 - n, n)

    key, queries = attack(
        "le", lambda image: blockwise(image, b, b, change), v, f"cipher_{preset}", block=b
    )
    assert queries == 1
    assert np.array_equal(key.perm, v["perm"])
    assert key.reverse_in is None
    assert np.array_equal(key.reverse_out, before[v["perm"]] ^ after)


def test_le_takes_a_query_a_digit_where_a_picture_is_one_block():
    v = vector("le_b4")
    change = nibbles(lambda n: n[:, v["perm"]])
    oracle = Oracle(lambda image: blockwise(image, 4, 4, change), (4, 4, 3))
    assert np.array_equal(CHOSEN["le"](oracle, block=4).perm, v["perm"])
    assert oracle.queries == 2


@BLOCKS
def test_ele(b):
    v = vector(f"ele_b{b}")

    @nibbles
    def change(n):
        n = np.take_along_axis(np.where(v["revs"], 15 - n, n), v["perms"], 1)
        return np.where(v["revs"], 15 - n, n)[v["block_perm"]]

    key, queries = attack("ele", lambda image: blockwise(image, b, b, change), v, block=b)
    assert queries == (3 if b == 8 else 2)
    assert np.array_equal(key.perms, v["perms"])
    assert np.array_equal(key.block_perm, v["block_perm"])
    mask = np.take_along_axis(v["revs"], v["perms"], 1) ^ v["revs"]
    assert np.array_equal(key.reverses_out, mask)


@BLOCKS
def test_block_shuffle(b):
    v = vector(f"naive_b{b}")

    def encrypt(image):
        return blockwise(image, b, b, lambda blocks: blocks[:, v["perm"]])

    key, queries = attack("block-shuffle", encrypt, v, block=b)
    assert queries == 1
    assert np.array_equal(key.perm, v["perm"])
    whole = chosen_permutation(Oracle(encrypt, v["plain"].shape))
    assert np.array_equal(v["plain"].reshape(-1)[whole], v["cipher"].reshape(-1))


@BLOCKS
@pytest.mark.parametrize("gray", [False, True])
def test_etc(b, gray):
    v = vector(f"etc_gray_b{b}" if gray else f"etc_b{b}")

    def encrypt(image):
        if gray:
            image = np.concatenate([image[..., c : c + 1] for c in range(3)], axis=1)

        def change(blocks):
            out = []
            for o, source in enumerate(v["block_perm"]):
                block = np.rot90(blocks[source].reshape(b, b, -1), v["rot"][o])
                block = block[:, ::-1] if v["flip"][o] else block
                block = 255 - block if v["neg"][o] else block
                out.append(block if gray else block[..., ORDERS[v["colour"][o]]])
            return np.stack(out)

        return blockwise(image, b, b, change)

    key, queries = attack("etc", encrypt, v, block=b)
    assert queries == 1
    fields = {"block_perm": "block_perm", "rotate": "rot", "flip": "flip", "negate": "neg"}
    for field, name in fields.items():
        assert np.array_equal(getattr(key, field), v[name]), field
    assert key.colour is None if gray else np.array_equal(key.colour, v["colour"])


@BLOCKS
def test_chaos_blocks(b):
    v = vector(f"chaos003_b{b}")
    part = v["part"].tolist()
    parts = tuple(side // size for side, size in zip(v["plain"].shape, part, strict=False))

    def encrypt(image):
        return blockwise(image, *part, lambda blocks: blocks[v["perm"]]) ^ v["key"]

    key, queries = attack("chaos-blocks", encrypt, v, parts=parts)
    assert queries == 2
    assert np.array_equal(key.parts_perm, v["perm"])
    assert np.array_equal(key.sequence, v["key"].reshape(-1))
    other = np.random.default_rng(b).integers(0, 256, v["plain"].shape, np.uint8)
    pairs = np.stack([v["plain"], other]), np.stack([v["cipher"], encrypt(other)])
    found = known_plaintext("chaos-blocks", *pairs, parts=parts)
    assert found.score == 1
    assert np.array_equal(found.key.parts_perm, v["perm"])
    assert np.array_equal(found.key.sequence, v["key"].reshape(-1))


@BLOCKS
def test_fiie(b):
    v = vector(f"fiie_b{b}")
    inside = np.where(v["mask"][..., None], v["key"], 0)
    key, queries = attack("fiie", lambda image: image ^ inside, v)
    assert queries == 1
    assert np.array_equal(key.sequence, inside.reshape(-1))
    found = known_plaintext("fiie", v["plain"], v["cipher"])
    assert np.array_equal(found.key.sequence, inside.reshape(-1))


def cat(image, p, q, iterations):
    n = len(image)
    r, c = np.mgrid[:n, :n]
    for _ in range(iterations):
        moved = np.empty_like(image)
        moved[(r + p * c) % n, (q * r + (p * q + 1) * c) % n] = image
        image = moved
    return image


def combined(image, quads, whole):
    n = len(image)
    h = n // 2
    out = np.empty_like(image)
    for (y, x), key in zip(((0, 0), (0, h), (h, 0), (h, h)), quads, strict=True):
        # The corner (y, x) of quadrant (i, j) is where the shuffle interleaves: 2r + i, 2c + j.
        out[y // h :: 2, x // h :: 2] = cat(image[y : y + h, x : x + h], *key)
    return cat(out, *whole)


@pytest.mark.parametrize("n", [8, 15, 32])
@pytest.mark.parametrize(("name", "secret"), [("arnold3", (1, 1, 3)), ("p3q2r5", (3, 2, 5))])
def test_cat_map(n, name, secret):
    v = vector(f"cat_{n}")
    assert np.array_equal(cat(v["plain"], *secret), v[name])
    key = chosen_cat_map(Oracle(lambda image: cat(image, *secret), v["plain"].shape))
    assert np.array_equal(cat(v["plain"], key.p, key.q, key.iterations), v[name])
    found = known_plaintext("cat-map", v["plain"], v[name])
    assert found.score == 1
    key = found.key
    assert np.array_equal(cat(v["plain"], key.p, key.q, key.iterations), v[name])


@pytest.mark.parametrize("n", [8, 32])
def test_combined_cat_map(n):
    v = vector(f"cat_{n}")
    assert np.array_equal(combined(v["plain"], v["quads"], v["whole"]), v["combined"])
    oracle = Oracle(lambda image: combined(image, v["quads"], v["whole"]), v["plain"].shape)
    key = chosen_combined_cat_map(oracle)
    assert oracle.queries == 1
    assert np.array_equal(combined(v["plain"], key.quads, key.whole), v["combined"])
    key = known_plaintext("combined-cat-map", v["plain"], v["combined"]).key
    other = np.random.default_rng(n).integers(0, 256, v["plain"].shape, np.uint8)
    expected = combined(other, v["quads"], v["whole"])
    assert np.array_equal(combined(other, key.quads, key.whole), expected)


def test_another_scheme_behind_the_oracle_shows():
    v = vector("pbe_32x32")
    with pytest.raises(ValueError, match="no permutation"):
        chosen_plaintext("le", lambda image: image ^ v["kc"] * np.uint8(255), (32, 32, 3))
