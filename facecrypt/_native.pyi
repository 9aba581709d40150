import numpy as np
from numpy.typing import NDArray

from facecrypt.backends.operands import (
    Blocks,
    Bytes,
    Coupling,
    Gather,
    Lanes,
    Orbit,
    Pixels,
    Rows,
)

def supported_isas() -> list[str]: ...
def isa() -> str: ...
def sequence(data: Bytes | None, out: Bytes, operands: Orbit) -> None: ...
def lanes(
    data: Bytes | None, out: Bytes, operands: Lanes, *, threads: int | None = None
) -> None: ...
def rows(data: Bytes | None, out: Bytes, operands: Rows, *, threads: int | None = None) -> None: ...
def examine(mu: float, d0: float, discard: int) -> tuple[float, int]: ...
def pixels(data: Bytes, out: Bytes, operands: Pixels, *, threads: int | None = None) -> None: ...
def gather(data: Bytes, out: Bytes, operands: Gather, *, threads: int | None = None) -> None: ...
def blocks(data: Bytes, out: Bytes, operands: Blocks, *, threads: int | None = None) -> None: ...
def coupling(
    data: Bytes, out: Bytes, operands: Coupling, *, threads: int | None = None
) -> None: ...
def overlaps(
    boxes: NDArray[np.int32],
    faces: NDArray[np.int32],
    best: NDArray[np.float64],
    which: NDArray[np.int32],
) -> None: ...
def crops(image: Bytes, boxes: NDArray[np.int32], out: Bytes) -> None: ...
def area_means(
    image: Bytes,
    boxes: NDArray[np.int32],
    out: NDArray[np.float32],
    *,
    down: int,
    first: int,
) -> None: ...
def suppress(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    kept: NDArray[np.int32],
    *,
    threshold: float,
    nested: bool,
) -> int: ...
