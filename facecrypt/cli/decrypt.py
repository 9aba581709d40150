"""The command ``decrypt``: give the faces back."""

from argparse import ArgumentParser, Namespace

from facecrypt.cli import keys
from facecrypt.cli.batches import print_results, report
from facecrypt.cli.options import add_batch, add_inputs, add_json, numbers
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import progress_bar, say, video_bars
from facecrypt.jobs.sealing import decrypt_files
from facecrypt.sealing.files import of_forgotten

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    sub.usage = f"facecrypt decrypt IN [IN ...] -o DIR {keys.OPENING} [OPTION ...]"
    add_examples(sub, "facecrypt decrypt sealed -o restored -i key.txt")
    add_inputs(sub, "sealed pictures and videos")
    keys.add_identities(sub)
    sub.add_argument(
        "--region",
        "--track",
        type=numbers,
        action="extend",
        metavar="N[,N...]",
        help="open only this face, by its number in 'inspect', or these; of a video these people "
        "are shown; may be given again",
    )
    sub.add_argument(
        "--allow-edited",
        action="store_true",
        help="open the faces also where the pixels around them were changed",
    )
    add_json(sub, "what became of each picture, one line each,")
    add_batch(sub)


def run(args: Namespace) -> int:
    identities = keys.identities(args)
    bars = video_bars(quiet=args.quiet, unit="steps")
    with progress_bar(quiet=args.quiet) as bar, bars as watch:
        summary = decrypt_files(
            args.inputs,
            args.output,
            identities,
            workers=args.jobs,
            progress=bar,
            regions=args.region,
            allow_edited=args.allow_edited,
            overwrite=args.force,
            watch=watch,
        )
    if args.json:
        print_results(summary, "decrypted")
    edited = [result for result in summary.results if result.edited]
    for result in edited if not args.quiet else ():
        say("warning", f"{result.source}: opened, but what everybody sees in it was edited")
    gray = [result for result in summary.results if result.forgotten]
    for result in gray if not args.quiet else ():
        for said in of_forgotten(result.forgotten, result.unerased):
            say("warning", f"{result.source}: {said}")
    details = [f"{len(edited)} edited"] if edited else []
    details += [f"{len(gray)} with faces that were forgotten"] if gray else []
    return report(summary, "decrypted", details, quiet=args.quiet)
