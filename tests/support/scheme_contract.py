"""What every scheme must do, whatever it computes."""

import pickle

import numpy as np
import pytest

from facecrypt import backends
from facecrypt.errors import KeyFormatError
from facecrypt.regions import Region

BACKENDS = [name for name, missing in backends.available().items() if missing is None]
MASTER = bytes(range(32))


def pictures(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def key_for(scheme, shape, seed=0):
    return scheme.random_key(shape, np.random.default_rng(seed))


def check_round_trip(scheme, images, backend, seed=0):
    key = key_for(scheme, images.shape, seed)
    before = images.copy()
    cipher = scheme.encrypt(images, key, backend=backend)
    assert (images == before).all()
    assert cipher.dtype == np.uint8
    assert cipher.ndim == images.ndim
    plain = scheme.decrypt(cipher, key, shape=images.shape, backend=backend)
    assert plain.shape == images.shape
    assert (plain == images).all()
    return cipher


def check_backends_agree(scheme, images, seed=0):
    ciphers = [check_round_trip(scheme, images, backend, seed) for backend in BACKENDS]
    assert all((cipher == ciphers[0]).all() for cipher in ciphers)


def check_something_happens(scheme):
    images = pictures((32, 32, 3))
    assert (scheme.encrypt(images, key_for(scheme, images.shape)) != images).mean() > 0.3


def check_out(scheme, backend):
    images = pictures((3, 16, 16, 3))
    key = key_for(scheme, images.shape)
    cipher = scheme.encrypt(images, key, backend=backend)
    out = np.empty_like(cipher)
    assert scheme.encrypt(images, key, out=out, backend=backend) is out
    assert (out == cipher).all()
    same = images.copy()
    assert scheme.encrypt(same, key, out=same, backend=backend) is same
    assert (same == cipher).all()
    scheme.decrypt(same, key, out=same, backend=backend)
    assert (same == images).all()


def check_out_is_refused(scheme):
    memory = pictures((4, 16, 16, 3))
    key = key_for(scheme, memory.shape)
    with pytest.raises(ValueError, match="out overlaps images without being the same memory"):
        scheme.encrypt(memory[:3], key, out=memory[1:])
    with pytest.raises(ValueError, match="out must have the shape of the result"):
        scheme.encrypt(memory, key, out=memory[:3])
    with pytest.raises(ValueError, match="out must be C-contiguous and writable"):
        scheme.encrypt(memory, key, out=memory[..., ::-1])
    with pytest.raises(TypeError, match="out must be a uint8 array, received float64"):
        scheme.encrypt(memory, key, out=np.zeros(memory.shape))


def check_copies(scheme):
    images = pictures((2, 32, 16, 3))
    views = images[:, ::2], images[:, :16, ::-1], np.asfortranarray(images[:, :16])
    for view in views:
        assert not view.flags.c_contiguous
        key = key_for(scheme, view.shape)
        assert (scheme.encrypt(view, key) == scheme.encrypt(view.copy(order="C"), key)).all()


def check_batch_is_its_pictures(scheme):
    images = pictures((3, 16, 16, 3))
    key = key_for(scheme, images.shape)
    batch = scheme.encrypt(images, key)
    for picture, cipher in zip(images, batch, strict=True):
        assert (scheme.encrypt(picture, key) == cipher).all()


def check_keys(scheme, tmp_path):
    shape = (32, 32, 3)
    key = scheme.derive_key(shape, MASTER)
    assert type(key) is scheme.key_type
    assert key.scheme == scheme.name
    assert key == scheme.derive_key(shape, MASTER)
    assert key != scheme.derive_key(shape, bytes(32))
    assert key != scheme.derive_key(shape, MASTER, nonce=b"other")
    assert key_for(scheme, shape, 5) == key_for(scheme, shape, 5)
    assert key_for(scheme, shape, 5) != key_for(scheme, shape, 6)
    assert key.space_bits(shape) > 8
    path = tmp_path / f"{scheme.name}.npz"
    key.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert scheme.key_type.load(path) == key
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(KeyFormatError, match="damaged"):
        scheme.key_type.load(path)


def check_pickling(scheme):
    images = pictures((16, 16, 3))
    key = key_for(scheme, images.shape)
    fresh = pickle.dumps(key)
    cipher = scheme.encrypt(images, key)
    scheme.decrypt(cipher, key)
    assert len(pickle.dumps(key)) == len(fresh)
    loaded = pickle.loads(fresh)
    assert loaded == key
    assert all(not a.flags.writeable for a in vars(loaded).values() if isinstance(a, np.ndarray))
    assert (scheme.encrypt(images, loaded) == cipher).all()


def check_regions(scheme):
    images = pictures((2, 16, 16, 3))
    key = key_for(scheme, images.shape)
    left = [Region(-4, 0, 8, 16)]
    if not scheme.takes_regions:
        with pytest.raises(ValueError, match="encrypts whole pictures and takes no regions"):
            scheme.encrypt(images, key, left)
        with pytest.raises(ValueError, match="encrypts whole pictures and takes no regions"):
            scheme.decrypt(images, key, regions=left)
    else:
        cipher = scheme.encrypt(images, key, left)
        assert (cipher[:, :, 8:] == images[:, :, 8:]).all()
        assert (cipher[:, :, :8] != images[:, :, :8]).mean() > 0.3
        assert (scheme.decrypt(cipher, key, left) == images).all()
        assert (scheme.encrypt(images, key, regions=[]) == images).all()
        everywhere = scheme.encrypt(images, key, [Region(0, 0, 16, 16)])
        assert (scheme.encrypt(images, key) == everywhere).all()
    for wrong in (images, left[0], "all", [(0, 0, 8, 16)]):
        with pytest.raises(TypeError, match="regions must be a sequence of Region, received"):
            scheme.encrypt(images, key, wrong)


def check_misuse(scheme):
    images = pictures((16, 16, 3))
    key = key_for(scheme, images.shape)
    with pytest.raises(TypeError, match=f"needs a {scheme.key_type.__name__}, received str"):
        scheme.encrypt(images, "key")
    with pytest.raises(TypeError, match=r"uint8, received float32; for floats.*numpy\.rint"):
        scheme.encrypt(images.astype(np.float32), key)
    with pytest.raises(TypeError, match="uint8, received uint16"):
        scheme.encrypt(images.astype(np.uint16), key)
    with pytest.raises(TypeError, match="must be a uint8 array, received bytes"):
        scheme.encrypt(b"abc", key)
    with pytest.raises(ValueError, match="keep the alpha plane beside it"):
        scheme.encrypt(np.zeros((16, 16, 4), np.uint8), key)
    with pytest.raises(ValueError, match="a master key is 32 random bytes, received 5"):
        scheme.derive_key(images.shape, b"short")
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator"):
        scheme.random_key(images.shape, 7)


def check_contract(scheme, tmp_path):
    """All of it; for a scheme that tests make themselves."""
    for shape in [(16, 16), (16, 16, 1), (16, 16, 3), (0, 16, 16, 3), (2, 16, 16, 3), (1, 1)]:
        check_backends_agree(scheme, pictures(shape))
    check_something_happens(scheme)
    for backend in BACKENDS:
        check_out(scheme, backend)
    check_out_is_refused(scheme)
    check_copies(scheme)
    check_batch_is_its_pictures(scheme)
    check_keys(scheme, tmp_path)
    check_regions(scheme)
    check_misuse(scheme)
