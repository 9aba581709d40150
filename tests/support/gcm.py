"""GCM by the definition in NIST SP 800-38D, and what its tag does not promise.

AES-GCM authenticates, and commits neither to a key nor, before those who know it, to a ciphertext.
One linear equation for one block makes a text that opens under two keys (Dodis, Grubbs, Ristenpart,
Woodage, "Fast Message Franking", CRYPTO 2018), or another text with a tag that is given.
"""

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

__all__ = ["keystream", "open_under_both", "with_tag"]

_R = 0xE1 << 120


def keystream(key: bytes, nonce: bytes, size: int) -> bytes:
    """What AES-GCM adds to plain bytes."""
    counter = modes.CTR(nonce + (2).to_bytes(4, "big"))
    return Cipher(algorithms.AES(key), counter).encryptor().update(bytes(size))


def open_under_both(keys: list, aad: bytes, text: bytes) -> bytes:
    """Ciphertext and tag that are authentic under two (key, nonce).

    The text has whole blocks, of which the last is overwritten.
    """
    assert len(text) % 16 == 0
    text = text[:-16] + bytes(16)
    hashes = [int.from_bytes(_encrypted(key, bytes(16)), "big") for key, _ in keys]
    masks = [int.from_bytes(_encrypted(key, n + b"\0\0\0\1"), "big") for key, n in keys]
    difference = masks[0] ^ masks[1]
    for h in hashes:
        difference ^= _ghash(h, aad, text)
    # The last block is multiplied by the square of each key's hash key.
    factor = _times(hashes[0], hashes[0]) ^ _times(hashes[1], hashes[1])
    text = text[:-16] + _times(difference, _inverse(factor)).to_bytes(16, "big")
    return text + (_ghash(hashes[0], aad, text) ^ masks[0]).to_bytes(16, "big")


def with_tag(key: bytes, nonce: bytes, aad: bytes, text: bytes, tag: bytes) -> bytes:
    """The text with another last block, so that it has this tag under this key and nonce."""
    assert len(text) % 16 == 0
    text = text[:-16] + bytes(16)
    h = int.from_bytes(_encrypted(key, bytes(16)), "big")
    mask = int.from_bytes(_encrypted(key, nonce + b"\0\0\0\1"), "big")
    missing = int.from_bytes(tag, "big") ^ mask ^ _ghash(h, aad, text)
    # The last block is multiplied by the square of the hash key.
    return text[:-16] + _times(missing, _inverse(_times(h, h))).to_bytes(16, "big")


def _encrypted(key: bytes, block: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)


def _times(x: int, y: int) -> int:
    product = 0
    for bit in range(127, -1, -1):
        if y >> bit & 1:
            product ^= x
        x = (x >> 1) ^ (_R if x & 1 else 0)
    return product


def _inverse(x: int) -> int:
    result, power = 1 << 127, x
    for bit in range(128):
        if (2**128 - 2) >> bit & 1:
            result = _times(result, power)
        power = _times(power, power)
    return result


def _ghash(h: int, aad: bytes, text: bytes) -> int:
    y = 0
    for data in aad, text:
        for at in range(0, len(data), 16):
            y = _times(y ^ int.from_bytes(data[at : at + 16].ljust(16, b"\0"), "big"), h)
    return _times(y ^ (len(aad) * 8 << 64 | len(text) * 8), h)
