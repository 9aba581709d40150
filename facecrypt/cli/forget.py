"""The command ``forget``: erase faces from sealed pictures for good."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from facecrypt.cli import keys
from facecrypt.cli.batches import print_results, report
from facecrypt.cli.options import add_batch, add_json, add_pictures, folder, numbers
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import count, progress_bar
from facecrypt.jobs.inputs import find_in_place
from facecrypt.jobs.rewriting import forget_files

__all__ = ["add_options", "run"]

_THERE = "forgotten already"


def add_options(sub: ArgumentParser) -> None:
    sub.usage = f"facecrypt forget IN [IN ...] --region N {keys.OPENING} [OPTION ...]"
    sub.description = (
        "Erase faces from sealed pictures and videos for good: no key opens them any more, nor the "
        "file that was sealed. Copies and backups from before keep them. Of several files at once "
        "only with --force, or into another folder."
    )
    add_examples(sub, "facecrypt forget sealed/photo.png --region 0 -i key.txt")
    add_pictures(sub, "sealed pictures and videos")
    sub.add_argument(
        "--region",
        "--track",
        type=numbers,
        action="extend",
        required=True,
        metavar="N[,N...]",
        help="number of the face, or of the person of a video, in 'inspect'; may be given again",
    )
    sub.add_argument(
        "-o", "--output", type=folder, metavar="DIR", help="write there, and leave IN as it is"
    )
    keys.add_identities(sub)
    add_json(sub, "what became of each picture, one line each,")
    add_batch(sub)


def run(args: Namespace) -> int:
    identities = keys.identities(args)
    if args.output is None and not args.force:
        _refuse_many(args.inputs, args.region)
    with progress_bar(quiet=args.quiet) as bar:
        summary = forget_files(
            args.inputs,
            identities,
            args.region,
            out_dir=args.output,
            workers=args.jobs,
            progress=bar,
            overwrite=args.force,
        )
    if args.json:
        print_results(summary, "changed", there=_THERE)
    forgotten = count(len(set(args.region)), "region")
    each = f"{forgotten} forgotten in each, and the file that was sealed"
    details = [each] if summary.done else []
    return report(summary, "changed", details, quiet=args.quiet, there=_THERE)


def _refuse_many(inputs: Sequence[str], regions: Sequence[int]) -> None:
    """ValueError where faces would be erased from several files, of which each has its own."""
    found, _ = find_in_place(inputs)
    if len(found) > 1:
        which = ", ".join(map(str, sorted(set(regions))))
        raise ValueError(
            f"region {which} is another face in each of {len(found)} files, and what is erased "
            "does not come back; name one file, write elsewhere with -o, or say --force"
        )
