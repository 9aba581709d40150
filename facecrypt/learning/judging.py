"""How well a classifier tells encrypted windows from plain ones: by method, as table and plot."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facecrypt.analysis.plots import new_figure
from facecrypt.learning.confusion import Confusion
from facecrypt.learning.windows import METHODS, PLAIN, Windows

__all__ = ["by_method", "method_table", "plot"]

Called = Mapping[str, NDArray[np.bool_]]


def by_method(windows: Windows, called: NDArray[np.bool_]) -> dict[str, float]:
    """The part called encrypted, of the ciphers by each method and of plain windows.

    Parameters
    ----------
    windows : Windows
    called : (n,) bool array
        Which of them a classifier calls encrypted.

    Returns
    -------
    dict of str to float
        For each method recall, for :data:`PLAIN` false alarms; what does not occur is left out.
    """
    groups = {
        name: windows.encrypted & (windows.method == index) for index, name in enumerate(METHODS)
    }
    groups[PLAIN] = ~windows.encrypted
    return {name: float(called[group].mean()) for name, group in groups.items() if group.any()}


def method_table(windows: Windows, called: Called) -> str:
    """:func:`by_method` in Markdown, with a column for each classifier.

    Parameters
    ----------
    windows : Windows
    called : mapping of str to (n,) bool array
        For each classifier which windows it calls encrypted.

    Returns
    -------
    str
    """
    columns = [by_method(windows, guesses) for guesses in called.values()]
    lines = [f"| | {' | '.join(called)} |", "|---" * (1 + len(columns)) + "|"]
    for name in columns[0]:
        shares = " | ".join(f"{column[name]:.3f}" for column in columns)
        lines.append(f"| {name} | {shares} |")
    return "\n".join(lines)


def plot(path: Path, windows: Windows, called: Called) -> None:
    """Draw the confusion matrices and the shares of :func:`by_method` into a PNG.

    Parameters
    ----------
    path : Path
        Replaced where it is there.
    windows, called
        As of :func:`method_table`.

    Raises
    ------
    BackendUnavailableError
        matplotlib is not installed.
    """
    figure = new_figure(10, 2.5 * len(called))
    grid = figure.add_gridspec(len(called), 2, width_ratios=(1, 2))
    bars = figure.add_subplot(grid[:, 1])
    names = list(by_method(windows, windows.encrypted))
    places, height = np.arange(len(names)), 0.8 / len(called)
    for row, (title, guesses) in enumerate(called.items()):
        _matrix(figure.add_subplot(grid[row, 0]), title, Confusion.of(windows.encrypted, guesses))
        shares = list(by_method(windows, guesses).values())
        bars.barh(places + (row - (len(called) - 1) / 2) * height, shares, height, label=title)
    bars.set_yticks(places, names)
    bars.invert_yaxis()
    bars.set_xlim(0, 1)
    bars.set_xlabel("part of the windows called encrypted")
    bars.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(called), frameon=False)
    figure.savefig(path, dpi=80)


def _matrix(axes, title: str, matrix: Confusion) -> None:
    counts = np.array([[matrix.tp, matrix.fn], [matrix.fp, matrix.tn]])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        ink = "white" if shares[row, column] > 0.6 else "black"
        axes.text(column, row, f"{count}", ha="center", va="center", color=ink)
    axes.set_xticks([0, 1], ["encrypted", "plain"])
    axes.set_yticks([0, 1], ["encrypted", "plain"], rotation=90, va="center")
    axes.set_xlabel("called")
    axes.set_ylabel("is")
    axes.set_title(f"{title}: F1 {matrix.f1:.3f}")
