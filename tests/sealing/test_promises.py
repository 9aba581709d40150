"""Promises of sealing, keys, vetting and the cascade that no other test would miss."""

import json

import numpy as np
import pytest

from facecrypt import (
    ContainerError,
    Region,
    SecretKey,
    decrypt_image,
    encrypt_image,
    region_key,
)
from facecrypt.chaos.vetting import check_key
from facecrypt.errors import AuthenticationError, WeakKeyError
from facecrypt.keys import RegionKey
from facecrypt.sealing.header import Header

KEY = SecretKey(bytes(range(32)))
BOXES = [Region(1, 1, 6, 6), Region(8, 2, 14, 9)]


def sealed(seed):
    image = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    return image, encrypt_image(image, KEY, regions=BOXES)


def test_region_keys_of_several_pictures_open_each_only_their_own():
    (plain, one), (_, two) = sealed(1), sealed(2)
    keys = [region_key(one, KEY, 0), region_key(two, KEY, 0), region_key(two, KEY, 1)]
    opened = decrypt_image(one, keys)
    assert (opened[1:6, 1:6] == plain[1:6, 1:6]).all()
    assert (opened[2:9, 8:14] == one.image[2:9, 8:14]).all()


def test_a_region_key_of_a_number_the_picture_lacks_is_an_error():
    _, one = sealed(1)
    with pytest.raises(AuthenticationError):
        decrypt_image(one, RegionKey(one.header.picture_id, 99, bytes(32)))


@pytest.mark.parametrize("edge", range(4))
def test_true_is_no_edge_of_a_box(edge):
    box = [0, 0, 5, 5]
    box[edge] = True
    with pytest.raises(TypeError, match="integer number of pixels"):
        Region(*box)


@pytest.mark.parametrize(
    "shape", [[12, 16, 0], [12, 16, 2], [12, 16, 5], [0, 16, 3], [12, 0, 3], [0, 0]]
)
def test_other_channels_and_empty_sides_are_refused(shape):
    fields = json.loads(encrypt_image(sealed(1)[0], KEY, regions=[]).header.to_bytes())
    fields["image"]["shape"] = shape
    data = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(ContainerError, match=r"2 or 3 integers of 1 to|channels"):
        Header.from_bytes(data)


@pytest.mark.parametrize(("mu", "d0"), [(3.96156, 0.38), (3.96149, 0.37), (3.96159, 0.286)])
def test_from_3_9_on_a_lyapunov_exponent_below_0_3_is_refused(mu, d0):
    with pytest.raises(WeakKeyError, match=r"below 0\.3"):
        check_key(mu, d0)
