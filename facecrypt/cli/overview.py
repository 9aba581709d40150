"""Many sealed pictures at a glance: a line of a table or of JSON for each, and their sum."""

import json
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from facecrypt.cli import keys
from facecrypt.cli.batches import print_failed
from facecrypt.cli.escapes import shown
from facecrypt.cli.terminal import count, exit_code, say_errors, tell
from facecrypt.jobs.pool import forget_frames
from facecrypt.keys import RegionKey, Unwraps
from facecrypt.machine import cores
from facecrypt.sealing.overview import Overview, overview

__all__ = ["ONLY", "show_many"]

_WHO = 2  # ids in a line
ONLY: dict[str, tuple[str, Callable[[Overview], bool]]] = {
    "face": ("with a face that can be opened", lambda one: one.faces > 0),
    "no-face": ("in which none was sealed", lambda one: not one.header.regions),
    "opens": (
        "that the keys open, be it in part, and of which a face is left",
        lambda one: one.opens is not None and not one.erased,
    ),
    "closed": ("that they do not open", lambda one: one.opens is None),
    "edited": ("changed since they were sealed", lambda one: one.edited is True),
    "forgotten": ("of which a face was erased", lambda one: bool(one.header.forgotten)),
}
"""Name, meaning and test of what --only takes."""

_OPPOSITES = (("face", "no-face"), ("opens", "closed"))
_Seen = tuple[Path, Overview | Exception]


def show_many(paths: Sequence[Path], args: Namespace) -> int:
    """Print a line for each picture; returns the exit code."""
    for one, other in _OPPOSITES:
        if {one, other} <= set(args.only):
            raise ValueError(f"--only {one} and --only {other} exclude each other; run twice")
    identities = keys.identities(args, needed=bool({"opens", "closed"} & set(args.only)))
    look = args.edited or "edited" in args.only
    table = _Table(opens=bool(identities), edited=look)
    wanted = [ONLY[name][1] for name in args.only]
    found: list[Overview] = []
    errors, listed = [], 0
    if not (args.json or args.quiet):
        print(table.head())
    for path, seen in _look_at_all(paths, identities, look=look):
        if isinstance(seen, Exception):
            errors.append((path, seen))
            # Where some are looked for, it is none of them.
            if args.json and not wanted:
                print_failed(path, seen)
            continue
        found.append(seen)
        if not all(test(seen) for test in wanted):
            continue
        listed += 1
        if args.json:
            print(json.dumps({"source": str(path)} | table.fields(seen)))
        elif not args.quiet:
            print(f"{table.line(seen)}{shown(path)}")
    say_errors(errors)
    if not args.quiet:
        tell(table.sum(found, len(errors), listed if wanted else None))
    return exit_code([error for _, error in errors])


def _look_at_all(
    paths: Sequence[Path], identities: Sequence[Unwraps | RegionKey], *, look: bool
) -> Iterator[_Seen]:
    pool = ThreadPoolExecutor(min(cores(), len(paths)), thread_name_prefix="facecrypt")
    try:
        yield from pool.map(partial(_look_at, identities, look), paths)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _look_at(identities: Sequence[Unwraps | RegionKey], look: bool, path: Path) -> _Seen:  # noqa: FBT001 (partial)
    try:
        return path, overview(path, identities, look=look)
    except Exception as error:
        forget_frames(error)
        return path, error


class _Table:
    """Lines with a column for each thing that was asked."""

    def __init__(self, *, opens: bool, edited: bool) -> None:
        self._opens, self._edited = opens, edited

    def head(self) -> str:
        return f"{self._cells('faces', 'carrier', 'may open', 'opens', 'edited')}file"

    def line(self, seen: Overview) -> str:
        """All but the name of the file."""
        regions = len(seen.header.regions)
        faces = str(regions) if seen.faces == regions else f"{seen.faces} of {regions}"
        edited = "yes" if seen.edited else "no"
        return self._cells(faces, seen.carrier, _who(seen), _which(seen), edited)

    def fields(self, seen: Overview) -> dict[str, Any]:
        header = json.loads(seen.header.to_bytes())
        fields: dict[str, Any] = {"carrier": seen.carrier, "header": header}
        if self._opens:
            fields["opens"] = None if seen.opens is None else list(seen.opens)
            fields["whole"] = seen.whole
        return fields | ({"edited": seen.edited} if self._edited else {})

    def sum(self, found: Sequence[Overview], failed: int, listed: int | None) -> str:
        """What there is in all, and how many were listed where not all are."""
        parts = [] if listed is None else [f"{listed} listed"]
        parts += [
            f"{len(found)} sealed",
            f"{sum(not one.header.regions for one in found)} without a face",
        ]
        if self._opens:
            opens = ONLY["opens"][1]
            parts.append(f"{sum(map(opens, found))} that the keys open")
        if self._edited:
            parts.append(f"{sum(bool(one.edited) for one in found)} edited")
        gone = sum(len(one.header.forgotten_regions) for one in found)
        parts += [f"{count(gone, 'face')} forgotten"] if gone else []
        parts += [f"{failed} failed"] if failed else []
        return "; ".join(parts)

    def _cells(self, faces: str, carrier: str, who: str, which: str, edited: str) -> str:
        cells = [f"{faces:>6}", f"{carrier:<7}", f"{who:<36}"]
        cells += [f"{which:<6}"] if self._opens else []
        cells += [f"{edited:<6}"] if self._edited else []
        return "  ".join((*cells, ""))


def _who(seen: Overview) -> str:
    names = [stanza.get("id", "passphrase") for stanza in seen.header.stanzas]
    more = f" +{len(names) - _WHO}" if len(names) > _WHO else ""
    return " ".join(names[:_WHO]) + more


def _which(seen: Overview) -> str:
    if seen.opens is not None and seen.erased:
        return "none"
    if seen.whole:
        return "all"
    return "no" if seen.opens is None else ",".join(map(str, seen.opens))
