"""The command ``opener``: write the page that opens sealed files in a browser."""

from argparse import ArgumentParser, Namespace

from facecrypt.cli.options import add_force, file
from facecrypt.cli.pages import add_examples
from facecrypt.cli.terminal import DONE, tell_written

__all__ = ["add_options", "run"]


def add_options(sub: ArgumentParser) -> None:
    add_examples(sub, "facecrypt opener -o opener.html")
    sub.add_argument(
        "-o", "--output", type=file, default="opener.html", metavar="FILE", help="file of the page"
    )
    add_force(sub)


def run(args: Namespace) -> int:
    from facecrypt.opener import write_page

    write_page(args.output, overwrite=args.force)
    if not args.quiet:
        tell_written(args.output, "; open it in a browser, or send it along with sealed pictures")
    return DONE
