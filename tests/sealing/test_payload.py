"""What a payload says costs nothing before it is known to be one."""

import tracemalloc

import pytest
from support.sealed_jpegs import KEY

from facecrypt import ContainerError, Region, encrypt_image
from facecrypt.sealing.payload import PRIVATE, REGION, Payload, box_head


@pytest.fixture(scope="module")
def packed(photo):
    sealed = encrypt_image(photo, KEY, regions=[Region(0, 0, 16, 16)])
    return Payload(sealed.header).to_bytes()


def with_more(packed: bytes, more: bytes) -> bytes:
    return box_head(b"jumb", len(packed) - 8 + len(more)) + packed[8:] + more


@pytest.mark.parametrize("kind", [REGION, PRIVATE, b"free"])
def test_millions_of_boxes_are_not_listed_before_they_are_refused(packed, kind):
    damaged = with_more(packed, box_head(kind, 0) * 1_000_000)
    tracemalloc.start()
    with pytest.raises(ContainerError, match="parts are missing or too many"):
        Payload.from_bytes(damaged)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Listed, they took 300 MB.
    assert most < 1 << 20


def test_nor_are_boxes_beside_the_one(packed):
    damaged = packed + box_head(b"free", 0) * 1_000_000
    tracemalloc.start()
    with pytest.raises(ContainerError, match="not one box with all in it"):
        Payload.from_bytes(damaged)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1 << 20
