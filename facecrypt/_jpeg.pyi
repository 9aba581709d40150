from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Rects = Sequence[tuple[int, int, int, int]]
_Update = Callable[[memoryview], Any]

def parse(
    data: bytes,
) -> tuple[
    int,
    int,
    int,
    list[tuple[int, int, int]],
    list[int],
    list[bytes],
    bool,
    list[tuple[int, int, int]],
]: ...
def read_coefficients(data: bytes) -> list[NDArray[np.int16]]: ...
def cut(
    data: bytes, rects: _Rects, update: _Update | None
) -> tuple[bytes, tuple[bytes, ...], bytes, bytes, bytes, bytes]: ...
def tokens(data: bytes, rects: _Rects, update: _Update, *, sealed: bool) -> None: ...
def restore(
    data: bytes,
    rects: _Rects,
    regions: Sequence[bytes],
    private: tuple[bytes, bytes, bytes, bytes],
    update: _Update | None,
) -> bytes: ...
def place(data: bytes, rects: _Rects, regions: Mapping[int, bytes]) -> bytes: ...
