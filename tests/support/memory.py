"""How much memory something takes."""

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Peak", "traced"]


class Peak:
    """Bytes that were allocated at the most, once it is over."""

    bytes = 0


@contextmanager
def traced() -> Iterator[Peak]:
    """What is allocated within is counted."""
    peak = Peak()
    tracemalloc.start()
    try:
        yield peak
        peak.bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
