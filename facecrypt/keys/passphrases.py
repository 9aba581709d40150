"""Passphrases: a key stretched with Argon2id both seals and opens."""

import os
import threading
import unicodedata
from typing import Any

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from facecrypt.errors import COSTLY, ContainerError, KeyFormatError
from facecrypt.keys.wrapping import (
    KEY_SIZE,
    Stanza,
    b64,
    unb64,
    unwrap_symmetric,
    wrap_symmetric,
)
from facecrypt.limits import ARGON2_USUAL

__all__ = ["Passphrase"]


class Passphrase:
    """A passphrase, stretched with Argon2id: once for all pictures it seals, and once for
    all pictures of one sealing job it opens.

    Parameters
    ----------
    text : str
        Compared in Unicode normal form C, so that keyboards agree.
    allow_costly : bool
        Try it also on a header that asks for more of Argon2id than this package writes
        (64 MiB, 3 passes, 4 lanes): a hostile one costs up to a minute and 1 GiB.

    Raises
    ------
    KeyFormatError
        The passphrase is empty, or no text.

    Examples
    --------
    >>> import numpy as np
    >>> from facecrypt import Region, decrypt_image, encrypt_image
    >>> photo, faces = np.full((48, 64, 3), 7, np.uint8), [Region(8, 8, 40, 40)]
    >>> sealed = encrypt_image(photo, Passphrase("correct horse battery"), regions=faces)
    >>> bool((decrypt_image(sealed, Passphrase("correct horse battery")) == photo).all())
    True
    """

    def __init__(self, text: str, *, allow_costly: bool = False):
        if not isinstance(text, str):
            raise TypeError(f"a passphrase must be text, received {type(text).__name__}")
        try:
            self._text = unicodedata.normalize("NFC", text).encode()
        except UnicodeEncodeError:
            raise KeyFormatError(
                "the passphrase holds bytes that are no text; give it in UTF-8, and in a locale "
                "of UTF-8"
            ) from None
        if not self._text:
            raise KeyFormatError("the passphrase is empty")
        self._allow_costly = allow_costly
        self._job_salt = os.urandom(16)
        self._keys: dict[tuple, bytes] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        # Locks stay where they are; what was stretched travels, for it took long.
        with self._lock:
            return {**self.__dict__, "_keys": dict(self._keys), "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def _stretch(self, salt: bytes, memory: int, time: int, lanes: int) -> bytes:
        parameters = (salt, memory, time, lanes)
        with self._lock:
            if parameters not in self._keys:
                kdf = Argon2id(
                    salt=salt, length=KEY_SIZE, iterations=time, lanes=lanes, memory_cost=memory
                )
                self._keys[parameters] = kdf.derive(self._text)
            return self._keys[parameters]

    def wrap(self, content_key: bytes) -> Stanza:
        cost = dict(zip(("memory", "time", "lanes"), ARGON2_USUAL, strict=True))
        kek = self._stretch(self._job_salt, **cost)
        wrapped = wrap_symmetric(kek, content_key)
        return {"type": "argon2id", "salt": b64(self._job_salt), **cost, "wrapped": wrapped}

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza["type"] != "argon2id":
            return None
        cost = stanza["memory"], stanza["time"], stanza["lanes"]
        if not self._allow_costly and any(
            asked > usual for asked, usual in zip(cost, ARGON2_USUAL, strict=True)
        ):
            raise ContainerError(
                "to try a passphrase, the header asks for Argon2id of {} KiB, {} passes, {} lanes; "
                "more than {} KiB, {} passes, {} lanes are not spent unasked".format(
                    *cost, *ARGON2_USUAL
                ),
                hint=COSTLY,
            )
        kek = self._stretch(unb64(stanza["salt"]), *cost)
        return unwrap_symmetric(kek, stanza["wrapped"])

    def __repr__(self) -> str:
        return "<Passphrase>"
