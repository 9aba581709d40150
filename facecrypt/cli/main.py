"""The command line: parse, call, print, exit code.

Data goes to standard output, all else to standard error. Exit codes: 0 done,
1 an input failed (the others are done), 2 usage, 3 wrong key or tampered,
130 interrupted.
"""

import errno
import io
import os
import sys
from collections.abc import Sequence
from typing import TypeGuard

from facecrypt.cli.interrupts import second_ends
from facecrypt.cli.parser import parse
from facecrypt.cli.terminal import (
    FAILED,
    INTERRUPTED,
    USAGE,
    exit_code,
    open_closed_streams,
    plain_warnings,
    say,
    say_errors,
)
from facecrypt.errors import FacecryptError, KeyFormatError, UnknownSchemeError
from facecrypt.files import media_error

__all__ = ["main"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after the name of the program. If None, they are those of this process, which
        then ends at a second Ctrl-C.
    """
    if argv is None:
        open_closed_streams()
        with second_ends():
            return _run(sys.argv[1:])
    return _run(list(argv))


def _run(words: Sequence[str]) -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # File names are bytes; those that are no text must not end a run half way.
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        return _printed(words)
    except KeyboardInterrupt:
        say("error", "interrupted")
        say("hint", "outputs written so far are whole; run it again to do the rest")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away; nothing is left to say to it.
        _drop_output()
        return FAILED
    except (FacecryptError, OSError, ValueError, TypeError) as error:
        return _said(error)


def _said(error: Exception) -> int:
    """Say why nothing came of it; the exit code."""
    if _is_of_output(error):
        _drop_output()
        error = media_error("standard output", error)
    say_errors([(None, error)])
    usage = isinstance(error, (KeyFormatError, UnknownSchemeError))
    usage = usage or not isinstance(error, (FacecryptError, OSError))
    return USAGE if usage else exit_code([error])


def _is_of_output(error: Exception) -> TypeGuard[OSError]:
    """Whether what was printed found no room; errors of files have names."""
    if isinstance(error, FacecryptError) or not isinstance(error, OSError):
        return False
    return error.errno in _FULL and error.filename is None


def _printed(words: Sequence[str]) -> int:
    """The exit code, once all that was printed has left: a closed pipe can still be caught."""
    try:
        args = parse(words)
        # A command without its action has no options.
        with plain_warnings(quiet=getattr(args, "quiet", False)):
            code = args.run(args)
    except SystemExit:  # after a page of help
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return code


def _drop_output() -> None:
    # Or Python would try once more at its end, and say so.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
