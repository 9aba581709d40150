"""The CUDA kernels where there is no card: in Numba's simulator, and what is said without Numba.

The simulator has to be chosen before Numba is first imported: what needs it runs in processes of
its own. There, tests of other files that run on every backend there is find one more.
"""

import ctypes
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from facecrypt import backends
from facecrypt.backends import cuda
from facecrypt.errors import BackendUnavailableError

TESTS = Path(__file__).parent

# Of files that are not for the simulator alone, what is quick in Python.
FILES = {
    "cuda_in_simulator.py": "",
    "test_backends_schemes.py": "cuda",
    "../schemes/test_scheme_vectors.py": (
        "cuda and (5x7 or cuda-2) or card and (5x7 or card-2 or p3q2r5-8 or combined_cat_map and"
        " card-8 or coupling and (shape0 or shape1))"
    ),
    "cuda_schemes_in_simulator.py": "",
    "test_backends.py": (
        "cuda and (frozen or chunks_have or in_place or read_only or refuses or nothing or examine"
        " or rows[cuda-65-17] or rows[cuda-192-65] or rows[cuda-64-3])"
    ),
}


@pytest.mark.skipif(
    importlib.util.find_spec("numba_cuda") is None,
    reason="numba-cuda is not installed: pip install 'facecrypt[cuda]'",
)
@pytest.mark.parametrize("file", FILES)
def test_in_the_simulator(file):
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, str(TESTS / file), "-k", FILES[file]],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


# ---- what is said where it cannot run --------------------------------------------------------


@pytest.fixture
def unloaded(monkeypatch):
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    backends.get.cache_clear()
    yield
    backends.get.cache_clear()


@pytest.mark.usefixtures("unloaded")
def test_without_numba_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(cuda, "find_spec", lambda name: None)
    with pytest.raises(BackendUnavailableError, match=r"numba-cuda.*'facecrypt\[cuda\]'"):
        backends.get("cuda")
    assert "numba-cuda is not installed" in backends.available()["cuda"]


@pytest.mark.usefixtures("unloaded")
def test_without_a_driver_it_says_so(monkeypatch):
    def missing(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(cuda, "find_spec", lambda name: object())
    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(BackendUnavailableError, match=r"no NVIDIA driver, \S+ is missing"):
        backends.get("cuda")


@pytest.mark.usefixtures("unloaded")
def test_without_a_card_it_says_so(monkeypatch):
    class Driver:
        """A driver with no card, as in a container that was given none."""

        def __init__(self, name):
            pass

        def cuInit(self, flags):
            return 100

    monkeypatch.setattr(cuda, "find_spec", lambda name: object())
    monkeypatch.setattr(ctypes, "CDLL", Driver)
    with pytest.raises(BackendUnavailableError, match=r"finds no card \(cuInit gives 100\)"):
        backends.get("cuda")


def test_the_answer_loads_no_numba():
    code = (
        "import sys; from facecrypt import backends; reason = backends.available()['cuda'];"
        "print(reason is None or 'numba' not in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
