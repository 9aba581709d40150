"""What format 1 calls its parts: labels, canonical JSON, what is authenticated."""

import hashlib
import hmac
import json

LABEL = b"facecrypt v1 "


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
    assert (header["format"], header["version"]) == ("facecrypt", 1)
    return header


def aad(header: dict) -> bytes:
    return canonical({k: v for k, v in header.items() if k not in ("tags", "mac")})


def picture_id(header: dict) -> bytes:
    return hashlib.sha256(aad(header)).digest()[:16]


def check_mac(header: dict, content_key: bytes) -> None:
    text = canonical({k: v for k, v in header.items() if k != "mac"})
    assert (
        hmac.digest(expand(content_key, LABEL + b"header"), text, "sha256").hex() == header["mac"]
    )
