"""The command ``verify``: check that sealed pictures open and are unchanged."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from facecrypt.cli import options
from facecrypt.cli.options import add_identity, some
from facecrypt.cli.terminal import exit_code, say_errors
from facecrypt.jobs.inputs import find_pictures
from facecrypt.jobs.pool import forget_frames
from facecrypt.sealing.files import Verified, verify

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    sub.add_argument("inputs", nargs="+", metavar="IN")
    add_identity(sub)


def run(args: Namespace) -> int:
    identities = options.identities(args)
    errors = []
    found, ignored = find_pictures(args.inputs)
    for path in some(found, ignored, quiet=args.quiet):
        try:
            checked = verify(path, identities)
        except Exception as error:
            forget_frames(error)
            errors.append((path, error))
        else:
            if not args.quiet:
                print(f"{path}: {_state(checked)}")
    say_errors(errors)
    return exit_code([error for _, error in errors])


def _state(checked: Verified) -> str:
    if checked.whole:
        return "intact"
    rest = f"{_numbered(checked.unchecked)} and the header" if checked.unchecked else "the header"
    verb = "were" if checked.unchecked else "was"
    return f"{_numbered(checked.regions)} intact; {rest} {verb} not checked"


def _numbered(regions: Sequence[int]) -> str:
    """``region 3``, ``regions 0, 2``."""
    return f"region{'' if len(regions) == 1 else 's'} {', '.join(map(str, regions))}"
