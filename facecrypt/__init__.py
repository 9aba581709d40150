"""Find faces in pictures and videos, encrypt exactly those, give them back to whoever has a key."""

from importlib import import_module

try:
    import_module("facecrypt._native")
except ModuleNotFoundError as error:
    if error.name != "facecrypt._native":
        raise
    raise ImportError(
        f"{__path__[0]} is the source of facecrypt, and its compiled part is missing: run "
        "'pip install -e .' in the folder that holds it (needs a C++17 compiler), or run Python "
        "from another folder to use the installed package"
    ) from None

from facecrypt._version import __version__
from facecrypt.backends import available as available_backends
from facecrypt.chaos import LogisticKey, logistic_lanes, logistic_sequence, xor_lanes
from facecrypt.detector import MTCNN
from facecrypt.errors import (
    AuthenticationError,
    BackendUnavailableError,
    ContainerError,
    FacecryptError,
    ForgottenError,
    KeyFormatError,
    MediaError,
    ModelError,
    NotSealedError,
    TooManyFacesError,
    UnknownSchemeError,
    UnsupportedVersionError,
    WeakKeyError,
)
from facecrypt.jobs.rewriting import forget_files, rewrap_files
from facecrypt.jobs.sealing import decrypt_files, encrypt_files
from facecrypt.jobs.summary import Result, Summary
from facecrypt.keys import Identity, Passphrase, Recipient, RegionKey, SecretKey
from facecrypt.regions import Region
from facecrypt.sealing.files import Verified, decrypt_file, encrypt_file, inspect, verify
from facecrypt.sealing.forgetting import forget_regions
from facecrypt.sealing.header import Header
from facecrypt.sealing.images import decrypt_image, encrypt_image, region_key
from facecrypt.sealing.options import VideoOptions
from facecrypt.sealing.pixels import Sealed
from facecrypt.sealing.rewrapping import rewrap_file

__all__ = [
    "MTCNN",
    "AuthenticationError",
    "BackendUnavailableError",
    "ContainerError",
    "FacecryptError",
    "ForgottenError",
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
    "TooManyFacesError",
    "UnknownSchemeError",
    "UnsupportedVersionError",
    "Verified",
    "VideoOptions",
    "WeakKeyError",
    "__version__",
    "available_backends",
    "decrypt_file",
    "decrypt_files",
    "decrypt_image",
    "encrypt_file",
    "encrypt_files",
    "encrypt_image",
    "forget_files",
    "forget_regions",
    "inspect",
    "logistic_lanes",
    "logistic_sequence",
    "region_key",
    "rewrap_file",
    "rewrap_files",
    "verify",
    "xor_lanes",
]
