"""What opens one way opens no other way: keys are committed to, and AES-GCM does not do it."""

import base64
import hashlib
import hmac
from dataclasses import replace

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from support.gcm import keystream, open_under_both
from support.second_reader.header import LABEL, canonical, expand

from facecrypt import (
    AuthenticationError,
    Passphrase,
    Region,
    Sealed,
    SecretKey,
    decrypt_image,
    encrypt_image,
    region_key,
)
from facecrypt.keys import RegionKey
from facecrypt.regions import PIXEL
from facecrypt.sealing import ciphers, parts
from facecrypt.sealing.content import Pixels
from facecrypt.sealing.header import Header
from facecrypt.sealing.pixels import public_digest

OWNER = SecretKey(bytes(range(32)))
CONTENT = hashlib.sha256(b"content").digest()
HONEST = expand(CONTENT, LABEL + b"region" + bytes(4))
OTHER = hashlib.sha256(b"other").digest()
FACE = Region(8, 8, 24, 24)
SIZE = 16 * 16 * 3


def forged(committed: bytes) -> Sealed:
    """One region that is authentic under two keys: one shows a 0xAA face, the other 0xBB.

    Each has its own half of the bytes; the forger chooses to whose key the header commits.
    """
    picture = np.full((32, 40, 3), 120, np.uint8)
    header = Header(
        Pixels((32, 40, 3), "uint8"),
        cipher="aes-256-gcm",
        regions=(FACE,),
        commitments=(expand(committed, LABEL + b"commitment"),),
        tags=(bytes(16),),
        digests=(bytes(32),),
        stanzas=(OWNER.wrap(CONTENT),),
        public_digest=public_digest(picture, [FACE], PIXEL),
    )
    keys = [material(key) for key in (HONEST, OTHER)]
    first, second = (keystream(key, nonce, SIZE) for key, nonce in keys)
    halves = bytes(first[i] ^ 0xAA if i % 2 else second[i] ^ 0xBB for i in range(SIZE))
    both = open_under_both(keys, header.aad(), halves)
    picture[8:24, 8:24] = np.frombuffer(both[:SIZE], np.uint8).reshape(16, 16, 3)
    header = replace(header, tags=(both[SIZE:],), digests=(digest(both[:SIZE]),))
    mac = hmac.digest(expand(CONTENT, LABEL + b"header"), header.mac_input(), "sha256")
    return Sealed(picture, replace(header, mac=mac))


def digest(sealed: bytes) -> bytes:
    return hashlib.sha256(LABEL + b"sealed" + sealed).digest()


def material(key: bytes) -> tuple:
    both = expand(key, LABEL + b"aes-256-gcm", 44)
    return both[:32], both[32:]


def ways(sealed: Sealed) -> dict:
    """The two keys that open the region, as their holders have them."""
    return {HONEST: OWNER, OTHER: RegionKey(sealed.header.picture_id, 0, OTHER)}


@pytest.mark.parametrize("committed", [HONEST, OTHER], ids=["content key", "region key"])
def test_a_region_that_is_authentic_under_two_keys_opens_under_one(committed):
    sealed = forged(committed)
    data = np.ascontiguousarray(sealed.image[8:24, 8:24]).reshape(-1)
    for key, identity in ways(sealed).items():
        # Neither AES-GCM nor the tag of the part tells the wrong one.
        raw, nonce = material(key)
        face = AESGCM(raw).decrypt(
            nonce, data.tobytes() + sealed.header.tags[0], sealed.header.aad()
        )
        assert parts.open_part(sealed.header, 0, data.copy(), key).tobytes() == face
        assert face[:-16].count(0xAA if key == HONEST else 0xBB) >= (SIZE - 16) // 2
        if key == committed:
            assert decrypt_image(sealed, identity)[8:24, 8:24].tobytes() == face
        else:
            with pytest.raises(AuthenticationError):
                decrypt_image(sealed, identity)


def test_the_forger_hands_out_no_region_key_that_the_header_does_not_commit_to():
    assert region_key(forged(HONEST), OWNER, 0).key == HONEST
    with pytest.raises(AuthenticationError):
        region_key(forged(OTHER), OWNER, 0)


def test_the_holder_of_a_region_key_cannot_put_another_face_there():
    sealed = encrypt_image(np.full((32, 40, 3), 120, np.uint8), OWNER, regions=[FACE])
    face, other = region_key(sealed, OWNER, 0), np.full(SIZE, 7, np.uint8)
    data, tag = ciphers.seal_part(other, face.key, sealed.header.cipher, sealed.header.aad())
    picture = sealed.image.copy()
    picture[8:24, 8:24] = data.reshape(16, 16, 3)
    forged = Sealed(picture, replace(sealed.header, tags=(tag,), digests=(digest(data.tobytes()),)))
    # The part itself is sound.
    assert (parts.open_part(forged.header, 0, data, face.key) == 7).all()
    for identity in face, OWNER:
        assert (decrypt_image(sealed, identity) == 120).all()
        with pytest.raises(AuthenticationError):
            decrypt_image(forged, identity)


@pytest.mark.parametrize("committed", [0, 1])
def test_a_wrapped_key_that_is_authentic_under_two_passphrases_opens_under_one(committed):
    words, salt, info = ("first words", "second words"), bytes(16), LABEL + b"content key"
    stretched = [
        Argon2id(salt=salt, length=32, iterations=1, lanes=1, memory_cost=8192).derive(w.encode())
        for w in words
    ]
    both = [expand(hmac.digest(bytes(16), key, "sha256"), info, 64) for key in stretched]
    keys = [(one[:32], bytes(12)) for one in both]
    wrapped = open_under_both(keys, info, bytes(range(32)))
    for key, nonce in keys:
        assert len(AESGCM(key).decrypt(nonce, wrapped, info)) == 32
    stanza = {
        "type": "argon2id",
        "salt": base64.b64encode(salt).decode(),
        "memory": 8192,
        "time": 1,
        "lanes": 1,
        "wrapped": base64.b64encode(bytes(16) + both[committed][32:] + wrapped).decode(),
    }
    assert Header.from_bytes(canonical(EMPTY | {"keys": [stanza]})).stanzas == (stanza,)
    opened = [Passphrase(word).unwrap(stanza) for word in words]
    assert opened[committed] == AESGCM(keys[committed][0]).decrypt(bytes(12), wrapped, info)
    assert opened[1 - committed] is None


EMPTY = {
    "carrier": "pixels",
    "cipher": "aes-256-gcm",
    "commitments": "",
    "digests": "",
    "format": "facecrypt",
    "image": {"dtype": "uint8", "grid": [1, 0, 0], "shape": [4, 4]},
    "mac": "00" * 32,
    "public_sha256": "00" * 32,
    "regions": [],
    "software": "",
    "tags": "",
    "version": 2,
}
