"""Wrote the sealed files of tests/vectors/sealed once; tests never run it.

They are frozen: every later release opens them. The hashes are of the plain pixels, which
a formula gives. Run by hand:

    python tests/vectors/generate_sealed.py tests/vectors/sealed
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path

import numpy as np

from facecrypt import Identity, Passphrase, Region, SecretKey, encrypt_image, region_key
from facecrypt.media import encode_image
from facecrypt.sealing.carriers.sidecar_names import sidecar_path

PASSPHRASE = "files of version 1 open for ever"
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


def plain(shape, bits):
    """Sample number n is (2477 n + 13) mod 2^bits, low byte first."""
    count = int(np.prod(shape))
    samples = (np.arange(count, dtype=np.uint64) * 2477 + 13) % 2**bits
    return samples.astype(f"<u{bits // 8}").reshape(shape)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
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
        header = sealed.header.to_bytes()
        chunks = ((b"fcRP", header),) if carrier == "chunk" else ()
        data = encode_image(Path(name).suffix, sealed.image, chunks=chunks)
        (folder / name).write_bytes(data)
        if carrier == "sidecar":
            sidecar_path(folder / name, sealed.header).write_bytes(header)
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        manifest[name] = {"carrier": carrier, "key": key, "sha256": digest}
        if name == "rgb.png":
            region_key(sealed, alice, 1).save(folder / "rgb.region-1.key.txt")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
