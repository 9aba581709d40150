"""The compiler of the CUDA kernels, and arithmetic that it cannot contract.

A compiler for graphics cards turns ``a*b + c`` into one fused operation, which rounds once where
the definition rounds twice, unless it is told otherwise operation by operation; Numba's
``fastmath=False`` does not tell it. ``times`` and ``plus`` do: they are the PTX instructions
``mul.rn.f64`` and ``add.rn.f64``, which are never fused.
"""

import os
from typing import Any

try:
    from numba import cuda, types
    from numba.cuda import libdevice
except ImportError:  # facecrypt.backends.cuda.check says so before a kernel is asked for
    cuda = libdevice = types = None

__all__ = ["SIMULATED", "cuda", "device", "permute_bytes", "plus", "times", "types"]

SIMULATED = os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def device(function: Any) -> Any:
    """Make a function callable from kernels."""
    return cuda.jit(device=True)(function) if cuda else function


if SIMULATED:  # it runs Python, which contracts nothing, and has no libdevice

    def times(a: float, b: float) -> float:
        return a * b

    def plus(a: float, b: float) -> float:
        return a + b

    def permute_bytes(low: int, high: int, select: int) -> int:
        both = (int(high) & 0xFFFFFFFF) << 32 | int(low) & 0xFFFFFFFF
        chosen = [both >> 8 * (int(select) >> 4 * k & 7) & 255 for k in range(4)]
        return int.from_bytes(chosen, "little", signed=True)

else:

    @device
    def times(a: float, b: float) -> float:
        return libdevice.dmul_rn(a, b)

    @device
    def plus(a: float, b: float) -> float:
        return libdevice.dadd_rn(a, b)

    @device
    def permute_bytes(low: int, high: int, select: int) -> int:
        """Bytes of ``high:low``, numbered from the lowest, chosen by the four nibbles of
        ``select``: the PTX instruction ``prmt``."""
        return libdevice.byte_perm(low, high, select)
