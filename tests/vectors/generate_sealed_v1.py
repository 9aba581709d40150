"""Made tests/vectors/sealed-v1.png, once, with the release that first wrote format 1.

The file is frozen: it is there to be opened by every later release. Run by hand:

    python tests/vectors/generate_sealed_v1.py tests/vectors
"""

import sys
from pathlib import Path

import numpy as np

from facecrypt import Identity, Passphrase, Region, SecretKey, encrypt_image
from facecrypt.media import encode_image

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    y, x = np.mgrid[0:24, 0:32]
    image = np.stack([8 * x, 10 * y, 4 * (x + y)], axis=-1).astype(np.uint8)
    alice, bob = Identity.generate(), Identity.generate(pq=True)
    alice.save(folder / "sealed-v1.key.txt")
    bob.save(folder / "sealed-v1-pq.key.txt")
    recipients = [
        SecretKey(bytes(range(32))),
        Passphrase("files of version 1 open for ever"),
        alice.recipient,
        bob.recipient,
    ]
    regions = [Region(3, 2, 20, 16), Region(10, 8, 30, 22, shape="ellipse")]
    sealed = encrypt_image(image, recipients, regions=regions)
    header = ((b"fcRP", sealed.header.to_bytes()),)
    (folder / "sealed-v1.png").write_bytes(encode_image(".png", sealed.image, chunks=header))
