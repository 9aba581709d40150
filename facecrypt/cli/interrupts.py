"""Ctrl-C, again and again."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from facecrypt.cli.terminal import INTERRUPTED

__all__ = ["second_ends"]


@contextmanager
def second_ends() -> Iterator[None]:
    """The first Ctrl-C lets what is being written come to its end; the second does not wait.

    Nothing is left half written by it, for files get their names when they are whole. Left to
    Python, further ones would stop it where it waits for threads, which then run into its end.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        # A shell's background job, which Ctrl-C is not meant for.
        yield
        return
    came = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if came:
            os.write(2, b"facecrypt: error: interrupted\n")
            os._exit(INTERRUPTED)
        came = True
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, stop)
    yield
    # The process ends here: one more would only stop it from saying how.
    signal.signal(signal.SIGINT, signal.SIG_IGN if came else signal.default_int_handler)
