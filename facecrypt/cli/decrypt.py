"""The command ``decrypt``: give the faces back."""

from argparse import ArgumentParser, Namespace

from facecrypt.cli import options
from facecrypt.cli.options import add_batch, add_identity, add_inputs
from facecrypt.cli.terminal import progress_bar, report, say
from facecrypt.jobs.sealing import decrypt_files

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    add_inputs(sub)
    add_identity(sub)
    sub.add_argument("--region", type=int, action="append", metavar="N", help="only these faces")
    sub.add_argument("--allow-edited", action="store_true", help="though surroundings changed")
    add_batch(sub)


def run(args: Namespace) -> int:
    identities = options.identities(args)
    with progress_bar(quiet=args.quiet) as bar:
        summary = decrypt_files(
            args.inputs,
            args.output,
            identities,
            workers=args.jobs,
            progress=bar,
            regions=args.region,
            allow_edited=args.allow_edited,
            overwrite=args.force,
        )
    edited = [result for result in summary.results if result.edited]
    for result in edited:
        say("warning", f"{result.source}: opened, but the pixels around the faces were edited")
    details = [f"{len(edited)} edited"] if edited else []
    return report(summary, "decrypted", details, quiet=args.quiet)
