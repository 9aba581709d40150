"""The command ``rewrap``: change who may open sealed pictures."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from facecrypt.cli import keys
from facecrypt.cli.batches import print_results, report
from facecrypt.cli.options import add_batch, add_json, add_pictures, folder
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import progress_bar
from facecrypt.jobs.rewriting import rewrap_files
from facecrypt.keys import Recipient, RecipientLike, RegionKey, Unwraps
from facecrypt.sealing.rewrapping import is_id

__all__ = ["add_options", "run"]

_AS_ASKED = "as asked already"


def add_options(sub: ArgumentParser) -> None:
    sub.usage = (
        f"facecrypt rewrap IN [IN ...] {keys.OPENING} [-r PUBLIC_KEY | -R FILE] "
        "[--keep | --drop ID] [OPTION ...]"
    )
    add_examples(
        sub,
        "facecrypt rewrap sealed -i key.txt --keep -R new.pub",
        "facecrypt rewrap sealed -i key.txt -R key.pub",
    )
    add_pictures(sub, "sealed pictures and videos")
    sub.add_argument(
        "-o", "--output", type=folder, metavar="DIR", help="write there, and leave IN as it is"
    )
    keys.add_identities(sub)
    keys.add_new_recipients(sub)
    others = sub.add_argument_group("those who may decrypt now (without an option none stays)")
    one = others.add_mutually_exclusive_group()
    one.add_argument("--keep", action="store_true", help="all of them stay")
    one.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="ID",
        help="all stay but this one: its id in 'inspect', its public key, or argon2id for all "
        "passphrases; may be given again",
    )
    one.add_argument(
        "--hand-over",
        action="store_true",
        help="none stays, not even the key that opens the files now",
    )
    add_json(sub, "what became of each picture, one line each,")
    add_batch(sub)


def run(args: Namespace) -> int:
    _refuse_files(args.drop)
    identities, recipients = keys.identities(args), keys.new_recipients(args)
    if not (args.keep or args.drop or args.hand_over):
        _check_stays(identities, recipients)
    with progress_bar(quiet=args.quiet) as bar:
        summary = rewrap_files(
            args.inputs,
            identities,
            recipients,
            keep=args.keep,
            drop=args.drop,
            out_dir=args.output,
            workers=args.jobs,
            progress=bar,
            overwrite=args.force,
        )
    if args.json:
        print_results(summary, "rewrapped", there=_AS_ASKED)
    return report(summary, "rewrapped", (), quiet=args.quiet, there=_AS_ASKED)


def _refuse_files(dropped: Sequence[str]) -> None:
    """ValueError where the file of a key is to be dropped."""
    for text in dropped:
        key = text.lower().startswith(Recipient.PREFIX)
        if not (key or is_id(text)) and os.path.isfile(text):  # noqa: PTH113 (any text)
            raise ValueError(
                f"--drop takes an id or a public key itself, and {text} is a file; say "
                f'--drop "$(cat {text})" of a file with a public key'
            )


def _check_stays(
    identities: Sequence[Unwraps | RegionKey], recipients: Sequence[RecipientLike]
) -> None:
    """ValueError where nobody of the keys that were given would open the pictures afterwards."""
    holders = [holder for holder in identities if not isinstance(holder, RegionKey)]
    for recipient in recipients:
        stanza = recipient.wrap(bytes(32))
        if any(holder.unwrap(stanza) for holder in holders):
            return
    if recipients:
        raise ValueError(
            "none of the keys that open the files now would open them afterwards; --keep keeps "
            "who may open them now, name your own key too, or say --hand-over"
        )
