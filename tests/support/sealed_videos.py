"""Sealed videos put together of any bytes: what carries them does not matter to their payload."""

import hashlib
import struct
from io import BytesIO

from facecrypt import SecretKey
from facecrypt.sealing.carriers.video_parts import Original
from facecrypt.sealing.content_video import Person, Video
from facecrypt.sealing.options import Seal
from facecrypt.sealing.parts import start
from facecrypt.sealing.payload_file import PayloadWriter
from facecrypt.sealing.streams import Plain

KEY = SecretKey(bytes(range(32)))
PUBLIC = b"".join(
    struct.pack(">I4s", 8 + len(body), kind) + body
    for kind, body in ((b"ftyp", b"isom"), (b"moov", b"what is shown"), (b"mdat", b"of it" * 9))
)


def public_sha256(public: bytes) -> bytes:
    return hashlib.sha256(b"facecrypt v2 public video" + public).digest()


def sealer(
    people: int,
    public: bytes = PUBLIC,
    cipher: str = "logistic+aes-256-gcm",
    private: tuple[str, ...] = ("original",),
):
    """A sealer of a video of 3 seconds, in which people come one after another."""
    seen = [Person(100 * n, 100 * n + 500) for n in range(people)]
    options = Seal(regions=[], cipher=cipher)
    digest = public_sha256(public)
    content = Video(64, 48, 90, 3000)
    return start(content, seen, [KEY], options, public_digest=digest, private=private)


def sealed_payload(
    original: bytes, people: list[bytes], *, public: bytes = PUBLIC, cipher="logistic+aes-256-gcm"
) -> bytes:
    """The payload of a video with a person for each of some parts."""
    made = sealer(len(people), public, cipher)
    parts = [*people, Original.of(BytesIO(original), ".MOV").head() + original]
    plain = [Plain([BytesIO(part)], len(part)) for part in parts]
    writer = PayloadWriter(made, plain)
    payload = b"".join(map(bytes, writer.chunks()))
    assert len(payload) == writer.size
    return writer.start() + payload[len(writer.start()) :]


def in_uuid(payload: bytes, public: bytes = PUBLIC) -> bytes:
    """A file that carries it as mp4 does."""
    head = struct.pack(">I4sQ", 1, b"uuid", 32 + len(payload)) + b"facecrypt sealed"
    return public + head + payload
