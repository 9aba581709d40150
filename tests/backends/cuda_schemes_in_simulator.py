"""Schemes on pictures that are on a card, in Numba's simulator; ``test_cuda_simulator.py`` runs it.

Vectors of all schemes are in ``test_scheme_vectors.py``. Here: that pictures stay where they are,
and what lies oddly, is too large or is refused.
"""

import gc
import os

import numpy as np
import pytest
from support import scheme_contract as contract

from facecrypt import schemes
from facecrypt.backends.cuda import arrays as cuda_arrays
from facecrypt.backends.operands import Pixels
from facecrypt.errors import BackendUnavailableError

if os.environ.get("NUMBA_ENABLE_CUDASIM") != "1":
    pytest.skip("NUMBA_ENABLE_CUDASIM=1 is not set", allow_module_level=True)

from numba import cuda

NAMES = schemes.names()
MASTER = contract.MASTER
SHAPE = (2, 4, 4, 3)


@pytest.fixture(params=NAMES)
def scheme(request):
    return schemes.get(request.param)


def test_pictures_never_leave_the_card(scheme, monkeypatch):
    images = contract.pictures(SHAPE)
    options = {"parts": (2, 2)} if scheme.name.startswith("chaos") else {}
    options |= {"block": 4} if scheme.name == "etc" else {}
    key = scheme.random_key(SHAPE, np.random.default_rng(0), **options)
    expected = scheme.encrypt(images, key)
    there, out = cuda.to_device(images), cuda.to_device(np.zeros_like(expected))
    fake = type(there)
    to_device = cuda.to_device

    def keys_only(array, **options):
        assert not isinstance(array, fake)
        return to_device(array, **options)

    def refused(self, *args, **options):
        raise AssertionError("a picture went to memory")

    monkeypatch.setattr(cuda, "to_device", keys_only)
    monkeypatch.setattr(fake, "copy_to_host", refused)
    monkeypatch.setattr(fake, "__array__", refused, raising=False)
    got = scheme.encrypt(there, key)
    assert scheme.encrypt(there, key, out=out) is out
    plain = scheme.decrypt(out, key)
    assert scheme.decrypt(out, key, out=out) is out
    monkeypatch.undo()
    assert type(got) is type(plain) is fake
    assert (got.copy_to_host() == expected).all()
    assert (there.copy_to_host() == images).all()
    for array in (plain, out):
        assert (array.copy_to_host() == images).all()


@pytest.mark.parametrize("name", ["block-shuffle", "pbe"])
def test_layouts_and_sizes(name):
    """Views are copied, on the card; pictures padded and cut; planes of gray have no channels."""
    scheme, images = schemes.get(name), contract.pictures((2, 6, 5, 3))
    views = [
        images[:, ::2, ::-1], images.transpose(0, 2, 1, 3), images[1], images[0, :, :, 0],
        images[:0], images[1].transpose(1, 0, 2),
    ]  # fmt: skip
    for view in views:
        key = scheme.random_key(view.shape, np.random.default_rng(1))
        expected = scheme.encrypt(view, key)
        there = cuda.to_device(images)
        there._ary = view  # as it lies
        got = scheme.encrypt(there, key)
        assert (got.copy_to_host() == expected).all()
        back = scheme.decrypt(got, key, shape=view.shape)
        assert (back.copy_to_host() == view).all()


def test_padding_on_the_card():
    scheme, images = schemes.get("cat-map"), contract.pictures((2, 3, 5, 3))
    key = scheme.random_key((5, 5, 3), np.random.default_rng(1))
    got = scheme.encrypt(cuda.to_device(images), key)
    assert (got.copy_to_host() == scheme.encrypt(images, key)).all()


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 3), (2, 4, 4, 1), (0, 4, 4, 3)])
def test_a_fresh_key_for_each(shape):
    scheme, images = schemes.get("chaos-blocks"), contract.pictures(shape)
    there = cuda.to_device(images)
    cipher, nonces = scheme.encrypt_fresh(there, MASTER, parts=(2, 2))
    expected, _ = scheme.encrypt_fresh(images, MASTER, nonces=nonces, parts=(2, 2))
    assert (cipher.copy_to_host() == expected).all()
    plain = scheme.decrypt_fresh(cipher, MASTER, nonces, parts=(2, 2))
    assert (plain.copy_to_host() == images).all()


def test_refusals_are_those_of_memory():
    scheme, images = schemes.get("block-shuffle"), contract.pictures((4, 4, 4, 3))
    key = scheme.random_key(images.shape, np.random.default_rng(1))
    there, apart = cuda.to_device(images), cuda.to_device(images)
    with pytest.raises(ValueError, match="out overlaps images without being the same memory"):
        scheme.encrypt(there[:3], key, out=there[1:])
    with pytest.raises(ValueError, match="out must have the shape of the result"):
        scheme.encrypt(there, key, out=apart[:3])
    with pytest.raises(ValueError, match="out must be C-contiguous and writable"):
        scheme.encrypt(there, key, out=apart[:, :, ::-1])
    with pytest.raises(TypeError, match="out must be a uint8 array, received float64"):
        scheme.encrypt(there, key, out=cuda.to_device(np.zeros(images.shape)))
    with pytest.raises(TypeError, match="out must be on the card as images are, received ndarray"):
        scheme.encrypt(there, key, out=images.copy())
    with pytest.raises(TypeError, match="out must be in memory as images are, received FakeCUDA"):
        scheme.encrypt(images, key, out=apart)
    with pytest.raises(TypeError, match=r"uint8, received float32; for floats"):
        scheme.encrypt(cuda.to_device(images.astype(np.float32)), key)
    with pytest.raises(ValueError, match="keep the alpha plane beside it"):
        scheme.encrypt(cuda.to_device(np.zeros((4, 4, 4), np.uint8)), key)
    for backend in ("native", "reference"):
        with pytest.raises(BackendUnavailableError, match=f"{backend}.* pass backend='cuda'"):
            scheme.encrypt(there, key, backend=backend)


def test_a_key_goes_to_the_card_once(monkeypatch):
    monkeypatch.setattr(cuda_arrays, "_kept", {})
    scheme, there = schemes.get("pbe"), cuda.to_device(contract.pictures(SHAPE))
    key = scheme.random_key(SHAPE, np.random.default_rng(1))
    to_device, sent = cuda.to_device, []

    def counted(array, **options):
        sent.append(array.size)
        return to_device(array, **options)

    monkeypatch.setattr(cuda, "to_device", counted)
    for _ in range(3):
        scheme.encrypt(there, key)
    assert sent == [16, 48]  # the order and the mask
    for _ in range(3):
        scheme.decrypt(there, key)
    assert sent == [16, 48] * 2
    assert len(cuda_arrays._kept) == 4
    del key
    gc.collect()
    assert cuda_arrays._kept == {}


def test_what_may_change_is_sent_each_time():
    """A cached copy would be another key than the array's."""
    from facecrypt.backends import cuda as kernels

    data, mask = contract.pictures((1, 2, 2, 3)), np.zeros((2, 2, 3), np.uint8)
    locked = mask[:]
    locked.flags.writeable = False
    out = np.empty_like(data)
    for value in (1, 2):
        mask[:] = value
        kernels.pixels(data, out, Pixels(None, locked))
        assert (out == data ^ value).all()


@pytest.mark.parametrize("name", ["cat-map", "chaos-blocks", "le"])
def test_nothing_of_a_key_is_sent_twice(monkeypatch, name):
    scheme, there = schemes.get(name), cuda.to_device(contract.pictures(SHAPE))
    key = scheme.random_key(SHAPE, np.random.default_rng(1))
    cipher = scheme.encrypt(there, key)
    monkeypatch.delattr(cuda, "to_device")
    assert (scheme.encrypt(there, key).copy_to_host() == cipher.copy_to_host()).all()
