"""Every backend, on every instruction set, gives the same bytes and refuses the same arguments."""

import os
import subprocess
import sys
from math import floor, inf
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facecrypt import _native, backends
from facecrypt.backends.operands import Lanes, Orbit, Rows
from facecrypt.errors import BackendUnavailableError

VECTORS = Path(__file__).parents[1] / "vectors"
FORCED = "FACECRYPT_ISA"


RUNNING = [name for name, missing in backends.available().items() if missing is None]


@pytest.fixture(params=RUNNING, scope="module")
def kernels(request):
    return backends.get(request.param)


@pytest.fixture(scope="module")
def published():
    """Independent values of Algorithm 2 for 11 keys, 1024 bytes each."""
    with np.load(VECTORS / "logistic.npz") as file:
        values = dict(file)
    for name in ("mu", "d0"):
        values[name] = np.array([float.fromhex(x) for x in values[f"{name}_hex"]])
    return values


@pytest.fixture(scope="module")
def frozen():
    with np.load(VECTORS / "lanes.npz") as file:
        return dict(file)


def python_orbit(mu, d0, discard, count):
    """Integers of one orbit, in Python's own floats."""
    d, integers = d0, []
    for t in range(discard + count):
        d = mu * d * (1.0 - d)
        if t >= discard:
            integers.append(floor(d / 2 * 1e14))
    return integers


def python_lanes(mu, d0, discard, width, size):
    count = -(-size // (len(mu) * width))
    orbits = [python_orbit(m, d, discard, count) for m, d in zip(mu, d0, strict=True)]
    values = (orbit[t] for t in range(count) for orbit in orbits)
    return b"".join((v % 256**width).to_bytes(width, "little") for v in values)[:size]


def keys(count, seed=5):
    rng = np.random.default_rng(seed)
    return rng.uniform(3.9, 4.0, count), rng.uniform(0.0, 0.5, count)


def canaried(size, offset):
    """A view of `size` bytes `offset` from an aligned address, and the memory around it."""
    memory = np.full(size + 320, 0xA5, np.uint8)
    start = -memory.ctypes.data % 64 + 64 + offset
    return memory[start : start + size], memory


def untouched(view, memory):
    start = view.ctypes.data - memory.ctypes.data
    return (memory[:start] == 0xA5).all() and (memory[start + view.size :] == 0xA5).all()


def sequence(kernels, key, n, *, data=None, discard=3000, quantiser="eq4"):
    out = np.empty(n, np.uint8)
    kernels.sequence(data, out, Orbit(*key, discard, quantiser))
    return out


def lanes(kernels, mu, d0, n, *, data=None, discard=0, width=1, chunk=1 << 40, threads=1, out=None):
    out = np.empty(n, np.uint8) if out is None else out
    kernels.lanes(data, out, Lanes(mu, d0, discard, width, chunk), threads=threads)
    return out


def rows(kernels, mu, d0, shape, *, data=None, discard=0, threads=1, out=None):
    out = np.empty(shape, np.uint8) if out is None else out
    kernels.rows(data, out, Rows(mu, d0, discard), threads=threads)
    return out


# ---- the same bytes --------------------------------------------------------------------------


def quantiser_columns():
    return [("eq4", "seq"), *((q, q) for q in ("floor255", "round255", "floor256"))]


@pytest.mark.parametrize(("quantiser", "column"), quantiser_columns())
def test_sequence_is_algorithm_2(kernels, published, quantiser, column):
    for i, key in enumerate(zip(published["mu"], published["d0"], strict=True)):
        got = sequence(kernels, key, 1024, quantiser=quantiser)
        assert (got == published[column][i]).all()


def test_sequence_associates_to_the_left(kernels, published):
    # The two associations differ by chance once in 256 bytes, on keys that do not collapse.
    for i in (0, 1, 3, 5):
        key = published["mu"][i], published["d0"][i]
        agreement = (sequence(kernels, key, 1024) == published["wrong_assoc"][i]).mean()
        assert agreement < 0.02


def test_states_are_exact_to_the_last_bit(kernels, published):
    for i, state in enumerate(published["last_state_hex"]):
        mu, d0 = published["mu"][i], published["d0"][i]
        onward = sequence(kernels, (mu, float.fromhex(state)), 256, discard=0)
        assert (onward == sequence(kernels, (mu, d0), 256, discard=3000 + 1024)).all()


def test_published_lanes(kernels, published):
    mu, d0 = published["mu"], published["d0"]
    one = lanes(kernels, mu, d0, 11 * 1024, discard=3000).reshape(1024, 11)
    assert (one == published["seq"].T).all()
    two = lanes(kernels, mu, d0, 22 * 1024, discard=3000, width=2).view("<u2").reshape(1024, 11)
    assert (two == published["raw"].T & 0xFFFF).all()
    assert (rows(kernels, mu, d0, (11, 1024), discard=3000) == published["seq"]).all()


@pytest.mark.parametrize("width", [1, 2])
def test_frozen_lanes(kernels, frozen, width):
    expected = frozen[f"bytes_{width}"]
    got = lanes(kernels, frozen["mu"], frozen["d0"], expected.size, discard=17, width=width)
    assert (got == expected).all()


def test_frozen_rows(kernels, frozen):
    mu, d0 = frozen["mu"], frozen["d0"]
    got = rows(kernels, mu, d0, (333, 100), discard=17)
    assert (got == frozen["bytes_1"].reshape(100, 333).T).all()


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 255, 256, 257, 600])
@pytest.mark.parametrize("width", [1, 2])
def test_every_number_of_lanes_and_length(kernels, count, width):
    mu, d0 = keys(count)
    row = count * width
    whole = python_lanes(mu, d0, 3, width, 70 * row + 5)
    for n in {0, 1, row - 1, row, row + 1, 8 * row, 33 * row + row // 2, 70 * row + 5}:
        out, memory = canaried(n, offset=n % 64)
        lanes(kernels, mu, d0, n, discard=3, width=width, out=out)
        assert out.tobytes() == whole[:n]
        assert untouched(out, memory)


@pytest.mark.parametrize("count", [1, 2, 3, 16, 17, 48, 63, 64, 65, 130])
@pytest.mark.parametrize("length", [0, 1, 15, 16, 63, 64, 65, 100, 192])
def test_every_shape_of_rows(kernels, count, length):
    mu, d0 = keys(count)
    out, memory = canaried(count * length, offset=(count + length) % 64)
    data = np.random.default_rng(1).integers(0, 256, count * length, dtype=np.uint8)
    expected = b"".join(
        python_lanes(mu[i : i + 1], d0[i : i + 1], 5, 1, length) for i in range(count)
    )
    rows(kernels, mu, d0, None, data=data, discard=5, out=out)
    assert (out ^ data).tobytes() == expected
    assert untouched(out, memory)


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 8192, 20_000])
def test_chunks_have_their_own_keys(kernels, size):
    chunk, each = 4096, 64
    count = max(1, -(-size // chunk))
    mu, d0 = keys(count * each)
    expected = b"".join(
        python_lanes(
            mu[k * each :][:each], d0[k * each :][:each], 9, 2, min(chunk, size - k * chunk)
        )
        for k in range(count)
    )
    got = lanes(kernels, mu, d0, size, discard=9, width=2, chunk=chunk)
    assert got.tobytes() == expected


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(1, 140),
    width=st.sampled_from([1, 2]),
    size=st.integers(0, 3000),
    discard=st.integers(0, 20),
    chunk=st.integers(1, 2000),
    seed=st.integers(0, 2**32),
    offset=st.integers(0, 63),
)
def test_native_equals_the_definition(*, count, width, size, discard, chunk, seed, offset):
    native, reference = backends.get("native"), backends.get("reference")
    rng = np.random.default_rng(seed)
    # Not only chaotic keys: fixed points, collapse to 0, the ends of the domain.
    total = count * max(1, -(-size // chunk))
    mu = rng.choice([0.0, 0.5, 2.0, 3.2, 3.57, 3.83, 3.99, 4.0], total)
    d0 = np.where(
        rng.random(total) < 0.8, rng.random(total), rng.choice([0, 5e-324, 0.5, 1], total)
    )
    data = rng.integers(0, 256, size, dtype=np.uint8)
    expected = lanes(reference, mu, d0, size, data=data, discard=discard, width=width, chunk=chunk)
    out, memory = canaried(size, offset)
    out[:] = data
    lanes(
        native,
        mu,
        d0,
        size,
        data=out,
        discard=discard,
        width=width,
        chunk=chunk,
        threads=2,
        out=out,
    )
    assert (out == expected).all()
    assert untouched(out, memory)


@pytest.mark.parametrize("threads", [1, 2, 3, 16, None])
def test_threads_agree(kernels, threads):
    mu, d0 = keys(600)
    expected = python_lanes(mu, d0, 0, 1, 30_000)
    assert lanes(kernels, mu, d0, 30_000, threads=threads).tobytes() == expected
    assert lanes(kernels, mu, d0, 30_000, threads=threads, chunk=30_001).tobytes() == expected
    by_row = np.frombuffer(expected, np.uint8).reshape(50, 600).T
    assert (rows(kernels, mu, d0, (600, 50), threads=threads) == by_row).all()


def test_in_place_and_apart_agree(kernels):
    mu, d0 = keys(64)
    data = np.random.default_rng(2).integers(0, 256, 10_000, dtype=np.uint8)
    keep = data.copy()
    keystream = np.frombuffer(python_lanes(mu, d0, 0, 2, data.size), np.uint8)
    apart = lanes(kernels, mu, d0, data.size, data=data, width=2)
    assert (data == keep).all()
    lanes(kernels, mu, d0, data.size, data=data, width=2, out=data)
    assert (apart == data).all()
    assert (data ^ keep == keystream).all()
    # Another view of the same memory is the same memory.
    lanes(kernels, mu, d0, data.size, data=data[:], width=2, out=data.reshape(100, 100))
    assert (data == keep).all()


def test_sequence_xors(kernels, published):
    data = np.arange(1024, dtype=np.uint8)
    key = published["mu"][0], published["d0"][0]
    assert (sequence(kernels, key, 1024, data=data) ^ data == published["seq"][0]).all()


def test_read_only_data_will_do(kernels):
    data = np.zeros(64, np.uint8)
    data.flags.writeable = False
    mu, d0 = keys(4)
    assert lanes(kernels, mu, d0, 64, data=data).tobytes() == python_lanes(mu, d0, 0, 1, 64)


# ---- what orbits are like --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mu", "d0", "lyapunov", "cycle"),
    [
        (2.0, 0.5, -inf, 1),  # superstable fixed point
        (3.2, 0.3, None, 2),
        (3.83, 0.3, None, 3),
        (3.9057, 0.3, None, 5),
        (4.0, 0.5, np.log(4.0), 1),  # 1, 0, 0, ...; the slope at 1 and at 0 is 4
        (4.0, 0.75, np.log(2.0), 1),  # the unstable fixed point, exactly representable
    ],
)
def test_examine_known_orbits(kernels, mu, d0, lyapunov, cycle):
    got_lyapunov, got_cycle = kernels.examine(mu, d0, 3000)
    assert got_cycle == cycle
    if lyapunov is None:
        assert got_lyapunov < 0
    else:
        assert got_lyapunov == pytest.approx(lyapunov, rel=1e-12)


def test_examine_chaos(kernels):
    # At mu = 4 the exponent is ln 2 for almost every orbit; the mean of 3000 states wavers.
    lyapunov, cycle = kernels.examine(4.0, 0.3, 3000)
    assert lyapunov == pytest.approx(np.log(2), abs=0.02)
    assert cycle == 0


@settings(max_examples=25, deadline=None)
@given(mu=st.floats(3.5, 4.0), d0=st.floats(0.0, 1.0), discard=st.integers(1, 200))
def test_examine_agrees(mu, d0, discard):
    (a, cycle_a), (b, cycle_b) = (
        backends.get(name).examine(mu, d0, discard) for name in ("native", "reference")
    )
    assert cycle_a == cycle_b
    assert a == pytest.approx(b, rel=1e-9, abs=1e-9)


# ---- refusals --------------------------------------------------------------------------------


def test_refuses_what_is_not_contiguous_uint8(kernels):
    mu, d0 = keys(4)
    good = np.zeros(64, np.uint8)
    for bad in (np.zeros(128, np.uint8)[::2], np.zeros((8, 16), np.uint8)[:, :8]):
        with pytest.raises(ValueError, match="data must be C-contiguous"):
            lanes(kernels, mu, d0, 64, data=bad, out=good)
        with pytest.raises(ValueError, match="out must be C-contiguous"):
            lanes(kernels, mu, d0, 64, out=bad)
    for dtype in (np.int8, np.bool_, np.uint16, np.float64):
        bad = np.zeros(64, dtype)
        with pytest.raises(TypeError, match=f"data must hold uint8, received {bad.dtype}"):
            lanes(kernels, mu, d0, 64, data=bad, out=good)
        with pytest.raises(TypeError, match="out must hold uint8"):
            rows(kernels, mu, d0, None, out=bad)
    with pytest.raises(TypeError, match="data must be a uint8 array, received list"):
        sequence(kernels, (3.99, 0.3), 64, data=[0] * 64)


def test_refuses_bad_outputs(kernels):
    mu, d0 = keys(4)
    memory = np.zeros(200, np.uint8)
    for shift in (1, 63, -1):
        start = 64
        data, out = memory[start:][:64], memory[start + shift :][:64]
        with pytest.raises(ValueError, match="out overlaps data"):
            lanes(kernels, mu, d0, 64, data=data, out=out)
    beside = memory[64:128], memory[128:192]
    lanes(kernels, mu, d0, 64, data=beside[0], out=beside[1])
    with pytest.raises(ValueError, match="as many elements as data, 64, received 63"):
        rows(kernels, mu, d0, None, data=memory[:64], out=np.zeros(63, np.uint8))
    memory.flags.writeable = False
    with pytest.raises(ValueError, match=r"out must be .*writable"):
        lanes(kernels, mu, d0, 200, out=memory)


@pytest.mark.parametrize("name", ["mu", "d0"])
def test_refuses_keys_within_out(kernels, name):
    mu, d0 = keys(4)
    memory = np.zeros(20)
    within = {"mu": mu, "d0": d0, name: memory[4:8]}
    within[name][:] = 0.3
    out = memory[7:19].view(np.uint8)  # from the last of the four keys on
    with pytest.raises(ValueError, match=f"out overlaps {name}; pass another array"):
        lanes(kernels, **within, n=None, out=out)
    with pytest.raises(ValueError, match=f"out overlaps {name}"):
        rows(kernels, **within, shape=None, data=out, out=out)
    expected = python_lanes(within["mu"], within["d0"], 0, 1, 96)
    out = memory[8:].view(np.uint8)
    assert lanes(kernels, **within, n=None, out=out).tobytes() == expected


@pytest.mark.parametrize(
    ("mu", "d0"),
    [
        (4.0000001, 0.5),
        (-0.1, 0.5),
        (3.9, -1e-9),
        (3.9, 1.1),
        (np.nan, 0.5),
        (3.9, np.nan),
        (np.inf, 0.5),
    ],
)
def test_refuses_keys_outside_the_domain(kernels, mu, d0):
    bad_mu, bad_d0 = keys(20)
    bad_mu[13], bad_d0[13] = mu, d0
    with pytest.raises(ValueError, match=r"mu in \[0, 4\] and d0 in \[0, 1\].* at index 13"):
        lanes(kernels, bad_mu, bad_d0, 64)
    with pytest.raises(ValueError, match="at index 13"):
        rows(kernels, bad_mu, bad_d0, (20, 3))
    with pytest.raises(ValueError, match=r"mu in \[0, 4\]"):
        sequence(kernels, (mu, d0), 8)
    with pytest.raises(ValueError, match=r"mu in \[0, 4\]"):
        kernels.examine(mu, d0, 10)


def test_refuses_bad_keys_and_numbers(kernels):
    mu, d0 = keys(6)
    with pytest.raises(ValueError, match="equal size, received 6 and 5"):
        lanes(kernels, mu, d0[:5].copy(), 64)
    with pytest.raises(TypeError, match="mu must hold float64, received float32"):
        lanes(kernels, mu.astype(np.float32), d0, 64)
    with pytest.raises(ValueError, match="mu must be C-contiguous"):
        lanes(kernels, mu[::2], d0[::2], 64)
    with pytest.raises(ValueError, match="4 chunks need a multiple of 4 lanes"):
        lanes(kernels, mu, d0, 64, chunk=16)
    with pytest.raises(ValueError, match="1 chunks need a multiple of 1 lanes, at least one"):
        lanes(kernels, mu[:0], d0[:0], 64)
    with pytest.raises(ValueError, match="64 bytes cannot be divided among 6 keys"):
        rows(kernels, mu, d0, 64)
    for name, value in (("threads", 0), ("chunk", 0), ("discard", -1)):
        with pytest.raises(ValueError, match=f"{name} must be at least"):
            lanes(kernels, mu, d0, 60, **{name: value})
    for name, value in (("threads", 1.0), ("chunk", 64.0), ("discard", 1.5), ("discard", "a")):
        with pytest.raises(TypeError, match=f"{name} must be a whole number, received {value!r}"):
            lanes(kernels, mu, d0, 60, **{name: value})
    lanes(kernels, mu, d0, 60, discard=np.int64(3), chunk=np.int64(60))
    with pytest.raises(ValueError, match="bytes_per_iterate must be 1 or 2, received 3"):
        lanes(kernels, mu, d0, 60, width=3)
    with pytest.raises(ValueError, match=r"quantiser must be one of eq4, .* received 'eq5'"):
        sequence(kernels, (3.9, 0.3), 8, quantiser="eq5")
    with pytest.raises(ValueError, match="discard must be at least 1"):
        kernels.examine(3.9, 0.3, 0)


def test_nothing_to_do_is_done(kernels):
    none = np.empty(0)
    assert lanes(kernels, none, none, 0).size == 0
    assert rows(kernels, none, none, (0, 5)).size == 0
    assert rows(kernels, *keys(3), (3, 0)).size == 0
    assert sequence(kernels, (3.9, 0.3), 0).size == 0


# ---- the registry ----------------------------------------------------------------------------


def test_auto_is_native():
    assert backends.get() is backends.get("native")
    available = backends.available()
    assert sorted(available) == ["cuda", "native", "reference"]
    assert available["native"] is available["reference"] is None


def test_unknown_backend():
    with pytest.raises(ValueError, match=r"one of .*'reference'.*, received 'gpu'"):
        backends.get("gpu")


@pytest.fixture
def unloaded():
    backends.get.cache_clear()
    yield
    backends.get.cache_clear()


@pytest.mark.usefixtures("unloaded")
def test_a_missing_extension_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "facecrypt.backends.native", raising=False)
    monkeypatch.setitem(sys.modules, "facecrypt._native", None)  # an import of it now fails
    with pytest.raises(BackendUnavailableError, match=r"'native' cannot be loaded: .*_native"):
        backends.get("native")
    reasons = backends.available()
    assert "facecrypt._native" in reasons["native"]
    assert reasons["reference"] is None


# ---- instruction sets ------------------------------------------------------------------------


@pytest.mark.skipif(FORCED in os.environ, reason="one instruction set is already forced")
@pytest.mark.parametrize("isa", _native.supported_isas())
def test_this_file_on_every_instruction_set(isa):
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", __file__]
    done = subprocess.run(
        command, env=os.environ | {FORCED: isa}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_forced_instruction_set_is_used():
    forced = os.environ.get(FORCED)
    assert _native.isa() == forced if forced else _native.isa() in _native.supported_isas()


@pytest.mark.parametrize("name", ["avx9", "AVX2", "neon"])
def test_unknown_instruction_set_is_an_import_error(name):
    done = subprocess.run(
        [sys.executable, "-c", "import facecrypt._native"],
        env=os.environ | {FORCED: name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"ImportError: FACECRYPT_ISA='{name}' is not one of baseline" in done.stderr
