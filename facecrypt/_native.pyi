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
def pixels(
    data: Any, out: Any, *, order: Any | None, mask: NDArray[np.uint8], threads: int
) -> None: ...
def gather(
    data: Any, out: Any, *, index: NDArray[np.int32], mask: Any | None, threads: int
) -> None: ...
def blocks(
    data: Any,
    out: Any,
    *,
    block: tuple[int, int],
    nibbles: bool,
    perm: NDArray[np.int32],
    mask: NDArray[np.uint8],
    which: NDArray[np.int32],
    source: NDArray[np.int32],
    threads: int,
) -> None: ...
def coupling(
    data: Any,
    out: Any,
    *,
    first: NDArray[np.int8],
    first_bias: NDArray[np.int8],
    second: NDArray[np.int8],
    second_bias: NDArray[np.uint8],
    inverse: bool,
    threads: int,
) -> None: ...
def overlaps(
    boxes: NDArray[np.int32],
    faces: NDArray[np.int32],
    best: NDArray[np.float64],
    which: NDArray[np.int32],
) -> None: ...
def crops(image: Any, boxes: NDArray[np.int32], out: NDArray[np.uint8]) -> None: ...
def area_means(
    image: NDArray[np.uint8],
    boxes: NDArray[np.int32],
    out: NDArray[np.float32],
    *,
    down: int,
    first: int,
) -> None: ...
