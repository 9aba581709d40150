"""The C++ kernels, on the best instruction set of the processor.

``FACECRYPT_ISA`` set to ``avx512``, ``avx2`` or ``baseline`` before the first import
forces one; the bytes are the same.
"""

try:
    from facecrypt._native import blocks, coupling, examine, gather, lanes, pixels, rows, sequence
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "the compiled module facecrypt._native is missing; install the package with "
        "'pip install .' (needs a C++17 compiler), do not run it from a bare checkout"
    ) from error
from facecrypt.backends.reference import fit

__all__ = ["blocks", "coupling", "examine", "fit", "gather", "lanes", "pixels", "rows", "sequence"]
