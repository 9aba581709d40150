"""Wrong arguments: what was expected, what came, and what to do."""

import re

import numpy as np
import pytest

import facecrypt as fc

IMAGE = np.zeros((8, 8, 3), np.uint8)
KEY = fc.SecretKey.generate()
SEALED = fc.encrypt_image(IMAGE, KEY, regions=[fc.Region(0, 0, 4, 4)])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: fc.encrypt_image(IMAGE, KEY, regions=[(1, 2, 3, 4)]),
            "region 0 must be a facecrypt.Region, received tuple; Region(x0, y0, x1, y1) makes one",
        ),
        (
            lambda: fc.encrypt_image(IMAGE, KEY, regions=fc.Region(0, 0, 1, 1)),
            "regions must be a sequence of Region, received Region(x0=0, y0=0, x1=1, y1=1, "
            "shape='box', score=None, landmarks=None); put it in a list",
        ),
        (
            lambda: fc.encrypt_image(IMAGE, KEY, detector=lambda image: []),
            "detector must be an object with a method detect(image) that returns Regions, such as "
            "MTCNN(), received function",
        ),
        (
            lambda: fc.encrypt_image(IMAGE, KEY, detector=fc.MTCNN),
            "detector must be an object with a method detect(image) that returns Regions, such as "
            "MTCNN(), received the class MTCNN",
        ),
        (
            lambda: fc.decrypt_image(IMAGE, KEY),
            "sealed must be a facecrypt.Sealed, received ndarray; encrypt_image gives one, and "
            "decrypt_file opens a file",
        ),
        (
            lambda: fc.inspect(b""),
            "expected the path of a sealed picture, received bytes; decrypt_image opens one in "
            "memory",
        ),
        (
            lambda: fc.verify(IMAGE, KEY),
            "expected the path of a sealed picture, received ndarray; decrypt_image opens one in "
            "memory",
        ),
        (
            lambda: fc.decrypt_image(SEALED, "key.txt"),
            "expected an identity, received str; Identity.load reads a private key's file, "
            "SecretKey.load a symmetric key's",
        ),
        (
            lambda: fc.encrypt_image(IMAGE, b"fc1"),
            "expected a recipient, received bytes; Recipient.parse reads public keys, "
            "SecretKey.load symmetric ones",
        ),
        (
            lambda: fc.decrypt_image(SEALED, KEY, regions=0),
            "regions must be a sequence of numbers, received 0; put it in a list",
        ),
        (
            lambda: fc.decrypt_image(SEALED, KEY, regions=["0"]),
            "the number of a region must be an integer, received '0'",
        ),
        (
            lambda: fc.region_key(IMAGE, KEY, 0),
            "expected a facecrypt.Sealed or its Header, received ndarray; inspect reads the header "
            "of a file",
        ),
        (lambda: fc.Recipient.parse(5), "expected a public key as text, received int"),
        (lambda: fc.Identity.parse(b"x"), "expected a private key as text, received bytes"),
    ],
)
def test_misuse(call, said):
    with pytest.raises(TypeError, match=f"^{re.escape(said)}$"):
        call()


def test_what_is_no_misuse():
    box = fc.Region(0, 0, 4, 4)
    for regions in [box], (box,), iter([box]):
        assert fc.encrypt_image(IMAGE, KEY, regions=regions).header.regions == (box,)
    assert not fc.decrypt_image(SEALED, KEY, regions=np.array([0])).any()
    assert fc.region_key(SEALED, KEY, np.int64(0)) == fc.region_key(SEALED, KEY, 0)
