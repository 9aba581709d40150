"""The C++ kernels, on the best instruction set of the processor.

``FACECRYPT_ISA`` set to ``avx512``, ``avx2`` or ``baseline`` before the first import
forces one; the bytes are the same.
"""

from facecrypt._native import blocks, coupling, examine, gather, lanes, pixels, rows, sequence
from facecrypt.backends.reference import fit

__all__ = ["blocks", "coupling", "examine", "fit", "gather", "lanes", "pixels", "rows", "sequence"]
