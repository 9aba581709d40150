"""Builds the native modules; all else is in pyproject.toml.

FACECRYPT_DEBUG=1 builds without optimisation and with debug information,
FACECRYPT_SANITIZE=1 with the address and undefined-behaviour sanitizers.
On Windows clang-cl compiles, with the headers, libraries and linker of Visual Studio.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

# No -march: the kernels choose the instruction set when they are loaded. No fused
# multiply-add and no fast-math: the bytes of a keystream depend on every rounding.
EXACT = ["-ffp-contract=off", "-fno-fast-math"]
# -g0: Python's own flags ask for debug information, which would be seven eighths of the file.
FLAGS = ["-std=c++17", "-O3", "-g0", *EXACT, "-Wall", "-Wextra", "-pthread"]
DEBUG = ["-O0", "-g"]
SANITIZE = ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined"]
# Of clang-cl: what is not Microsoft's goes to Clang through /clang:, behind all else.
WINDOWS = ["/std:c++17", "/EHsc", "/W3", *(f"/clang:{flag}" for flag in ("-O3", *EXACT))]
WINDOWS_DEBUG = ["/Od", "/Z7"]
NO_CLANG_CL = (
    "facecrypt is built by clang-cl on Windows, which was not found, and not by MSVC: its kernels "
    "are written for GCC and Clang. Install 'C++ Clang tools for Windows' with the installer of "
    "Visual Studio, or LLVM, and put the folder of clang-cl.exe into PATH; or use WSL."
)
NO_COMPILER = (
    "facecrypt needs a C++17 compiler, and building with it failed ({}): install "
    "g++ and the Python headers (Debian: apt install g++ python3-dev; macOS: "
    "xcode-select --install; Windows: Visual Studio's C++ tools and clang-cl), then try again."
)


def flags(compiler: str, environment: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What to compile and to link with, for a compiler as distutils calls its kind."""
    if compiler == "msvc":
        if environment.get("FACECRYPT_SANITIZE"):
            raise SystemExit("FACECRYPT_SANITIZE=1 is for GCC and Clang; unset it on Windows")
        # What comes last holds, and /clang: comes behind the rest wherever it stands.
        chosen = [flag for flag in WINDOWS if flag != "/clang:-O3"]
        return ([*chosen, *WINDOWS_DEBUG] if environment.get("FACECRYPT_DEBUG") else WINDOWS), []
    compiling, linking = [*FLAGS], []
    if environment.get("FACECRYPT_DEBUG"):
        compiling += DEBUG
    if environment.get("FACECRYPT_SANITIZE"):
        compiling += SANITIZE
        linking += ["-fsanitize=address,undefined"]
    return compiling, linking


class BuildExt(build_ext):
    def build_extensions(self):
        compiling, linking = flags(self.compiler.compiler_type, os.environ)
        for extension in self.extensions:
            extension.extra_compile_args = [*compiling]
            extension.extra_link_args += linking
        try:
            if self.compiler.compiler_type == "msvc":
                self._take_clang_cl()
            super().build_extensions()
        except (BaseError, CCompilerError, OSError) as error:
            raise SystemExit(NO_COMPILER.format(error)) from error

    def _take_clang_cl(self):
        """In the place of cl.exe, of which distutils knows the headers and libraries."""
        self.compiler.initialize()
        found = os.pathsep.join([os.environ.get("PATH", ""), self.compiler._paths])
        self.compiler.cc = shutil.which("clang-cl", path=found)
        if self.compiler.cc is None:
            raise SystemExit(NO_CLANG_CL)
        # Whole-program code of cl.exe, which Clang has not.
        self.compiler.compile_options.remove("/GL")


def extension(name: str, *folders: str) -> Extension:
    """facecrypt.NAME from its .pyx and the sources in those folders."""
    sources = [path for folder in folders for path in Path(folder).glob("*.cpp")]
    headers = [path for folder in folders for path in Path(folder).glob("*.h")]
    return Extension(
        f"facecrypt.{name}",
        [f"facecrypt/{name}.pyx", *sorted(map(str, sources))],
        depends=sorted(map(str, headers)),
        include_dirs=["csrc"],
        language="c++",
    )


if __name__ == "__main__":
    setup(
        cmdclass={"build_ext": BuildExt},
        ext_modules=cythonize(
            [extension("_native", "csrc"), extension("_jpeg", "csrc/jpeg")],
            language_level=3,
        ),
    )
