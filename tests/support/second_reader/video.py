"""Sealed videos read by the book: where the payload lies, and parts that are STREAMs."""

import hashlib
import json
import struct
from itertools import islice

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from support.second_reader.header import LABEL, aad, check_mac, entries, expand
from support.second_reader.payload import unpack
from support.second_reader.picture import keystream

CHUNK = 4 << 20
UUID = b"facecrypt sealed"


class Sealed:
    """A sealed video: its header, its parts, and the public bytes, which have to be its own."""

    def __init__(self, public: bytes, payload: bytes) -> None:
        self.header, boxes = unpack(payload)
        assert self.header["carrier"] == "video"
        assert self.header["cipher"] in ("logistic+aes-256-gcm", "aes-256-gcm")
        assert self.header["private"] == ["original"]
        people = len(self.header["regions"])
        assert [kind for kind, _ in boxes] == [b"fcRg"] * people + [b"fcPv"]
        self.parts = [data for _, data in boxes]
        digest = hashlib.sha256(LABEL + b"public video" + public).hexdigest()
        assert self.header["public_sha256"] == digest

    def original(self, content_key: bytes) -> tuple[str, bytes]:
        """Suffix and bytes of the file that was sealed."""
        check_mac(self.header, content_key)
        part = self._part(-1, expand(content_key, LABEL + b"private original"))
        (size,) = struct.unpack(">I", part[:4])
        head, data = json.loads(part[4 : 4 + size]), part[4 + size :]
        assert head["sha256"] == hashlib.sha256(data).hexdigest()
        return head["suffix"], data

    def person(self, index: int, key: bytes) -> bytes:
        """The part of one person."""
        digest = hashlib.sha256(LABEL + b"sealed" + self.parts[index]).digest()
        assert entries(self.header["digests"], 32)[index] == digest
        return self._part(index, key)

    def _part(self, index: int, key: bytes) -> bytes:
        assert entries(self.header["commitments"], 32)[index] == expand(key, LABEL + b"commitment")
        tag = entries(self.header["tags"], 16)[index]
        aes, chaos = AESGCM(expand(key, LABEL + b"stream")), expand(key, LABEL + b"logistic")
        left, out, text = self.parts[index] + tag, [], aad(self.header)
        while left:
            data, left = left[: CHUNK + 16], left[CHUNK + 16 :]
            nonce = len(out).to_bytes(11, "big") + (b"\0" if left else b"\1")
            plain = aes.decrypt(nonce, data, text)
            if self.header["cipher"] != "aes-256-gcm":
                stream = keystream(chaos, len(plain), len(out))
                plain = bytes(a ^ b for a, b in zip(plain, stream, strict=True))
            out.append(plain)
        return b"".join(out)


def clip_of(part: bytes) -> tuple[list[tuple[int, ...]], bytes]:
    """Placements and clip of a person's part: frame, x, y, w, h, left, top of each frame."""
    (count,) = struct.unpack(">I", part[:4])
    end = 4 + 28 * count
    placements = [struct.unpack(">7i", part[at : at + 28]) for at in range(4, end, 28)]
    (size,) = struct.unpack(">Q", part[end : end + 8])
    clip, zeros = part[end + 8 : end + 8 + size], part[end + 8 + size :]
    assert len(clip) == size
    assert not zeros.strip(b"\0")
    return placements, clip


def in_mp4(data: bytes) -> tuple[bytes, bytes]:
    """Public bytes and payload of an mp4 or mov: the payload is in its last box."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        start = 8
        if size == 1:
            (size,), start = struct.unpack(">Q", data[at + 8 : at + 16]), 16
        end = at + size if size else len(data)
        if kind == b"uuid" and data[at + start : at + start + 16] == UUID:
            assert (start, end) == (16, len(data))
            return data[:at], data[at + start + 16 : end]
        at = end
    raise AssertionError("no payload")


def in_matroska(data: bytes) -> tuple[bytes, bytes]:
    """The same of Matroska and WebM: the payload is attached, the size of the Segment counts it."""
    _, (_, (ident, size_at, body), _) = islice(_spans(data, 0, len(data)), 2)
    assert ident == 0x18538067
    for at, (ident, _, inner), end in _spans(data, body, len(data)):
        if ident == 0x1941A469:
            ((_, (kind, _, file), stop),) = _spans(data, inner, end)
            assert (kind, stop) == (0x61A7, end)
            held = {kind: data[place:last] for _, (kind, _, place), last in _spans(data, file, end)}
            assert held[0x466E] == b"sealed.fcrypt"
            assert held[0x4660] == b"application/x-facecrypt"
            width = body - size_at
            size = (at + len(data) - end - body) | 1 << 7 * width
            public = data[:size_at] + size.to_bytes(width, "big") + data[body:at] + data[end:]
            return public, held[0x465C]
    raise AssertionError("no payload")


def _spans(data: bytes, at: int, end: int):
    """Elements: where one begins; its id, where its size and its content are; where it ends."""
    while at < end:
        size_at = at + 9 - data[at].bit_length()
        body = size_at + 9 - data[size_at].bit_length()
        ident = int.from_bytes(data[at:size_at], "big")
        size = int.from_bytes(data[size_at:body], "big") & (1 << 7 * (body - size_at)) - 1
        yield at, (ident, size_at, body), body + size
        at = body + size
