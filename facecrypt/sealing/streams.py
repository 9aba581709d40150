"""Parts too long for memory: a STREAM of chunks, each encrypted and authenticated by itself.

The construction is that of Hoang, Reyhanitabar, Rogaway and Vizár (2015): a nonce counts the
chunks and marks the last one, so none can be dropped, doubled, moved or cut off.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from facecrypt import chaos
from facecrypt.errors import ContainerError, MediaError
from facecrypt.keys import subkey
from facecrypt.sealing.ciphers import SEALED, wrong_key

__all__ = [
    "CHUNK",
    "Plain",
    "SealedStream",
    "Span",
    "StreamKey",
    "open_stream",
    "plain_size",
    "sealed_size",
]

# As of the sealing stream, so that the two line up.
CHUNK = 4 << 20
_TAG = 16


class Plain(NamedTuple):
    """What is to be sealed: files that are read one after another, and how much they hold."""

    files: Iterable[BinaryIO]
    size: int


@dataclass(frozen=True)
class Span:
    """Where something lies in a file."""

    start: int
    size: int

    def __len__(self) -> int:
        return self.size

    @property
    def end(self) -> int:
        return self.start + self.size


class StreamKey(NamedTuple):
    """What a part is sealed under.

    Parameters
    ----------
    key : bytes
        32 bytes, never used for other data.
    cipher : str
        ``"logistic+aes-256-gcm"`` or ``"aes-256-gcm"``.
    aad : bytes
        32 bytes, authenticated with each chunk.
    backend : str
    """

    key: bytes
    cipher: str
    aad: bytes
    backend: str = "auto"


def sealed_size(size: int) -> int:
    """How long the ciphertext of so many bytes is: with the tag of each chunk but the last."""
    return size + _TAG * (_chunks(size) - 1)


def plain_size(size: int) -> int:
    """The inverse of :func:`sealed_size`; ContainerError where no ciphertext is so long."""
    whole, rest = divmod(size, CHUNK + _TAG)
    if size > CHUNK and not 0 < rest <= CHUNK:
        raise ContainerError("the payload is damaged: a part has a length that there is not")
    return size - _TAG * (whole if rest else 0)


class SealedStream:
    """A part of any length, encrypted and authenticated chunk by chunk.

    Iterating gives the ciphertext, piece by piece; the next piece overwrites the last.

    Parameters
    ----------
    plain : Plain
    key : StreamKey

    Attributes
    ----------
    tag : bytes
        Of the last chunk, when all pieces were taken.
    """

    def __init__(self, plain: Plain, key: StreamKey) -> None:
        self._plain, self._key = plain, key
        self.tag = b""

    def __iter__(self) -> Iterator[bytes | memoryview]:
        """Encrypt; MediaError where the files hold less than was said."""
        chunks, last = _Chunks(self._key), _chunks(self._plain.size) - 1
        for number, data in enumerate(_blocks(self._plain)):
            if number:
                yield self.tag
            sealed, self.tag = chunks.seal(number, data, last=number == last)
            yield sealed.data


def open_stream(
    file: BinaryIO, span: Span, tag: bytes, key: StreamKey, *, digest: bytes | None = None
) -> Iterator[memoryview]:
    """Check and decrypt a part, chunk by chunk; the inverse of :class:`SealedStream`.

    Each chunk is authentic when it is given out, and all together only when the iterator ends
    without an error: nothing of them may be shown before. The next overwrites it.

    Parameters
    ----------
    file : binary file
    span : Span
        Of the ciphertext.
    tag : bytes
        Of the last chunk.
    key : StreamKey
    digest : bytes, optional
        What the ciphertext has to hash to.

    Raises
    ------
    AuthenticationError
        Ciphertext, tag, key or aad is not what it was.
    ContainerError
        The file ends before the part does.
    """
    chunks, digester = _Chunks(key), hashlib.sha256(SEALED)
    plain_size(span.size)  # refuses what is cut within a tag
    file.seek(span.start)
    left, number = span.size, 0
    # Fresh memory for each chunk would cost as much as the cipher.
    buffer = memoryview(bytearray(min(span.size, CHUNK + _TAG)))
    while True:
        last = left <= CHUNK
        data = buffer[: min(left, CHUNK + _TAG)]
        _fill(data, file)
        left -= len(data)
        if digest is not None:
            digester.update(data)
        sealed, own = (data, tag) if last else (data[:CHUNK], bytes(data[CHUNK:]))
        plain = chunks.open(number, sealed, own, last=last)
        if last and digest is not None and not hmac.compare_digest(digester.digest(), digest):
            raise wrong_key("video")
        yield plain.data
        if last:
            return
        number += 1


class _Chunks:
    """The cipher of each chunk of one part."""

    def __init__(self, key: StreamKey) -> None:
        self._aes = algorithms.AES(subkey(key.key, b"facecrypt v2 stream"))
        self._chaos = subkey(key.key, b"facecrypt v2 logistic")
        self._aad, self._backend = key.aad, key.backend
        self._mixed = key.cipher != "aes-256-gcm"
        self._buffer = np.empty(CHUNK, np.uint8)

    def seal(self, number: int, data: np.ndarray, *, last: bool) -> tuple[np.ndarray, bytes]:
        self._mix(data, number)
        gcm = Cipher(self._aes, modes.GCM(_nonce(number, last=last))).encryptor()
        gcm.authenticate_additional_data(self._aad)
        out = self._buffer[: len(data)]
        gcm.update_into(data.data, out.data)
        gcm.finalize()
        return out, gcm.tag

    def open(self, number: int, data: memoryview, tag: bytes, *, last: bool) -> np.ndarray:
        gcm = Cipher(self._aes, modes.GCM(_nonce(number, last=last), tag)).decryptor()
        gcm.authenticate_additional_data(self._aad)
        out = self._buffer[: len(data)]
        gcm.update_into(data, out.data)
        try:
            gcm.finalize()
        except InvalidTag:
            raise wrong_key("video") from None
        self._mix(out, number)
        return out

    def _mix(self, data: np.ndarray, number: int) -> None:
        if self._mixed:
            chaos.seal_stream_xor(
                data, self._chaos, first=number, threads=1, out=data, backend=self._backend
            )


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _chunks(size: int) -> int:
    """How many chunks there are: of nothing, too, there is one."""
    return max(1, -(-size // CHUNK))


def _blocks(plain: Plain) -> Iterator[np.ndarray]:
    """What the files hold, in blocks of a chunk; each is overwritten by the next."""
    buffer = np.empty(min(CHUNK, plain.size), np.uint8)
    files = iter(plain.files)
    file = next(files, None)
    for start in range(0, max(plain.size, 1), CHUNK):
        block = buffer[: plain.size - start]
        filled = 0
        while filled < len(block):
            count = 0 if file is None else file.readinto(block[filled:].data)  # type: ignore[attr-defined]
            if file is None:
                raise MediaError("became shorter while it was read; try again when it is at rest")
            if not count:
                file = next(files, None)
            filled += count
        yield block


def _fill(data: memoryview, file: BinaryIO) -> None:
    if file.readinto(data) < len(data):  # type: ignore[attr-defined]
        raise ContainerError("the payload is damaged: it is cut short")
