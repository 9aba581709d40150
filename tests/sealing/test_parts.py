"""Keys of parts outlive a change of recipients, and many parts cost no more than each."""

from dataclasses import replace

import numpy as np
import pytest

from facecrypt import (
    AuthenticationError,
    Identity,
    Passphrase,
    Region,
    Sealed,
    SecretKey,
    decrypt_image,
    encrypt_image,
    region_key,
)
from facecrypt.sealing import ciphers, header
from facecrypt.sealing.header import Header
from facecrypt.sealing.parts import rewrapped

KEY = SecretKey(bytes(range(32)))
FACES = [Region(2, 2, 20, 20), Region(24, 4, 40, 30)]


def test_region_keys_open_as_before_when_recipients_changed(photo):
    before = encrypt_image(photo, [KEY, Passphrase("go away")], regions=FACES)
    face = region_key(before, KEY, 1)
    new = Identity.generate()
    after = Sealed(before.image, rewrapped(before.header, [KEY], [new.recipient]))
    assert after.header.picture_id == before.header.picture_id
    opened = decrypt_image(after, face)
    assert (opened[4:30, 24:40] == photo[4:30, 24:40]).all()
    assert (opened[2:20, 2:20] == before.image[2:20, 2:20]).all()
    assert region_key(after, new, 1) == face
    assert (decrypt_image(after, new) == photo).all()
    for gone in KEY, Passphrase("go away"):
        with pytest.raises(AuthenticationError):
            decrypt_image(after, gone)


def test_other_recipients_are_all_that_changes(photo):
    before = encrypt_image(photo, KEY, regions=FACES).header
    after = rewrapped(before, [KEY], [SecretKey.generate(), KEY])
    assert replace(after, stanzas=before.stanzas, mac=before.mac) == before
    assert [stanza["type"] for stanza in after.stanzas] == ["secret-key"] * 2
    assert Header.from_bytes(after.to_bytes()) == after


def test_who_cannot_open_it_whole_cannot_change_its_recipients(photo):
    sealed = encrypt_image(photo, KEY, regions=FACES)
    for holder in SecretKey.generate(), region_key(sealed, KEY, 0):
        with pytest.raises(AuthenticationError):
            rewrapped(sealed.header, [holder], [SecretKey.generate()])
    changed = replace(sealed.header, software="x")
    with pytest.raises(AuthenticationError):
        rewrapped(changed, [KEY], [SecretKey.generate()])


@pytest.fixture
def work(monkeypatch):
    """The number of times that a header was written out, and the bytes that tags are made over."""
    written, authenticated = [], []
    canonical, seal, open_ = header.canonical, ciphers.seal_part, ciphers.open_part

    def writing(fields):
        written.append(text := canonical(fields))
        return text

    monkeypatch.setattr(header, "canonical", writing)
    monkeypatch.setattr(
        ciphers,
        "seal_part",
        lambda data, key, cipher, aad, **rest: (
            authenticated.append(len(aad)) or seal(data, key, cipher, aad, **rest)
        ),
    )
    monkeypatch.setattr(
        ciphers,
        "open_part",
        lambda data, tag, key, cipher, aad, **rest: (
            authenticated.append(len(aad)) or open_(data, tag, key, cipher, aad, **rest)
        ),
    )

    def done():
        result = len(written), list(authenticated)
        written.clear()
        authenticated.clear()
        return result

    return done


def test_the_cost_of_headers_does_not_grow_with_the_square_of_the_regions(work):
    image = np.zeros((16, 256), np.uint8)
    counts = {}
    for many in (1, 128):
        sealed = encrypt_image(image, KEY, regions=[Region(x, 0, x + 1, 1) for x in range(many)])
        sealing = work()
        read = Sealed(sealed.image, Header.from_bytes(sealed.header.to_bytes()))
        faces = [region_key(sealed, KEY, index) for index in range(many)]
        work()
        decrypt_image(read, KEY)
        opening = work()
        decrypt_image(Sealed(read.image, replace(read.header)), faces)
        by_faces = work()
        for _, authenticated in (sealing, opening, by_faces):
            assert authenticated == [32] * many
        counts[many] = sealing[0], opening[0], by_faces[0]
    assert counts[128] == counts[1]
    assert all(counts[1])
