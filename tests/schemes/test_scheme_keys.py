"""Keys of schemes: what they accept, how they are drawn, saved and counted."""

import contextlib
import copy
import hashlib
import io
import pickle
import zipfile
from math import log2

import numpy as np
import pytest
from support import scheme_contract as contract

from facecrypt import schemes
from facecrypt.errors import KeyFormatError, WeakKeyError
from facecrypt.schemes.draws import Draws

MASTER = contract.MASTER
PERIOD_3 = (3.83, 0.3)

# ---- keys ------------------------------------------------------------------------------------

# Expected: HKDF and the shuffles written out with the standard library, AES-256-CTR by OpenSSL's
# command line, all apart from this package.
PERM = [1, 6, 7, 9, 8, 10, 4, 2, 3, 11, 0, 5]
PERM_OF_NONCE = [3, 0, 8, 4, 10, 5, 11, 6, 1, 2, 7, 9]
ROW_1 = [4, 20, 23, 8, 18, 15, 22, 6, 13, 7, 14, 21, 19, 1, 10, 16, 9, 2, 12, 3, 5, 11, 0, 17]
NEGATE = [0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1]
WIDE = "ac03189906902f57311ae95c62a8ae154343aa665e938f173ef6036dd8c99587"


def test_derived_keys_are_frozen():
    def derive(name, shape, **options):
        return schemes.get(name).derive_key(shape, MASTER, **options)

    assert derive("block-shuffle", (8, 8, 3), block=2).perm.tolist() == PERM
    other = derive("block-shuffle", (8, 8, 3), block=2, nonce=b"\1" * 16)
    assert other.perm.tolist() == PERM_OF_NONCE
    assert derive("ele", (2, 4, 3), block=2).perms[1].tolist() == ROW_1
    pbe = derive("pbe", (2, 4, 3))
    assert pbe.order.ravel().tolist() == [3, 5, 2, 0, 2, 4, 5, 4]
    assert pbe.negate.ravel().tolist() == NEGATE
    wide = derive("le", (8, 8, 3), block=8).perm  # bounds over 256: words of 32 bits
    assert hashlib.sha256(wide.astype("<i4").tobytes()).hexdigest() == WIDE
    fiie = derive("fiie", (8, 8, 3))
    assert fiie.mu.hex() == "0x1.ff43c36887b94p+1"
    assert fiie.d0.hex() == "0x1.759fea2f316f8p-4"


def test_streams_differ_by_scheme_label_and_nonce():
    def draw(scheme, label, nonce):
        return Draws.from_master(MASTER, scheme, nonce).integers(label, 256, (32,)).tobytes()

    # What stands in one part must not be able to stand for two.
    cases = [("a", "b", b""), ("a", "b", b"c"), ("a", "c", b""), ("ab", "", b""), ("b", "b", b"")]
    assert len({draw(*case) for case in cases}) == len(cases)


@pytest.mark.parametrize("source", ["master", "rng"])
def test_shuffles_are_uniform(source):
    draws = (
        Draws.from_master(MASTER, "test")
        if source == "master"
        else Draws.from_rng(np.random.default_rng(1))
    )
    rows = draws.permutations("perm", 24_000, 4)
    _, counts = np.unique(rows, axis=0, return_counts=True)
    assert counts.size == 24
    # 23 degrees of freedom: 52.6 is exceeded once in 2500.
    assert ((counts - 1000.0) ** 2 / 1000).sum() < 52.6


@pytest.mark.parametrize("high", [2, 6, 8, 200])
def test_small_integers_are_uniform(high):
    values = Draws.from_master(MASTER, "test").integers("values", high, (high * 1000,))
    counts = np.bincount(values, minlength=high)
    freedom = high - 1
    limit = freedom + 3.5 * (2 * freedom) ** 0.5 + 4
    assert ((counts - 1000.0) ** 2 / 1000).sum() < limit


def test_keys_keep_their_own_copy():
    negate = np.zeros((2, 2, 3), np.uint8)
    key = schemes.PbeKey(negate)
    negate[:] = 1
    assert not key.negate.any()
    with pytest.raises(ValueError, match="read-only"):
        key.negate[0] = 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(key)
    assert key != "key"


BITS = np.zeros((2, 2, 3), np.uint8)
PERM_24 = np.arange(24)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: schemes.PbeKey(BITS + 2), r"negate must be in 0\.\.1, received 2\.\.2"),
        (lambda: schemes.PbeKey(BITS[0]), r"negate must have 3 dimensions.*received \(2, 3\)"),
        (lambda: schemes.PbeKey(BITS, np.full((2, 2), 6)), r"order must be in 0\.\.5"),
        (
            lambda: schemes.PbeKey(BITS, np.zeros((2, 3), int)),
            r"order must have the shape \(2, 2\)",
        ),
        (lambda: schemes.PbeKey(BITS[..., :1], BITS[..., 0]), "needs 3 channels"),
        (lambda: schemes.LeKey(PERM_24 // 2, block=2), r"perm is not a permutation.*: 12 does not"),
        (
            lambda: schemes.LeKey(PERM_24 - 1, block=2),
            "perm is not a permutation of 0..23: 23 does",
        ),
        (lambda: schemes.LeKey(PERM_24), "have 32 entries for gray and 96 for RGB, received 24"),
        (lambda: schemes.LeKey(PERM_24, [0, 1], block=2), "reverse_in must have 24 bits"),
        (lambda: schemes.LeKey(PERM_24, block=0), "block must be in 1..64, received 0"),
        (lambda: schemes.BlockShuffleKey([0, 1, 1, 2], 2), "perm is not a permutation"),
        (lambda: schemes.EleKey([PERM_24], None, None, [0, 1], 2), "must move the 1 blocks"),
        (
            lambda: schemes.EleKey([PERM_24], [[1]], None, [0], 2),
            r"reverses_in must have the shape",
        ),
        (lambda: schemes.EtcKey([0, 1], [0, 4], [0, 0], [0, 0]), r"rotate must be in 0\.\.3"),
        (lambda: schemes.EtcKey([0, 1], [0], [0, 0], [0, 0]), "rotate must have an entry for each"),
        (lambda: schemes.CatMapKey(1, -1, 1), "q must be at least 0, received -1"),
        (lambda: schemes.CombinedCatMapKey([[1, 1, 1]], [1, 1, 1]), r"quads must be \(4, 3\)"),
        (lambda: schemes.ChaosBlocksKey([0], (1, 2), 3.995, 0.41), "rows and columns of the grid"),
        (
            lambda: schemes.ChaosBlocksKey([0], (1, 1), 3.995, 0.41, "floor"),
            "quantiser must be one of eq4, floor255",
        ),
        (schemes.FiieKey, "either mu and d0, or sequence"),
        (lambda: schemes.FiieKey(3.995, None, [1, 2]), "either mu and d0, or sequence"),
        (lambda: schemes.FiieKey(sequence=[256]), r"sequence must be in 0\.\.255"),
        (
            lambda: schemes.LogisticPixelKey(None, None, BITS, sequence=[1, 2]),
            "sequence must have 12 bytes for layout 'planar'",
        ),
        (lambda: schemes.LogisticPixelKey(3.995, 0.41, BITS, layout="x"), "layout must be one of"),
    ],
)
def test_keys_refuse_what_they_cannot_be(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_keys_refuse_other_types():
    with pytest.raises(TypeError, match="negate must hold integers, received float64"):
        schemes.PbeKey(np.zeros((2, 2, 3)))
    with pytest.raises(TypeError, match=r"p must be an integer, received 1\.5"):
        schemes.CatMapKey(1.5, 1, 1)
    with pytest.raises(TypeError, match="chaos must be a ChaosBlocksKey"):
        schemes.ChaosCnnKey(None, None)


@pytest.mark.parametrize(
    "make",
    [
        lambda **weak: schemes.LogisticPixelKey(*PERIOD_3, BITS, **weak),
        lambda **weak: schemes.ChaosBlocksKey([0], (1, 1), *PERIOD_3, **weak),
        lambda **weak: schemes.FiieKey(*PERIOD_3, **weak),
    ],
)
def test_weak_orbits_are_refused(make, tmp_path):
    with pytest.raises(WeakKeyError, match="periodic window, period 3"):
        make()
    with pytest.warns(UserWarning, match="periodic window, period 3") as caught:
        key = make(allow_weak=True)
    assert caught[0].filename == __file__
    key.save(tmp_path / "weak.npz")
    with pytest.warns(UserWarning, match="period 3"):
        assert type(key).load(tmp_path / "weak.npz") == key


def test_a_key_of_another_size_is_refused():
    images = contract.pictures((8, 8, 3))
    for name, shape, message in [
        ("pbe", (8, 9, 3), r"this key is for pictures of \(8, 9, 3\), received \(8, 8, 3\)"),
        ("ele", (8, 16, 3), "this key is for 8 blocks of 4 x 4 pixels, received 4"),
        ("le", (8, 8), "this key is for 1 channels, received 3"),
        ("coupling-cnn", (8, 8), "this key is for 1 channels, received 3"),
    ]:
        scheme = schemes.get(name)
        key = scheme.random_key(shape, np.random.default_rng(1))
        with pytest.raises(ValueError, match=message):
            scheme.encrypt(images, key)
    with pytest.raises(ValueError, match="this key's sequence has 4 bytes, and 192 are needed"):
        schemes.get("fiie").encrypt(images, schemes.FiieKey(sequence=[1, 2, 3, 4]), [])


def test_key_spaces():
    rng = np.random.default_rng(1)

    def bits(name, shape, **options):
        return schemes.get(name).random_key(shape, rng, **options).space_bits(shape)

    near = pytest.approx
    assert bits("pbe", (32, 32, 3)) == near(3072 + 1024 * log2(6))
    assert bits("pbe", (32, 32, 1)) == 1024
    assert bits("le", (32, 32, 3)) == near(498.3, abs=0.05)  # 96!
    assert bits("le", (32, 32, 3), preset="paper") == near(594.3, abs=0.05)
    assert bits("block-shuffle", (32, 32, 3)) == near(202.98, abs=0.05)  # 48!
    assert bits("ele", (8, 8, 3)) == near(4 * 594.2778 + log2(24), abs=0.05)
    assert bits("etc", (32, 32, 3)) == near(log2(24) + 4 * (4 + log2(6)))
    assert bits("etc", (32, 32, 1)) == near(log2(20922789888000) + 16 * 4)  # 16!
    # |SL(2, Z/5)| = 120, |SL(2, Z/2)| = 6, |SL(2, Z/4)| = 48
    assert bits("cat-map", (5, 5)) == near(log2(120))
    assert bits("combined-cat-map", (4, 4)) == near(4 * log2(6) + log2(48))
    assert 111 < bits("fiie", (32, 32, 3)) < 112
    assert bits("chaos-blocks", (32, 32, 3)) == near(bits("fiie", (1, 1)) + 44.25, abs=0.01)
    assert bits("logistic-pixel", (2, 2, 3)) == near(8 * 12 + 4 * log2(6))  # not 9 * 12
    weights = 4 * (8 * 27 + 8 + 3 * 72 + 3)
    assert bits("coupling-cnn", (8, 8, 3)) == near(8 * weights - 4 * log2(40320))
    with pytest.raises(ValueError, match="depends on the pictures: pass their shape"):
        schemes.CatMapKey(1, 1, 1).space_bits()


# ---- key files -------------------------------------------------------------------------------


def saved(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


FORMAT = {"format": "facecrypt scheme key 1", "scheme": "block-shuffle"}
GOOD = {**FORMAT, "perm": np.arange(4), "block": 2}


def bomb():
    """Few bytes that claim to be many."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("perm.npy", bytes(100_000))
    return buffer.getvalue()


def claims_too_much():
    header = np.lib.format
    member = io.BytesIO()
    header.write_array_header_1_0(
        member, {"descr": "<i4", "fortran_order": False, "shape": (1 << 40,)}
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("perm.npy", member.getvalue())
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a key file, or damaged"),
        (b"not a zip", "not a key file, or damaged"),
        (saved(perm=np.arange(4)), "not a scheme key of this version"),
        (
            saved(**(GOOD | {"format": "facecrypt scheme key 2"})),
            "not a scheme key of this version",
        ),
        (saved(**(GOOD | {"scheme": "le"})), "a key of scheme 'le', expected 'block-shuffle'"),
        (saved(**GOOD, mask=np.arange(4)), "no field 'mask' in a key of 'block-shuffle'"),
        (saved(**FORMAT, block=2), "perm must hold integers"),
        (saved(**(GOOD | {"perm": np.arange(4.0)})), "perm must hold integers, received float64"),
        (saved(**(GOOD | {"perm": np.arange(4) // 2})), "perm is not a permutation"),
        (saved(**(GOOD | {"block": "two"})), "block must be an integer, received 'two'"),
        (saved(**(GOOD | {"perm": np.array([None, 1])})), "is not what its header says"),
        (bomb(), "is compressed, which a key never is"),
        (claims_too_much(), "is not what its header says"),
    ],
)
def test_odd_key_files_are_refused(tmp_path, data, message):
    path = tmp_path / "key.npz"
    path.write_bytes(data)
    with pytest.raises(KeyFormatError, match=message):
        schemes.BlockShuffleKey.load(path)


def test_a_good_key_file_is_read(tmp_path):
    path = tmp_path / "key.npz"
    path.write_bytes(saved(**GOOD))
    assert schemes.BlockShuffleKey.load(path) == schemes.BlockShuffleKey([0, 1, 2, 3], 2)


def test_a_weak_orbit_in_a_key_file_is_refused(tmp_path):
    path = tmp_path / "key.npz"
    path.write_bytes(saved(**FORMAT | {"scheme": "fiie"}, mu=3.83, d0=0.3))
    with pytest.raises(WeakKeyError, match="periodic window, period 3"):
        schemes.FiieKey.load(path)


def test_every_changed_byte_of_a_key_is_noticed_or_harmless(tmp_path):
    path = tmp_path / "key.npz"
    key = schemes.BlockShuffleKey([2, 0, 3, 1], 2)
    key.save(path)
    data = path.read_bytes()
    for i in range(0, len(data), 7):
        path.write_bytes(data[:i] + bytes([data[i] ^ 0x55]) + data[i + 1 :])
        with contextlib.suppress(KeyFormatError):  # a changed date, say, does no harm
            assert schemes.BlockShuffleKey.load(path) == key


def test_a_key_travels_light():
    scheme = schemes.get("chaos-blocks")
    image = np.random.default_rng(3).integers(0, 256, (512, 512, 3), np.uint8)
    key = scheme.derive_key(image.shape, MASTER)
    sizes = [len(pickle.dumps(key))]
    cipher = scheme.encrypt(image, key)
    sizes.append(len(pickle.dumps(key)))
    assert (scheme.decrypt(cipher, key) == image).all()
    sizes.append(len(pickle.dumps(key)))
    assert max(sizes) == min(sizes) < 1000
    assert (scheme.encrypt(image, pickle.loads(pickle.dumps(key))) == cipher).all()
    assert (scheme.encrypt(image, copy.copy(key)) == cipher).all()
