"""Accuracies of runs beside the published ones, as a picture."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Any

from facecrypt.analysis.plots import as_png, new_figure
from facecrypt.learning.encrypted import PLAIN
from facecrypt.learning.published import data_set, figures
from facecrypt.learning.runs import Record
from facecrypt.learning.table import place

__all__ = ["chart"]

_LINE = "#444444"
_GAP = 0.6  # between schemes, in bars

_Means = Mapping[tuple[str, str], float]


def chart(records: Sequence[Record]) -> bytes:
    """A bar for each scheme and network, and a mark for each published figure.

    Runs of one scheme and network share a bar, of their mean. A dashed line stands at the best
    mean on plain pictures, a dotted one where guessing would be.

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
    if len(names) != 1:
        raise ValueError(
            "a chart needs runs of one data set, with an epoch each; received those of "
            f"{', '.join(names) or 'none'}; name a folder with runs of one"
        )
    means, classes = _means(records), records[0].data["classes"]
    figure = new_figure(9, 1.5 + 0.25 * len(means))
    axes = figure.add_subplot()
    _draw_bars(axes, means, data_set(classes))
    plain = [share for (scheme, _), share in means.items() if scheme == PLAIN]
    if plain:
        axes.axvline(max(plain), color=_LINE, lw=0.8, ls="--")
    axes.axvline(100 / len(classes), color=_LINE, lw=0.8, ls=":")
    axes.set_xlim(0, 100)
    axes.set_xlabel(f"{names[0]}: test pictures named rightly, %")
    figure.legend(loc="outside upper right", ncols=5, frameon=False)
    return as_png(figure)


def _draw_bars(axes: Any, means: _Means, data: str | None) -> None:
    networks = sorted({network for _, network in means})
    row, ticks = 0.0, {}
    unlabelled = {*networks, "published"}
    for scheme in sorted({scheme for scheme, _ in means}, key=place):
        shares = {n: means[scheme, n] for n in networks if (scheme, n) in means}
        middle = row + (len(shares) - 1) / 2
        ticks[middle] = scheme
        for network, share in shares.items():
            colour = f"C{networks.index(network)}"
            axes.barh(row, share, 0.9, color=colour, label=_once(unlabelled, network))
            axes.text(1, row, f"{share:.1f}", va="center", color="white", fontsize="small")
            row += 1
        row += _GAP
        published = [one.percent for one in figures(data, scheme) if one.percent is not None]
        if published:
            label = _once(unlabelled, "published")
            axes.plot(published, [middle] * len(published), "kD", ms=4, mfc="white", label=label)
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.invert_yaxis()


def _once(unlabelled: set[str], name: str) -> str | None:
    """The name the first time that it is asked for: a legend shows one entry for each."""
    if name not in unlabelled:
        return None
    unlabelled.remove(name)
    return name


def _means(records: Sequence[Record]) -> _Means:
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for record in records:
        share = 100 * record.epochs[-1].test_accuracy
        found[record.scheme, record.settings.network].append(share)
    return {kind: mean(shares) for kind, shares in found.items()}
