"""Who holds the key of a region reads its face, and cannot put another one there.

Whoever knows the key and the nonce of AES-GCM makes another ciphertext with the same tag, so tags
bind nothing for them: the header has a digest of each region's ciphertext.
"""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from support.gcm import keystream, with_tag
from support.sealed_jpegs import KEY, opened, packets, photo, save, seal
from support.second_reader.header import LABEL, expand
from support.second_reader.picture import keystream as sealing_stream

from facecrypt import AuthenticationError, Region, Sealed, decrypt_image, encrypt_image, region_key
from facecrypt.media import jpeg
from facecrypt.sealing import parts
from facecrypt.sealing.payload import START, Payload

FACE = Region(16, 16, 48, 48)


def replaced(header, holder, plain: bytes) -> bytes:
    """Ciphertext of another face, made with the key of the region alone: it has the same tag.

    Its last 16 bytes are what they come out as.
    """
    plain += bytes(-len(plain) % 16 + 16)
    if header.cipher.startswith("logistic"):
        chaos = sealing_stream(expand(holder.key, LABEL + b"logistic"), len(plain))
        plain = bytes(a ^ b for a, b in zip(plain, chaos, strict=True))
    both = expand(holder.key, LABEL + b"aes-256-gcm", 44)
    stream = keystream(both[:32], both[32:], len(plain))
    text = bytes(a ^ b for a, b in zip(plain, stream, strict=True))
    return with_tag(both[:32], both[32:], header.aad(), text, header.tags[holder.index])


def gcm_opens(header, holder, text: bytes) -> bytes:
    """What AES-GCM gives with the tag in the header: AES-GCM sees nothing."""
    both = expand(holder.key, LABEL + b"aes-256-gcm", 44)
    tag = header.tags[holder.index]
    return AESGCM(both[:32]).decrypt(both[32:], text + tag, header.aad())


@pytest.mark.parametrize("cipher", ["logistic+aes-256-gcm", "aes-256-gcm"])
def test_no_other_face_goes_into_a_picture(cipher):
    plain = photo()
    sealed = encrypt_image(plain, KEY, regions=[FACE], cipher=cipher)
    holder, header = region_key(sealed, KEY, 0), sealed.header
    text = replaced(header, holder, bytes([7]) * (32 * 32 * 3 - 16))
    assert len(gcm_opens(header, holder, text)) == 32 * 32 * 3
    picture = sealed.image.copy()
    picture[16:48, 16:48] = np.frombuffer(text, np.uint8).reshape(32, 32, 3)
    for identity in KEY, holder:
        assert (decrypt_image(sealed, identity) == plain).all()
        with pytest.raises(AuthenticationError, match="was changed after sealing"):
            decrypt_image(Sealed(picture, header), identity)


@pytest.mark.parametrize("cipher", ["logistic+aes-256-gcm", "aes-256-gcm"])
def test_no_other_face_goes_into_a_jpeg(cipher, tmp_path):
    sealed = seal(save(tmp_path / "one.jpg"), [FACE], cipher=cipher)
    other = seal(save(tmp_path / "other.jpg", photo(seed=1)), [FACE], cipher=cipher)
    payload, face = payload_of(sealed), plain_region(other)
    header, holder = payload.header, region_key(payload.header, KEY, 0)
    text = replaced(header, holder, face)
    assert len(gcm_opens(header, holder, text)) == len(text)
    before, _, after = packets(sealed)
    boxes = replace(payload, regions=[text]).to_bytes()
    forged = before + jpeg.packets(boxes) + after
    for identity in KEY, holder:
        assert opened(sealed, identity).regions == (0,)
        with pytest.raises(AuthenticationError, match="was changed after sealing"):
            opened(forged, identity)


def payload_of(sealed: bytes) -> Payload:
    return Payload.from_bytes(jpeg.find_box(BytesIO(sealed), b"jumb", START))


def plain_region(sealed: bytes) -> bytes:
    payload = payload_of(sealed)
    data = np.array(payload.regions[0], np.uint8)
    key = region_key(payload.header, KEY, 0).key
    return parts.open_part(payload.header, 0, data, key).tobytes()
