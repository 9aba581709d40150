"""Options that name keys, and the keys they name."""

import argparse
import getpass
import os
import stat
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from facecrypt.cli.escapes import shown
from facecrypt.cli.terminal import say
from facecrypt.keys import (
    Passphrase,
    Recipient,
    RecipientLike,
    RegionKey,
    SecretKey,
    Unwraps,
    load_identity,
    load_recipients,
)

__all__ = [
    "OPENING",
    "SEALING",
    "add_identities",
    "add_new_recipients",
    "add_recipients",
    "given",
    "identities",
    "new_key_passphrase",
    "new_recipients",
    "recipients",
    "warn_of_readers",
]

SEALING = "(-r PUBLIC_KEY | -R FILE | -k KEYFILE | -p)"
_KEY_VARIABLE = "FACECRYPT_KEY_PASSPHRASE"
OPENING = "(-i KEYFILE | -k KEYFILE | -p)"


def add_recipients(sub: ArgumentParser) -> None:
    """Options that say who may decrypt."""
    group = sub.add_argument_group("keys (at least one; who holds any of them can decrypt)")
    _add_public(group)
    _add_shared(group)


def add_new_recipients(sub: ArgumentParser) -> None:
    """Options that say who may decrypt from now on, beside those of :func:`add_identities`."""
    group = sub.add_argument_group("who may decrypt from now on")
    _add_public(group)
    group.add_argument(
        "--new-key",
        action="append",
        default=[],
        metavar="KEYFILE",
        help="a symmetric key as 'keygen --symmetric' writes it; may be given again",
    )
    group.add_argument(
        "--new-passphrase",
        action="store_true",
        help="ask for a new passphrase, or take $FACECRYPT_NEW_PASSPHRASE",
    )


def _add_public(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-r",
        "--recipient",
        action="append",
        default=[],
        metavar="PUBLIC_KEY",
        help="the key itself, fc1…, as keygen prints it; may be given again",
    )
    group.add_argument(
        "-R",
        "--recipients-file",
        action="append",
        default=[],
        metavar="FILE",
        help="a file of public keys, one a line; may be given again",
    )


def add_identities(sub: ArgumentParser, title: str = "keys (at least one)") -> None:
    """Options that say what to decrypt with."""
    group = sub.add_argument_group(title)
    group.add_argument(
        "-i",
        "--identity",
        action="append",
        default=[],
        metavar="KEYFILE",
        help="a private key as keygen writes it, or a region key; may be given again. The "
        "passphrase of a locked one is asked for, or $FACECRYPT_KEY_PASSPHRASE",
    )
    _add_shared(group)
    group.add_argument(
        "--allow-costly", action="store_true", help="with -p: spend up to a minute and 1 GiB"
    )


def _add_shared(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-k",
        "--key",
        action="append",
        default=[],
        metavar="KEYFILE",
        help="a symmetric key as 'keygen --symmetric' writes it; may be given again",
    )
    group.add_argument(
        "-p",
        "--passphrase",
        action="store_true",
        help="ask for a passphrase, or take $FACECRYPT_PASSPHRASE",
    )


def recipients(args: Namespace) -> list[RecipientLike]:
    """Whom to encrypt for; ValueError where the options name nobody."""
    found = [*_public(args), *_secret_keys(args.key, quiet=args.quiet)]
    if args.passphrase:
        found.append(_passphrase(confirm=True))
    if not found:
        raise ValueError("say who may decrypt: -r PUBLIC_KEY, -R FILE, -k KEYFILE or -p")
    return found


def new_recipients(args: Namespace) -> list[RecipientLike]:
    """Who may decrypt from now on; there may be nobody."""
    found = [*_public(args), *_secret_keys(args.new_key, quiet=args.quiet)]
    if args.new_passphrase:
        found.append(_passphrase("FACECRYPT_NEW_PASSPHRASE", "New passphrase: ", confirm=True))
    return found


def _public(args: Namespace) -> list[RecipientLike]:
    found: list[RecipientLike] = [_recipient(text) for text in args.recipient]
    for path in args.recipients_file:
        found += load_recipients(_file(path))
    return found


def identities(args: Namespace, *, needed: bool = True) -> list[Unwraps | RegionKey]:
    """What to decrypt with; ValueError where the options name nothing and it is needed."""
    found: list[Unwraps | RegionKey] = [
        load_identity(_file(path), passphrase=partial(_key_passphrase, path))
        for path in args.identity
    ]
    warn_of_readers(args.identity, quiet=args.quiet)
    found += _secret_keys(args.key, quiet=args.quiet)
    if args.passphrase:
        found.append(_passphrase(allow_costly=args.allow_costly))
    if needed and not found:
        raise ValueError("say what to decrypt with: -i KEYFILE, -k KEYFILE or -p")
    return found


def given(args: Namespace) -> bool:
    """Whether the options name something to decrypt with."""
    return bool(args.identity or args.key or args.passphrase)


def _file(path: str) -> str:
    if path == "-" and not os.path.lexists(path):
        raise ValueError("keys are read from files; for standard input say /dev/stdin, not -")
    return path


def _recipient(text: str) -> Recipient:
    if not text.lower().startswith(Recipient.PREFIX) and os.path.isfile(text):  # noqa: PTH113 (any text)
        raise ValueError(
            f"-r takes a public key itself, and {text} is a file; give a file of public keys with "
            "-R, one of a symmetric key with -k"
        )
    return Recipient.parse(text)


def _secret_keys(paths: Sequence[str], *, quiet: bool) -> list[SecretKey]:
    found = [
        SecretKey.load(_file(path), passphrase=partial(_key_passphrase, path)) for path in paths
    ]
    warn_of_readers(paths, quiet=quiet)
    return found


def warn_of_readers(paths: Sequence[str], *, quiet: bool) -> None:
    """Say which key files others may read, where files have such permissions."""
    if quiet or os.name != "posix":
        return
    for path in paths:
        mode = Path(path).stat().st_mode
        # A pipe of the shell's <(…) is nobody else's.
        if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
            say(
                "warning",
                f"{path}: others can read this key; chmod 600 it, or move it to a disk that keeps "
                "permissions",
            )


def new_key_passphrase() -> Passphrase:
    """What to lock a key file with."""
    return _passphrase(_KEY_VARIABLE, "Passphrase for the key file: ", confirm=True)


def _key_passphrase(path: str) -> Passphrase:
    return _passphrase(_KEY_VARIABLE, f"Passphrase of {shown(path)}: ")


def _passphrase(
    variable: str = "FACECRYPT_PASSPHRASE",
    prompt: str = "Passphrase: ",
    *,
    confirm: bool = False,
    allow_costly: bool = False,
) -> Passphrase:
    given = os.environ.get(variable)
    if given is None:
        try:
            with warnings.catch_warnings():
                # Without a terminal it would read standard input, and show what is typed there.
                warnings.simplefilter("error", getpass.GetPassWarning)
                given = getpass.getpass(prompt)
                if confirm and getpass.getpass("Once more: ") != given:
                    raise ValueError("the two passphrases differ")
        except EOFError:
            raise ValueError(f"no passphrase was given; type it, or set ${variable}") from None
        except getpass.GetPassWarning:
            raise ValueError(
                f"there is no terminal to type a passphrase at; set ${variable}"
            ) from None
    return Passphrase(given, allow_costly=allow_costly)
