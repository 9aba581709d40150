"""Accuracies of runs beside the published ones, as Markdown."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, stdev

from facecrypt.errors import MediaError
from facecrypt.files import PathLike
from facecrypt.learning.encrypted import PLAIN
from facecrypt.learning.published import FALLS_TO, SOURCES, data_set, figures
from facecrypt.learning.runs import RECORD, Record

__all__ = ["KEY_REUSE", "by_kind", "run_folders", "table"]

KEY_REUSE = (
    "**One key encrypted all pictures of a run, those for training and those for testing.** That "
    "is what makes them learnable, and it is why they are not secret: whoever may have a few "
    "pictures of his choice encrypted, or knows a few of the plain ones, opens all the others. To "
    "keep pictures secret, seal them: `facecrypt encrypt`."
)

_ORDER = (
    PLAIN,
    "le",
    "ele",
    "pbe",
    "logistic-pixel",
    "etc",
    "block-shuffle",
    "combined-cat-map",
)


def run_folders(folder: PathLike) -> list[Path]:
    """The folder itself and those in it that hold runs.

    Raises
    ------
    MediaError
        There is none.
    """
    found = sorted(path.parent for path in Path(folder).rglob(RECORD))
    if not found:
        raise MediaError(f"{folder}: holds no run; 'facecrypt learn train' makes them")
    return found


def table(records: Sequence[Record]) -> str:
    """Markdown: for each data set a table, how its runs were made, and what key reuse means.

    Parameters
    ----------
    records : sequence of Record
        Runs that differ in the seed alone share a row, with their mean and deviation.

    Returns
    -------
    str
    """
    by_data: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_data[record.data["name"]].append(record)
    parts = []
    for name, some in sorted(by_data.items()):
        parts += [f"### {name}", "\n".join(_rows(some)), *_notes(some)]
    return "\n\n".join(parts) + "\n"


def _rows(records: Sequence[Record]) -> Iterator[str]:
    yield (
        "| scheme | network | this run, % | on plain pictures, % | under a wrong key, % "
        "| seeds | epochs | run on | published, % |"
    )
    yield "|---|---|---|---|---|---|---|---|---|"
    for runs in by_kind(records):
        yield _row(runs)


def by_kind(records: Sequence[Record]) -> list[list[Record]]:
    """Runs that differ in the seed alone together, in the order of the table."""
    groups: dict[tuple, list[Record]] = defaultdict(list)
    for record in records:
        groups[_kind(record)].append(record)
    return [groups[kind] for kind in sorted(groups, key=lambda kind: (_place(kind[0]), kind))]


def _kind(record: Record) -> tuple:
    """What two runs share that differ in the seed alone."""
    settings = record.settings
    return (
        record.scheme,
        settings.network,
        settings.size,
        settings.epochs,
        _sizes(record),
        settings.batch,
        settings.lr,
        settings.schedule,
        settings.smoothing,
        settings.augment,
        len(record.epochs),
        record.hardware,
    )


def _row(runs: Sequence[Record]) -> str:
    first = runs[0]
    done, wanted = len(first.epochs), first.settings.epochs
    cells = (
        first.scheme,
        f"{first.settings.network}{', **tiny**' if first.settings.size == 'tiny' else ''}",
        _mean([run.epochs[-1].test_accuracy for run in runs if run.epochs]),
        _found(runs, "plain"),
        _found(runs, "wrong_key"),
        ", ".join(str(run.settings.seed) for run in sorted(runs, key=lambda r: r.settings.seed)),
        str(done) if done == wanted else f"{done} of {wanted}, **unfinished**",
        _sizes(first),
        "; ".join(map(str, figures(data_set(first.data["classes"]), first.scheme))) or "-",
    )
    return f"| {' | '.join(cells)} |"


def _sizes(record: Record) -> str:
    """How many pictures, and whether that is all of them."""
    train, test = record.data["train"], record.data["test"]
    return f"{'**subset**' if record.subset else 'all'}: {train:,} + {test:,}"


def _found(runs: Sequence[Record], name: str) -> str:
    """The mean of what the evaluations say; those of an earlier epoch do not count."""
    values = [
        run.evaluation[name]
        for run in runs
        if run.evaluation and run.evaluation["epochs"] == len(run.epochs)
    ]
    return _mean([value for value in values if value is not None])


def _mean(shares: Sequence[float]) -> str:
    if not shares:
        return "-"
    spread = f" ± {100 * stdev(shares):.1f}" if len(shares) > 1 else ""
    return f"{100 * mean(shares):.1f}{spread}"


def _notes(records: Sequence[Record]) -> Iterator[str]:
    classes = len(records[0].data["classes"])
    yield (
        "This run: share of the test pictures that the network of the last epoch names rightly, "
        f"of {classes} classes (guessing: {100 / classes:.1f} %); with ± the standard deviation "
        "over the seeds. Plain pictures and a wrong key: the same network on these, by 'facecrypt "
        "learn eval'. Run on: pictures for training + for testing."
    )
    yield from _marks(records)
    yield "Settings: " + _listed(
        f"batch {s.batch}, rate {s.lr:g}, {s.schedule} schedule, augmentation {s.augment}"
        f"{' encryption' if s.augment != 'none' else ''}"
        f"{f', label smoothing {s.smoothing:g}' if s.smoothing else ''}"
        for s in (record.settings for record in records)
    )
    yield "Hardware: " + _listed(record.hardware for record in records)
    yield "Software: " + _listed(record.software for record in records)
    data = data_set(records[0].data["classes"])
    cited = {f.source[0] for r in records for f in figures(data, r.scheme)}
    if cited:
        yield (
            "Published: " + "; ".join(f"**{k}** {SOURCES[k]}" for k in SOURCES if k in cited) + "."
        )
    yield KEY_REUSE + _attacks(records)


def _marks(records: Sequence[Record]) -> Iterator[str]:
    tiny = any(record.settings.size == "tiny" for record in records)
    subset = any(record.subset for record in records)
    if tiny or subset:
        what = " and ".join(["tiny networks"] * tiny + ["a subset of the pictures"] * subset)
        yield (
            f"Rows marked so are of {what}: they compare schemes with each other, not with the "
            "published figures, which are of full networks on all pictures for hundreds of epochs."
        )


def _attacks(records: Sequence[Record]) -> str:
    names = sorted({record.scheme for record in records} & set(FALLS_TO), key=_place)
    if not names:
        return ""
    falls = "; ".join(
        f"`{name}` {FALLS_TO[name].chosen} or {FALLS_TO[name].known}" for name in names
    )
    return (
        " Pictures that `facecrypt.attacks` needs, `chosen_plaintext` or `known_plaintext` (the "
        f"median of its runs): {falls}."
    )


def _listed(texts: Iterator[str]) -> str:
    return "; ".join(sorted(set(texts))) + "."


def _place(scheme: str) -> tuple[int, str]:
    return (_ORDER.index(scheme) if scheme in _ORDER else len(_ORDER), scheme)
