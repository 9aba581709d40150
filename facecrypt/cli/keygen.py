"""The command ``keygen``: make keys."""

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from facecrypt.cli import keys
from facecrypt.cli.options import add_force, file
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import DONE, tell_written
from facecrypt.keys import Identity, Passphrase, SecretKey

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    add_examples(
        sub,
        "facecrypt keygen -o key.txt > key.pub",
        "facecrypt keygen --symmetric -o archive.key",
        "facecrypt keygen --passphrase -o locked.txt > locked.pub",
    )
    sub.add_argument(
        "-o",
        "--output",
        type=file,
        metavar="FILE",
        help="file of the private key (default key.txt), or of the symmetric one (facecrypt.key)",
    )
    sub.add_argument("--pq", action="store_true", help="ML-KEM-768 + X25519, post-quantum")
    sub.add_argument("--symmetric", action="store_true", help="one key that seals and opens")
    sub.add_argument(
        "-p",
        "--passphrase",
        action="store_true",
        help="lock the file: ask for a passphrase, or take $FACECRYPT_KEY_PASSPHRASE",
    )
    add_force(sub)


def run(args: Namespace) -> int:
    if args.symmetric:
        if args.pq:
            raise ValueError("--pq is for key pairs; a symmetric key needs no such thing")
        path = args.output or "facecrypt.key"
        SecretKey.generate().save(path, overwrite=args.force, passphrase=_passphrase(args))
        if not args.quiet:
            tell_written(path, f"; {_advice(args)}")
        return DONE
    identity = Identity.generate(pq=args.pq)
    path = args.output or "key.txt"
    if _is_standard_output(path):
        raise ValueError(
            f"standard output goes to {path}, and so does the private key; leave out '> {path}', "
            "or give -o FILE for the private key"
        )
    identity.save(path, overwrite=args.force, passphrase=_passphrase(args))
    if not args.quiet:
        tell_written(path, f"; {_advice(args)}. Its public key, to encrypt with:")
    print(identity.recipient)
    return DONE


def _passphrase(args: Namespace) -> Passphrase | None:
    return keys.new_key_passphrase() if args.passphrase else None


def _advice(args: Namespace) -> str:
    if args.passphrase:
        return "keep it and its passphrase: it opens nothing without"
    return "keep it secret"


def _is_standard_output(path: str) -> bool:
    """Whether a shell's > has made this very file, as those do who come from age."""
    try:
        return os.path.samestat(os.fstat(sys.stdout.fileno()), Path(path).stat())
    except (OSError, ValueError):
        return False
