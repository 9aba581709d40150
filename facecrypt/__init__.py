"""Find faces in pictures, encrypt exactly those pixels, give them back to whoever holds a key."""

from facecrypt._version import __version__
from facecrypt.api import (
    Verified,
    decrypt_file,
    decrypt_image,
    encrypt_file,
    encrypt_image,
    inspect,
    region_key,
    verify,
)
from facecrypt.backends import available as available_backends
from facecrypt.batch import Result, Summary, decrypt_files, encrypt_files
from facecrypt.chaos import LogisticKey, logistic_lanes, logistic_sequence, xor_lanes
from facecrypt.container import Header, Sealed
from facecrypt.detector import MTCNN
from facecrypt.errors import (
    AuthenticationError,
    BackendUnavailableError,
    ContainerError,
    FacecryptError,
    KeyFormatError,
    MediaError,
    ModelError,
    NotSealedError,
    UnknownSchemeError,
    UnsupportedVersionError,
    WeakKeyError,
)
from facecrypt.keys import Identity, Passphrase, Recipient, RegionKey, SecretKey
from facecrypt.regions import Region

__all__ = [
    "MTCNN",
    "AuthenticationError",
    "BackendUnavailableError",
    "ContainerError",
    "FacecryptError",
    "Header",
    "Identity",
    "KeyFormatError",
    "LogisticKey",
    "MediaError",
    "ModelError",
    "NotSealedError",
    "Passphrase",
    "Recipient",
    "Region",
    "RegionKey",
    "Result",
    "Sealed",
    "SecretKey",
    "Summary",
    "UnknownSchemeError",
    "UnsupportedVersionError",
    "Verified",
    "WeakKeyError",
    "__version__",
    "available_backends",
    "decrypt_file",
    "decrypt_files",
    "decrypt_image",
    "encrypt_file",
    "encrypt_files",
    "encrypt_image",
    "inspect",
    "logistic_lanes",
    "logistic_sequence",
    "region_key",
    "verify",
    "xor_lanes",
]
