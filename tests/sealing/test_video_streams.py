"""Parts that are too long for memory: STREAMs of chunks of 4 MiB, and the payload of them."""

import hashlib
import io
import json
import os
import struct

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sealed_videos import KEY, PUBLIC, in_uuid, sealed_payload, sealer
from support.second_reader import video as second_reader
from support.second_reader.header import expand
from support.second_reader.keys import content_key

from facecrypt import AuthenticationError, ContainerError, MediaError, region_key
from facecrypt.sealing.carriers.video_parts import Original
from facecrypt.sealing.header import Header
from facecrypt.sealing.parts import forgotten, unlock
from facecrypt.sealing.payload import Payload
from facecrypt.sealing.payload_file import PayloadWriter, StoredPayload
from facecrypt.sealing.streams import (
    Plain,
    SealedStream,
    Span,
    StreamKey,
    open_stream,
    plain_size,
    sealed_size,
)

CHUNK = 4_194_304
PLAIN_AES = StreamKey(bytes(range(32)), "aes-256-gcm", bytes(32))
MIXED = StreamKey(bytes(range(32)), "logistic+aes-256-gcm", bytes(32))
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7]
PERSON = bytes(range(256)) * 3


def noise(size: int) -> bytes:
    return hashlib.shake_128(b"noise").digest(size)


def sealed(data: bytes, key: StreamKey = PLAIN_AES) -> tuple[bytes, bytes]:
    stream = SealedStream(Plain([io.BytesIO(data)], len(data)), key)
    return b"".join(map(bytes, stream)), stream.tag


def opened(data: bytes, tag: bytes, key: StreamKey = PLAIN_AES, **more) -> bytes:
    span = Span(0, len(data))
    return b"".join(map(bytes, open_stream(io.BytesIO(data), span, tag, key, **more)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", [PLAIN_AES, MIXED])
def test_every_length_comes_back(size, key):
    data = noise(size)
    made, tag = sealed(data, key)
    assert len(made) == sealed_size(size)
    assert plain_size(len(made)) == size
    assert opened(made, tag, key) == data


def test_chunks_are_those_of_aes_gcm_with_counted_nonces():
    data, aes = noise(2 * CHUNK + 7), AESGCM(expand(PLAIN_AES.key, b"facecrypt v2 stream"))
    expected = [
        aes.encrypt(bytes(12), data[:CHUNK], bytes(32)),
        aes.encrypt(bytes(10) + b"\1\0", data[CHUNK : 2 * CHUNK], bytes(32)),
        aes.encrypt(bytes(10) + b"\2\1", data[2 * CHUNK :], bytes(32)),
    ]
    made, tag = sealed(data)
    assert made + tag == b"".join(expected)


def test_what_is_read_comes_from_several_files():
    parts = [io.BytesIO(b"ab"), io.BytesIO(b""), io.BytesIO(b"c"), io.BytesIO(b"defg")]
    stream = SealedStream(Plain(parts, 5), PLAIN_AES)
    assert opened(b"".join(map(bytes, stream)), stream.tag) == b"abcde"


def test_a_file_that_became_shorter_is_an_error():
    with pytest.raises(MediaError, match="became shorter"):
        list(SealedStream(Plain([io.BytesIO(b"abc")], 4), PLAIN_AES))


@pytest.mark.parametrize("size", [CHUNK + 1, CHUNK + 16, 2 * CHUNK + 17, 2 * CHUNK + 32])
def test_lengths_that_no_writer_makes_are_refused(size):
    with pytest.raises(ContainerError, match="a length that there is not"):
        opened(bytes(size), bytes(16))


TWO = sealed(noise(2 * CHUNK + 7))
STEP = CHUNK + 16


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(TWO[0]) - 1), st.integers(0, 7))
def test_a_flipped_bit_is_refused(place, bit):
    made = bytearray(TWO[0])
    made[place] ^= 1 << bit
    with pytest.raises(AuthenticationError):
        opened(bytes(made), TWO[1])


@pytest.mark.parametrize(
    "change",
    {
        "cut chunk": lambda d: d[: 2 * STEP],
        "cut to one": lambda d: d[:CHUNK],
        "cut byte": lambda d: d[:-1],
        "swapped": lambda d: d[STEP : 2 * STEP] + d[:STEP] + d[2 * STEP :],
        "doubled": lambda d: d[:STEP] + d[:STEP] + d[2 * STEP :],
        "dropped": lambda d: d[STEP:],
        "zeroed tail": lambda d: d[:-5] + bytes(5),
        "longer": lambda d: d + b"\0",
        "with the last tag": lambda d: d + TWO[1],
    }.items(),
    ids=lambda pair: pair[0],
)
def test_chunks_stay_what_they_are_and_where_they_are(change):
    made = change[1](TWO[0])
    with pytest.raises((AuthenticationError, ContainerError)):
        opened(made, TWO[1])


def test_tag_key_aad_and_digest_are_checked():
    made, tag = sealed(b"abc")
    digest = hashlib.sha256(b"facecrypt v2 sealed" + made).digest()
    assert opened(made, tag, digest=digest) == b"abc"
    for wrong in (
        {"tag": bytes(16)},
        {"key": PLAIN_AES._replace(key=bytes(32))},
        {"key": PLAIN_AES._replace(aad=bytes(31) + b"\1")},
        {"digest": bytes(32)},
    ):
        with pytest.raises(AuthenticationError):
            opened(made, **({"tag": tag, "digest": digest} | wrong))


def stored(payload: bytes) -> StoredPayload:
    return StoredPayload.read(io.BytesIO(payload), Span(0, len(payload)))


def open_part(payload: bytes, index: int, identity) -> bytes:
    found = stored(payload)
    unlocked = unlock(found.header, [identity], [index] if index < len(found.regions) else None)
    key = StreamKey(unlocked.keys[index], found.header.cipher, found.header.aad())
    digest = found.header.digests[index] if index < len(found.regions) else None
    tag, file = found.header.tags[index], io.BytesIO(payload)
    return b"".join(map(bytes, open_stream(file, found.parts[index], tag, key, digest=digest)))


@pytest.mark.parametrize("cipher", ["logistic+aes-256-gcm", "aes-256-gcm"])
def test_the_second_reader_opens_all_parts(cipher):
    data = noise(CHUNK + 5)
    payload = sealed_payload(data, [PERSON, b""], cipher=cipher)
    public, found = second_reader.in_mp4(in_uuid(payload))
    assert (public, found) == (PUBLIC, payload)
    video = second_reader.Sealed(public, found)
    key = content_key(video.header, "symmetric", bytes(range(32)))
    assert video.original(key) == (".MOV", data)
    for index, expected in enumerate((PERSON, b"")):
        person = expand(key, b"facecrypt v2 region" + struct.pack(">I", index))
        assert video.person(index, person) == expected


def test_a_key_of_a_person_opens_that_person_alone():
    payload = sealed_payload(noise(99), [PERSON, b"another"])
    key = region_key(stored(payload).header, KEY, 1)
    assert open_part(payload, 1, key) == b"another"
    for index in (0, 2):
        with pytest.raises((AuthenticationError, KeyError)):
            open_part(payload, index, key)


def test_the_header_says_what_shows_anyway():
    payload = sealed_payload(noise(99), [PERSON])
    header = json.loads(stored(payload).header.to_bytes())
    for name in ("keys", "mac", "tags", "digests", "commitments", "software", "request"):
        del header[name]
    assert header == {
        "format": "facecrypt",
        "version": 2,
        "carrier": "video",
        "cipher": "logistic+aes-256-gcm",
        "public_sha256": hashlib.sha256(b"facecrypt v2 public video" + PUBLIC).hexdigest(),
        "private": ["original"],
        "regions": [{"track": [0, 500]}],
        "video": {"width": 64, "height": 48, "frames": 90, "duration_ms": 3000},
    }


def changed(**fields) -> dict:
    header = json.loads(sealer(1).header.to_bytes())
    return header | fields


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"regions": [{"track": [0, 3001]}]}, "not within the video"),
        ({"regions": [{"track": [500, 500]}]}, "not within the video"),
        ({"regions": [{"track": [-1, 500]}]}, "track is not 2 integers"),
        ({"regions": [{"box": [0, 0, 8, 8]}]}, "track is not 2 integers"),
        ({"cipher": "logistic"}, "seals no video"),
        ({"video": {"width": 64, "height": 48, "frames": 90}}, "duration_ms is not"),
        ({"video": {"width": 0, "height": 48, "frames": 9, "duration_ms": 3000}}, "width is not"),
        ({"private": ["recipe"]}, "private does not name"),
    ],
)
def test_headers_that_no_writer_makes_are_refused(fields, message):
    text = second_reader.json.dumps(changed(**fields), sort_keys=True, separators=(",", ":"))
    with pytest.raises(ContainerError, match=message):
        Header.from_bytes(text.encode())


def test_payloads_of_videos_and_pictures_are_not_taken_for_each_other():
    payload = sealed_payload(noise(99), [PERSON])
    with pytest.raises(ContainerError, match="not of a picture"):
        Payload.from_bytes(payload)


def boxed(*boxes: tuple[bytes, bytes]) -> bytes:
    return b"".join(struct.pack(">I4s", 8 + len(body), kind) + body for kind, body in boxes)


def test_nothing_follows_the_payload():
    with pytest.raises(ContainerError, match="not one box with all in it"):
        stored(SMALL + boxed((b"free", b"")))


def test_a_forgotten_part_is_empty():
    header = forgotten(stored(SMALL).header, [KEY], [0])
    start = (b"jumd", b"facecrypt sealed\x03facecrypt\0"), (b"json", header.to_bytes())
    for person, private in ((b"", b""), (b"x", b""), (b"", b"x")):
        payload = boxed((b"jumb", boxed(*start, (b"fcRg", person), (b"fcPv", private))))
        if person or private:
            with pytest.raises(ContainerError, match="a forgotten part is not empty"):
                stored(payload)
        else:
            assert stored(payload).header == header


def test_a_payload_without_an_original_is_refused():
    made = sealer(1, private=())
    writer = PayloadWriter(made, [Plain([io.BytesIO(PERSON)], len(PERSON))])
    payload = b"".join(map(bytes, writer.chunks()))
    with pytest.raises(ContainerError, match="parts are missing"):
        stored(writer.start() + payload[len(writer.start()) :])


SMALL = sealed_payload(noise(300), [PERSON])


@pytest.mark.parametrize("size", range(0, len(SMALL), 37))
def test_a_payload_that_is_cut_off_is_refused(size):
    with pytest.raises(ContainerError, match=r"cut|empty|bytes"):
        stored(SMALL[:size])


def test_a_payload_says_how_much_of_it_there_is():
    with pytest.raises(ContainerError, match=f"cut off after 900 of {len(SMALL)} bytes"):
        stored(SMALL[:900])


def test_every_flipped_byte_is_refused():
    private = stored(SMALL).private[0]
    for place in {*range(len(SMALL))} - {*range(private.start, private.end)}:
        made = bytearray(SMALL)
        made[place] ^= 1
        with pytest.raises((AuthenticationError, ContainerError)):
            open_part(bytes(made), 0, KEY)
    for place in range(private.start, private.end):
        made = bytearray(SMALL)
        made[place] ^= 1
        assert open_part(bytes(made), 0, KEY) == PERSON
        with pytest.raises(AuthenticationError):
            open_part(bytes(made), 1, KEY)


def head_of(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


UNNAMEABLE = b'{"sha256":"%s","suffix":".\\ud83d"}' % (b"00" * 32)


@pytest.mark.parametrize(
    "head",
    [b"", b"\0", b"\0\0\0\7{}", head_of(b"{}"), head_of(b"[" * 1024), head_of(UNNAMEABLE)],
)
def test_a_head_of_the_original_that_no_writer_makes_is_refused(head):
    with pytest.raises(ContainerError):
        list(Original.open(iter([memoryview(head)]))[1])


def test_the_digest_of_the_original_is_checked():
    data = memoryview(Original(".mp4", bytes(32)).head() + b"abc")
    head, chunks = Original.open(iter([data]))
    with pytest.raises(ContainerError, match="private part is damaged"):
        head.check(chunks)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        *(
            (".mp4", ".mp4"),
            (".MP4", ".MP4"),
            ("", ""),
            (".a/b", ""),
            (".x\n", ""),
            (".\ud83d", ""),
        ),
        (".mp\udce9", ".mp\udce9"),  # of a name that is no UTF-8
    ],
)
def test_suffixes_that_are_sealed(name, kept):
    assert Original.of(io.BytesIO(b""), name).suffix == kept


@pytest.mark.slow
def test_more_than_4_gib_come_back(tmp_path):
    size = (4 << 30) + 12_345
    with (tmp_path / "plain").open("w+b") as plain, (tmp_path / "sealed").open("w+b") as file:
        os.truncate(plain.fileno(), size)
        plain.seek(size - 3)
        plain.write(b"end")
        plain.seek(0)
        stream = SealedStream(Plain([plain], size), MIXED)
        for piece in stream:
            file.write(piece)
        assert file.tell() == size + 16 * 1024
        found, end = 0, b""
        for chunk in open_stream(file, Span(0, file.tell()), stream.tag, MIXED):
            found, end = found + len(chunk), bytes(chunk[-3:])
    assert (found, end) == (size, b"end")
