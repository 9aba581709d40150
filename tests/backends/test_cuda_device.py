"""The CUDA backend on a real card: large arrays, arrays of other libraries, streams.

The vectors need no tests here: those of every backend find ``cuda`` among the backends that run.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from support import scheme_contract as contract

from facecrypt import backends, chaos, schemes
from facecrypt.backends import native
from facecrypt.backends.operands import Pixels
from facecrypt.errors import BackendUnavailableError

if reason := backends.available()["cuda"]:
    pytest.skip(reason, allow_module_level=True)
if os.environ.get("NUMBA_ENABLE_CUDASIM") == "1":
    pytest.skip("the simulator is no card", allow_module_level=True)

from numba import cuda as numba_cuda

VECTORS = Path(__file__).parents[1] / "vectors"
LIBRARIES = ["torch", "cupy", "numba"]


def keys(count, seed=5):
    rng = np.random.default_rng(seed)
    return rng.uniform(3.99, 4.0, count), rng.uniform(0.0, 0.5, count)


def noise(shape, seed=0, high=256):
    return np.random.default_rng(seed).integers(0, high, shape, dtype=np.uint8)


class Library:
    """Copies to the card and back, as one library has them."""

    def __init__(self, name):
        self.name = name
        self.module = numba_cuda if name == "numba" else pytest.importorskip(name)
        if name == "torch" and not self.module.cuda.is_available():
            pytest.skip("this PyTorch is for processors only")

    def there(self, array):
        if self.name == "torch":
            return self.module.from_numpy(array.copy()).cuda()
        return (self.module.to_device if self.name == "numba" else self.module.asarray)(array)

    def back(self, array):
        if self.name == "torch":
            return array.cpu().numpy()
        return array.copy_to_host() if self.name == "numba" else array.get()


@pytest.fixture(params=LIBRARIES)
def library(request):
    return Library(request.param)


def address(array):
    return array.__cuda_array_interface__["data"][0]


def test_same_kind_out_and_in_place(library):
    mu, d0 = keys(64)
    data = noise((100, 64, 3))
    expected = chaos.xor_lanes(data, mu, d0, discard=100)
    there = library.there(data)
    got = chaos.xor_lanes(there, mu, d0, discard=100)
    assert type(got) is type(there)
    assert tuple(got.shape) == data.shape
    assert address(got) != address(there)
    assert (library.back(got) == expected).all()
    assert (library.back(there) == data).all()
    assert chaos.xor_lanes(there, mu, d0, discard=100, out=there) is there
    assert (library.back(there) == expected).all()
    rows = chaos.xor_rows(library.there(data), mu.repeat(2)[:100], d0.repeat(2)[:100])
    assert (
        library.back(rows) == chaos.xor_rows(data, mu.repeat(2)[:100], d0.repeat(2)[:100])
    ).all()


def test_sealing_stream_version_1(library):
    with np.load(VECTORS / "lanes.npz") as file:
        frozen = dict(file)
    data = library.there(np.zeros(int(frozen["sealing_size"]), np.uint8))
    sealed = library.back(chaos.seal_stream_xor(data, frozen["subkey"].tobytes()))
    assert hashlib.sha256(sealed).digest() == frozen["sealing_sha256"].tobytes()


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize(("lanes", "size"), [(64 * 300, 1 << 28), (1000, 12_345_677)])
def test_many_bytes(lanes, size, width):
    mu, d0 = keys(lanes)
    options = {"discard": 256, "bytes_per_iterate": width}
    expected = chaos.logistic_lanes(mu, d0, size, **options, backend="native")
    there = chaos.logistic_lanes(mu, d0, size, **options, out=numba_cuda.device_array(size, "u1"))
    assert (there.copy_to_host() == expected).all()
    chaos.xor_lanes(there, mu, d0, **options, out=there)
    assert not there.copy_to_host().any()


@pytest.mark.parametrize("count", [1, 3, 5000])
@pytest.mark.parametrize("shape", [(32, 32, 3), (61, 35, 3), (480, 640, 3)])
def test_pixels_in_place(library, shape, count):
    """Neighbouring threads read what each other write."""
    data = noise((min(count, (1 << 28) // np.prod(shape)), *shape))
    key = Pixels(noise(shape[:2], 1, 6), noise(shape, 2))
    expected = np.empty_like(data)
    native.pixels(data, expected, key)
    there = library.there(data)
    backends.get("cuda").pixels(there, there, key)
    assert (library.back(there) == expected).all()


def test_torch_streams_are_kept():
    """Work of a stream comes in its order, though nothing waits for the card."""
    torch = Library("torch").module
    mu, d0 = keys(64 * 200)
    size = 1 << 26
    expected = chaos.xor_lanes(np.full(size, 7, np.uint8), mu, d0, discard=0)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        busy = torch.randn(4096, 4096, device="cuda")
        for _ in range(20):  # tens of milliseconds, while `data` is not filled yet
            busy = busy @ busy / 64
        data = torch.zeros(size, dtype=torch.uint8, device="cuda")
        data += 7
        chaos.xor_lanes(data, mu, d0, discard=0, out=data)
        copy = data.clone()
    stream.synchronize()
    assert (copy.cpu().numpy() == expected).all()


def test_views_of_torch():
    torch = Library("torch").module
    mu, d0 = keys(64)
    memory = torch.zeros((4, 4099), dtype=torch.uint8, device="cuda")
    row = memory[1]  # contiguous, at an odd address
    expected = chaos.xor_lanes(np.zeros(4099, np.uint8), mu, d0, discard=0)
    chaos.xor_lanes(row, mu, d0, discard=0, out=row)
    assert (memory[1].cpu().numpy() == expected).all()
    assert not memory[[0, 2, 3]].any()
    with pytest.raises(ValueError, match="data must be C-contiguous"):
        chaos.xor_lanes(memory.T, mu, d0, discard=0)
    with pytest.raises(TypeError, match="uint8, received float32"):
        chaos.xor_lanes(memory.float(), mu, d0, discard=0)
    with pytest.raises(BackendUnavailableError, match="'native' does not work on a card"):
        chaos.xor_lanes(memory, mu, d0, discard=0, backend="native")


def test_numpy_goes_there_and_back():
    mu, d0 = keys(640)
    data = noise(1 << 20)
    got = chaos.xor_lanes(data, mu, d0, discard=9, backend="cuda")
    assert isinstance(got, np.ndarray)
    assert (got == chaos.xor_lanes(data, mu, d0, discard=9, backend="native")).all()


@pytest.fixture(params=schemes.names())
def scheme(request):
    return schemes.get(request.param)


def test_schemes_on_arrays_of_the_card(library, scheme, monkeypatch):
    images = contract.pictures((40, 32, 32, 3))
    key = contract.key_for(scheme, images.shape)
    expected = scheme.encrypt(images, key)
    there = library.there(images)

    def refused(*args, **options):
        raise AssertionError("a picture went to memory")

    fake = type(numba_cuda.device_array(1, np.uint8))
    with monkeypatch.context() as patch:
        patch.setattr(fake, "copy_to_host", refused)
        patch.setattr(fake, "__array__", refused, raising=False)
        got = scheme.encrypt(there, key)
        plain = scheme.decrypt(got, key)
        assert scheme.encrypt(there, key, out=there) is there
    assert type(got) is type(plain) is type(there)
    for array, wanted in ((got, expected), (there, expected), (plain, images)):
        assert (library.back(array) == wanted).all()


def test_planes_of_torch_are_copied_on_the_card(scheme):
    """Networks have channels first: a view with channels last is not contiguous."""
    torch = Library("torch").module
    planes = torch.from_numpy(contract.pictures((8, 3, 32, 32))).cuda()
    images = planes.permute(0, 2, 3, 1)
    key = contract.key_for(scheme, (32, 32, 3))
    got = scheme.encrypt(images, key)
    assert got.is_cuda
    expected = scheme.encrypt(images.cpu().numpy(), key)
    assert (got.cpu().numpy() == expected).all()
    assert (scheme.decrypt(got, key) == images).all()


def test_padded_and_cut_on_the_card(library):
    scheme, images = schemes.get("le"), contract.pictures((3, 30, 21, 3))
    key = scheme.random_key(images.shape, np.random.default_rng(1))
    cipher = scheme.encrypt(library.there(images), key)
    assert (library.back(cipher) == scheme.encrypt(images, key)).all()
    plain = scheme.decrypt(cipher, key, shape=images.shape)
    assert (library.back(plain) == images).all()


def test_schemes_keep_the_stream_of_torch(scheme):
    torch = Library("torch").module
    images = contract.pictures((64, 32, 32, 3))
    key = contract.key_for(scheme, images.shape)
    expected = scheme.encrypt(images, key)
    source = torch.from_numpy(images).cuda()
    scheme.encrypt(source, key)  # compiled, and the key is there
    torch.cuda.synchronize()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        busy = torch.randn(4096, 4096, device="cuda")
        for _ in range(20):
            busy = busy @ busy / 64
        late = torch.zeros_like(source)
        late += source
        copy = scheme.encrypt(late, key).clone()
    stream.synchronize()
    assert (copy.cpu().numpy() == expected).all()
