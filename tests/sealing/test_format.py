"""Format 1 is what docs/format.md says, and stays so."""

from pathlib import Path

import numpy as np
import pytest
from cryptography.exceptions import InvalidTag
from support import format1

from facecrypt import (
    Identity,
    Passphrase,
    Region,
    SecretKey,
    decrypt_file,
    encrypt_file,
    inspect,
    verify,
)
from facecrypt.media import read_image

VECTORS = Path(__file__).parents[1] / "vectors"
SECRET = bytes(range(32))
REGIONS = [Region(3, 2, 20, 16), Region(10, 8, 30, 22, shape="ellipse")]


def test_a_second_implementation_opens_what_this_one_writes(tmp_path, photo):
    from PIL import Image

    Image.fromarray(photo).save(tmp_path / "plain.png")
    encrypt_file(
        tmp_path / "plain.png", tmp_path / "sealed.png", SecretKey(SECRET), regions=REGIONS
    )
    assert (format1.decrypt(tmp_path / "sealed.png", SECRET) == photo).all()
    with pytest.raises(InvalidTag):
        format1.decrypt(tmp_path / "sealed.png", bytes(32))


@pytest.mark.parametrize(
    "identity",
    [
        SecretKey(SECRET),
        Passphrase("files of version 1 open for ever"),
        Identity.load(VECTORS / "sealed-v1.key.txt"),
        Identity.load(VECTORS / "sealed-v1-pq.key.txt"),
    ],
    ids=["secret-key", "passphrase", "x25519", "ml-kem"],
)
def test_the_stored_file_opens(tmp_path, identity):
    verify(VECTORS / "sealed-v1.png", identity)
    decrypt_file(VECTORS / "sealed-v1.png", tmp_path / "plain.png", identity)
    y, x = np.mgrid[0:24, 0:32]
    expected = np.stack([8 * x, 10 * y, 4 * (x + y)], axis=-1).astype(np.uint8)
    assert (read_image(tmp_path / "plain.png").pixels == expected).all()
    assert [region.box for region in inspect(VECTORS / "sealed-v1.png").regions] == [
        (3, 2, 20, 16),
        (10, 8, 30, 22),
    ]
