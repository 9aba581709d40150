"""The command ``verify``: check that sealed pictures open and are unchanged."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from facecrypt.cli import keys
from facecrypt.cli.batches import print_failed
from facecrypt.cli.escapes import shown
from facecrypt.cli.options import add_json, add_pictures, some
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import exit_code, say_errors, tell
from facecrypt.jobs.inputs import MEDIA_SUFFIXES, find_pictures
from facecrypt.jobs.pool import forget_frames
from facecrypt.sealing.files import Verified, verify
from facecrypt.sealing.parts import unfinished

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    sub.usage = f"facecrypt verify IN [IN ...] {keys.OPENING} [OPTION ...]"
    add_examples(sub, "facecrypt verify sealed -i key.txt")
    add_pictures(sub, "sealed pictures and videos")
    keys.add_identities(sub)
    add_json(sub, "what was found of each picture, one line each,")


def run(args: Namespace) -> int:
    identities = keys.identities(args)
    errors = []
    found, ignored = find_pictures(args.inputs, suffixes=MEDIA_SUFFIXES)
    whole = 0
    pictures = some(found, ignored, quiet=args.quiet)
    for path in pictures:
        try:
            checked = verify(path, identities)
        except Exception as error:
            forget_frames(error)
            errors.append((path, error))
            if args.json:
                print_failed(path, error)
        else:
            whole += checked.whole
            if args.json:
                _print_checked(path, checked)
            elif not args.quiet:
                print(f"{shown(path)}: {_state(checked)}")
    say_errors(errors)
    if not args.quiet:
        tell(_sum(whole, len(pictures) - len(errors) - whole, len(errors)))
    return exit_code([error for _, error in errors])


def _print_checked(path: Path, checked: Verified) -> None:
    status = "intact" if checked.whole else "checked in part"
    regions = {"regions": checked.regions, "unchecked": checked.unchecked}
    regions |= {"forgotten": checked.forgotten} if checked.forgotten else {}
    regions |= {"unerased": checked.unerased} if checked.unerased else {}
    print(json.dumps({"source": str(path), "status": status} | regions))


def _sum(whole: int, part: int, failed: int) -> str:
    parts = [f"{whole} intact"]
    parts += [f"{part} checked in part"] if part else []
    parts += [f"{failed} failed"] if failed else []
    return ", ".join(parts)


def _state(checked: Verified) -> str:
    gone, erased = "", [one for one in checked.forgotten if one not in checked.unerased]
    if erased:
        verb = "was" if len(erased) == 1 else "were"
        says = "" if checked.whole else "it says that "
        gone = f"; {says}{_numbered(erased)} {verb} forgotten"
    gone += f"; {unfinished(checked.unerased)}" if checked.unerased else ""
    if checked.whole:
        return f"intact{gone}"
    rest = f"{_numbered(checked.unchecked)} and the header" if checked.unchecked else "the header"
    verb = "were" if checked.unchecked else "was"
    return f"{_numbered(checked.regions)} intact; {rest} {verb} not checked{gone}"


def _numbered(regions: Sequence[int]) -> str:
    """``region 3``, ``regions 0, 2``."""
    return f"region{'' if len(regions) == 1 else 's'} {', '.join(map(str, regions))}"
