"""Schemes against independent vectors, on every backend and instruction set.

A slow reference that shares no line with this package made them; coupling-cnn, which no paper
defines, is written out in loops below.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facecrypt import _native, backends, schemes
from facecrypt.regions import Region
from facecrypt.schemes.etc import side_by_side
from facecrypt.schemes.registry import own_names

VECTORS = Path(__file__).parents[1] / "vectors"
FORCED = "FACECRYPT_ISA"
BLOCKS = [2, 4, 8]
SIZES = ["5x7", "8x8", "32x32"]


RUNNING = [name for name, missing in backends.available().items() if missing is None]


# "card": the pictures are on a card themselves.
@pytest.fixture(params=[*RUNNING, *(["card"] if "cuda" in RUNNING else [])])
def backend(request):
    return request.param


def vector(name):
    with np.load(VECTORS / f"{name}.npz") as file:
        return dict(file)


def orbit(values):
    return (float.fromhex(str(values[name])) for name in ("mu_hex", "d0_hex"))


def check(name, plain, key, cipher, backend, *regions):
    """One picture, and enough of them for the kernels that prepare a key first."""
    scheme, count = schemes.get(name), 70
    if backend == "card":
        scheme, backend, count = OnCard(scheme), "auto", 5  # in the simulator each costs seconds
    got = scheme.encrypt(plain, key, *regions, backend=backend)
    assert got.shape == cipher.shape
    assert (got == cipher).all()
    assert (scheme.decrypt(got, key, *regions, backend=backend) == plain).all()
    batch = np.repeat(plain[None], count, axis=0)
    ciphers = scheme.encrypt(batch, key, *regions, backend=backend)
    assert (ciphers == cipher).all()
    assert (scheme.decrypt(ciphers, key, *regions, backend=backend) == plain).all()


class OnCard:
    """A scheme whose pictures are on a card, in Numba's arrays."""

    def __init__(self, scheme):
        self.scheme = scheme

    def encrypt(self, images, *key, **options):
        return self._there_and_back(self.scheme.encrypt, images, *key, **options)

    def decrypt(self, images, *key, **options):
        return self._there_and_back(self.scheme.decrypt, images, *key, **options)

    def _there_and_back(self, run, images, *key, **options):
        from numba import cuda

        there = cuda.to_device(images)
        got = run(there, *key, **options)
        assert type(got) is type(there)
        assert (there.copy_to_host() == images).all()
        return got.copy_to_host()


# These have tests below, or a reference in them.
SHOWN_BELOW = {
    "block-shuffle", "cat-map", "chaos-blocks", "chaos-cnn", "combined-cat-map", "coupling-cnn",
    "ele", "etc", "fiie", "le", "logistic-pixel",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(own_names()) - SHOWN_BELOW))
def test_a_scheme_and_its_vector(name, backend):
    """scheme-NAME.npz: plain, cipher, and key.FIELD for each field of the key."""
    v = vector(f"scheme-{name}")
    fields = {n.removeprefix("key."): v[n] for n in v if n.startswith("key.")}
    fields = {n: value if value.ndim else value.item() for n, value in fields.items()}
    check(name, v["plain"], schemes.get(name).key_type(**fields), v["cipher"], backend)


@pytest.mark.parametrize("size", SIZES)
def test_pbe(size, backend):
    v = vector(f"pbe_{size}")
    check("pbe", v["plain"], schemes.PbeKey(v["kc"], v["ks"]), v["cipher"], backend)
    check("pbe", v["plain"], schemes.PbeKey(v["kc"]), v["npt"], backend)


@pytest.mark.parametrize("size", SIZES)
def test_logistic_pixel(size, backend):
    v = vector(f"proposed_{size}")
    mu, d0 = orbit(v)
    plain, select, order = v["plain"], v["kc"], v["ks"]
    key = schemes.LogisticPixelKey(mu, d0, select, order)
    check("logistic-pixel", plain, key, v["cipher"], backend)
    key = schemes.LogisticPixelKey(mu, d0, select)
    check("logistic-pixel", plain, key, v["cipher_no_shuffle"], backend)
    key = schemes.LogisticPixelKey(None, None, select, order, sequence=v["seq"])
    check("logistic-pixel", plain, key, v["cipher"], backend)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("layout", "name"),
    [("planar", "s"), ("interleaved", "s_interleaved"), ("shared", "s_shared")],
)
def test_logistic_pixel_layouts(size, layout, name, backend):
    v = vector(f"proposed_{size}")
    zero, all_of_it = np.zeros_like(v["plain"]), np.ones_like(v["kc"])
    key = schemes.LogisticPixelKey(*orbit(v), all_of_it, layout=layout)
    check("logistic-pixel", zero, key, v[name], backend)


@pytest.mark.parametrize("b", BLOCKS)
def test_le(b, backend):
    v = vector(f"le_b{b}")
    tanaka = schemes.LeKey.tanaka2018(v["perm"], b)
    assert (tanaka.reverse_in == v["tanaka_rev"]).all()
    check("le", v["plain"], tanaka, v["cipher_tanaka"], backend)
    paper = schemes.LeKey(v["perm"], v["mask"], None, b)
    check("le", v["plain"], paper, v["cipher_paper"], backend)
    perm_only = schemes.LeKey(v["perm"], block=b)
    check("le", v["plain"], perm_only, v["cipher_perm_only"], backend)


@pytest.mark.parametrize("b", BLOCKS)
def test_ele(b, backend):
    v = vector(f"ele_b{b}")
    key = schemes.EleKey(v["perms"], v["revs"], v["revs"], v["block_perm"], b)
    check("ele", v["plain"], key, v["cipher"], backend)


@pytest.mark.parametrize("b", BLOCKS)
def test_block_shuffle(b, backend):
    v = vector(f"naive_b{b}")
    key = schemes.BlockShuffleKey(v["perm"], b)
    check("block-shuffle", v["plain"], key, v["cipher"], backend)


@pytest.mark.parametrize("b", BLOCKS)
def test_etc_colour(b, backend):
    v = vector(f"etc_b{b}")
    key = schemes.EtcKey(v["block_perm"], v["rot"], v["flip"], v["neg"], v["colour"], b)
    check("etc", v["plain"], key, v["cipher"], backend)


@pytest.mark.parametrize("b", BLOCKS)
def test_etc_gray(b, backend):
    v = vector(f"etc_gray_b{b}")
    assert (side_by_side(v["plain"]) == v["stacked"]).all()
    key = schemes.EtcKey(v["block_perm"], v["rot"], v["flip"], v["neg"], None, b)
    check("etc", v["stacked"], key, v["cipher"], backend)


@pytest.mark.parametrize("n", [8, 15, 32])
@pytest.mark.parametrize(
    ("triple", "name"), [((1, 1, 1), "arnold1"), ((1, 1, 3), "arnold3"), ((3, 2, 5), "p3q2r5")]
)
def test_cat_map(n, triple, name, backend):
    v = vector(f"cat_{n}")
    check("cat-map", v["plain"], schemes.CatMapKey(*triple), v[name], backend)


def test_cat_map_periods():
    v = vector("cat_periods")
    for n, period in zip(v["n"].tolist(), v["period"].tolist(), strict=True):
        home = np.arange(n * n)
        assert (schemes.CatMapKey(1, 1, period).moves(n) == home).all()
        for fewer in (d for d in range(1, period) if period % d == 0):
            assert (schemes.CatMapKey(1, 1, fewer).moves(n) != home).any()


@pytest.mark.parametrize("n", [8, 32])
def test_combined_cat_map(n, backend):
    v = vector(f"cat_{n}")
    key = schemes.CombinedCatMapKey(v["quads"], v["whole"])
    check("combined-cat-map", v["plain"], key, v["combined"], backend)


def grid(values):
    height, width, _ = values["plain"].shape
    return height // values["part"][0], width // values["part"][1]


@pytest.mark.parametrize("b", BLOCKS)
def test_chaos_blocks(b, backend):
    v = vector(f"chaos003_b{b}")
    key = schemes.ChaosBlocksKey(v["perm"], grid(v), *orbit(v), "floor255")
    check("chaos-blocks", v["plain"], key, v["cipher"], backend)
    key = schemes.ChaosBlocksKey(v["perm"], grid(v), sequence=v["key"])
    check("chaos-blocks", v["plain"], key, v["cipher"], backend)


@pytest.mark.parametrize("b", BLOCKS)
def test_parts(b, backend):
    v = vector(f"parts_b{b}")
    key = schemes.ChaosBlocksKey(v["perm"], grid(v), sequence=np.zeros_like(v["plain"]))
    check("chaos-blocks", v["plain"], key, v["cipher"], backend)


@pytest.mark.parametrize("b", BLOCKS)
def test_fiie(b, backend):
    v = vector(f"fiie_b{b}")
    regions = [Region(*box) for box in v["boxes"].tolist()]
    check("fiie", v["plain"], schemes.FiieKey(sequence=v["key"]), v["cipher"], backend, regions)


def window(image, y, x, c):
    """The 3 x 3 samples around a place, zero outside."""
    height, width = len(image), len(image[0])
    return [
        image[y + dy][x + dx][c] if 0 <= y + dy < height and 0 <= x + dx < width else 0
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    ]


def correlate(image, weights, bias):
    """weights[k][c] are 9 in raster order; gives [y][x][k]."""
    return [
        [
            [
                bias[k]
                + sum(
                    w * v
                    for c, nine in enumerate(weights[k])
                    for w, v in zip(nine, window(image, y, x, c), strict=True)
                )
                for k in range(len(weights))
            ]
            for x in range(len(image[0]))
        ]
        for y in range(len(image))
    ]


def coupled(image, key):
    """coupling-cnn as its documentation says it, in Python integers."""
    image = [[list(pixel) for pixel in row] for row in image.tolist()]
    places = [
        (y, x, c)
        for y in range(len(image))
        for x in range(len(image[0]))
        for c in range(len(image[0][0]))
    ]
    for r in range(len(key.first)):
        first = key.first[r].reshape(*key.first.shape[1:3], 9).tolist()
        second = key.second[r].reshape(*key.second.shape[1:3], 9).tolist()
        half = [[list(pixel) for pixel in row] for row in image]
        for y, x, c in places:
            if (y + x + c + r) % 2:
                half[y][x][c] = 0
        hidden = [
            [[min(max(v, 0) // 32, 255) for v in pixel] for pixel in row]
            for row in correlate(half, first, key.first_bias[r].tolist())
        ]
        added = correlate(hidden, second, key.second_bias[r].tolist())
        for y, x, c in places:
            if (y + x + c + r) % 2:
                image[y][x][c] = (image[y][x][c] + added[y][x][c]) % 256
    return np.array(image, np.uint8)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (7, 5, 3), (4, 9, 1)])
def test_coupling_cnn(shape, backend):
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, shape, dtype=np.uint8)
    key = schemes.get("coupling-cnn").random_key(shape, rng, rounds=3, hidden=5)
    check("coupling-cnn", image, key, coupled(image, key), backend)


def test_chaos_cnn_is_one_after_the_other(backend):
    v = vector("chaos003_b4")
    chaos = schemes.ChaosBlocksKey(v["perm"], grid(v), *orbit(v), "floor255")
    cnn = schemes.get("coupling-cnn").random_key(v["plain"].shape, np.random.default_rng(3))
    expected = coupled(v["cipher"], cnn)
    check("chaos-cnn", v["plain"], schemes.ChaosCnnKey(chaos, cnn), expected, backend)


@pytest.mark.skipif(FORCED in os.environ, reason="one instruction set is already forced")
@pytest.mark.parametrize("isa", _native.supported_isas())
@pytest.mark.parametrize(
    "file", [__file__, str(Path(__file__).parents[1] / "backends" / "test_backends_schemes.py")]
)
def test_on_every_instruction_set(isa, file):
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", file]
    done = subprocess.run(
        command, env=os.environ | {FORCED: isa}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
