"""The CUDA kernels in Numba's simulator; ``test_cuda_simulator.py`` runs this file there.

Sizes are small: a thread of the card is a thread of Python.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from facecrypt import chaos
from facecrypt.backends import arrays, cuda, reference
from facecrypt.backends.operands import Coupling, Gather, Lanes, Orbit, Pixels

if os.environ.get("NUMBA_ENABLE_CUDASIM") != "1":
    pytest.skip("NUMBA_ENABLE_CUDASIM=1 is not set", allow_module_level=True)

VECTORS = Path(__file__).parents[1] / "vectors"


def on_card(array):
    from numba import cuda as numba_cuda

    return numba_cuda.to_device(array)


def noise(shape, seed=0, high=256):
    return np.random.default_rng(seed).integers(0, high, shape, dtype=np.uint8)


@pytest.fixture(scope="module")
def published():
    with np.load(VECTORS / "logistic.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def frozen():
    with np.load(VECTORS / "lanes.npz") as file:
        return dict(file)


@pytest.mark.parametrize("column", ["seq", "floor255", "round255", "floor256"])
@pytest.mark.parametrize("i", [0, 7])
def test_sequence(published, column, i):
    mu, d0 = (float.fromhex(str(published[name][i])) for name in ("mu_hex", "d0_hex"))
    out = np.empty(150, np.uint8)
    quantiser = "eq4" if column == "seq" else column
    cuda.sequence(None, out, Orbit(mu, d0, 3000, quantiser))
    assert (out == published[column][i][:150]).all()


@pytest.mark.parametrize("width", [1, 2])
def test_tiles_of_many_lanes(frozen, width):
    """128 lanes are two blocks of threads, whose tiles are not one piece of memory."""
    mu, d0 = frozen["mu"][:128].copy(), frozen["d0"][:128].copy()
    # The vector has 333 lanes: the first 128 of each iterate are these.
    expected = frozen[f"bytes_{width}"].reshape(100, 333 * width)[:, : 128 * width].reshape(-1)
    for size in (expected.size, expected.size - 3):
        out = noise(size)
        cuda.lanes(out, out, Lanes(mu, d0, 17, width, 1 << 40))
        assert (out ^ noise(size) == expected[:size]).all()


def test_sealing_stream_begins_as_frozen(frozen):
    out = np.zeros(4096, np.uint8)
    sealed = chaos.seal_stream_xor(out, frozen["subkey"].tobytes(), out=out, backend="cuda")
    assert sealed is out
    assert (out == frozen["sealing_head"]).all()


def test_arrays_on_the_card_stay_there(frozen):
    mu, d0 = frozen["mu"][:64], frozen["d0"][:64]
    data = noise((10, 20, 3))
    there = on_card(data)
    assert arrays.on_device(there)
    got = chaos.xor_lanes(there, mu, d0, discard=17)  # backend="auto"
    assert type(got) is type(there)
    assert got.shape == data.shape
    assert (there.copy_to_host() == data).all()
    expected = chaos.xor_lanes(data, mu, d0, discard=17, backend="reference")
    assert (got.copy_to_host() == expected).all()
    again = chaos.xor_lanes(there, mu, d0, discard=17, out=there)
    assert again is there
    assert (there.copy_to_host() == expected).all()
    stream = chaos.logistic_lanes(mu, d0, 100, discard=17, out=on_card(noise(100)))
    assert (stream.copy_to_host() == chaos.logistic_lanes(mu, d0, 100, discard=17)).all()
    rows = chaos.xor_rows(on_card(data), mu[:10], d0[:10], discard=1)
    expected = chaos.xor_rows(data, mu[:10], d0[:10], discard=1, backend="reference")
    assert (rows.copy_to_host() == expected).all()


@pytest.mark.parametrize("shift", [1, 2, 4])
def test_any_alignment(monkeypatch, frozen, shift):
    """Words are for aligned memory; the bytes are the same without."""
    from facecrypt.backends.cuda import arrays as cuda_arrays

    as_words = cuda_arrays.as_words

    def aligned_words(array, dtype):  # the simulator would take any
        words = as_words(array, dtype)
        assert words.flags.aligned
        return words

    monkeypatch.setattr(cuda_arrays, "as_words", aligned_words)
    mu, d0 = frozen["mu"][:64].copy(), frozen["d0"][:64].copy()
    memory = on_card(noise(4200))
    there = memory[shift : shift + 4160]
    expected = chaos.xor_lanes(there.copy_to_host(), mu, d0, discard=0, backend="reference")
    chaos.xor_lanes(there, mu, d0, discard=0, out=there)
    assert (there.copy_to_host() == expected).all()
    assert (memory.copy_to_host()[:shift] == noise(4200)[:shift]).all()
    assert (memory.copy_to_host()[shift + 4160 :] == noise(4200)[shift + 4160 :]).all()

    pictures, order = there[: 3 * 48].reshape(3, 4, 4, 3), noise((4, 4), 1, 6)
    before, out = pictures.copy_to_host(), np.empty((3, 4, 4, 3), np.uint8)
    reference.pixels(before, out, Pixels(order, noise((4, 4, 3))))
    cuda.pixels(pictures, pictures, Pixels(order, noise((4, 4, 3))))
    assert (pictures.copy_to_host() == out).all()

    items, index = there[:192].reshape(3, 8, 8), np.arange(7, -1, -1, dtype=np.int32)
    reversed_items = on_card(noise((3, 8, 8), 3))
    cuda.gather(items, reversed_items, Gather(index, None))
    assert (reversed_items.copy_to_host() == items.copy_to_host()[:, ::-1]).all()

    two = there[:256].reshape(2, 128)
    expected = chaos.xor_rows(two.copy_to_host(), mu[:2], d0[:2], discard=0, backend="reference")
    chaos.xor_rows(two, mu[:2], d0[:2], discard=0, out=two)
    assert (two.copy_to_host() == expected).all()


def test_pixels_in_place_across_blocks_of_threads():
    """The simulator runs them one after the other: the second finds what the first has written."""
    data, key = noise((1, 16, 32, 3)), Pixels(noise((16, 32), 1, 6), noise((16, 32, 3), 2))
    expected = np.empty_like(data)
    reference.pixels(data, expected, key)
    cuda.pixels(data, data, key)
    assert (data == expected).all()


@pytest.mark.parametrize("chunk", [4096, 4102])
def test_chunks_in_place(frozen, chunk):
    """A chunk ends where the next begins, or bytes would be XORed twice."""
    mu, d0 = frozen["mu"][:192].copy(), frozen["d0"][:192].copy()
    data, expected = noise(2 * chunk + 77), np.empty(2 * chunk + 77, np.uint8)
    reference.lanes(data, expected, Lanes(mu, d0, 2, 2, chunk))
    cuda.lanes(data, data, Lanes(mu, d0, 2, 2, chunk))
    assert (data == expected).all()


def test_what_is_refused_on_the_card():
    mu, d0 = np.full(4, 3.99), np.full(4, 0.3)
    memory = on_card(noise(100))

    def run(data, out):
        cuda.lanes(data, out, Lanes(mu, d0, 0, 1, 1000))

    with pytest.raises(TypeError, match="data must be on the card as the other array is"):
        run(noise(100), memory)
    with pytest.raises(TypeError, match="data must be a uint8 array"):
        run(memory, noise(100))
    with pytest.raises(TypeError, match="out must hold uint8, received float32"):
        run(None, on_card(np.zeros(8, np.float32)))
    with pytest.raises(ValueError, match="out must be C-contiguous"):
        run(None, memory[::2])
    with pytest.raises(ValueError, match="as many elements as data, 90, received 100"):
        run(memory[:90], memory)
    with pytest.raises(ValueError, match="out overlaps data"):
        run(memory[:60], memory[40:])
    same = memory.reshape(1, 50, 2)
    index = np.arange(50, dtype=np.int32)
    with pytest.raises(ValueError, match="out overlaps data"):
        cuda.gather(same, same, Gather(index, None))


@pytest.mark.parametrize(("most", "least"), [(1, 1), (64, 1), (64, 7)])
@pytest.mark.parametrize("count", [1, 4, 9])
def test_any_share_of_the_pictures(monkeypatch, most, least, count):
    """However many blocks of threads there are, some of them with nothing to do."""
    from facecrypt.backends.cuda import arrays as cuda_arrays
    from facecrypt.backends.cuda import pictures as cuda_pictures

    monkeypatch.setattr(cuda_pictures, "BLOCKS", most)
    monkeypatch.setattr(cuda_arrays, "_LEAST_BLOCKS", least)
    for shape in ((8, 8, 3), (3, 5, 3)):
        data = noise((count, *shape))
        order, mask = noise(shape[:2], 1, 6), noise(shape, 2)
        got, expected = np.empty_like(data), np.empty_like(data)
        for ordered in (order, None):
            cuda.pixels(data, got, Pixels(ordered, mask))
            reference.pixels(data, expected, Pixels(ordered, mask))
            assert (got == expected).all()
        flat, mask = data.reshape(count, -1, 3), mask.reshape(-1, 3)
        got, expected = np.empty_like(flat), np.empty_like(flat)
        index = np.random.default_rng(3).permutation(len(mask)).astype(np.int32)
        cuda.gather(flat, got, Gather(index, mask))
        reference.gather(flat, expected, Gather(index, mask))
        assert (got == expected).all()


def test_spare_blocks_leave_orbits_alone(monkeypatch, frozen):
    from facecrypt.backends.cuda import arrays as cuda_arrays

    monkeypatch.setattr(cuda_arrays, "_LEAST_BLOCKS", 5)
    mu, d0 = frozen["mu"][:70].copy(), frozen["d0"][:70].copy()
    for function in (chaos.logistic_lanes, rows):
        got = function(mu, d0, 700, discard=2, backend="cuda")
        assert (got == function(mu, d0, 700, discard=2, backend="reference")).all()


def rows(mu, d0, n, *, discard, backend):
    zeros = np.zeros((mu.size, n // mu.size), np.uint8)
    return chaos.xor_rows(zeros, mu, d0, discard=discard, backend=backend)


def test_coupling_a_few_pictures_at_a_time(monkeypatch):
    monkeypatch.setattr(cuda, "_SCRATCH", 2 * 12 * 2)  # two pictures of 12 pixels, 2 planes
    data = noise((5, 3, 4, 3))
    key = Coupling(
        first=noise((2, 2, 3, 3, 3), 1).view(np.int8),
        first_bias=noise((2, 2), 2).view(np.int8),
        second=noise((2, 3, 2, 3, 3), 3).view(np.int8),
        second_bias=noise((2, 3), 4),
    )
    got, expected = np.empty_like(data), np.empty_like(data)
    for inverse in (False, True):
        cuda.coupling(data, got, key._replace(inverse=inverse))
        reference.coupling(data, expected, key._replace(inverse=inverse))
        assert (got == expected).all()
    there, apart = on_card(data), on_card(noise(data.shape, 9))
    cuda.coupling(there, apart, key._replace(inverse=True))
    assert (apart.copy_to_host() == expected).all()
    assert (there.copy_to_host() == data).all()


def test_fit_on_the_card():
    data = noise((2, 3, 4, 3))
    for size in ((5, 6), (2, 2)):
        expected = np.empty((2, *size, 3), np.uint8)
        reference.fit(data, expected)
        out = on_card(np.zeros_like(expected))
        cuda.fit(on_card(data), out)
        assert (out.copy_to_host() == expected).all()
    with pytest.raises(TypeError, match="data must be on the card as the other array is"):
        cuda.fit(data, out)
    with pytest.raises(TypeError, match="out must be an array of uint8, received float32"):
        cuda.fit(on_card(data), on_card(np.zeros(out.shape, np.float32)))
    with pytest.raises(ValueError, match="but for H and W"):
        cuda.fit(on_card(data[:1]), out)
    with pytest.raises(ValueError, match="out must be C-contiguous and writable"):
        cuda.fit(on_card(data), out[:, ::2])
    with pytest.raises(ValueError, match="out overlaps data"):
        cuda.fit(out[:, :1], out)
