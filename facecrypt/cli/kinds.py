"""The command ``keys``: what kind of key a file or text is, and which option takes it."""

import json
import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from facecrypt.cli.escapes import shown
from facecrypt.cli.keys import warn_of_readers
from facecrypt.cli.options import add_json
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import DONE, FAILED, say, say_errors
from facecrypt.errors import ContainerError, KeyFormatError, MediaError
from facecrypt.files import read_small
from facecrypt.keys import Kind, kinds_of
from facecrypt.schemes.key import scheme_of
from facecrypt.sealing.finding import find_sealed

__all__ = ["add_options", "run"]

_LARGEST = 1 << 16
_ARCHIVE = b"PK\x03\x04"
_SECRET = ("private key", "symmetric key", "region key", "locked key")


def add_options(sub: ArgumentParser) -> None:
    add_examples(sub, "facecrypt keys key.txt key.pub")
    sub.add_argument(
        "inputs",
        nargs="+",
        metavar="FILE|TEXT",
        help="a key file, or a public key itself; secret keys belong into files",
    )
    add_json(sub, "a line for each key,")


def run(args: Namespace) -> int:
    code, errors = DONE, []
    for given in args.inputs:
        is_file = os.path.lexists(given)
        try:
            found = _of_file(given) if is_file else _of_text(given)
        except MediaError as error:
            errors.append((given, error))
            continue
        if not is_file and found[0].name in _SECRET and not args.quiet:
            say("warning", "a secret on the command line is seen by others, and kept in history")
        if is_file and any(kind.name in _SECRET for kind in found):
            warn_of_readers([given], quiet=args.quiet)
        for number, kind in enumerate(found, 1):
            # What was typed may be a secret, or nearly one.
            source = given if is_file else "the text"
            where = source if len(found) == 1 else f"{source}, key {number}"
            if args.json:
                print(json.dumps({"source": source, "kind": kind.name, **_fields(kind)}))
            elif not args.quiet:
                _show(where, kind)
            code = code if kind.usable else FAILED
    say_errors(errors)
    return FAILED if errors else code


def _of_text(text: str) -> list[Kind]:
    found = kinds_of(os.fsencode(text))
    if found[0].name == "unknown":
        return [Kind("unknown", "neither a file nor a key")]
    return found


def _of_file(path: str) -> list[Kind]:
    try:
        data = read_small(path, _LARGEST)
    except MediaError as error:
        if error.errno is not None or not Path(path).is_file():
            raise
        data = b""  # larger than any key but those of schemes
    if data.startswith(_ARCHIVE) or not data:
        try:
            name = scheme_of(path)
        except KeyFormatError:
            pass
        else:
            what = f"a key of the scheme {name}, for experiments"
            return [Kind("scheme key", what, f"'facecrypt scheme {name} encrypt --key FILE'")]
    try:
        find_sealed(path)
    except (ContainerError, MediaError):
        return kinds_of(data) if data or not Path(path).stat().st_size else [_large()]
    return [Kind("unknown", "a sealed picture and no key: 'facecrypt inspect' shows it")]


def _large() -> Kind:
    return Kind("unknown", "no key: it is too large for one")


def _fields(kind: Kind) -> dict[str, str | None]:
    return {"what": kind.what, "option": kind.option, **kind.facts}


def _show(where: str, kind: Kind) -> None:
    print(f"{shown(where)}: {shown(kind.what)}")
    if kind.option is not None:
        print(f"  given with  {kind.option}")
    for name, fact in kind.facts.items():
        print(f"  {name:<10}  {fact}")
