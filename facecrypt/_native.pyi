from typing import Any

import numpy as np
from numpy.typing import NDArray

def supported_isas() -> list[str]: ...
def isa() -> str: ...
def sequence(
    mu: float, d0: float, data: Any | None, out: Any, *, discard: int, quantiser: str
) -> None: ...
def lanes(
    mu: NDArray[np.float64],
    d0: NDArray[np.float64],
    data: Any | None,
    out: Any,
    *,
    discard: int,
    bytes_per_iterate: int,
    chunk: int,
    threads: int,
) -> None: ...
def rows(
    mu: NDArray[np.float64],
    d0: NDArray[np.float64],
    data: Any | None,
    out: Any,
    *,
    discard: int,
    threads: int,
) -> None: ...
def examine(mu: float, d0: float, discard: int) -> tuple[float, int]: ...
