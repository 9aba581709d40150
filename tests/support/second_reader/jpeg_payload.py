"""APP11 segments to the boxes of the payload, and the ciphers of its parts."""

import hmac
import json
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from support.second_reader.header import canonical, expand
from support.second_reader.jpeg_layout import BOX_LABEL, LABEL, TOGGLES, UUID
from support.second_reader.jpeg_segments import APP11, Jpeg, require
from support.second_reader.picture import keystream


def payload(jpeg: Jpeg) -> dict[bytes, list[bytes]]:
    """The boxes in facecrypt's superbox, by type."""
    ours = [inner for box in superboxes(jpeg) if (inner := _if_ours(box)) is not None]
    require(len(ours) == 1, f"{len(ours)} payloads instead of one: incomplete, or none")
    return ours[0]


def superboxes(jpeg: Jpeg) -> list[bytes]:
    """The content of each JUMBF box, its packets joined (ISO 19566-5, annex D)."""
    packets: dict[int, dict[int, tuple[bytes, bytes]]] = {}
    for marker, body in jpeg.segments:
        if marker == APP11 and body[:2] == b"JP" and len(body) >= 16:
            number, place = struct.unpack(">HI", body[2:8])
            parts = packets.setdefault(number, {})
            require(place not in parts, "payload incomplete: a packet came twice")
            parts[place] = body[8:16], body[16:]
    found = []
    for parts in packets.values():
        require(sorted(parts) == list(range(1, len(parts) + 1)), "payload incomplete: packets lack")
        require(len({head for head, _ in parts.values()}) == 1, "payload incomplete: two boxes")
        data = b"".join(parts[place][1] for place in sorted(parts))
        length, kind = struct.unpack(">I4s", parts[1][0])
        require(length == 8 + len(data), "payload incomplete: its length is another")
        if kind == b"jumb":
            found.append(data)
    return found


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    at, found = 0, []
    while at < len(data):
        require(at + 8 <= len(data), "a box cut short")
        length, kind = struct.unpack_from(">I4s", data, at)
        require(8 <= length <= len(data) - at, "a box of wrong length")
        found.append((kind, data[at + 8 : at + length]))
        at += length
    return found


def _if_ours(data: bytes) -> dict[bytes, list[bytes]] | None:
    (kind, description), *rest = boxes(data)
    require(kind == b"jumd" and len(description) > 17, "a JUMBF box without description")
    label = description[17:].split(b"\0")[0]
    if label != BOX_LABEL or (UUID and description[:16] != UUID):
        return None
    require(description[16] == TOGGLES, "a description of other toggles")
    found: dict[bytes, list[bytes]] = {}
    for kind, body in rest:
        found.setdefault(kind, []).append(body)
    counts = {kind: len(bodies) for kind, bodies in found.items() if kind != b"fcRg"}
    wanted = {b"json": 1, b"fcFl": 1}
    require(counts in (wanted, wanted | {b"fcTl": 1}), "other boxes than the format has")
    return found


def header_of(found: dict[bytes, list[bytes]]) -> dict:
    header = json.loads(found[b"json"][0])
    require(canonical(header) == found[b"json"][0], "a header that is not canonical")
    named = [header.get(name) for name in ("format", "version", "carrier")]
    require(named == ["facecrypt", 2, "jpeg"], "a header of another format")
    require(header["kind"] in ("exact", "transcoded"), "a header of unknown kind")
    return header


def check_mac(header: dict, content_key: bytes) -> None:
    text = canonical({name: value for name, value in header.items() if name != "mac"})
    mac = hmac.digest(expand(content_key, LABEL + b"header"), text, "sha256").hex()
    require(mac == header["mac"], "the header was changed")


def associated(header: dict) -> bytes:
    return canonical({name: v for name, v in header.items() if name not in ("tags", "mac")})


def open_part(header: dict, sealed: bytes, key: bytes) -> bytes:
    """The plaintext of a part; its tag lies at its end."""
    text, cipher = associated(header), header["cipher"]
    if cipher == "logistic":
        data, tag = sealed[:-32], sealed[-32:]
        framed = struct.pack(">Q", len(text)) + text + data
        made = hmac.digest(expand(key, LABEL + b"hmac"), framed, "sha256")
        require(made == tag, "a part was changed")
    else:
        material = expand(key, LABEL + b"aes-256-gcm", 44)
        data = AESGCM(material[:32]).decrypt(material[32:], sealed, text)
    if cipher == "aes-256-gcm":
        return data
    stream = keystream(expand(key, LABEL + b"logistic"), len(data))
    return bytes(a ^ b for a, b in zip(data, stream, strict=True))
