"""Accuracies of runs beside the published ones, as a picture."""

from collections.abc import Sequence
from itertools import groupby
from statistics import mean
from typing import Any

from facecrypt.analysis.plots import as_png, new_figure
from facecrypt.learning.encrypted import PLAIN
from facecrypt.learning.published import data_set, figures
from facecrypt.learning.runs import Record
from facecrypt.learning.table import by_kind

__all__ = ["chart"]

_LINE = "#444444"
_GAP = 0.6  # between schemes, in bars
_ROOM = 25  # percent, that the text in a bar takes


def chart(records: Sequence[Record]) -> bytes:
    """A bar for each row of the table, and a mark for each accuracy that was published.

    A dashed line stands at the best of plain pictures, a dotted one where guessing would be. Bars
    of tiny networks, of a subset and of unfinished runs are hatched, and say so.

    Parameters
    ----------
    records : sequence of Record
        Of one data set. Those without an epoch are left out.

    Returns
    -------
    bytes
        PNG.

    Raises
    ------
    ValueError
        They are of several data sets, or none has an epoch.
    BackendUnavailableError
        matplotlib is not installed.
    """
    records = [record for record in records if record.epochs]
    names = sorted({record.data["name"] for record in records})
    if not names:
        raise ValueError("no run has an epoch yet; a chart needs one")
    if len(names) > 1:
        raise ValueError(
            f"a chart is of one data set, and these runs are of {', '.join(names)}; name a folder "
            "with runs of one"
        )
    rows, classes = by_kind(records), records[0].data["classes"]
    figure = new_figure(9, 1.5 + 0.25 * len(rows))
    axes = figure.add_subplot()
    _draw_bars(axes, rows, data_set(classes))
    plain = [_share(runs) for runs in rows if runs[0].scheme == PLAIN]
    if plain:
        axes.axvline(max(plain), color=_LINE, lw=0.8, ls="--", label="best of plain")
    axes.axvline(100 / len(classes), color=_LINE, lw=0.8, ls=":", label="guessing")
    axes.set_xlim(0, 100)
    axes.set_xlabel(f"{names[0]}: test pictures named rightly, %", parse_math=False)
    figure.legend(loc="outside upper right", ncols=4, frameon=False)
    return as_png(figure)


def _draw_bars(axes: Any, rows: Sequence[Sequence[Record]], data: str | None) -> None:
    networks = sorted({runs[0].settings.network for runs in rows})
    unlabelled = {*networks, "published"}
    at, ticks = 0.0, {}
    for scheme, some in groupby(rows, key=lambda runs: runs[0].scheme):
        bars = list(some)
        middle = at + (len(bars) - 1) / 2
        ticks[middle] = scheme
        for runs in bars:
            network, share, marks = runs[0].settings.network, _share(runs), _marks(runs[0])
            colour = f"C{networks.index(network)}"
            (bar,) = axes.barh(at, share, 0.9, color=colour, label=_once(unlabelled, network))
            if len(marks) > 1:
                bar.set(hatch="//", edgecolor="white")
            text = f"{share:.1f} after {', '.join(marks)}"
            inside = share > _ROOM and len(marks) == 1
            place, ink = (1, "white") if inside else (share + 1, _LINE)
            axes.text(place, at, text, va="center", color=ink, fontsize="small")
            at += 1
        at += _GAP
        published = [one.percent for one in figures(data, scheme) if one.percent is not None]
        if published:
            label = _once(unlabelled, "published")
            axes.plot(published, [middle] * len(published), "kD", ms=4, mfc="white", label=label)
    axes.set_yticks(list(ticks), list(ticks.values()), parse_math=False)
    axes.invert_yaxis()


def _once(unlabelled: set[str], name: str) -> str | None:
    """The name the first time that it is asked for: a legend shows one entry for each."""
    if name not in unlabelled:
        return None
    unlabelled.remove(name)
    return name


def _marks(run: Record) -> list[str]:
    """How many epochs, and what makes a run a smaller one."""
    done = len(run.epochs)
    small = {
        "unfinished": not run.finished,
        "tiny": run.settings.size == "tiny",
        "subset": run.subset,
    }
    return [f"{done} epoch{'s' * (done != 1)}", *(mark for mark, holds in small.items() if holds)]


def _share(runs: Sequence[Record]) -> float:
    return 100 * mean(run.epochs[-1].test_accuracy for run in runs)
