"""Where a header lies and how pixels are stored: one function a carrier, path to (header, samples).

Samples are bytes in raster order, 16-bit ones low byte first.
"""

import glob
import struct
import zlib

from support.second_reader.header import picture_id
from support.second_reader.payload import unpack


def chunk(path, wanted: bytes) -> bytes:
    for kind, data in _chunks(path):
        if kind == wanted:
            return data
    raise AssertionError(f"no {wanted} chunk")


def png_chunk(path) -> tuple[bytes, bytes]:
    """A PNG whose chunk `fcRP` lies before the first IDAT."""
    kinds = [kind for kind, _ in _chunks(path)]
    assert kinds.index(b"fcRP") < kinds.index(b"IDAT")
    return chunk(path, b"fcRP"), _png_samples(path)


def sidecar(path) -> tuple[bytes, bytes]:
    """A lossless picture NAME with NAME.ID.fcrypt beside it."""
    samples = _png_samples(path) if path.suffix == ".png" else _tiff_samples(path)
    [beside] = path.parent.glob(f"{glob.escape(path.name)}.*.fcrypt")
    payload = beside.read_bytes()
    assert beside == sidecar_path(path, payload)
    return payload, samples


def sidecar_path(path, payload: bytes):
    """Where the payload of a picture lies: the first half of the picture id tells."""
    header, _ = unpack(payload)
    return path.with_name(f"{path.name}.{picture_id(header)[:8].hex()}.fcrypt")


def _chunks(path):
    data, at = path.read_bytes(), 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        yield kind, data[at + 8 : at + 8 + size]
        at += 12 + size


def _low_byte_first(data: bytes, depth: int) -> bytes:
    if depth == 8:
        return data
    return struct.pack(f"<{len(data) // 2}H", *struct.unpack(f">{len(data) // 2}H", data))


def _png_samples(path) -> bytes:
    fields = struct.unpack(">IIBBBBB", chunk(path, b"IHDR"))
    width, height, depth, colour, _, _, interlaced = fields
    assert depth in (8, 16)
    assert not interlaced
    step = {0: 1, 2: 3, 6: 4}[colour] * depth // 8
    raw = zlib.decompress(b"".join(data for kind, data in _chunks(path) if kind == b"IDAT"))
    above, out, size = bytes(width * step), bytearray(), width * step
    for y in range(height):
        start = y * (size + 1)
        above = _unfiltered(raw[start], raw[start + 1 : start + 1 + size], above, step)
        out += above
    return _low_byte_first(bytes(out), depth)


def _unfiltered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    out = bytearray()
    for i, value in enumerate(row):
        a, b = (out[i - step], above[i - step]) if i >= step else (0, 0)
        up = above[i]
        near = min((abs(up - b), 0, a), (abs(a - b), 1, up), (abs(a + up - 2 * b), 2, b))[2]
        out.append((value + (0, a, up, (a + up) // 2, near)[kind]) & 255)
    return bytes(out)


def _tiff_samples(path) -> bytes:
    data = path.read_bytes()
    order = {b"II": "<", b"MM": ">"}[data[:2]]
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    tags = {}
    for place in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", data, place)
        if kind in (3, 4):
            letter, size = {3: ("H", 2), 4: ("I", 4)}[kind]
            where = place + 8
            if number * size > 4:
                (where,) = struct.unpack_from(order + "I", data, where)
            tags[tag] = struct.unpack_from(f"{order}{number}{letter}", data, where)
    assert tags.get(317, (1,)) == (1,)
    assert tags.get(284, (1,)) == (1,)
    strips = [data[o : o + n] for o, n in zip(tags[273], tags[279], strict=True)]
    packing = tags.get(259, (1,))[0]
    assert packing in (1, 8, 32946)
    out = b"".join(strip if packing == 1 else zlib.decompress(strip) for strip in strips)
    return out if order == "<" else _low_byte_first(out, tags[258][0])
