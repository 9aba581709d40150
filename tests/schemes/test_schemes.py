"""The interface of the schemes. What they compute: test_scheme_vectors.py."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import scheme_contract as contract

from facecrypt import schemes
from facecrypt.errors import UnknownSchemeError, WeakKeyError
from facecrypt.regions import Region
from facecrypt.schemes import registry
from facecrypt.schemes.etc import planes_of, side_by_side

NAMES = registry.own_names()
MASTER = contract.MASTER


@pytest.fixture(params=NAMES)
def scheme(request):
    return schemes.get(request.param)


# ---- the registry ----------------------------------------------------------------------------


def test_names():
    papers = "block-shuffle cat-map chaos-blocks chaos-cnn combined-cat-map coupling-cnn"
    papers = f"{papers} ele etc fiie le logistic-pixel pbe".split()
    assert set(papers) <= set(NAMES) <= set(schemes.names())
    assert schemes.names() == sorted(schemes.names())
    assert all(schemes.get(name).name == name for name in NAMES)


def test_unknown_scheme_names_the_known_ones():
    with pytest.raises(UnknownSchemeError, match="no scheme 'aes'; there are block-shuffle, cat-"):
        schemes.get("aes")


def test_a_name_is_registered_once():
    with pytest.raises(ValueError, match="a scheme 'pbe' is registered already"):
        schemes.register(schemes.get("pbe"))


@pytest.mark.parametrize("name", ["", "Shift", "a b", "../x", "x" * 65])
def test_a_name_that_no_note_can_hold_is_refused(name):
    kind = type(schemes.get("pbe"))
    with pytest.raises(ValueError, match="a scheme's name is 1 to 64 of a-z, 0-9 and -, received"):
        schemes.register(type("Other", (kind,), {"name": name})())
    assert name not in schemes.names()


NEW_SCHEME = """
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from facecrypt.schemes import Key, Scheme

@dataclass(frozen=True, eq=False)
class ShiftKey(Key):
    amounts: np.ndarray
    scheme: ClassVar[str] = "shift"

    def __post_init__(self):
        self._set(amounts=np.array(self.amounts, np.uint8))

    def space_bits(self, shape=None):
        return 8.0 * self.amounts.size

class Shift(Scheme):
    name = "shift"
    key_type = ShiftKey
    elementwise = True

    def draw(self, shape, draws):
        return ShiftKey(draws.integers("amounts", 256, shape[2:]))

    def run(self, kernels, source, target, key, *, inverse):
        (np.subtract if inverse else np.add)(source, key.amounts, out=target)
"""


def test_a_new_scheme_is_one_file_one_line_one_vector(tmp_path):
    file = tmp_path / "shift.py"
    file.write_text(NEW_SCHEME)
    spec = importlib.util.spec_from_file_location("shift", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    schemes.register(module.Shift())
    try:
        shift = schemes.get("shift")
        assert "shift" in schemes.names()
        plain = np.array([[[0, 1, 250]]], np.uint8)
        assert shift.encrypt(plain, module.ShiftKey([1, 2, 10])).tolist() == [[[1, 3, 4]]]
        contract.check_contract(shift, tmp_path)
    finally:
        registry._schemes.pop("shift")


# ---- the contract ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (1, 1, 1), (1, 1, 3), (5, 7), (9, 4, 3), (17, 33, 1), (0, 6, 6, 3), (1, 6, 6, 1)],
)
def test_shapes(scheme, shape):
    contract.check_backends_agree(scheme, contract.pictures(shape))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", NAMES)
def test_round_trips(name, data):
    shape = (data.draw(st.integers(1, 40)), data.draw(st.integers(1, 40)))
    channels = data.draw(st.sampled_from([(), (1,), (3,)]))
    count = (data.draw(st.integers(0, 3)),) if channels and data.draw(st.booleans()) else ()
    images = contract.pictures((*count, *shape, *channels), data.draw(st.integers(0, 99)))
    contract.check_backends_agree(schemes.get(name), images, data.draw(st.integers(0, 99)))


def test_many_pictures(scheme):
    contract.check_backends_agree(scheme, contract.pictures((400, 32, 32, 3)))


def test_something_happens(scheme):
    contract.check_something_happens(scheme)


@pytest.mark.parametrize("backend", contract.BACKENDS)
def test_out(scheme, backend):
    contract.check_out(scheme, backend)


def test_out_is_refused(scheme):
    contract.check_out_is_refused(scheme)


def test_what_is_not_contiguous_is_copied(scheme):
    contract.check_copies(scheme)


def test_a_batch_is_its_pictures(scheme):
    contract.check_batch_is_its_pictures(scheme)


def test_keys(scheme, tmp_path):
    contract.check_keys(scheme, tmp_path)


def test_keys_are_pickled_without_what_they_keep(scheme):
    contract.check_pickling(scheme)


def test_regions(scheme):
    contract.check_regions(scheme)


def test_misuse(scheme):
    contract.check_misuse(scheme)


def test_each_says_what_it_keeps(scheme):
    assert scheme.keeps
    assert scheme.chosen_pictures is None or scheme.chosen_pictures >= 1


# ---- shapes and padding ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "padded"),
    [
        ("le", {}, (8, 12)),
        ("le", {"block": 8}, (8, 16)),
        ("ele", {"block": 2}, (6, 10)),
        ("block-shuffle", {}, (8, 12)),
        ("etc", {}, (16, 16)),
        ("chaos-blocks", {"parts": (3, 5)}, (6, 10)),
        ("pbe", {}, (5, 9)),
    ],
)
def test_padding_repeats_the_last_row_and_column(name, options, padded):
    scheme = schemes.get(name)
    images = contract.pictures((2, 5, 9, 3))
    key = scheme.random_key(images.shape, np.random.default_rng(1), **options)
    cipher = scheme.encrypt(images, key)
    assert cipher.shape == (2, *padded, 3)
    plain = scheme.decrypt(cipher, key)
    rows = np.minimum(np.arange(padded[0]), 4)
    columns = np.minimum(np.arange(padded[1]), 8)
    assert (plain == images[:, rows][:, :, columns]).all()
    out = np.empty_like(images)
    assert scheme.decrypt(cipher, key, out=out, shape=images.shape) is out
    assert (out == images).all()


def test_a_cipher_of_another_size_is_refused():
    le = schemes.get("le")
    key = le.random_key((8, 8, 3), np.random.default_rng(1))
    with pytest.raises(ValueError, match=r"a cipher under this key is of the size \(8, 8\)"):
        le.decrypt(contract.pictures((7, 8, 3)), key)
    with pytest.raises(ValueError, match=r"pictures of shape \(4, 8, 3\) do not become a cipher"):
        le.decrypt(contract.pictures((8, 8, 3)), key, shape=(4, 8, 3))
    with pytest.raises(ValueError, match="do not become a cipher"):
        le.decrypt(contract.pictures((8, 8, 3)), key, shape=(8, 8))


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4, 5, 3), (5, 5, 2), (0, 4), (4, 0, 3)])
def test_shapes_that_are_no_picture(shape):
    with pytest.raises(ValueError, match=r"expected|at least one pixel"):
        schemes.get("le").random_key(shape, np.random.default_rng(1))


@pytest.mark.parametrize("name", ["cat-map", "combined-cat-map"])
def test_cat_maps_pad_to_squares(name):
    scheme = schemes.get(name)
    key = scheme.random_key((6, 6), np.random.default_rng(1))
    images = contract.pictures((5, 9))
    side = 9 if name == "cat-map" else 10
    cipher = scheme.encrypt(images, key)
    assert cipher.shape == (side, side)
    assert (scheme.decrypt(cipher, key, shape=(5, 9)) == images).all()


def test_combined_cat_map_pads_to_an_even_side():
    scheme = schemes.get("combined-cat-map")
    key = scheme.random_key((6, 6), np.random.default_rng(1))
    images = contract.pictures((7, 7))
    cipher = scheme.encrypt(images, key)
    assert cipher.shape == (8, 8)
    rows = np.minimum(np.arange(8), 6)
    assert (scheme.decrypt(cipher, key) == images[rows][:, rows]).all()


# ---- probabilistic encryption ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["chaos-blocks", "chaos-cnn", "coupling-cnn"])
@pytest.mark.parametrize("shape", [(9, 7), (8, 8, 3), (3, 8, 8, 3), (0, 8, 8, 3)])
def test_two_encryptions_differ_and_both_decrypt(name, shape):
    scheme, images = schemes.get(name), contract.pictures(shape)
    one, nonces = scheme.encrypt_fresh(images, MASTER)
    two, others = scheme.encrypt_fresh(images, MASTER)
    assert nonces.shape == others.shape == ((shape[0], 16) if len(shape) == 4 else (16,))
    if images.size:
        assert (one != two).mean() > 0.5
    for cipher, these in ((one, nonces), (two, others)):
        assert (scheme.decrypt_fresh(cipher, MASTER, these, shape=shape) == images).all()


def test_each_picture_of_a_batch_has_its_own_key():
    scheme, images = schemes.get("chaos-blocks"), np.zeros((2, 8, 8, 3), np.uint8)
    cipher, nonces = scheme.encrypt_fresh(images, MASTER)
    assert (cipher[0] != cipher[1]).mean() > 0.5
    again, _ = scheme.encrypt_fresh(images, MASTER, nonces=nonces)
    assert (again == cipher).all()
    single, _ = scheme.encrypt_fresh(images[1], MASTER, nonces=nonces[1])
    assert (single == cipher[1]).all()
    with pytest.raises(ValueError, match=r"nonces must be a uint8 array \(2, 16\)"):
        scheme.decrypt_fresh(cipher, MASTER, nonces[0])


# ---- one by one ------------------------------------------------------------------------------


def test_fiie_leaves_the_surroundings_alone():
    scheme, images = schemes.get("fiie"), contract.pictures((2, 20, 30, 3))
    key = scheme.random_key(images.shape, np.random.default_rng(1))
    regions = [Region(2, 3, 12, 13), Region(8, 8, 40, 16, shape="ellipse"), Region(50, 50, 60, 60)]
    regions.append(Region(15, 1, 28, 8, shape="ellipse"))
    cipher = scheme.encrypt(images, key, regions=regions)
    inside = np.zeros((20, 30), bool)
    inside[3:13, 2:12] = True
    inside[8:16, 8:30] = True  # an ellipse that the border cuts is a box
    inside[1:8, 15:28] |= regions[3].mask()
    assert (cipher[:, ~inside] == images[:, ~inside]).all()
    assert ((cipher ^ images)[:, inside] == (cipher ^ images)[:1, inside]).all()
    assert (cipher[:, inside] != images[:, inside]).mean() > 0.9
    assert (scheme.decrypt(cipher, key, regions) == images).all()
    assert (scheme.encrypt(images, key, []) == images).all()


def test_a_long_orbit_is_refused():
    scheme = schemes.get("fiie")
    images = np.zeros((600, 600, 3), np.uint8)
    key = scheme.derive_key(images.shape, MASTER)
    with pytest.raises(WeakKeyError, match="1080000 bytes of one key, of which 1048576 are safe"):
        scheme.encrypt(images, key, [])
    key = scheme.derive_key(images.shape, MASTER, allow_weak=True)
    with pytest.warns(UserWarning, match="of which 1048576 are safe"):
        assert not scheme.encrypt(images, key, []).any()


def test_planes_side_by_side():
    image = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    planes = side_by_side(image)
    assert planes.tolist() == [[[1], [4], [2], [5], [3], [6]]]
    assert (planes_of(planes) == image).all()
    batch = contract.pictures((3, 4, 5, 3))
    assert (planes_of(side_by_side(batch)) == batch).all()
    with pytest.raises(ValueError, match="expected RGB pictures"):
        side_by_side(image[..., :1])
    with pytest.raises(ValueError, match="expected gray pictures"):
        planes_of(image[..., :1])


def test_coupling_reaches_as_far_as_it_says():
    scheme, image = schemes.get("coupling-cnn"), contract.pictures((41, 41, 3))
    key = scheme.derive_key(image.shape, MASTER)
    other = image.copy()
    other[20, 20, 0] ^= 1
    changed = (scheme.encrypt(image, key) != scheme.encrypt(other, key)).any(axis=-1)
    ys, xs = np.nonzero(changed)
    assert (ys.min(), ys.max(), xs.min(), xs.max()) >= (12, 20, 12, 20)
    assert max(ys.max(), xs.max()) <= 28
    assert changed.sum() > 100


# ---- tensors of PyTorch ----------------------------------------------------------------------


def test_tensors_in_memory_are_taken_and_given(scheme):
    torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")
    planes = torch.from_numpy(contract.pictures((2, 3, 16, 16)))
    images = planes.permute(0, 2, 3, 1)  # not contiguous
    key = contract.key_for(scheme, images.shape)
    expected = scheme.encrypt(images.numpy(), key)
    got = scheme.encrypt(images, key)
    assert type(got) is torch.Tensor
    assert (got.numpy() == expected).all()
    assert torch.equal(scheme.decrypt(got, key), images)
    same = images.contiguous()
    assert scheme.encrypt(same, key, out=same) is same
    assert torch.equal(same, got)
    with pytest.raises(ValueError, match="out overlaps images without being the same memory"):
        scheme.encrypt(same[:1], key, out=same.view(-1)[768 - 1 : -1].view(1, 16, 16, 3))
    with pytest.raises(TypeError, match=r"uint8, received float32; for floats.*numpy\.rint"):
        scheme.encrypt(images.float(), key)


def test_what_speaks_dlpack_alone_is_told_what_to_do():
    class Capsule:
        """An array of a library that is not known here."""

        def __dlpack__(self):
            raise NotImplementedError

    key = schemes.get("pbe").random_key((4, 4), np.random.default_rng(1))
    with pytest.raises(TypeError, match=r"received Capsule; pass a view.*torch\.from_dlpack"):
        schemes.get("pbe").encrypt(Capsule(), key)
