"""Attacks on the schemes themselves: any key, several shapes; and not on sealed pictures."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.places import ROOT

import facecrypt
from facecrypt import schemes
from facecrypt.attacks import (
    algorithm1,
    chosen_plaintext,
    ciphertext_only,
    demonstrate,
    known_plaintext,
    two_time_pad,
)
from facecrypt.attacks.catmaps import fit_cat_map
from facecrypt.attacks.dispatch import CHOSEN, KNOWN, open_with
from facecrypt.attacks.matching import match
from facecrypt.attacks.oracle import Oracle
from facecrypt.attacks.shuffles import chosen_permutation, known_permutation
from facecrypt.errors import UnknownSchemeError
from facecrypt.media import read_image
from facecrypt.regions import Region

KEYS = 20
NOISE = 0.02  # a wrong key opens one sample in 256


@pytest.fixture(scope="module")
def tiles():
    """64 tiles of 32 x 32 of a photo at half its size."""
    photo = read_image(ROOT / "examples" / "astronaut.png").pixels
    photo = cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA)
    return photo.reshape(8, 32, 8, 32, 3).swapaxes(1, 2).reshape(64, 32, 32, 3)


def encrypting(name, shape, rng, **key_options):
    """``encrypt`` of one secret key."""
    scheme = schemes.get(name)
    shuffle = key_options.pop("shuffle", True)
    secret = scheme.random_key(shape, rng, **key_options)
    if not shuffle:
        secret = replace(secret, order=None)
    return lambda images: scheme.encrypt(images, secret)


def encrypt_each(encrypt, images):
    return np.stack([encrypt(image) for image in images])


# ---- chosen plaintext ------------------------------------------------------------------------

# scheme, shape, options of the key, options of the attack, queries
CASES = [
    ("pbe", (5, 7, 3), {}, {}, 1),
    ("pbe", (32, 32, 3), {"shuffle": False}, {}, 1),
    ("pbe", (6, 4), {}, {}, 1),
    ("pbe", (1, 1, 3), {}, {}, 1),
    ("logistic-pixel", (5, 7, 3), {}, {}, 2),
    ("logistic-pixel", (32, 32, 3), {"shuffle": False}, {"shuffle": False}, 1),
    ("logistic-pixel", (32, 32, 3), {"shuffle": False}, {}, 2),
    ("logistic-pixel", (6, 4), {}, {}, 1),
    ("logistic-pixel", (1, 1, 3), {}, {}, 2),
    ("le", (32, 32, 3), {}, {}, 1),
    ("le", (8, 4, 3), {"preset": "paper"}, {}, 1),
    ("le", (4, 4, 3), {}, {}, 2),
    ("le", (4, 4), {"block": 2}, {"block": 2}, 1),
    ("le", (24, 8, 3), {"block": 8, "preset": "paper"}, {"block": 8}, 1),
    ("le", (3, 5, 3), {"block": 1}, {"block": 1}, 1),
    ("ele", (32, 32, 3), {}, {}, 2),
    ("ele", (4, 4, 3), {}, {}, 2),
    ("ele", (8, 12), {"block": 4}, {"block": 4}, 2),
    ("ele", (6, 10, 3), {"block": 2}, {"block": 2}, 2),
    ("ele", (16, 24, 3), {"block": 8}, {"block": 8}, 3),
    ("block-shuffle", (32, 32, 3), {}, {}, 1),
    ("block-shuffle", (4, 4, 3), {}, {}, 1),
    ("block-shuffle", (8, 16), {"block": 8}, {"block": 8}, 1),
    ("block-shuffle", (16, 16, 3), {"block": 16}, {"block": 16}, 2),
    ("cat-map", (32, 32, 3), {}, {}, 1),
    ("cat-map", (15, 15), {}, {}, 1),
    ("combined-cat-map", (32, 32, 3), {}, {}, 1),
    ("combined-cat-map", (6, 6), {}, {}, 1),
    ("etc", (32, 32, 3), {"block": 4}, {"block": 4}, 1),
    ("etc", (32, 48, 3), {}, {}, 1),
    ("etc", (4, 10, 3), {"block": 2}, {"block": 2}, 1),
    ("etc", (16, 8), {}, {}, 1),
    ("etc", (16, 40), {"block": 4}, {"block": 4}, 1),
    ("chaos-blocks", (32, 32, 3), {}, {}, 2),
    ("chaos-blocks", (12, 10), {"parts": (3, 2)}, {"parts": (3, 2)}, 2),
    ("chaos-blocks", (64, 64, 3), {"parts": (32, 32)}, {"parts": (32, 32)}, 2),
    ("fiie", (5, 7, 3), {}, {}, 1),
    ("fiie", (8, 8), {}, {}, 1),
]


@pytest.mark.parametrize(
    ("name", "shape", "key_options", "options", "queries"),
    CASES,
    ids=[f"{name}-{'x'.join(map(str, shape))}-{k}" for name, shape, k, *_ in CASES],
)
def test_chosen_plaintext_opens_everything(name, shape, key_options, options, queries):
    for seed in range(KEYS):
        rng = np.random.default_rng(seed)
        encrypt = encrypting(name, shape, rng, **key_options)
        asked = []

        def oracle(image, encrypt=encrypt, asked=asked):
            asked.append(image.copy())
            return encrypt(image)

        found = chosen_plaintext(name, oracle, shape, **options)
        assert found.queries == queries == len(asked) - 1
        assert found.score == 1
        fresh = rng.integers(0, 256, shape, np.uint8)
        assert np.array_equal(open_with(name, encrypt(fresh), found.key), fresh)


def test_every_attack_is_tried():
    assert {case[0] for case in CASES} == set(CHOSEN) == set(KNOWN)


def test_algorithm_1_finds_the_negated_samples_for_any_level():
    scheme = schemes.get("pbe")
    for a in (0, 1, 7, 127, 128, 255):
        secret = scheme.random_key((9, 6, 3), np.random.default_rng(a), shuffle=False)
        found = algorithm1(lambda image, key=secret: scheme.encrypt(image, key), (9, 6, 3), a)
        assert np.array_equal(found, secret.negate)
    with pytest.raises(ValueError, match="0 to 255, received 256"):
        algorithm1(lambda image: image, (2, 2, 3), 256)


def test_a_fresh_nonce_for_each_picture_stops_the_attack_on_chaos_blocks():
    scheme, master = schemes.get("chaos-blocks"), bytes(range(32))
    with pytest.raises(ValueError, match="not this scheme"):
        chosen_plaintext(
            "chaos-blocks", lambda image: scheme.encrypt_fresh(image, master)[0], (16, 16, 3)
        )


# ---- known plaintext -------------------------------------------------------------------------

# scheme, known tiles, share of the key that is always determined, options
KNOWN_CASES = [
    ("pbe", 1, 0.05, {}),
    ("pbe", 1, 1, {"shuffle": False}),
    ("pbe", 8, 0.99, {}),
    ("logistic-pixel", 1, 1, {"shuffle": False}),
    ("logistic-pixel", 8, 0.99, {}),
    ("le", 1, 0.8, {}),
    ("le", 4, 1, {}),
    ("ele", 32, 0.99, {}),
    ("block-shuffle", 1, 1, {}),
    ("cat-map", 1, 1, {}),
    ("combined-cat-map", 2, 1, {}),
    ("etc", 4, 0.95, {"block": 4}),
    ("chaos-blocks", 3, 1, {}),
    ("fiie", 1, 0.98, {}),
]


@pytest.mark.parametrize(("name", "pairs", "least", "options"), KNOWN_CASES)
def test_known_plaintext_opens_other_photos(tiles, name, pairs, least, options):
    for seed in range(KEYS):
        rng = np.random.default_rng(seed)
        encrypt = encrypting(name, tiles.shape[1:], rng, **options)
        *plains, other = tiles[rng.choice(len(tiles), pairs + 1, replace=False)]
        found = known_plaintext(name, np.stack(plains), encrypt_each(encrypt, plains), **options)
        assert found.queries == pairs
        assert found.score >= least
        assert (found.note == "") == (found.score == 1)
        opened = np.mean(open_with(name, encrypt(other), found.key) == other)
        # What is determined is right. A sample of le and ele needs two nibbles.
        assert opened >= 1 - 2 * (1 - found.score)


@pytest.mark.parametrize(("name", "pairs"), [("pbe", 1), ("logistic-pixel", 2)])
def test_gray_areas_leave_the_order_of_channels_open(name, pairs):
    rng = np.random.default_rng(5)
    encrypt = encrypting(name, (8, 8, 3), rng)
    plains = np.repeat(rng.integers(0, 256, (pairs, 8, 8, 1), np.uint8), 3, axis=3)
    plains[:, :4] = np.array([[10], [200]])[:pairs, :, None, None] + np.array([0, 20, 50])
    found = known_plaintext(name, plains, encrypt_each(encrypt, plains))
    # The upper half has two pairs of channels that differ alike: of logistic-pixel, a constant
    # offset in both pictures; of pbe, nothing of the kind.
    assert found.score == (0.5 if name == "pbe" else 0)


def test_a_permutation_of_samples_takes_several_photos(tiles):
    for seed in range(KEYS):
        rng = np.random.default_rng(seed)
        plains = tiles[rng.choice(len(tiles), 10, replace=False)]
        secret = rng.permutation(plains[0].size)
        ciphers = plains.reshape(10, -1)[:, secret].reshape(plains.shape)
        perm, score = known_permutation(plains, ciphers)
        assert score > 0.99
        assert np.mean(perm == secret) >= score
        assert known_permutation(plains[:1], ciphers[:1])[1] < 0.1


@pytest.mark.parametrize(
    ("samples", "queries"), [(1, 1), (256, 1), (257, 2), (65536, 2), (65537, 3)]
)
def test_a_permutation_takes_a_query_a_byte_of_its_index(samples, queries):
    secret = np.random.default_rng(samples).permutation(samples)
    oracle = Oracle(lambda image: image.reshape(-1)[secret].reshape(1, -1), (1, samples))
    assert np.array_equal(chosen_permutation(oracle), secret)
    assert oracle.queries == queries


def test_a_flat_picture_fits_every_cat_map():
    flat = np.full((8, 8, 3), 9, np.uint8)
    # SL(2, Z/8) has 8**3 * (1 - 1/2**2) matrices.
    assert known_plaintext("cat-map", flat, flat).score == 1 / 384


@pytest.mark.parametrize("name", ["cat-map", "combined-cat-map"])
def test_two_pixels_out_of_place_make_it_no_cat_map(tiles, name):
    plain = tiles[27]
    cipher = encrypting(name, plain.shape, np.random.default_rng(9))(plain)
    cipher[[3, 20], [5, 9]] = cipher[[20, 3], [9, 5]]
    with pytest.raises(ValueError, match="not this scheme"):
        known_plaintext(name, plain, cipher)


@pytest.mark.parametrize("name", ["pbe", "logistic-pixel"])
def test_pairs_under_two_keys_show(tiles, name):
    plains = tiles[20:22]
    ciphers = [
        encrypting(name, (32, 32, 3), np.random.default_rng(k), shuffle=False)(plains[k])
        for k in range(2)
    ]
    found = known_plaintext(name, plains, np.stack(ciphers), shuffle=False)
    # Two bits agree by chance every second time; two bytes, half of them 0, every fourth.
    assert found.score < (0.55 if name == "pbe" else 0.3)


def test_one_pair_of_logistic_pixel_fits_every_order():
    rng = np.random.default_rng(6)
    encrypt = encrypting("logistic-pixel", (8, 8, 3), rng)
    plain = rng.integers(0, 256, (8, 8, 3), np.uint8)
    assert known_plaintext("logistic-pixel", plain, encrypt(plain)).score == 0


def test_equal_blocks_leave_etc_open():
    encrypt = encrypting("etc", (8, 8, 3), np.random.default_rng(7), block=4)
    flat = np.full((8, 8, 3), 9, np.uint8)
    found = known_plaintext("etc", flat, encrypt(flat), block=4)
    assert found.score == 0
    assert found.note.startswith("which block went where")


def test_pairs_of_fiie_with_different_regions_add_up():
    scheme, rng = schemes.get("fiie"), np.random.default_rng(8)
    secret = scheme.random_key((8, 8, 3), rng)
    plains = rng.integers(0, 256, (2, 8, 8, 3), np.uint8)
    regions = [Region(0, 0, 4, 4)], [Region(2, 2, 8, 6)]
    ciphers = [scheme.encrypt(p, secret, r) for p, r in zip(plains, regions, strict=True)]
    found = known_plaintext("fiie", plains, np.stack(ciphers))
    assert found.score == (16 + 24 - 4) / 64
    assert found.note == "the keystream outside the regions of the pairs"
    fresh = rng.integers(0, 256, (8, 8, 3), np.uint8)
    union = [*regions[0], *regions[1]]
    cipher = scheme.encrypt(fresh, secret, union)
    assert np.array_equal(scheme.decrypt(cipher, found.key, union), fresh)


def test_two_time_pad():
    rng = np.random.default_rng(8)
    first, second = rng.integers(0, 256, (2, 6, 5, 3), np.uint8)
    encrypt = encrypting("fiie", (6, 5, 3), rng)
    assert np.array_equal(two_time_pad(encrypt(first), encrypt(second)), first ^ second)
    with pytest.raises(ValueError, match=r"one shape, received uint8 \(6, 5, 3\) and uint8 \(5,"):
        two_time_pad(first, second[0])


# ---- ciphertext only -------------------------------------------------------------------------


def own_keys(tiles):
    """Each tile under a key of its own, as PBE "without key management" has it."""
    return np.stack(
        [
            encrypting("pbe", tile.shape, np.random.default_rng(k))(tile)
            for k, tile in enumerate(tiles)
        ]
    )


def test_basic_gives_the_folded_picture_up_to_the_order_of_channels(tiles):
    basic = ciphertext_only("pbe", own_keys(tiles), method="basic")
    folded = np.minimum(tiles, 255 - tiles)
    assert np.array_equal(np.sort(basic, -1), np.sort(folded, -1))


def test_advanced_by_hand():
    # From (10, 100, 200) the right neighbour (12, 104, 190) is negated to (243, 151, 65) and
    # shuffled; below, (20, 90, 210) is shuffled only.
    cipher = np.array([[[55, 10, 100], [65, 243, 151]], [[90, 210, 20], [104, 12, 190]]], np.uint8)
    expected = [[[10, 100, 200], [12, 104, 190]], [[20, 90, 210], [12, 104, 190]]]
    assert ciphertext_only("pbe", cipher, first=(10, 100, 200)).tolist() == expected


def test_advanced_is_exact_where_neighbours_are_alike_and_channels_are_not():
    y, x = np.mgrid[0:40, 0:40]
    plain = np.stack([x, 60 + (x + y) // 4, 110 - y // 3], axis=-1).astype(np.uint8)
    cipher = own_keys(plain[None])[0]
    assert np.array_equal(ciphertext_only("pbe", cipher, first=plain[0, 0]), plain)


def test_advanced_comes_nearer_than_the_cipher(tiles):
    def error(pictures):
        return np.abs(pictures.astype(int) - tiles).mean()

    ciphers = own_keys(tiles)
    first = tiles[:, 0, 0]
    assert error(ciphertext_only("pbe", ciphers, first=first)) < 0.6 * error(ciphers)


def test_ciphertext_only_of_others_is_refused():
    with pytest.raises(UnknownSchemeError, match="'pbe' only, not of 'le'"):
        ciphertext_only("le", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match="received 'best'"):
        ciphertext_only("pbe", np.zeros((4, 4, 3), np.uint8), method="best")


# ---- the sealing format ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def seal():
    recipient = facecrypt.Identity.generate().recipient

    def encrypt(image):
        height, width = image.shape[:2]
        regions = [facecrypt.Region(0, 0, width, height)]
        return facecrypt.encrypt_image(image, recipient, regions=regions).image

    return encrypt


OPTIONS = {"etc": {"block": 4}}


def tried(attack, name, *pictures):
    """What an attack finds, or None and its refusal."""
    try:
        return attack(name, *pictures, **OPTIONS.get(name, {})), ""
    except ValueError as error:
        return None, str(error)


@pytest.mark.parametrize("name", sorted(CHOSEN))
def test_chosen_plaintext_fails_on_sealed_pictures(seal, name):
    found, refusal = tried(chosen_plaintext, name, seal, (32, 32, 3))
    if found is None:
        assert "not this scheme" in refusal
    else:
        assert found.score < NOISE
        assert found.note == "the oracle is not this scheme, or changes its key"


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_known_plaintext_fails_on_sealed_pictures(seal, tiles, name):
    *plains, other = tiles[20:29]
    pairs = np.stack(plains), encrypt_each(seal, plains)
    found, refusal = tried(known_plaintext, name, *pairs)
    if found is None:
        assert "not this scheme" in refusal
    else:
        assert found.score < NOISE
        assert np.mean(open_with(name, seal(other), found.key) == other) < NOISE


def test_algorithm_1_and_ciphertext_only_fail_on_sealed_pictures(seal, tiles):
    assert np.mean(algorithm1(seal, (64, 64, 3))) < NOISE
    folded = np.minimum(tiles[20], 255 - tiles[20]).astype(float).reshape(-1)
    basic = ciphertext_only("pbe", seal(tiles[20]), method="basic").reshape(-1)
    assert abs(np.corrcoef(folded, basic)[0, 1]) < 0.1
    pad = two_time_pad(seal(tiles[20]), seal(tiles[20]))
    assert np.mean(pad == 0) < NOISE


# ---- demonstrations, refusals, parts ---------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CHOSEN))
def test_demonstrate(name):
    photo = read_image(ROOT / "examples" / "astronaut.png").pixels[:200, 100:250]
    shown = demonstrate(name, photo, np.random.default_rng(1))
    middle = photo[28:172, 3:147] if "cat" in name else photo[4:196, 3:147]
    assert np.array_equal(shown.plain, middle)
    assert not np.array_equal(shown.cipher, shown.plain)
    assert np.array_equal(shown.recovered, shown.plain)
    assert shown.score == 1
    queries = {"logistic-pixel": 2, "ele": 2, "chaos-blocks": 2}.get(name, 1)
    assert shown.queries == queries
    pictures = "2 chosen pictures" if queries == 2 else "1 chosen picture"
    assert shown.text == f"{name}: {pictures} opened 100 % of the samples."


@pytest.mark.parametrize("name", sorted(CHOSEN))
def test_demonstrate_on_gray_and_on_large_pictures(name):
    rng = np.random.default_rng(2)
    shown = demonstrate(name, rng.integers(0, 256, (50, 40), np.uint8), rng)
    assert shown.plain.shape == ((32, 32) if "cat" in name else (48, 32))
    assert shown.score == 1
    shown = demonstrate(name, rng.integers(0, 256, (800, 900, 3), np.uint8), rng)
    assert shown.plain.shape == ((544, 544, 3) if "cat" in name else (544, 624, 3))
    assert shown.score == 1


def test_unknown_schemes_are_named():
    image = np.zeros((16, 16, 3), np.uint8)
    known = "no attack on 'aes', only on pbe, logistic-pixel, le"
    with pytest.raises(UnknownSchemeError, match=known):
        chosen_plaintext("aes", lambda image: image, (16, 16, 3))
    with pytest.raises(UnknownSchemeError, match=known):
        known_plaintext("aes", image, image)
    with pytest.raises(UnknownSchemeError, match=known):
        demonstrate("aes", image, np.random.default_rng(1))
    with pytest.raises(ValueError, match=r"at least 16 x 16 pixels, received shape \(16, 9, 3\)"):
        demonstrate("pbe", image[:, :9], np.random.default_rng(1))


@pytest.mark.parametrize(
    ("name", "shape", "options", "message"),
    [
        ("le", (10, 8, 3), {}, "multiples of the block, 4, received 10x8"),
        ("ele", (200, 200, 1), {"block": 1}, "2 nibbles cannot number 40000 blocks"),
        ("block-shuffle", (8, 8, 3), {"block": 0}, "multiples of the block, 0"),
        ("chaos-blocks", (9, 8, 3), {}, "multiples of the 4x4 parts, received 9x8"),
        ("cat-map", (8, 9, 3), {}, "a cat map needs a square"),
        ("combined-cat-map", (9, 9, 3), {}, "even side of at least 4, received 9"),
        ("pbe", (0, 8, 3), {}, r"expected a shape .* received \(0, 8, 3\)"),
    ],
)
def test_shapes_that_no_attack_takes(name, shape, options, message):
    with pytest.raises(ValueError, match=message):
        chosen_plaintext(name, lambda image: image, shape, **options)


def test_pairs_that_do_not_fit():
    image = np.zeros((2, 8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match="as many ciphers"):
        known_plaintext("pbe", image, image[:1])
    with pytest.raises(ValueError, match="at least 2 known pairs"):
        known_plaintext("chaos-blocks", image[:1], image[:1])
    with pytest.raises(ValueError, match="a cat map needs a square"):
        known_plaintext("cat-map", image[:, :4], image[:, :4])
    flat = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(ValueError, match="flat pictures"):
        known_plaintext("cat-map", flat, flat)
    with pytest.raises(ValueError, match="flat pictures"):
        known_plaintext("combined-cat-map", flat, flat)
    with pytest.raises(TypeError, match="uint8"):
        known_plaintext("pbe", image / 255, image)


def test_ciphers_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"shape \(8, 8, 3\), received \(8, 4, 3\)"):
        chosen_plaintext("pbe", lambda image: image[:, :4], (8, 8, 3))


@given(st.integers(2, 40), st.data())
def test_a_cat_map_is_found_by_its_matrix(n, data):
    p, q = (data.draw(st.integers(0, n - 1)) for _ in range(2))
    t = data.draw(st.integers(1, 200))
    step = np.array([[1, p], [q, p * q + 1]], dtype=object)
    matrix = np.linalg.matrix_power(step, t) % n
    p, q, fewest = fit_cat_map(matrix.astype(np.int64), n)
    assert fewest <= t
    again = np.linalg.matrix_power(np.array([[1, p], [q, p * q + 1]], dtype=object), fewest)
    assert np.array_equal(again % n, matrix)


def test_what_is_no_cat_map_is_refused():
    with pytest.raises(ValueError, match="not this scheme"):
        fit_cat_map(np.array([[2, 0], [0, 1]]), 7)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.randoms())
def test_matching_restores_a_shuffle_as_far_as_it_can(values, random):
    shuffled = values[:]
    random.shuffle(shuffled)
    perm, sure = match(np.array(values), np.array(shuffled))
    assert sorted(perm) == list(range(len(values)))
    assert [values[i] for i in perm] == shuffled
    assert sure.tolist() == [values.count(v) == 1 for v in shuffled]


def test_matching_of_unlike_sets_is_not_sure():
    assert match(np.array([1, 2, 4]), np.array([1, 3, 5])).sure.tolist() == [True, False, False]
