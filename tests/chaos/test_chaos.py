"""Keys, their vetting, and the sealing stream. Bytes of the kernels: test_backends.py."""

import hashlib
import subprocess
import sys
from math import nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecrypt import backends, chaos
from facecrypt.chaos import derive, sealing_stream, vetting
from facecrypt.errors import FacecryptError, WeakKeyError

VECTORS = Path(__file__).parents[1] / "vectors"
KEY = (3.995, 0.41)
BACKENDS = [name for name, missing in backends.available().items() if missing is None]


@pytest.fixture(scope="module")
def published():
    with np.load(VECTORS / "logistic.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def frozen():
    with np.load(VECTORS / "lanes.npz") as file:
        return dict(file)


# ---- keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mu", "d0", "reason"),
    [
        (4.0, 0.3, r"mu must be in \[3\.57, 4\).* it is 4\.0"),
        (3.56, 0.3, r"mu must be in \[3\.57, 4\)"),
        (3.99, 0.25, r"d0=0\.25 is a preimage of a fixed point"),
        (3.99, 0.5, r"d0=0\.5"),
        (3.99, 0.75, r"d0=0\.75"),
        (3.9, 1 - 1 / 3.9, r"fixed point"),
        (3.83, 0.3, r"periodic window, period 3"),
        (3.9057, 0.3, r"periodic window, period 5"),
        (3.84, 0.3, r"periodic window, period 6"),
        (3.5701, 0.3, r"(Lyapunov exponent 0\.0\d\d over 3000 states, below 0\.1|period)"),
    ],
)
def test_weak_keys_are_refused_by_name(mu, d0, reason):
    with pytest.raises(WeakKeyError, match=reason + r".*draw mu from \[3\.99, 4\)"):
        chaos.check_key(mu, d0)
    with pytest.raises(WeakKeyError, match=reason):
        chaos.LogisticKey(mu, d0)
    with pytest.raises(WeakKeyError, match=reason):
        chaos.logistic_sequence(mu, d0, 10)
    with pytest.warns(UserWarning, match=reason):
        chaos.check_key(mu, d0, allow_weak=True)
    with pytest.warns(UserWarning, match=reason):
        assert chaos.LogisticKey(mu, d0, allow_weak=True).mu == mu


@pytest.mark.parametrize("mu", [3.71, 3.9, 3.96, 3.99, 3.995, 3.9987, 3.9999])
def test_strong_keys_pass(mu):
    chaos.check_key(mu, 0.37)
    key = chaos.LogisticKey(mu, 0.37)
    assert (key.mu, key.d0) == (mu, 0.37)


@pytest.mark.parametrize(
    ("mu", "d0"),
    [
        (nan, 0.3),
        (float("inf"), 0.3),
        (4.1, 0.3),
        (-1.0, 0.3),
        (3.99, 0.0),
        (3.99, 1.0),
        (3.99, nan),
    ],
)
def test_what_has_no_orbit_is_refused_even_as_weak(mu, d0):
    for allow_weak in (False, True):
        with pytest.raises(ValueError, match=r"needs mu in \[0, 4\] and d0 in \(0, 1\)") as caught:
            chaos.check_key(mu, d0, allow_weak=allow_weak)
        assert not isinstance(caught.value, FacecryptError)


def test_warnings_point_at_the_caller():
    for call in (
        lambda: chaos.check_key(3.83, 0.3, allow_weak=True),
        lambda: chaos.logistic_sequence(3.83, 0.3, 4, allow_weak=True),
        lambda: chaos.LogisticKey(3.83, 0.3, allow_weak=True),
    ):
        with pytest.warns(UserWarning, match="period 3") as caught:
            call()
        assert (caught[0].filename, caught[0].lineno) == (__file__, call.__code__.co_firstlineno)


def test_the_rules_catch_what_they_are_said_to():
    """Of keys with mu in [3.57, 4) about 14 % are refused, in [3.99, 4) under 2 %."""
    rng = np.random.default_rng(11)
    refused = [
        vetting._weakness(mu, d0) is not None
        for mu, d0 in zip(rng.uniform(3.57, 4, 1500), rng.uniform(0, 1, 1500), strict=True)
    ]
    assert 0.11 < np.mean(refused) < 0.17
    refused = [
        vetting._weakness(mu, d0) is not None
        for mu, d0 in zip(rng.uniform(3.99, 4, 1500), rng.uniform(0, 1, 1500), strict=True)
    ]
    assert 0.001 < np.mean(refused) < 0.02


def test_random_keys_are_strong_and_reproducible():
    first, again = (
        [chaos.LogisticKey.random(np.random.default_rng(3)) for _ in range(2)] for _ in range(2)
    )
    assert first == again
    rng = np.random.default_rng(3)
    for _ in range(200):
        key = chaos.LogisticKey.random(rng)
        assert 3.99 <= key.mu < 4
        assert 0 < key.d0 < 0.5


def test_random_draws_again_while_weak():
    class Window:
        """Draws the period-3 window first."""

        def __init__(self):
            self.draws = iter([3.83, 0.3, 3.995, 0.41])

        def uniform(self, low, high):
            return next(self.draws)

    assert chaos.LogisticKey.random(Window()) == chaos.LogisticKey(*KEY)


def test_keys_cannot_be_changed():
    key = chaos.LogisticKey(*KEY)
    with pytest.raises(AttributeError):
        key.mu = 3.9
    assert chaos.LogisticKey(np.float64(3.995), np.float32(0.5 - 2**-4)).d0 == 0.4375


# ---- sequences and lanes ---------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_published_keys(published, backend):
    weak = {7, 8, 9, 10}  # 3.83, 3.74, and mu = 4
    for i, (mu, d0) in enumerate(zip(published["mu_hex"], published["d0_hex"], strict=True)):
        key = float.fromhex(mu), float.fromhex(d0)
        if i in weak:
            with pytest.raises(WeakKeyError):
                chaos.logistic_sequence(*key, 4, backend=backend)
            with pytest.warns(UserWarning, match="weak logistic key"):
                got = chaos.logistic_sequence(*key, 1024, allow_weak=True, backend=backend)
        else:
            got = chaos.logistic_sequence(*key, 1024, backend=backend)
        assert (got == published["seq"][i]).all()


def test_sequence_takes_its_options(published):
    whole = chaos.logistic_sequence(*KEY, 1024, quantiser="floor255")
    assert (whole == published["floor255"][0]).all()
    later = chaos.logistic_sequence(*KEY, 24, discard=4000)
    assert (later == published["seq"][0][1000:]).all()
    out = np.zeros(1024, np.uint8)
    assert chaos.logistic_sequence(*KEY, 1024, out=out) is out
    assert (out == published["seq"][0]).all()


def test_over_long_streams_are_refused():
    assert chaos.logistic_sequence(*KEY, 2**20).size == 2**20
    with pytest.raises(WeakKeyError, match="1048577 bytes of one key, of which 1048576 are safe"):
        chaos.logistic_sequence(*KEY, 2**20 + 1)
    with pytest.warns(UserWarning, match="1048577 bytes"):
        assert chaos.logistic_sequence(*KEY, 2**20 + 1, allow_weak=True).size == 2**20 + 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_lanes(frozen, backend):
    mu, d0 = frozen["mu"], frozen["d0"]
    for width in (1, 2):
        expected = frozen[f"bytes_{width}"]
        got = chaos.logistic_lanes(
            list(mu), d0, expected.size, discard=17, bytes_per_iterate=width, backend=backend
        )
        assert (got == expected).all()
        image = np.random.default_rng(0).integers(0, 256, (37, 900), dtype=np.uint8)
        sealed = chaos.xor_lanes(
            image, mu, d0, discard=17, bytes_per_iterate=width, backend=backend
        )
        assert sealed.shape == image.shape
        assert (sealed.reshape(-1) ^ image.reshape(-1) == expected[: image.size]).all()
        opened = chaos.xor_lanes(
            sealed, mu, d0, discard=17, bytes_per_iterate=width, out=sealed, backend=backend
        )
        assert opened is sealed
        assert (opened == image).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_rows(published, backend):
    mu, d0 = (np.array([float.fromhex(x) for x in published[f"{n}_hex"]]) for n in ("mu", "d0"))
    images = np.random.default_rng(0).integers(0, 256, (11, 8, 16, 3), dtype=np.uint8)
    got = chaos.xor_rows(images, mu, d0, backend=backend)
    assert ((got ^ images).reshape(11, -1) == published["seq"][:, :384]).all()
    with pytest.raises(ValueError, match="one key for each row of data, received 10 keys"):
        chaos.xor_rows(images, mu[:10], d0[:10])


def test_nothing_gives_nothing():
    none = np.empty(0, np.uint8)
    assert chaos.logistic_sequence(*KEY, 0).size == 0
    assert chaos.logistic_lanes([3.99], [0.3], 0, discard=5).size == 0
    assert chaos.xor_lanes(none, [3.99], [0.3], discard=5).size == 0
    assert chaos.xor_rows(np.empty((0, 5), np.uint8), [], []).size == 0
    assert chaos.seal_stream_xor(none, bytes(32)).size == 0


def test_errors_name_what_the_caller_gave():
    data = np.zeros(8, np.int32)
    for call in (chaos.xor_lanes, chaos.xor_rows):
        with pytest.raises(TypeError, match="data must hold uint8, received int32; pass its bytes"):
            call(data[None], [3.99], [0.4], discard=1)
        assert call(data.view(np.uint8)[None], [3.99], [0.4], discard=1).any()
    with pytest.raises(ValueError, match="mu and d0 hold no key"):
        chaos.xor_lanes(data.view(np.uint8), [], [], discard=1)
    with pytest.raises(ValueError, match="mu and d0 hold no key"):
        chaos.logistic_lanes([], [], 5, discard=1)
    with pytest.raises(TypeError, match=r"n must be a whole number, received 5\.5"):
        chaos.logistic_lanes([3.99], [0.4], 5.5, discard=1)


def test_bad_lengths_and_outputs():
    with pytest.raises(ValueError, match="n must be at least 0, received -1"):
        chaos.logistic_sequence(*KEY, -1)
    with pytest.raises(ValueError, match="out must have n=5 elements, received 4"):
        chaos.logistic_lanes([3.99], [0.3], 5, discard=0, out=np.empty(4, np.uint8))
    image = np.zeros((4, 6), np.uint8)
    with pytest.raises(ValueError, match="data must be C-contiguous"):
        chaos.xor_lanes(image[:, ::2], [3.99], [0.3], discard=0)
    with pytest.raises(TypeError, match="uint8, received float64"):
        chaos.seal_stream_xor(np.zeros(5), bytes(32))


# ---- the sealing stream ----------------------------------------------------------------------


def test_sealing_lanes_equal_exact_rationals(frozen):
    subkey = frozen["subkey"].tobytes()
    for chunk in range(2):
        mu, d0 = chaos.sealing_lanes(subkey, chunk)
        assert (mu == frozen["sealing_mu"][chunk]).all()
        assert (d0 == frozen["sealing_d0"][chunk]).all()


@given(
    st.integers(0, 2**64 - 1),
    st.sampled_from([2**53 - derive._MU0, 2**52 - 1, 2**64 - 1, 1]),
)
def test_scaling_is_the_high_half_of_the_product(u, factor):
    got = derive._scaled(np.array([u], np.uint64), factor)
    assert int(got[0]) == (u * factor) >> 64


@settings(max_examples=30)
@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**40))
def test_sealing_lanes_are_in_range(subkey, chunk):
    mu, d0 = chaos.sealing_lanes(subkey, chunk)
    assert mu.shape == d0.shape == (64,)
    assert ((mu >= 4 - 2**-15) & (mu < 4 - 2**-16)).all()
    assert ((d0 > 0) & (d0 < 0.5)).all()
    assert len(set(mu)) == 64


@pytest.mark.parametrize("backend", BACKENDS)
def test_sealing_stream_version_2(frozen, backend):
    size = int(frozen["sealing_size"])
    assert size > sealing_stream.CHUNK  # both chunks are in it
    subkey = frozen["subkey"].tobytes()
    sealed = chaos.seal_stream_xor(np.zeros(size, np.uint8), subkey, backend=backend)
    assert (sealed[:4096] == frozen["sealing_head"]).all()
    assert hashlib.sha256(sealed).digest() == frozen["sealing_sha256"].tobytes()


@pytest.mark.parametrize(
    "size", [1, 127, 128, 129, sealing_stream.CHUNK - 1, sealing_stream.CHUNK + 1]
)
def test_sealing_stream_is_its_own_inverse_and_a_prefix(frozen, size):
    subkey = frozen["subkey"].tobytes()
    longest = chaos.seal_stream_xor(np.zeros(sealing_stream.CHUNK + 5, np.uint8), subkey)
    data = np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8)
    sealed = chaos.seal_stream_xor(data, subkey, threads=2)
    assert (sealed ^ data == longest[:size]).all()
    assert (chaos.seal_stream_xor(sealed, subkey, out=sealed, threads=1) == data).all()


@pytest.mark.parametrize("size", [0, 31, 33])
def test_subkeys_are_32_bytes(size):
    with pytest.raises(ValueError, match=f"a subkey is 32 bytes, received {size}"):
        chaos.seal_stream_xor(np.zeros(5, np.uint8), bytes(size))


# ---- imports ---------------------------------------------------------------------------------


def test_chaos_loads_no_heavy_module():
    code = "import sys, facecrypt.chaos; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "facecrypt.chaos" in loaded
    assert not loaded & {"onnxruntime", "numba", "torch"}


def test_tensors_in_memory():
    torch = pytest.importorskip("torch", reason="needs facecrypt[learn]")
    mu, d0, data = np.full(4, 3.995), np.array([0.41, 0.2, 0.3, 0.4]), torch.zeros(4, 8).byte()
    expected = chaos.logistic_lanes(mu, d0, 32, discard=5)
    got = chaos.xor_lanes(data, mu, d0, discard=5)
    assert type(got) is torch.Tensor
    assert (got.numpy().ravel() == expected).all()
    assert chaos.xor_lanes(data, mu, d0, discard=5, out=data) is data
    assert torch.equal(data, got)
    rows = chaos.xor_rows(torch.zeros(4, 8).byte(), mu, d0)
    assert (rows[0].numpy() == chaos.logistic_sequence(3.995, 0.41, 8)).all()
    sealed = chaos.seal_stream_xor(got, bytes(32))
    assert (sealed.numpy() == chaos.seal_stream_xor(got.numpy(), bytes(32))).all()
