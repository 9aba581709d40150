"""The private part of a picture sealed in its pixels: the file that was sealed."""

import struct
import zlib


def unpack(text: bytes, rows: list[bytes], step: tuple[int, int]) -> bytes:
    """The file, by the plain bytes of the part and the opened rows, 16-bit samples low byte first.

    `step` is how many samples a pixel has, and of how many bytes they are.
    """
    mode, size = struct.unpack(">BQ", text[:9])
    rest = text[9:]
    if mode == 0:
        return checked(rest[:size], size, rest[size:])
    if mode == 1:
        return checked(*inflated(rest, size))
    assert mode == 2
    layout, first, gap = struct.unpack(">BQI", rest[:13])
    rows = [laid_out(row, layout, *step) for row in (rows[::-1] if layout & 2 else rows)]
    known = size - sum(map(len, rows))
    around, _, zeros = inflated(rest[13:], known)
    out, at = around[:first], first
    for row in rows[:-1]:
        out += row + around[at : at + gap]
        at += gap
    return checked(out + rows[-1] + around[at:], size, zeros)


def checked(data: bytes, size: int, zeros: bytes) -> bytes:
    assert len(data) == size
    assert not any(zeros)
    return data


def inflated(packed: bytes, size: int) -> tuple[bytes, int, bytes]:
    inflate = zlib.decompressobj(-15)
    data = inflate.decompress(packed, size + 1)
    assert inflate.eof
    assert len(data) == size
    return data, size, inflate.unused_data


def laid_out(row: bytes, layout: int, channels: int, width: int) -> bytes:
    samples = [row[at : at + width] for at in range(0, len(row), width)]
    if layout & 4:
        samples = [sample[::-1] for sample in samples]
    if layout & 1 and channels >= 3:
        samples[0::channels], samples[2::channels] = samples[2::channels], samples[0::channels]
    return b"".join(samples)
