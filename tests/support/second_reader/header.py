"""What format 2 calls its parts: labels, canonical JSON, what is authenticated."""

import base64
import hashlib
import hmac
import json

LABEL = b"facecrypt v2 "


def expand(key: bytes, info: bytes, length: int = 32) -> bytes:
    """HKDF-Expand by its definition in RFC 5869."""
    out = block = b""
    count = 1
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([count]), "sha256")
        out += block
        count += 1
    return out[:length]


def canonical(fields: dict) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def parse(data: bytes) -> dict:
    header = json.loads(data)
    assert canonical(header) == data
    assert (header["format"], header["version"]) == ("facecrypt", 2)
    return header


def without(header: dict, *names: str) -> bytes:
    return canonical({k: v for k, v in header.items() if k not in names})


def aad(header: dict) -> bytes:
    return hashlib.sha256(
        LABEL + b"aad" + without(header, "keys", "tags", "digests", "forgotten", "mac")
    ).digest()


def picture_id(header: dict) -> bytes:
    text = without(header, "keys", "forgotten", "mac")
    return hashlib.sha256(LABEL + b"picture" + text).digest()[:16]


def entries(text: str, size: int) -> list[bytes]:
    data = base64.b64decode(text, validate=True)
    assert len(data) % size == 0
    return [data[at : at + size] for at in range(0, len(data), size)]


def check_mac(header: dict, content_key: bytes) -> None:
    key = expand(content_key, LABEL + b"header")
    assert hmac.digest(key, without(header, "mac"), "sha256").hex() == header["mac"]
