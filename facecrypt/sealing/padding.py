"""Lengths rounded up, so that they tell little of what is sealed."""

__all__ = ["doubled", "padded", "padded_size"]


def padded(data: bytes) -> bytes:
    """Zeros up to a length of the Padmé series.

    Nikitin et al., Reducing Metadata Leakage from Encrypted Files and Communication with PURBs,
    2019, algorithm 1: at most 12 % are added.

    Examples
    --------
    >>> len(padded(bytes(9))), len(padded(bytes(1000)))
    (10, 1024)
    """
    return data + bytes(padded_size(len(data)) - len(data))


def padded_size(size: int) -> int:
    """The length of the Padmé series that a size is rounded up to; see :func:`padded`."""
    if size < 2:
        return size
    exponent = size.bit_length() - 1
    free = exponent - exponent.bit_length()
    return size + -size % (1 << free)


def doubled(data: bytes, cells: int) -> bytes:
    """Zeros up to 8 bytes a cell, or twice that, or four times, and so on.

    The length then is one of a few that the size of the region allows, whatever is in it.

    Examples
    --------
    >>> len(doubled(bytes(9), 1)), len(doubled(bytes(9), 100))
    (16, 800)
    """
    size = 8 * max(cells, 1)
    while size < len(data):
        size *= 2
    return data + bytes(size - len(data))
