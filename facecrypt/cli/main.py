"""The command line: parse, call, print, exit code.

Data goes to standard output, all else to standard error. Exit codes: 0 done,
1 an input failed (the others are done), 2 usage, 3 wrong key or tampered,
130 interrupted.
"""

import io
import os
import sys
from collections.abc import Sequence

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

__all__ = ["main"]


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
        args = parse(words)
        # A command without its action has no options.
        with plain_warnings(quiet=getattr(args, "quiet", False)):
            code = args.run(args)
        sys.stdout.flush()  # while a closed pipe can still be caught
        return code
    except KeyboardInterrupt:
        say("error", "interrupted")
        say("hint", "outputs written so far are whole; run it again to do the rest")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe went away; nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyFormatError, UnknownSchemeError) as error:
        say_errors([(None, error)])
        return USAGE
    except (FacecryptError, OSError) as error:
        say_errors([(None, error)])
        return exit_code([error])
    except (ValueError, TypeError) as error:
        say_errors([(None, error)])
        return USAGE
