import shutil

import numpy as np
import pytest

from facecrypt.analysis.randomness import dieharder, keystream, sealing_stream
from facecrypt.errors import BackendUnavailableError

needs_dieharder = pytest.mark.skipif(shutil.which("dieharder") is None, reason="needs dieharder")


def repeated(value):
    while True:
        yield np.full(1 << 20, value, np.uint8)


@needs_dieharder
def test_noise_passes_and_a_constant_fails():
    def noise():
        rng = np.random.default_rng(1)
        while True:
            yield rng.integers(0, 256, 1 << 20, np.uint8)

    good, bad = dieharder(noise(), [100, 15]), dieharder(repeated(85), [8])
    # Test 15 has two outcomes: runs up and runs down.
    assert [outcome.test for outcome in good] == ["sts_monobit", "diehard_runs", "diehard_runs"]
    assert all(outcome.assessment != "failed" for outcome in good)
    assert all(1e-6 < outcome.p_value < 1 for outcome in good)
    assert [(outcome.p_value, outcome.assessment) for outcome in bad] == [(0.0, "failed")]


@needs_dieharder
def test_the_published_quantisers_differ_as_the_papers_do_not_say():
    assert all(outcome.assessment != "failed" for outcome in dieharder(keystream("eq4"), [8, 15]))
    assert all(outcome.assessment == "failed" for outcome in dieharder(keystream("floor255"), [8]))


@needs_dieharder
@pytest.mark.parametrize("tests", [[999], [0]])
def test_no_outcome_is_an_error(tests):
    with pytest.raises(ValueError, match=f"no outcome of test {tests[0]}"):
        dieharder([np.zeros(1000, np.uint8)], tests)


def test_without_dieharder_the_remedy_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BackendUnavailableError, match="apt install dieharder"):
        dieharder(repeated(0))


def test_streams_go_on_with_other_keys():
    for stream, size in ((keystream("eq4"), 2**20), (sealing_stream(), 2**24)):
        first, second = next(stream), next(stream)
        assert first.size == second.size == size
        assert np.count_nonzero(first != second) > 0.99 * size


def test_streams_are_repeatable():
    assert np.array_equal(next(keystream("floor255", 3)), next(keystream("floor255", 3)))
    assert np.array_equal(next(sealing_stream(3)), next(sealing_stream(3)))
    assert not np.array_equal(next(sealing_stream(3)), next(sealing_stream(4)))
