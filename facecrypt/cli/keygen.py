"""The command ``keygen``: make keys."""

import sys
from argparse import ArgumentParser, Namespace

from facecrypt.cli.options import add_force
from facecrypt.cli.terminal import DONE
from facecrypt.keys import Identity, SecretKey

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    sub.add_argument("-o", "--output", metavar="FILE", help="key file (default key.txt)")
    sub.add_argument("--pq", action="store_true", help="ML-KEM-768 + X25519, post-quantum")
    sub.add_argument("--symmetric", action="store_true", help="one key that seals and opens")
    add_force(sub)


def run(args: Namespace) -> int:
    if args.symmetric:
        if args.pq:
            raise ValueError("--pq is for key pairs; a symmetric key needs no such thing")
        SecretKey.generate().save(args.output or "facecrypt.key", overwrite=args.force)
        if not args.quiet:
            print(f"wrote {args.output or 'facecrypt.key'}; keep it secret", file=sys.stderr)
        return DONE
    identity = Identity.generate(pq=args.pq)
    path = args.output or "key.txt"
    identity.save(path, overwrite=args.force)
    if not args.quiet:
        print(f"wrote {path}; keep it secret. Its public key, to encrypt with:", file=sys.stderr)
    print(identity.recipient)
    return DONE
