"""APP11 segments to the boxes of the payload."""

import struct

from support.second_reader.header import parse
from support.second_reader.jpeg_segments import APP11, Jpeg, require
from support.second_reader.payload import DESCRIPTION, boxes


def payload(jpeg: Jpeg) -> dict[bytes, list[bytes]]:
    """The boxes in facecrypt's superbox, by type."""
    ours = [inner for box in superboxes(jpeg) if (inner := _if_ours(box)) is not None]
    require(len(ours) == 1, f"{len(ours)} payloads instead of one: incomplete, or none")
    return ours[0]


def unpacked(data: bytes) -> dict[bytes, list[bytes]]:
    """The boxes in a payload that lies beside the picture."""
    ((kind, body),) = boxes(data)
    found = _if_ours(body) if kind == b"jumb" else None
    require(found is not None, "no payload")
    return found


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


def _if_ours(data: bytes) -> dict[bytes, list[bytes]] | None:
    (kind, description), *rest = boxes(data)
    require(kind == b"jumd", "a JUMBF box without description")
    if description[:16] != DESCRIPTION[:16]:
        return None
    require(description == DESCRIPTION, "a description of other toggles or label")
    found: dict[bytes, list[bytes]] = {}
    for kind, body in rest:
        found.setdefault(kind, []).append(body)
    counts = {kind: len(bodies) for kind, bodies in found.items() if kind != b"fcRg"}
    require(counts == {b"json": 1, b"fcPv": 1}, "other boxes than the format has")
    return found


def header_of(found: dict[bytes, list[bytes]]) -> dict:
    header = parse(found[b"json"][0])
    require(header["carrier"] == "jpeg", "a header of another carrier")
    require(header["coding"] in ("exact", "transcoded"), "a header of unknown coding")
    return header
