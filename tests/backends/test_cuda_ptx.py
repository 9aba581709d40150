"""What the compiler makes of the CUDA kernels: no card is needed to look at PTX.

Arithmetic without an explicit rounding may be fused into ``fma``, which rounds once where the
definition rounds twice.
"""

import importlib.util
import os
import re
from types import SimpleNamespace

import pytest

if importlib.util.find_spec("numba_cuda") is None:
    pytest.skip("numba-cuda is not installed: 'facecrypt[cuda]'", allow_module_level=True)
if os.environ.get("NUMBA_ENABLE_CUDASIM") == "1":
    pytest.skip("the simulator compiles nothing", allow_module_level=True)

from numba import cuda, types
from numba.cuda import libdevice

from facecrypt.backends.cuda import convolutions as cuda_coupling
from facecrypt.backends.cuda import orbits as cuda_orbits
from facecrypt.backends.cuda import pictures as cuda_pictures

ARCHITECTURES = pytest.mark.parametrize("cc", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
INEXACT = re.compile(r"\b(?:fma|mad)[.\w]*\.f64|\b(?:mul|add|sub)\.f64")

I64 = types.int64
F64, U8, I8, I32, U32, U64 = (
    types.Array(kind, 1, "C")
    for kind in (types.float64, types.uint8, types.int8, types.int32, types.uint32, types.uint64)
)
LANES = (F64, F64, U8, U8, U64, U64, I64, I64, I64, I64)
ROWS = (F64, F64, U8, U8, U64, U64, I64, I64, I64)
ORBITS = [
    *(
        (cuda_orbits.lanes_kernel(width, xor=xor), LANES)
        for width in (1, 2)
        for xor in (False, True)
    ),
    *((cuda_orbits.rows_kernel("eq4", xor=xor), ROWS) for xor in (False, True)),
    *((cuda_orbits.rows_kernel(f"{q}255", xor=True), ROWS) for q in ("floor", "round")),
    (cuda_orbits.rows_kernel("floor256", xor=True), ROWS),
]
MOVES = [
    *(
        (cuda_pictures.pixel_words_kernel(ordered=ordered), (I32, I32, U8, I32, I64, I64))
        for ordered in (False, True)
    ),
    *(
        (cuda_pictures.pixel_bytes_kernel(ordered=ordered), (U8, U8, U8, U8, I64, I64, I64))
        for ordered in (False, True)
    ),
    *(
        (cuda_pictures.blocks_kernel(nibbles=nibbles), (U8, U8, I32, U8, I32, I32, *[I64] * 6))
        for nibbles in (False, True)
    ),
    *(
        (cuda_pictures.gather_kernel(width, masked=True), (word, word, I32, word, I64, I64, I64))
        for width, word in ((1, U8), (4, U32), (8, U64))
    ),
    (cuda_pictures.gather_kernel(8, masked=False), (U64, U64, I32, I32, I64, I64, I64)),
    *(
        (cuda_pictures.fit_kernel(), (types.Array(types.uint8, 4, layout), U8, I64, I64, I64))
        for layout in "AC"
    ),
    (cuda_coupling.hidden_kernel(), (U8, U8, I8, I8, I64, I64, I64, I64)),
    *(
        (cuda_coupling.add_kernel(inverse=inverse), (U8, U8, I8, U8, I64, I64, I64, I64))
        for inverse in (False, True)
    ),
]


@pytest.fixture
def ptx(monkeypatch):
    """Compile a Python function for an architecture; skip where there is no compiler."""

    def compiled(function, signature, cc):
        # Numba asks the card for its architecture before it compiles what kernels call.
        here = SimpleNamespace(compute_capability=cc)
        monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: here)
        return cuda.compile_ptx(function, signature, cc=cc)[0]

    def nothing():
        pass

    try:
        compiled(nothing, (), (8, 0))
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"no CUDA compiler: {str(error).splitlines()[0]}")
    return compiled


@ARCHITECTURES
@pytest.mark.parametrize(("kernel", "signature"), ORBITS)
def test_orbits_are_rounded_as_defined(ptx, kernel, signature, cc):
    code = ptx(kernel.py_func, signature, cc)
    assert INEXACT.findall(code) == []
    assert code.count("mul.rn.f64") >= 3  # an iterate and its quantiser are in there
    assert "add.rn.f64" in code


@pytest.mark.parametrize(("kernel", "signature"), MOVES)
def test_kernels_without_floats_compile(ptx, kernel, signature):
    assert ".f64" not in ptx(kernel.py_func, signature, (9, 0))


@ARCHITECTURES
def test_plain_arithmetic_would_be_found(ptx, cc):
    def fused(out, a, b):
        out[0] = a * b + out[1]

    def open_to_fusing(out, a, b):
        out[0] = a * b

    def exact(out, a, b):
        out[0] = libdevice.dadd_rn(libdevice.dmul_rn(a, b), out[1])

    signature = (F64, types.float64, types.float64)
    assert INEXACT.findall(ptx(fused, signature, cc)) == ["fma.rn.f64"]
    assert INEXACT.findall(ptx(open_to_fusing, signature, cc)) == ["mul.f64"]
    assert INEXACT.findall(ptx(exact, signature, cc)) == []
