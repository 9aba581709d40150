"""What the options of a command stand for: keys, boxes, a detector."""

import getpass
import os
from argparse import Namespace
from typing import Any

from facecrypt.boxes import load_boxes
from facecrypt.detector import MTCNN
from facecrypt.keys import Passphrase, Recipient, SecretKey, load_identity, load_recipients
from facecrypt.regions import Region

__all__ = ["detector", "detector_settings", "identities", "recipients", "regions"]

# A box that covers every picture a header can describe; it is clipped to each.
_WHOLE = 1 << 20


def _passphrase(*, confirm: bool = False, allow_costly: bool = False) -> Passphrase:
    given = os.environ.get("FACECRYPT_PASSPHRASE")
    if given is None:
        try:
            given = getpass.getpass("Passphrase: ")
            if confirm and getpass.getpass("Once more: ") != given:
                raise ValueError("the two passphrases differ")
        except EOFError:
            raise ValueError(
                "no passphrase was given; type it, or set $FACECRYPT_PASSPHRASE"
            ) from None
    return Passphrase(given, allow_costly=allow_costly)


def recipients(args: Namespace) -> list:
    """Whom to encrypt for; ValueError where the options name nobody."""
    found = [Recipient.parse(text) for text in args.recipient]
    for path in args.recipients_file:
        found += load_recipients(path)
    found += [SecretKey.load(path) for path in args.key]
    if args.passphrase:
        found.append(_passphrase(confirm=True))
    if not found:
        raise ValueError("say who may decrypt: -r PUBLIC_KEY, -R FILE, -k KEYFILE or -p")
    return found


def identities(args: Namespace) -> list:
    """What to decrypt with; ValueError where the options name nothing."""
    found = [load_identity(path) for path in args.identity]
    found += [SecretKey.load(path) for path in args.key]
    if args.passphrase:
        found.append(_passphrase(allow_costly=args.allow_costly))
    if not found:
        raise ValueError("say what to decrypt with: -i KEYFILE, -k KEYFILE or -p")
    return found


def detector_settings(args: Namespace) -> dict[str, Any]:
    """What the options say of the detector: arguments of :class:`MTCNN`."""
    settings = {"device": args.device}
    if args.preset is not None:
        settings["preset"] = args.preset
    if args.min_face is not None:
        settings["min_face_size"] = args.min_face
    if args.threshold is not None:
        settings["thresholds"] = args.threshold
    return settings


def detector(args: Namespace) -> MTCNN:
    """The detector as the options set it."""
    return MTCNN(**detector_settings(args))


def regions(args: Namespace) -> list[Region] | dict[str, list[Region]] | None:
    """What to encrypt, where the options say so; None to detect faces."""
    if args.whole and args.boxes:
        raise ValueError("--whole and --boxes exclude each other")
    if args.whole:
        return [Region(0, 0, _WHOLE, _WHOLE)]
    return load_boxes(args.boxes, shape=args.shape, grow=args.grow) if args.boxes else None
