"""Wrote the sealed files of tests/vectors/sealed once; tests never run it.

They are frozen: every later release opens them. The hashes are of the plain pixels, which
a formula gives, and of JPEGs of the original files. Run by hand; with "jpeg" it adds the sealed
JPEGs to a folder that has the others and their keys, with "originals" pictures with their files:

    python tests/vectors/generate_sealed.py tests/vectors/sealed
    PYTHONPATH=tests python tests/vectors/generate_sealed.py tests/vectors/sealed jpeg
    python tests/vectors/generate_sealed.py tests/vectors/sealed originals
"""

import hashlib
import io
import json
import struct
import sys
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from facecrypt import Identity, Passphrase, Region, SecretKey, encrypt_image, region_key
from facecrypt.keys import load_recipients
from facecrypt.media import encode_image
from facecrypt.sealing.carriers.carrier import Source
from facecrypt.sealing.carriers.originals import pack
from facecrypt.sealing.carriers.sidecar_names import sidecar_path
from facecrypt.sealing.in_memory import encode
from facecrypt.sealing.options import Seal
from facecrypt.sealing.payload import Payload

PASSPHRASE = "files of version 2 open for ever"
REGIONS = [Region(1, 1, 9, 8), Region(5, 3, 14, 11, shape="ellipse")]
DEFAULT, AES, LOGISTIC = "logistic+aes-256-gcm", "aes-256-gcm", "logistic"
CASES = {  # name: shape, bits, cipher, carrier, key
    "rgb.png": ((12, 16, 3), 8, DEFAULT, "chunk", "x25519"),
    "rgba16.png": ((12, 16, 4), 16, DEFAULT, "chunk", "pq"),
    "gray.png": ((12, 16), 8, AES, "chunk", "passphrase"),
    "gray1.png": ((12, 16, 1), 16, LOGISTIC, "chunk", "symmetric"),
    "rgb-aes.png": ((12, 16, 3), 16, AES, "sidecar", "symmetric"),
    "rgba-logistic.png": ((12, 16, 4), 8, LOGISTIC, "sidecar", "x25519"),
    "rgb16.tif": ((12, 16, 3), 16, DEFAULT, "sidecar", "symmetric"),
    "gray-logistic.tif": ((12, 16), 8, LOGISTIC, "sidecar", "pq"),
}


JPEGS = {  # name: case of the matrix, cipher, carrier, key
    "420.jpg": ("ycc-420-plain-40x33", DEFAULT, "jpeg", "symmetric"),
    "progressive.jpg": ("odd-420-progressive-exif-thumbnail-6", AES, "jpeg", "x25519"),
    "gray.jpg": ("gray-optimize-40x33", LOGISTIC, "jpeg", "passphrase"),
    "transcoded.jpg": ("arithmetic", DEFAULT, "jpeg", "pq"),
    "beside.jpg": ("ycc-422-restart-1B-40x33", DEFAULT, "jpeg-sidecar", "symmetric"),
}
FACES = [Region(3, 5, 12, 14), Region(10, 8, 30, 20)]


def plain(shape, bits):
    """Sample number n is (2477 n + 13) mod 2^bits, low byte first."""
    count = int(np.prod(shape))
    samples = (np.arange(count, dtype=np.uint64) * 2477 + 13) % 2**bits
    return samples.astype(f"<u{bits // 8}").reshape(shape)


def pixels(folder):
    folder.mkdir(exist_ok=True)
    alice, bob, secret = (
        Identity.generate(),
        Identity.generate(pq=True),
        SecretKey(bytes(range(32))),
    )
    for name, key in (("x25519", alice), ("pq", bob), ("symmetric", secret)):
        key.save(folder / f"{name}.key.txt")
    for name, key in (("x25519", alice), ("pq", bob)):
        (folder / f"{name}.recipient.txt").write_text(f"{key.recipient}\n")
    recipients = {"x25519": alice.recipient, "pq": bob.recipient, "symmetric": secret}
    recipients["passphrase"] = Passphrase(PASSPHRASE)
    manifest = {}
    for name, (shape, bits, cipher, carrier, key) in CASES.items():
        image = plain(shape, bits)
        sealed = encrypt_image(image, recipients[key], regions=REGIONS, cipher=cipher)
        payload = Payload(sealed.header).to_bytes()
        chunks = ((b"fcRP", payload),) if carrier == "chunk" else ()
        data = encode_image(Path(name).suffix, sealed.image, chunks=chunks)
        (folder / name).write_bytes(data)
        if carrier == "sidecar":
            sidecar_path(folder / name, sealed.header).write_bytes(payload)
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        manifest[name] = {"carrier": carrier, "key": key, "sha256": digest}
        if name == "rgb.png":
            region_key(sealed, alice, 1).save(folder / "rgb.region-1.key.txt")
    # As files are sealed: regions widened to cells, what is shown beside the pixels in the header.
    image = plain((40, 56, 3), 8)
    colour = ((b"cICP", bytes([12, 13, 0, 1])), (b"gAMA", (45_455).to_bytes(4, "big")))
    source = Source(encode_image(".png", image, colour=colour))
    regions = [Region(3, 3, 20, 12), Region(16, 0, 48, 32, shape="ellipse")]
    (folder / "file.png").write_bytes(encode(source, [secret], Seal(regions=regions)).data)
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    manifest["file.png"] = {"carrier": "chunk", "key": "symmetric", "sha256": digest}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def jpegs(folder):
    from support.jpeg_matrix import cases, refused_cases

    secret = SecretKey.load(folder / "symmetric.key.txt")
    recipients = {
        name: load_recipients(folder / f"{name}.recipient.txt")[0] for name in ("x25519", "pq")
    }
    recipients |= {"symmetric": secret, "passphrase": Passphrase(PASSPHRASE)}
    plain = dict(cases()) | {name: data for name, data, _ in refused_cases()}
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, (case, cipher, carrier, key) in JPEGS.items():
        options = Seal(regions=FACES, cipher=cipher, sidecar=carrier == "jpeg-sidecar")
        sealed = encode(Source(plain[case]), [recipients[key]], options, suffix=".jpg")
        (folder / name).write_bytes(sealed.data)
        if sealed.beside is not None:
            sidecar_path(folder / name, sealed.header).write_bytes(sealed.beside)
        digest = hashlib.sha256(plain[case]).hexdigest()
        manifest[name] = {"carrier": carrier, "key": key, "sha256": digest}
        if name == "420.jpg":
            region_key(sealed.header, secret, 1).save(folder / "420.region-1.key.txt")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def originals(folder):
    """Files that are kept as they are, deflated, and without their rows."""
    secret = SecretKey.load(folder / "symmetric.key.txt")
    image = plain((21, 33, 3), 8)
    webp = io.BytesIO()
    Image.fromarray(image).save(webp, "WEBP", lossless=True, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    rows = b"".join(row[:, ::-1].tobytes() + b"gap"[: -row.size % 4] for row in image[::-1])
    head = struct.pack(
        "<IHHIIiiHHIIiiII", 54 + len(rows), 0, 0, 54, 40, 33, 21, 1, 24, 0, 0, 0, 0, 0, 0
    )
    deep = plain((21, 33), 16)
    text = b"P3 33 21 255\n" + " ".join(map(str, image.reshape(-1))).encode() + b"\n"
    cases = {  # name: file that is sealed, suffix, mode of the private part
        "from-webp.png": (webp.getvalue(), ".webp", 0),
        "from-ppm.png": (text, ".ppm", 1),
        "from-bmp.png": (b"BM" + head + rows, ".bmp", 2),
        "from-pgm.tif": (b"P5 33 21 65535\n" + deep.byteswap().tobytes(), ".pgm", 2),
    }
    manifest = json.loads((folder / "manifest.json").read_text())
    for name, (data, suffix, mode) in cases.items():
        beside = name.endswith(".tif")
        source = Source(data, Path(f"plain{suffix}"))
        options = Seal(regions=FACES[:1], sidecar=beside)
        sealed = encode(source, [secret], options, suffix=Path(name).suffix)
        assert sealed.header.content.original == suffix
        assert pack(data, source.decode().pixels)[0] == mode
        (folder / name).write_bytes(sealed.data)
        if beside:
            sidecar_path(folder / name, sealed.header).write_bytes(sealed.beside)
        shown = deep if beside else image
        manifest[name] = {
            "carrier": "sidecar" if beside else "chunk",
            "key": "symmetric",
            "sha256": hashlib.sha256(shown.tobytes()).hexdigest(),
            "original": suffix,
            "original_sha256": hashlib.sha256(data).hexdigest(),
        }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    kinds = {"": pixels, "jpeg": jpegs, "originals": originals}
    kinds["".join(sys.argv[2:])](Path(sys.argv[1]))
