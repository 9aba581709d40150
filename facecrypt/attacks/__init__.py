"""The attacks that break the schemes of :mod:`facecrypt.schemes`, to run and to measure.

None of those schemes is safe with a reused key: an attacker who may have one to three pictures
encrypted, or knows a few pairs, opens all others. Sealing (:func:`facecrypt.encrypt_image`) takes
a fresh key for each picture and authenticates, so nothing here works on it.
``docs/attacks.md`` has the figures.
"""

from facecrypt.attacks.demonstrate import Demonstration, demonstrate
from facecrypt.attacks.dispatch import chosen_plaintext, ciphertext_only, known_plaintext
from facecrypt.attacks.keystreams import two_time_pad
from facecrypt.attacks.oracle import Recovery
from facecrypt.attacks.pixelwise import algorithm1

__all__ = [
    "Demonstration",
    "Recovery",
    "algorithm1",
    "chosen_plaintext",
    "ciphertext_only",
    "demonstrate",
    "known_plaintext",
    "two_time_pad",
]
