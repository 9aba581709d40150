"""Damaged files of every kind meet our errors and no others."""

import io
import json
import struct
import zipfile
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from support.mutations import boxed, mutated

from facecrypt import FacecryptError, Identity, Passphrase, Region, SecretKey, encrypt_image
from facecrypt.jobs.boxes import load_boxes
from facecrypt.keys import RegionKey, load_identity, load_recipients
from facecrypt.media.npy import read_arrays
from facecrypt.media.png import encode_png, png_chunks
from facecrypt.schemes import CombinedCatMapKey
from facecrypt.sealing.carriers.sidecar_names import sidecar_path
from facecrypt.sealing.header import Header
from facecrypt.sealing.in_memory import decode_file
from facecrypt.sealing.payload import Payload

KEY = SecretKey(bytes(range(32)))
IMAGE = np.arange(24 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(24, 32, 3)


@cache
def sealed():
    holders = [KEY, Identity.generate().recipient, Passphrase("correct horse")]
    return encrypt_image(IMAGE, holders, regions=[Region(2, 2, 9, 9), Region(5, 5, 20, 20)])


def write_header(path: Path) -> None:
    path.write_bytes(sealed().header.to_bytes())


def read_header(path: Path) -> None:
    for stanza in Header.from_bytes(path.read_bytes()).stanzas:
        KEY.unwrap(stanza)


def write_png(path: Path) -> None:
    chunk = (b"fcRP", Payload(sealed().header).to_bytes())
    path.write_bytes(encode_png(sealed().image, icc=b"no profile", chunks=[chunk]))


def write_sidecar(path: Path) -> None:
    path.with_name("a.png").write_bytes(encode_png(sealed().image))
    path.write_bytes(Payload(sealed().header).to_bytes())


def read_sidecar(path: Path) -> None:
    """As who can write a header can name it."""
    picture = path.with_name("a.png")
    with suppress(FacecryptError):
        header = Payload.from_bytes(path.read_bytes()).header
        path = path.rename(sidecar_path(picture, header))
    try:
        decode_file(picture, [KEY])
    finally:
        path.unlink()


def write_boxes(path: Path) -> None:
    found = {"a.jpg": [[1, 2, 3, 4], {"box": [5, 6, 7, 8], "score": 0.5}], "b.jpg": []}
    path.write_text(json.dumps(found))


def write_arrays(path: Path) -> None:
    np.savez_compressed(path, images=IMAGE, labels=np.arange(3), names=np.array(["a", "b"]))


def write_recipients(path: Path) -> None:
    path.write_text(f"# us\n{IDENTITY.recipient}\n{IDENTITY.recipient}\n")


IDENTITY = Identity.generate()
MAP = CombinedCatMapKey(np.ones((4, 3), np.int32), np.ones(3, np.int32))
CASES = {
    "a.png.0123456789abcdef.fcrypt": (write_sidecar, read_sidecar),
    "arrays.npz": (write_arrays, read_arrays),
    "boxes.json": (write_boxes, load_boxes),
    "header": (write_header, read_header),
    "identity": (IDENTITY.save, load_identity),
    "recipients": (write_recipients, load_recipients),
    "region": (RegionKey(bytes(16), 3, bytes(32)).save, RegionKey.load),
    "scheme.npz": (MAP.save, CombinedCatMapKey.load),
    "sealed.png": (write_png, lambda path: decode_file(path, [KEY])),
    "secret": (KEY.save, SecretKey.load),
}


def repaired_png(data: bytes, rng: np.random.Generator) -> bytes:
    """A chunk changed, and its checksum with it."""
    chunks = list(png_chunks(data))
    chosen, out = rng.integers(0, len(chunks)), [data[:8]]
    for number, (kind, payload) in enumerate(chunks):
        body = mutated(bytes(payload), rng) if number == chosen else bytes(payload)
        crc = zlib.crc32(kind + body)
        out.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc))
    return b"".join(out)


def repaired_zip(data: bytes, rng: np.random.Generator) -> bytes:
    """A member changed, and its checksum with it; now and then it says it has a password."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        members = old.infolist()
        chosen = rng.integers(0, len(members))
        for number, member in enumerate(members):
            body = old.read(member)
            # The .npy header is where NumPy parses.
            head, rest = body[:128], body[128:]
            changed = mutated(head, rng) + rest if number == chosen else body
            new.writestr(member.filename, changed)
    result = buffer.getvalue()
    if rng.integers(0, 10) == 0:
        at = result.index(b"PK\1\2") + 8
        result = result[:at] + b"\1" + result[at + 1 :]
    return result


def canonical_header(data: bytes, rng: np.random.Generator) -> bytes:
    """A value changed, and all spelt as headers are."""
    fields = json.loads(data)
    places = [(fields, name) for name in fields]
    for inner in (fields["image"], *fields["keys"], *fields["regions"]):
        places += [(inner, name) for name in inner]
    holder, name = places[rng.integers(0, len(places))]
    values = ("\ud800", "\xe9" * 24, "AAAA", "", None, [], {}, True, -1, 2**70, 0.5, [[]])
    holder[name] = values[rng.integers(0, len(values))]
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()


def canonical_payload(data: bytes, rng: np.random.Generator) -> bytes:
    """The same in the boxes around it, whose sizes fit."""
    return boxed(canonical_header(Payload.from_bytes(data).header.to_bytes(), rng))


REPAIRED = {
    "a.png.0123456789abcdef.fcrypt": canonical_payload,
    "arrays.npz": repaired_zip,
    "header": canonical_header,
    "scheme.npz": repaired_zip,
    "sealed.png": repaired_png,
}


def try_many(name: str, count: int, folder: Path, change=mutated, seed: int = 0) -> int:
    """How many of so many mutations are refused; what is no error of ours comes through."""
    save, load = CASES[name]
    path = folder / name
    save(path)
    data, rng, refused = path.read_bytes(), np.random.default_rng(seed), 0
    # Boxes are an argument; what files and keys are is for our own errors to say.
    expected = (FacecryptError, ValueError) if name == "boxes.json" else FacecryptError
    for _ in range(count):
        path.write_bytes(change(data, rng))
        try:
            load(path)
        except expected:
            refused += 1
    return refused


@pytest.mark.filterwarnings("ignore:.*the decoder says", "ignore:.*the colour profile")
@pytest.mark.parametrize("name", CASES)
def test_a_damaged_file_meets_our_errors_and_no_others(name, tmp_path):
    assert try_many(name, 60, tmp_path) >= 20


@pytest.mark.filterwarnings(
    "ignore:.*the decoder says", "ignore:.*the colour profile", "ignore:.*Reading `.npy`"
)
@pytest.mark.parametrize("name", REPAIRED)
def test_so_does_a_hostile_file_whose_checksums_fit(name, tmp_path):
    assert try_many(name, 100, tmp_path, REPAIRED[name]) >= 20
