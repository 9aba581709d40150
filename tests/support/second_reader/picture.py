"""Open the regions of a picture."""

import hashlib
import hmac
import struct
from fractions import Fraction

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from support.second_reader import original
from support.second_reader.header import (
    LABEL,
    aad,
    canonical,
    check_mac,
    entries,
    expand,
    picture_id,
)
from support.second_reader.keys import content_key, parse_key
from support.second_reader.payload import unpack


def open_picture(path, carrier, kind: str, secret) -> np.ndarray:
    """Open by the text of a key of this kind, or a passphrase; a region key opens its own."""
    data, samples = carrier(path)
    header, boxes = unpack(data)
    assert [box for box, _ in boxes] == [b"fcPv"] * len(header.get("private", []))
    payload = secret if kind == "passphrase" else parse_key(kind, secret)
    if kind == "region":
        assert payload[4:20] == picture_id(header)
        opened = {int.from_bytes(payload[:4], "big"): payload[20:]}
    else:
        key = content_key(header, kind, payload)
        check_mac(header, key)
        opened = {
            index: expand(key, LABEL + b"region" + index.to_bytes(4, "big"))
            for index in range(len(header["regions"]))
            if index not in header.get("forgotten", [])
        }
    return _opened(header, samples, opened)


def open_original(path, carrier, secret) -> bytes:
    """The file that was sealed, by the text of a symmetric key."""
    data, _ = carrier(path)
    header, ((_, sealed),) = unpack(data)
    assert header["private"] == ["original"]
    key = content_key(header, "symmetric", parse_key("symmetric", secret))
    check_mac(header, key)
    pixels = open_picture(path, carrier, "symmetric", secret)
    own = expand(key, LABEL + b"private original")
    text = open_part(header, len(header["regions"]), sealed, own)
    step = pixels.shape[2] if pixels.ndim == 3 else 1, pixels.dtype.itemsize
    return original.unpack(text, [row.tobytes() for row in pixels], step)


def _opened(header: dict, samples: bytes, keys: dict) -> np.ndarray:
    shape, dtype = header["image"]["shape"], header["image"]["dtype"]
    size = (shape[2] if len(shape) == 3 else 1) * (2 if dtype == "uint16" else 1)
    height, width = shape[:2]
    assert len(samples) == height * width * size
    out, public = bytearray(samples), bytearray(samples)
    free = set(range(height * width))
    for index, region in enumerate(header["regions"]):
        own = owned(region, header["image"]["grid"], width, free)
        free -= set(own)
        for p in own:
            public[p * size : (p + 1) * size] = bytes(size)
        if index in header.get("forgotten", []):
            gray = b"\x80" if dtype == "uint8" else b"\0\x80"
            here = b"".join(samples[p * size : (p + 1) * size] for p in own)
            assert here == gray * (len(here) // len(gray))
        elif index in keys:
            sealed = b"".join(samples[p * size : (p + 1) * size] for p in own)
            plain = open_part(header, index, sealed, keys[index])
            for number, p in enumerate(own):
                out[p * size : (p + 1) * size] = plain[number * size : (number + 1) * size]
    label = canonical({"dtype": dtype, "shape": shape})
    digest = hashlib.sha256(LABEL + b"public pixels" + label + public)
    assert digest.hexdigest() == header["public_sha256"]
    return np.frombuffer(bytes(out), "<u2" if dtype == "uint16" else "u1").reshape(shape)


def open_part(header: dict, index: int, data: bytes, key: bytes) -> bytes:
    text, cipher = aad(header), header["cipher"]
    assert entries(header["commitments"], 32)[index] == expand(key, LABEL + b"commitment")
    if index < len(header["regions"]):
        digest = hashlib.sha256(LABEL + b"sealed" + data).digest()
        assert entries(header["digests"], 32)[index] == digest
    tag = entries(header["tags"], 32 if cipher == "logistic" else 16)[index]
    if cipher == "logistic":
        mac_key = expand(key, LABEL + b"hmac")
        assert hmac.digest(mac_key, text + data, "sha256") == tag
    else:
        material = expand(key, LABEL + b"aes-256-gcm", 44)
        data = AESGCM(material[:32]).decrypt(material[32:], data + tag, text)
    if cipher == "aes-256-gcm":
        return data
    stream = keystream(expand(key, LABEL + b"logistic"), len(data))
    return bytes(a ^ b for a, b in zip(data, stream, strict=True))


def owned(region: dict, grid: list, width: int, free: set) -> list:
    """The free pixels of a region, in raster order: of an ellipse, whole cells of its box."""
    ((shape, box),) = region.items()
    x0, y0, x1, y1 = box
    pixels = {y * width + x: (x, y) for y in range(y0, y1) for x in range(x0, x1)}
    if shape == "ellipse":
        side, left, top = grid
        cell = {p: ((x - left) // side, (y - top) // side) for p, (x, y) in pixels.items()}
        touched = {cell[p] for p, (x, y) in pixels.items() if inside(box, x, y)}
        pixels = {p: xy for p, xy in pixels.items() if cell[p] in touched}
    return sorted(free & set(pixels))


def inside(box: list, x: int, y: int) -> bool:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    dx, dy = 2 * (x - x0) + 1 - w, 2 * (y - y0) + 1 - h
    return Fraction(dx, w) ** 2 + Fraction(dy, h) ** 2 <= 1


def keystream(key: bytes, n: int, chunk: int = 0) -> bytes:
    """The sealing stream of one chunk: 64 lanes, 256 iterates discarded, two bytes an iterate."""
    assert n <= 4 << 20, "no chunk has more"
    u = struct.unpack(">128Q", expand(key, LABEL + b"lanes" + chunk.to_bytes(8, "big"), 1024))
    mu = [(2**53 - 2**36 + (a >> 29)) / 2**51 for a in u[0::2]]
    d = [(1 + ((b * (2**52 - 1)) >> 64)) / 2**53 for b in u[1::2]]
    out, step = bytearray(), 0
    while len(out) < n:
        d = [(m * x) * (1.0 - x) for m, x in zip(mu, d, strict=True)]
        step += 1
        if step > 256:
            for x in d:
                out += (int((x / 2) * 1e14) & 0xFFFF).to_bytes(2, "little")
    return bytes(out[:n])
