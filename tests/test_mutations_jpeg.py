"""Damaged and hostile JPEGs, payloads and parts meet our errors and no others."""

import hashlib
import io
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from support.jpeg_matrix import by_pillow, cases
from support.mutations import boxed, canonical, mutated
from support.sealed_jpegs import KEY, opened, seal

from facecrypt import FacecryptError, Region
from facecrypt.media import jpeg
from facecrypt.sealing import parts
from facecrypt.sealing.carriers import Source
from facecrypt.sealing.carriers.jpeg_private import Private
from facecrypt.sealing.content import Jpeg
from facecrypt.sealing.in_memory import encode
from facecrypt.sealing.options import Seal
from facecrypt.sealing.payload import START, Payload
from facecrypt.sealing.wire import canonical as spelt

FACES = [Region(0, 0, 9, 9), Region(5, 0, 30, 30)]
KINDS = ("odd-420-trailer", "cjpeg-2x2-script-deep", "gray-restart-1B-17x23", "dummies-420-plain-9")
Random = np.random.Generator


@cache
def plain() -> list[bytes]:
    found = [data for name, data in cases() if name.startswith(KINDS)]
    return found or [by_pillow("RGB", (40, 33))]


@cache
def pairs() -> list[tuple[bytes, bytes]]:
    return [(data, seal(data, FACES)) for data in plain()]


def chosen(rng: Random) -> tuple[bytes, bytes]:
    return pairs()[rng.integers(0, len(pairs()))]


def box(sealed: bytes) -> bytes:
    found = jpeg.find_box(io.BytesIO(sealed), b"jumb", START)
    assert found is not None
    return found


def find(rng: Random) -> None:
    jpeg.find_box(io.BytesIO(mutated(chosen(rng)[1], rng)), b"jumb", START)


def payload(rng: Random) -> None:
    Payload.from_bytes(mutated(box(chosen(rng)[1]), rng))


def header(rng: Random) -> None:
    """Of any values, in boxes and a JPEG that are sound."""
    data, sealed = chosen(rng)
    known = Payload.from_bytes(box(sealed))
    made = [(b"fcRg", bytes(part)) for part in known.regions]
    made += [(b"fcPv", bytes(part)) for part in known.private]
    other = boxed(canonical(known.header.to_bytes(), rng), *made)
    start = sealed.index(b"\xff\xeb")
    end = start + 2 + int.from_bytes(sealed[start + 2 : start + 4])
    assert opened(sealed[:start] + jpeg.packets(other) + sealed[end:]).given == data


def file(rng: Random) -> None:
    data, sealed = chosen(rng)
    assert opened(mutated(sealed, rng)).given == data


def original(rng: Random) -> None:
    """What can be sealed, however damaged, comes back."""
    data = mutated(chosen(rng)[0], rng)
    sealed = encode(Source(data), [KEY], Seal(regions=[Region(0, 0, 1, 1)])).data
    assert opened(sealed).given == data


def cut(rng: Random) -> None:
    data = mutated(chosen(rng)[0], rng)
    rects = [(0, 0, 1, 1), (0, 0, *jpeg.parse(data).grid)]
    made = jpeg.cut(data, rects)
    jpeg.restore(b"\xff\xd8" + made.public, rects, made)


def place(rng: Random) -> None:
    data, _ = chosen(rng)
    rects = [(0, 0, 1, 1), (0, 0, *jpeg.parse(data).grid)]
    made = jpeg.cut(data, rects)
    faces = {number: mutated(part, rng) for number, part in enumerate(made.regions)}
    given = jpeg.place(b"\xff\xd8" + made.public, rects, faces)
    jpeg.read_coefficients(b"\xff\xd8" + given)


def part(rng: Random) -> None:
    """By who holds the key: parts of any content, authentic."""
    data, _ = chosen(rng)
    frame = jpeg.parse(data)
    content = Jpeg(frame.precision, frame.width, frame.height, frame.components, frame.quant)
    digest = hashlib.sha256(b"facecrypt v2 public coefficients" + spelt(content.frame()))
    rects = [(0, 0, 1, 1), (0, 0, *frame.grid)]
    made = jpeg.cut(data, rects, digest.update)
    texts = [*made.regions, made.recipe, made.skeleton, made.dummies, made.tail]
    which = rng.integers(0, 7)
    if which < 6:
        texts[which] = mutated(texts[which], rng)
    private = Private(hashlib.sha256(data).digest(), len(data), *texts[2:]).to_bytes()
    texts = [*texts[:2], mutated(private, rng) if which == 6 else private]
    sealer = parts.start(
        content,
        [content.region_of(rect) for rect in rects],
        [KEY],
        Seal(regions=[]),
        public_digest=digest.digest(),
        private=("original",),
    )
    header, sealed = sealer.seal(np.frombuffer(bytearray(text), np.uint8) for text in texts)
    packed = jpeg.packets(Payload(header, sealed[:2], sealed[2:]).to_bytes())
    assert opened(b"\xff\xd8" + packed + made.public).given == data


TARGETS: list[Callable[[Random], None]] = [find, payload, header, file, original, cut, place, part]


def try_many(target: Callable[[Random], None], count: int, seed: int = 0) -> int:
    """How many of so many are refused; what is no error of ours comes through."""
    rng, refused = np.random.default_rng(seed), 0
    for _ in range(count):
        try:
            target(rng)
        except FacecryptError:
            refused += 1
    return refused


@pytest.mark.filterwarnings("ignore:.*the decoder says", "ignore:.*coded anew", "ignore:.*profile")
@pytest.mark.parametrize("target", TARGETS, ids=[target.__name__ for target in TARGETS])
def test_our_errors_and_no_others(target):
    count = 150
    assert count / 15 <= try_many(target, count) < count
