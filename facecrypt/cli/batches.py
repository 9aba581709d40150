"""How a batch went: a summary for people, and a line of JSON for each picture."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facecrypt.cli.terminal import (
    FAILED,
    after,
    exit_code,
    explained,
    say,
    say_errors,
    some_of,
    tell,
)
from facecrypt.jobs.folders import VIDEO_SUFFIXES
from facecrypt.jobs.outputs import left_behind
from facecrypt.jobs.summary import Result, Summary

__all__ = ["THERE", "has_videos", "print_failed", "print_results", "report"]

THERE = "there already"
_NAMED = 10  # pictures in the clear, one by one


def report(
    summary: Summary,
    verb: str,
    details: Sequence[str],
    *,
    quiet: bool,
    bare: str = "",
    there: str = THERE,
) -> int:
    """Say how a batch went; returns the exit code.

    Parameters
    ----------
    summary : Summary
    verb : str
        What was done, such as "encrypted".
    details : sequence of str
        Said after it.
    quiet : bool
        Say errors alone.
    bare : str
        What pictures without regions are, where these are to be named.
    there : str
        What pictures are for which there was nothing to do.
    """
    failed = [(each.source, each.error) for each in summary.failed if each.error is not None]
    say_errors(failed)
    if not summary.results:
        say("error", f"no pictures or videos were found{after(summary.ignored)}")
        return FAILED
    if not quiet:
        parts = [f"{summary.done} {verb}", *details]
        parts += [f"{summary.skipped} {there}"] if summary.skipped else []
        parts += [f"{summary.sealed} sealed already, passed over"] if summary.sealed else []
        parts += [f"{len(failed)} failed"] if failed else []
        tell(f"{'; '.join(parts)}{after(summary.ignored)} ({_rate(summary)})")
        clear = [each.output for each in summary.results if each.bare]
        if bare and clear:
            tell(f"{bare}: {some_of(clear, _NAMED)}")
        _warn_of_leftovers(summary)
    return exit_code([error for _, error in failed])


def print_results(summary: Summary, verb: str, *, there: str = THERE) -> None:
    """A JSON object a line for each input, in their order."""
    for result in summary.results:
        print(json.dumps(_fields(result, verb, there)))


def print_failed(path: Path, error: Exception) -> None:
    """The line of an input of which there is nothing but an error to say."""
    text, hint = explained(error)
    fields = {"source": str(path), "status": "failed", "error": text}
    print(json.dumps(fields | ({"hint": hint} if hint else {})))


def _fields(result: Result, verb: str, there: str) -> dict[str, Any]:
    fields: dict[str, Any] = {"source": str(result.source), "output": None, "status": "failed"}
    if result.error is not None:
        text, hint = explained(result.error)
        return fields | {"error": text} | ({"hint": hint} if hint else {})
    if result.sealed:
        return fields | {"status": "sealed already"}
    fields["output"] = str(result.output)
    fields["status"] = there if result.skipped else verb
    fields["regions"] = result.regions
    fields |= {"transcoded": True} if result.transcoded else {}
    fields |= {"forgotten": list(result.forgotten)} if result.forgotten else {}
    fields |= {"unerased": list(result.unerased)} if result.unerased else {}
    return fields | ({"edited": True} if result.edited else {})


def has_videos(summary: Summary) -> bool:
    """Whether there are videos among the inputs, by their names."""
    return any(each.source.suffix.lower() in VIDEO_SUFFIXES for each in summary.results)


def _rate(summary: Summary) -> str:
    speed = summary.images_per_second
    one, many = ("a file", "files") if has_videos(summary) else ("an image", "images")
    if 0 < speed < 0.1:
        return f"{summary.seconds:.1f} s, {1 / speed:.1f} s {one}"
    return f"{summary.seconds:.1f} s, {speed:.1f} {many}/s"


def _warn_of_leftovers(summary: Summary) -> None:
    for stale, source in left_behind({each.source: each.output for each in summary.results}):
        say(
            "warning",
            f"{stale}: left by an earlier run; {source} now has another output, for a second "
            "picture would take this name",
        )
