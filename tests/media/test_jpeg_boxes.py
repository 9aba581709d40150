"""Boxes in APP11 segments: many small packets, and boxes of others."""

import io
import struct

import pytest

from facecrypt import ContainerError
from facecrypt.media import jpeg
from facecrypt.media.jpeg import app11

OURS = struct.pack(">I4s", 8 + 3_000, b"jumb") + b"start" + bytes(2_995)


def packet(place: int, head: bytes, piece: bytes) -> bytes:
    content = struct.pack(">2sHI8s", b"JP", 1, place, head) + piece
    return struct.pack(">BBH", 0xFF, 0xEB, 2 + len(content)) + content


def cut_small(box: bytes, size: int) -> bytes:
    places = enumerate(range(8, len(box), size), 1)
    return b"".join(packet(place, box[:8], box[at : at + size]) for place, at in places)


def found(segments: bytes) -> bytes | None:
    return jpeg.find_box(io.BytesIO(b"\xff\xd8" + segments + b"\xff\xd9"), b"jumb", b"start")


def test_a_box_may_come_in_packets_of_any_size():
    assert found(cut_small(OURS, 7)) == OURS
    assert found(jpeg.packets(OURS)) == OURS


def test_packets_are_counted_before_they_are_kept(monkeypatch):
    monkeypatch.setattr(app11, "_MAX_PACKETS", 100)
    assert found(cut_small(OURS, 30)) == OURS
    with pytest.raises(ContainerError, match="more than 100 packets of boxes"):
        found(cut_small(OURS, 29))


def test_boxes_of_another_type_do_not_count(monkeypatch):
    monkeypatch.setattr(app11, "_MAX_PACKETS", 100)
    other = struct.pack(">I4s", 8 + 3_000, b"jxyz") + bytes(3_000)
    assert found(cut_small(other, 2) + jpeg.packets(OURS)) == OURS
    assert found(cut_small(other, 2)) is None
