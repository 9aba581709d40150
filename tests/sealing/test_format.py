"""Format 2 is what docs/format.md says, and stays so."""

from pathlib import Path

import pytest
from support import second_reader

from facecrypt import (
    Region,
    SecretKey,
    UnsupportedVersionError,
    encrypt_file,
    inspect,
    verify,
)

VECTORS = Path(__file__).parents[1] / "vectors"
SECRET = bytes(range(32))
REGIONS = [Region(3, 2, 20, 16), Region(10, 8, 30, 22, shape="ellipse")]


def test_a_second_implementation_opens_what_this_one_writes(tmp_path, photo):
    from PIL import Image

    Image.fromarray(photo).save(tmp_path / "plain.png")
    key, path = SecretKey(SECRET), tmp_path / "sealed.png"
    encrypt_file(tmp_path / "plain.png", path, key, regions=REGIONS)

    def opened(secret):
        secret.save(tmp_path / "key.txt", overwrite=True)
        text = (tmp_path / "key.txt").read_text().splitlines()[-1]
        return second_reader.open_picture(path, second_reader.png_chunk, "symmetric", text)

    assert (opened(key) == photo).all()
    with pytest.raises(AssertionError, match="no wrapped key"):
        opened(SecretKey(bytes(32)))


def test_files_of_a_pre_release_say_so(tmp_path):
    message = "format version 1 was written by a pre-release.*seal the original again"
    for command in (inspect, lambda path: verify(path, SecretKey(SECRET))):
        with pytest.raises(UnsupportedVersionError, match=message):
            command(VECTORS / "sealed-v1.png")
