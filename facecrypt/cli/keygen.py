"""The command ``keygen``: make keys."""

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from facecrypt.cli.options import add_force, file
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import DONE, tell_written
from facecrypt.keys import Identity, SecretKey

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    add_examples(
        sub,
        "facecrypt keygen -o key.txt > key.pub",
        "facecrypt keygen --symmetric -o archive.key",
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
    add_force(sub)


def run(args: Namespace) -> int:
    if args.symmetric:
        if args.pq:
            raise ValueError("--pq is for key pairs; a symmetric key needs no such thing")
        path = args.output or "facecrypt.key"
        SecretKey.generate().save(path, overwrite=args.force)
        if not args.quiet:
            tell_written(path, "; keep it secret")
        return DONE
    identity = Identity.generate(pq=args.pq)
    path = args.output or "key.txt"
    if _is_standard_output(path):
        raise ValueError(
            f"standard output goes to {path}, and so does the private key; leave out '> {path}', "
            "or give -o FILE for the private key"
        )
    identity.save(path, overwrite=args.force)
    if not args.quiet:
        tell_written(path, "; keep it secret. Its public key, to encrypt with:")
    print(identity.recipient)
    return DONE


def _is_standard_output(path: str) -> bool:
    """Whether a shell's > has made this very file, as those do who come from age."""
    try:
        return os.path.samestat(os.fstat(sys.stdout.fileno()), Path(path).stat())
    except (OSError, ValueError):
        return False
