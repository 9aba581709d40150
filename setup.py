"""Builds the native modules; all else is in pyproject.toml.

FACECRYPT_DEBUG=1 builds without optimisation and with debug information,
FACECRYPT_SANITIZE=1 with the address and undefined-behaviour sanitizers.
"""

import os
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


class BuildExt(build_ext):
    def build_extensions(self):
        if self.compiler.compiler_type == "msvc":
            raise SystemExit(
                "facecrypt is not built by MSVC yet: its kernels are written for GCC and Clang. "
                "On Windows, install it in WSL."
            )
        for extension in self.extensions:
            extension.extra_compile_args = [*FLAGS]
            if os.environ.get("FACECRYPT_DEBUG"):
                extension.extra_compile_args += DEBUG
            if os.environ.get("FACECRYPT_SANITIZE"):
                extension.extra_compile_args += SANITIZE
                extension.extra_link_args += ["-fsanitize=address,undefined"]
        try:
            super().build_extensions()
        except (BaseError, CCompilerError, OSError) as error:
            raise SystemExit(
                f"facecrypt needs a C++17 compiler, and building with it failed ({error}): install "
                "g++ and the Python headers (Debian: apt install g++ python3-dev; macOS: "
                "xcode-select --install), then try again."
            ) from error


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


setup(
    cmdclass={"build_ext": BuildExt},
    ext_modules=cythonize(
        [extension("_native", "csrc"), extension("_jpeg", "csrc/jpeg")],
        language_level=3,
    ),
)
