"""Format 1 read by the book: a second implementation, which shares no code with facecrypt.

It follows docs/format.md, with AES-GCM and HMAC from ``cryptography``, HKDF from the
definition in RFC 5869, the logistic map in Python floats and PNG decoded by Pillow. It is
slow, opens secret-key files only, and is what the package is tested against.
"""

import base64
import hashlib
import hmac
import json
import struct
from fractions import Fraction
from math import ceil

import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from PIL import Image


def expand(key: bytes, info: bytes, length: int = 32) -> bytes:
    out = block = b""
    count = 1
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([count]), "sha256")
        out += block
        count += 1
    return out[:length]


def canonical(fields: dict) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def chunk(path, wanted: bytes) -> bytes:
    data = path.read_bytes()
    at = 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if kind == wanted:
            return data[at + 8 : at + 8 + size]
        at += 12 + size
    raise AssertionError(f"no {wanted} chunk")


def content_key(header: dict, secret: bytes) -> bytes:
    (stanza,) = header["keys"]
    assert stanza["type"] == "secret-key"
    wrapped = base64.b64decode(stanza["wrapped"])
    info = b"facecrypt v1 content key"
    kek = expand(hmac.digest(wrapped[:16], secret, "sha256"), info)
    return AESGCM(kek).decrypt(bytes(12), wrapped[16:], info)


def inside(region: dict, x: int, y: int) -> bool:
    x0, y0, x1, y1 = region["box"]
    if not (x0 <= x < x1 and y0 <= y < y1):
        return False
    if region["shape"] == "box":
        return True
    w, h = x1 - x0, y1 - y0
    dx, dy = 2 * (x - x0) + 1 - w, 2 * (y - y0) + 1 - h
    return Fraction(dx, w) ** 2 + Fraction(dy, h) ** 2 <= 1


def keystream(key: bytes, n: int) -> bytes:
    """The sealing stream: 64 lanes, 256 iterates discarded, two bytes an iterate."""
    assert n <= 4 << 20, "one chunk is enough for a test"
    raw = expand(key, b"facecrypt v1 lanes" + bytes(8), 1024)
    u = struct.unpack(">128Q", raw)
    low = ceil(Fraction(399, 100) * 2**51)
    mu = [(low + ((a * (2**53 - low)) >> 64)) / 2**51 for a in u[0::2]]
    d = [(1 + ((b * (2**52 - 1)) >> 64)) / 2**53 for b in u[1::2]]
    out = bytearray()
    step = 0
    while len(out) < n:
        d = [(m * x) * (1.0 - x) for m, x in zip(mu, d, strict=True)]
        step += 1
        if step > 256:
            for x in d:
                out += (int((x / 2) * 1e14) & 0xFFFF).to_bytes(2, "little")
    return bytes(out[:n])


def decrypt(path, secret: bytes) -> np.ndarray:
    """Open every region of an 8-bit RGB file of the default cipher; checks all there is."""
    header = json.loads(chunk(path, b"fcRP"))
    assert header["version"] == 1
    assert header["cipher"] == "logistic+aes-256-gcm"
    key = content_key(header, secret)
    unmacked = {name: value for name, value in header.items() if name != "mac"}
    mac = hmac.digest(expand(key, b"facecrypt v1 header"), canonical(unmacked), "sha256")
    assert mac.hex() == header["mac"]
    aad = canonical({name: value for name, value in unmacked.items() if name != "tags"})
    image = np.array(Image.open(path))
    height, width, _ = image.shape
    public = image.copy()
    free = {(x, y) for y in range(height) for x in range(width)}
    for index, region in enumerate(header["regions"]):
        places = [
            (y, x)
            for y in range(height)
            for x in range(width)
            if (x, y) in free and inside(region, x, y)
        ]
        free -= {(x, y) for y, x in places}
        sealed = b"".join(image[place].tobytes() for place in places)
        region_key = expand(key, b"facecrypt v1 region" + index.to_bytes(4, "big"))
        material = expand(region_key, b"facecrypt v1 aes-256-gcm", 44)
        tag = bytes.fromhex(header["tags"][index])
        plain = AESGCM(material[:32]).decrypt(material[32:], sealed + tag, aad)
        stream = keystream(expand(region_key, b"facecrypt v1 logistic"), len(plain))
        plain = bytes(a ^ b for a, b in zip(plain, stream, strict=True))
        for number, place in enumerate(places):
            image[place] = list(plain[3 * number : 3 * number + 3])
            public[place] = 0
    label = canonical({"dtype": "uint8", "shape": [height, width, 3]})
    digest = hashlib.sha256(b"facecrypt v1 public pixels" + label + public.tobytes())
    assert digest.hexdigest() == header["public_sha256"]
    return image
