"""What the command line says beside its data, all of it on standard error: progress, errors
with hints, what is left out; and which exit code errors amount to.
"""

import itertools
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from facecrypt.cli.escapes import shown
from facecrypt.errors import (
    AuthenticationError,
    ContainerError,
    FacecryptError,
    NotSealedError,
)
from facecrypt.jobs.summary import Result

__all__ = [
    "DENIED",
    "DONE",
    "FAILED",
    "INTERRUPTED",
    "USAGE",
    "after",
    "count",
    "exit_code",
    "explained",
    "open_closed_streams",
    "plain_warnings",
    "progress_bar",
    "say",
    "say_errors",
    "say_ignored",
    "some_of",
    "step_bar",
    "tell",
    "tell_written",
    "video_bars",
]

DONE, FAILED, USAGE, DENIED, INTERRUPTED = 0, 1, 2, 3, 130
_LINKS = 5  # named one by one


def open_closed_streams() -> None:
    """Give a process that was started without standard streams, as ``>&-`` does, the null device.

    Otherwise the next file that is opened would get their numbers, and what a library prints
    would go into it.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def say(kind: str, text: str) -> None:
    """One line: ``facecrypt: error: …``."""
    tell(f"{kind}: {text}")


def tell(text: str) -> None:
    """One line: ``facecrypt: …``."""
    print(f"facecrypt: {shown(text)}", file=sys.stderr)


def tell_written(path: object, rest: str = "") -> None:
    """One line on a file that was written, and what else there is to say of it."""
    print(shown(f"wrote {path}{rest}"), file=sys.stderr)


def count(number: int, what: str) -> str:
    """``1 face``, ``2 faces``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def some_of(names: Sequence[object], most: int) -> str:
    """``a, b and 3 more``."""
    listed = ", ".join(map(str, names[:most]))
    return f"{listed} and {len(names) - most} more" if len(names) > most else listed


def say_errors(errors: Iterable[tuple[object, Exception]]) -> None:
    """A line for each input and its error; every hint once, after them.

    Parameters
    ----------
    errors : iterable of (input, error)
        The input is left out where it is None or the message names it already.
    """
    hints: dict[str, None] = {}
    for source, error in errors:
        text, hint = explained(error)
        say("error", text if source is None or str(source) in text else f"{source}: {text}")
        if hint is not None:
            hints[hint] = None
    for each in hints:
        say("hint", each)


def explained(error: Exception) -> tuple[str, str | None]:
    """What an error says, and its remedy in the words of the command line."""
    text = str(error)
    if isinstance(error, FacecryptError):
        return error.message, error.hint.command if error.hint else None
    if not isinstance(error, (OSError, TypeError, ValueError)) or not text:
        text = f"{type(error).__name__}: {text}".removesuffix(": ")
    return text, None


def exit_code(errors: Sequence[Exception]) -> int:
    """0 without errors, 3 where all are of a wrong key or a changed file, else 1."""
    if not errors:
        return DONE
    tampered = [
        isinstance(error, (AuthenticationError, ContainerError))
        and not isinstance(error, NotSealedError)
        for error in errors
    ]
    return DENIED if all(tampered) else FAILED


def say_ignored(ignored: Mapping[str, int]) -> None:
    """What of the folders was no input, where there is no summary to say it."""
    if text := _ignored(ignored):
        tell(text)


def _ignored(ignored: Mapping[str, int]) -> str:
    links = sorted(name for name in ignored if name.endswith("/"))
    kinds = [f"{n} {kind}" for kind, n in sorted(ignored.items()) if not kind.endswith("/")]
    parts = [f"ignored: {', '.join(kinds)}"] if kinds else []
    parts += [f"links not followed: {some_of(links, _LINKS)}"] if links else []
    return "; ".join(parts)


def after(ignored: Mapping[str, int]) -> str:
    """The same as the end of a summary."""
    text = _ignored(ignored)
    return f"; {text}" if text else ""


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[Result, int], None]]:
    """A callback for a batch that moves a bar, where standard error is a terminal."""
    done = itertools.count(1)
    with step_bar("files", quiet=quiet) as show:
        yield lambda result, total: show(next(done), total)


@contextmanager
def video_bars(*, quiet: bool, unit: str = "frames") -> Iterator[Callable[[Path, int, int], None]]:
    """A callback for the work on videos: a bar for each, with steps a second and the time left."""
    from tqdm import tqdm

    off = quiet or not sys.stderr.isatty()
    bars: dict[Path, tqdm] = {}
    lock = Lock()

    def on_step(path: Path, done: int, total: int) -> None:
        if off:
            return
        with lock:
            bar = bars.get(path)
            if bar is None:
                bar = tqdm(unit=f" {unit}", desc=shown(path.name), file=sys.stderr, leave=False)
                bars[path] = bar
            bar.total = total or None
            bar.update(done - bar.n)
            if done == total:
                bar.close()
                del bars[path]

    try:
        yield on_step
    finally:
        for bar in bars.values():
            bar.close()


@contextmanager
def step_bar(
    unit: str, *, quiet: bool, name: str | None = None, leave: bool = True
) -> Iterator[Callable[..., None]]:
    """A callback that is given how many steps are done, of how many, and a loss to show."""
    from tqdm import tqdm

    off = quiet or not sys.stderr.isatty()
    title = None if name is None else shown(name)
    with tqdm(unit=f" {unit}", desc=title, file=sys.stderr, disable=off, leave=leave) as bar:

        def on_progress(done: int, total: int, loss: float | None = None) -> None:
            if done <= bar.n:  # another round of the same
                bar.reset(total)
            bar.total = total
            if loss is not None:
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update(done - bar.n)

        yield on_progress


@contextmanager
def plain_warnings(*, quiet: bool) -> Iterator[None]:
    """Show warnings as the rest is shown: a user has no use for a line of our source."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        if not quiet:
            say("warning", str(message))

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
