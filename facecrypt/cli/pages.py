"""What every help page ends with."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter

__all__ = ["add_examples"]

_CODES = """\
Exit codes: 0 done, 1 an input failed, 2 usage, 3 wrong key or tampered,
130 interrupted."""


def add_examples(page: ArgumentParser, *lines: str) -> None:
    """End a page with command lines that run, and the exit codes."""
    page.formatter_class = RawDescriptionHelpFormatter
    title = "example:" if len(lines) == 1 else "examples:"
    page.epilog = "\n".join([title, *(f"  {line}" for line in lines), "", _CODES])
