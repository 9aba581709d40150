"""What the command line says beside its data, all of it on standard error: progress,
errors with hints, one summary; and which exit code they amount to.
"""

import itertools
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from facecrypt.errors import (
    AuthenticationError,
    ContainerError,
    FacecryptError,
    NotSealedError,
)
from facecrypt.jobs.summary import Result, Summary

__all__ = [
    "DONE",
    "FAILED",
    "INTERRUPTED",
    "USAGE",
    "count",
    "exit_code",
    "plain_warnings",
    "progress_bar",
    "report",
    "say",
    "say_errors",
    "say_ignored",
    "step_bar",
]

DONE, FAILED, USAGE, DENIED, INTERRUPTED = 0, 1, 2, 3, 130
_LINKS = 5  # named one by one


def say(kind: str, text: str) -> None:
    """One line: ``facecrypt: error: …``."""
    print(f"facecrypt: {kind}: {text}", file=sys.stderr)


def count(number: int, what: str) -> str:
    """``1 face``, ``2 faces``."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def say_errors(errors: Iterable[tuple[object, Exception]]) -> None:
    """A line for each input and its error; every hint once, after them.

    Parameters
    ----------
    errors : iterable of (input, error)
        The input is left out where it is None or the message names it already.
    """
    hints: dict[str, None] = {}
    for source, error in errors:
        text, hint = str(error), None
        if isinstance(error, FacecryptError):
            text, hint = error.message, error.hint
        elif not isinstance(error, (OSError, TypeError, ValueError)) or not text:
            text = f"{type(error).__name__}: {text}".removesuffix(": ")
        say("error", text if source is None or str(source) in text else f"{source}: {text}")
        if hint is not None:
            hints[hint.command] = None
    for hint_text in hints:
        say("hint", hint_text)


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


def report(summary: Summary, verb: str, details: Sequence[str], *, quiet: bool) -> int:
    """Say how a batch went; returns the exit code."""
    failed = [(each.source, each.error) for each in summary.failed if each.error is not None]
    say_errors(failed)
    if not summary.results:
        say("error", f"no pictures were found{_after(summary.ignored)}")
        return FAILED
    if not quiet:
        parts = [f"{summary.done} {verb}", *details]
        parts += [f"{summary.skipped} there already"] if summary.skipped else []
        parts += [f"{len(summary.failed)} failed"] if summary.failed else []
        rate = f"{summary.seconds:.1f} s, {summary.images_per_second:.1f} images/s"
        print(f"facecrypt: {'; '.join(parts)}{_after(summary.ignored)} ({rate})", file=sys.stderr)
    return exit_code([error for _, error in failed])


def say_ignored(ignored: Mapping[str, int]) -> None:
    """What of the folders was no input, where there is no summary to say it."""
    if text := _ignored(ignored):
        print(f"facecrypt: {text}", file=sys.stderr)


def _ignored(ignored: Mapping[str, int]) -> str:
    links = sorted(name for name in ignored if name.endswith("/"))
    kinds = [f"{n} {kind}" for kind, n in sorted(ignored.items()) if not kind.endswith("/")]
    shown = [*links[:_LINKS], *([f"{len(links) - _LINKS} more"] if len(links) > _LINKS else [])]
    parts = [f"ignored: {', '.join(kinds)}"] if kinds else []
    parts += [f"links not followed: {', '.join(shown)}"] if links else []
    return "; ".join(parts)


def _after(ignored: Mapping[str, int]) -> str:
    text = _ignored(ignored)
    return f"; {text}" if text else ""


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[Result, int], None]]:
    """A callback for a batch that moves a bar, where standard error is a terminal."""
    done = itertools.count(1)
    with step_bar("pictures", quiet=quiet) as show:
        yield lambda result, total: show(next(done), total)


@contextmanager
def step_bar(
    unit: str, *, quiet: bool, name: str | None = None, leave: bool = True
) -> Iterator[Callable[..., None]]:
    """A callback that is given how many steps are done, of how many, and a loss to show."""
    from tqdm import tqdm

    off = quiet or not sys.stderr.isatty()
    with tqdm(unit=f" {unit}", desc=name, file=sys.stderr, disable=off, leave=leave) as bar:

        def on_progress(done: int, total: int, loss: float | None = None) -> None:
            if done <= bar.n:  # another round of the same
                bar.reset(total)
            bar.total = total
            if loss is not None:
                bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
            bar.update(done - bar.n)

        yield on_progress


@contextmanager
def plain_warnings(*, quiet: bool = False) -> Iterator[None]:
    """Show warnings as the rest is shown, or not: a user has no use for a line of our source."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        if not quiet:
            say("warning", str(message))

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
