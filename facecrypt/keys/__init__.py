"""Who may open: identities, recipients, passphrases, wrapping, keys as text."""

from facecrypt.keys.identities import Identity, RegionKey, SecretKey, load_identity
from facecrypt.keys.kinds import Kind, kinds_of
from facecrypt.keys.passphrases import Passphrase
from facecrypt.keys.recipients import Recipient, load_recipients
from facecrypt.keys.wrapping import (
    STANZA_TYPES,
    WRAPPED_SIZES,
    RecipientLike,
    Stanza,
    Unwraps,
    commitment,
    content_subkey,
    new_content_key,
    region_key,
    subkey,
    unb64,
)

__all__ = [
    "STANZA_TYPES",
    "WRAPPED_SIZES",
    "Identity",
    "Kind",
    "Passphrase",
    "Recipient",
    "RecipientLike",
    "RegionKey",
    "SecretKey",
    "Stanza",
    "Unwraps",
    "commitment",
    "content_subkey",
    "kinds_of",
    "load_identity",
    "load_recipients",
    "new_content_key",
    "region_key",
    "subkey",
    "unb64",
]
