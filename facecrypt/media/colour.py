"""The colour chunks of a PNG: how its samples are meant, and nothing of what they show.

Specification: W3C, Portable Network Graphics, third edition (2025), section 11.3.2.
"""

from collections.abc import Iterable, Mapping

from facecrypt.media.source import Chunks

__all__ = ["COLOUR_SIZES", "check_colour", "differs_from_srgb", "sound_colour"]

# In the order in which they are written.
COLOUR_SIZES = {b"cICP": 4, b"mDCV": 24, b"cLLI": 8, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}

_LARGEST = 2**31 - 1
_SRGB_GAMMA = (45455).to_bytes(4, "big")
_SRGB_CHROMATICITIES = b"".join(
    value.to_bytes(4, "big")
    for value in (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)  # section 11.3.2.5
)
# Primaries of BT.709 and the transfer function of sRGB, as full-range RGB (ITU-T H.273).
_SRGB_CODE = bytes((1, 13, 0, 1))


def sound_colour(chunks: Mapping[bytes, bytes]) -> Chunks:
    """The colour chunks among others, in their order; without those that say nothing sane."""
    return tuple(
        (kind, chunks[kind])
        for kind in COLOUR_SIZES
        if kind in chunks and _sane(kind, chunks[kind])
    )


def check_colour(colour: Iterable[tuple[bytes, bytes]]) -> Chunks:
    """Colour chunks as they are written: known ones, each once, of their size.

    Raises
    ------
    ValueError
        Any other chunk.
    """
    found: dict[bytes, bytes] = {}
    for kind, payload in colour:
        if kind not in COLOUR_SIZES or not _sane(kind, payload) or kind in found:
            names = ", ".join(name.decode() for name in COLOUR_SIZES)
            raise ValueError(
                f"expected colour chunks of PNG ({names}), each once and of its size; received "
                f"{kind!r} with {len(payload)} bytes"
            )
        found[kind] = bytes(payload)
    return sound_colour(found)


def differs_from_srgb(colour: Chunks) -> bool:
    """Whether a picture without these chunks would look other than with them."""
    chunks = dict(colour)
    if b"cICP" in chunks:
        return chunks[b"cICP"] != _SRGB_CODE
    if b"sRGB" in chunks:
        return False
    return (
        chunks.get(b"gAMA", _SRGB_GAMMA) != _SRGB_GAMMA
        or chunks.get(b"cHRM", _SRGB_CHROMATICITIES) != _SRGB_CHROMATICITIES
    )


def _sane(kind: bytes, payload: bytes) -> bool:
    if len(payload) != COLOUR_SIZES[kind]:
        return False
    if kind == b"gAMA":
        return 0 < int.from_bytes(payload, "big") <= _LARGEST
    if kind == b"sRGB":
        return payload[0] < 4
    if kind == b"cICP":
        # Samples of a PNG are RGB: matrix 0.
        return payload[2] == 0 and payload[3] < 2
    return True
