"""A second implementation opens every kind of sealed file that this one writes."""

import itertools
import warnings

import numpy as np
import pytest
from support import second_reader

from facecrypt import Identity, Passphrase, Region, SecretKey, encrypt_image, region_key
from facecrypt.media import encode_image
from facecrypt.sealing.payload import Payload

REGIONS = [Region(1, 1, 9, 8), Region(5, 3, 14, 11, shape="ellipse"), Region(3, 6, 12, 12)]
SHAPES = [(12, 16), (12, 16, 1), (12, 16, 3), (12, 16, 4)]
CIPHERS = ["logistic+aes-256-gcm", "aes-256-gcm", "logistic"]
CARRIERS = {"chunk": ".png", "png": ".png", "tiff": ".tif"}


def picture(shape, dtype):
    count = int(np.prod(shape))
    return (np.arange(count, dtype=np.uint32) * 2477 + 13).astype(dtype).reshape(shape)


def stored(folder, sealed, carrier):
    path, payload = folder / ("a" + CARRIERS[carrier]), Payload(sealed.header).to_bytes()
    chunks = ((b"fcRP", payload),) if carrier == "chunk" else ()
    path.write_bytes(encode_image(path.suffix, sealed.image, chunks=chunks))
    if carrier == "chunk":
        return path, second_reader.png_chunk
    second_reader.sidecar_path(path, payload).write_bytes(payload)
    return path, second_reader.sidecar


def key_text(key, folder):
    key.save(folder / "key.txt", overwrite=True)
    lines = (folder / "key.txt").read_text().splitlines()
    return next(line for line in lines if line and not line.startswith("#"))


def seal(image, recipients, cipher=CIPHERS[0]):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return encrypt_image(image, recipients, regions=REGIONS, cipher=cipher)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize(
    ("cipher", "dtype", "shape"), [*itertools.product(CIPHERS, (np.uint8, np.uint16), SHAPES)]
)
def test_every_kind_of_picture_opens(tmp_path, carrier, cipher, dtype, shape):
    key, image = SecretKey(bytes(range(32))), picture(shape, dtype)
    path, read = stored(tmp_path, seal(image, key, cipher), carrier)
    opened = second_reader.open_picture(path, read, "symmetric", key_text(key, tmp_path))
    assert opened.shape == shape
    assert (opened == image).all()


@pytest.mark.parametrize("pq", [False, True])
def test_every_kind_of_key_opens(tmp_path, pq):
    from support.second_reader.keys import parse_key, public_of

    identity, image = Identity.generate(pq=pq), picture((12, 16, 3), np.uint8)
    sealed = seal(image, [Passphrase("caf\u00e9 au lait"), identity.recipient])
    path, read = stored(tmp_path, sealed, "chunk")
    for kind, text in (
        ("identity", key_text(identity, tmp_path)),
        ("passphrase", "cafe\u0301 au lait"),
    ):
        assert (second_reader.open_picture(path, read, kind, text) == image).all()
    recipient = parse_key("recipient", str(identity.recipient))
    assert recipient == public_of(parse_key("identity", key_text(identity, tmp_path)))
    text = str(region_key(sealed, identity, 0))
    opened = second_reader.open_picture(path, read, "region", text)
    assert (opened[1:8, 1:9] == image[1:8, 1:9]).all()
    assert (opened != image).any()
