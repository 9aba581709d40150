"""What the package is compiled with, on systems where the tests do not run too."""

import runpy
import shutil
import subprocess

import pytest
from support.places import ROOT

pytest.importorskip("Cython")
SETUP = runpy.run_path(str(ROOT / "setup.py"))
# What setuptools gives cl.exe before these, without /GL.
MICROSOFT = ["/nologo", "/O2", "/W3", "/DNDEBUG", "/MD"]


@pytest.mark.parametrize("compiler", ["unix", "mingw32"])
def test_gcc_and_clang(compiler):
    assert SETUP["flags"](compiler, {}) == (
        [
            "-std=c++17", "-O3", "-g0", "-ffp-contract=off", "-fno-fast-math", "-Wall", "-Wextra",
            "-pthread",
        ],
        [],
    )  # fmt: skip


def test_clang_cl():
    assert SETUP["flags"]("msvc", {}) == (
        [
            "/std:c++17", "/EHsc", "/W3", "/clang:-O3", "/clang:-ffp-contract=off",
            "/clang:-fno-fast-math",
        ],
        [],
    )  # fmt: skip


def test_debug_and_sanitizers():
    compiling, linking = SETUP["flags"]("unix", {"FACECRYPT_SANITIZE": "1"})
    assert "-fsanitize=address,undefined" in compiling
    assert linking == ["-fsanitize=address,undefined"]
    assert SETUP["flags"]("unix", {"FACECRYPT_DEBUG": "1"})[0][-2:] == ["-O0", "-g"]
    debug, _ = SETUP["flags"]("msvc", {"FACECRYPT_DEBUG": "1"})
    assert {"/Od", "/clang:-ffp-contract=off"} <= set(debug)
    assert "/clang:-O3" not in debug
    with pytest.raises(SystemExit, match="for GCC and Clang"):
        SETUP["flags"]("msvc", {"FACECRYPT_SANITIZE": "1"})


@pytest.mark.skipif(not shutil.which("clang"), reason="needs clang")
@pytest.mark.parametrize("environment", [{}, {"FACECRYPT_DEBUG": "1"}])
def test_what_clang_makes_of_them(tmp_path, environment):
    """Clang as clang-cl says what it would run: every flag is known, and none undoes another."""
    source = tmp_path / "empty.cpp"
    source.write_text("")
    compiling, _ = SETUP["flags"]("msvc", environment)
    told = subprocess.run(
        [
            "clang", "--driver-mode=cl", "--target=x86_64-pc-windows-msvc", "-###", *MICROSOFT,
            "/c", *compiling, f"/Tp{source}", "/Fonothing.obj",
        ],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    assert "warning:" not in told
    assert '"-ffp-contract=off"' in told
    assert '"-std=c++17"' in told
    assert ('"-O3"' in told) is (not environment)
    assert "fast-math" not in told
    assert "-march" not in told
