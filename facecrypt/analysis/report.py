"""Measurements as one HTML file that needs nothing else: no network, no script."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from facecrypt._version import __version__
from facecrypt.analysis import plots
from facecrypt.analysis.cases import Case
from facecrypt.analysis.verdicts import Row, Table, tables
from facecrypt.files import PathLike, atomic_write

__all__ = ["render", "write_report"]

_NAMED = 4  # failing measures in the headline; the tables have all

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #59636e; --line: #d1d9e0; --page: #fff;
  --good: #116329; --odd: #7d4e00; --bad: #b31d28; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --dim: #a0a8b0; --line: #3d444d; --page: #111;
    --good: #56d364; --odd: #e3b341; --bad: #ff7b72; }
  img.chart { filter: invert(0.93) hue-rotate(180deg); } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin: 3rem 0 .5rem; padding-top: 1rem;
  border-top: 2px solid var(--line); overflow-wrap: anywhere; }
table { border-collapse: collapse; table-layout: fixed; width: 100%; min-width: 46rem;
  margin: 1.2rem 0; font-size: .9rem; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { color: var(--dim); font-weight: 500; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
th:first-child { width: 31%; } th:last-child { width: 25%; }
.compared th:nth-child(2), .compared th:nth-child(3) { width: 11%; } th:nth-child(2) { width: 16%; }
.good { color: var(--good); } .odd { color: var(--odd); } .bad { color: var(--bad); }
.bad, .odd { font-weight: 600; } .dim { color: var(--dim); font-size: .9rem; }
.verdict { font-size: 1.05rem; border-left: 4px solid currentcolor; padding-left: .8rem; }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
figure { margin: 1.5rem 0; } figcaption { color: var(--dim); font-size: .9rem; }
.pictures figure { flex: 1 1 12rem; max-width: 20rem; margin: 0; }
.pictures img { width: 100%; image-rendering: pixelated; } img.chart { width: 100%; }
.scroll { overflow-x: auto; }
@media print { body { margin: 0; max-width: none; font-size: 11pt; }
  table, figure, .verdict { break-inside: avoid; } h2 { break-after: avoid; } }
"""

_CAUTION = """
<p>Every figure stands beside what unrelated noise of the same size gives. A cipher that can be told
from noise is bad. One that cannot need not be good: a picture XORed with one noise picture that is
used again and again passes almost all of this, and two such ciphers give the pictures away.</p>
<p class="dim">Verdicts: <span class="good">as noise</span>, where noise itself is so far from the
ideal 1 time in 1,000 or more often; <span class="odd">unusual</span>, down to 1 time in 10,000,
which a report of dozens of measures shows now and then (measure again with another key);
<span class="bad">not noise</span>, beyond that.</p>
"""


def write_report(path: PathLike, cases: Iterable[Case], *, overwrite: bool = False) -> None:
    """Measure cases and write what was found, as one HTML file.

    Parameters
    ----------
    path : path of the file
    cases : iterable of Case
        One section each: :func:`study_sealing` and :func:`study_scheme` make them. From a
        generator only one case at a time is held.
    overwrite : bool
        Replace an existing file.

    Raises
    ------
    BackendUnavailableError
        matplotlib is not installed.
    MediaError
        The file exists or cannot be written; nothing was written.
    ValueError
        No cases.

    Notes
    -----
    About a second and 1.5 MB for a picture of 512 x 512.
    """
    atomic_write(path, render(cases).encode(), overwrite=overwrite)


def render(cases: Iterable[Case]) -> str:
    """The HTML text that :func:`write_report` writes."""
    plots.check_available()  # before the measuring, which takes longer
    sections = [_section(case) for case in cases]
    if not sections:
        raise ValueError("expected at least one case, received none")
    return (
        "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        f"<title>facecrypt: measurements</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>Measurements</h1>{_CAUTION}{''.join(sections)}"
        f"<p class='dim'>facecrypt {__version__}</p>\n</body>\n</html>\n"
    )


def _section(case: Case) -> str:
    measured = tables(case)
    return "".join(
        [
            f"<section>\n<h2>{escape(case.name)}</h2>\n",
            f"<p class='dim'>{_subject(case)}</p>\n",
            f"<p>{escape(case.note)}</p>\n" if case.note else "",
            _headline(measured),
            _pictures(case),
            *(_table(table) for table in measured),
            _chart("Histograms", plots.histograms(case)),
            _chart(
                "Each point is a pixel (across) and its neighbour (up): a photo lies on the "
                "diagonal, noise is everywhere.",
                plots.adjacent_scatter(case),
            ),
            _orbit(case),
            "</section>\n",
        ]
    )


def _subject(case: Case) -> str:
    height, width = case.plain.shape[:2]
    text = f"{width} x {height} pixels, {case.plain.dtype}"
    if case.plain.ndim == 3:
        text += f", {case.plain.shape[2]} channels"
    if case.mask is not None:
        count = int(case.mask.sum())
        text += f"; measured in the {count:,} pixels that are encrypted"
    return text


def _headline(measured: Sequence[Table]) -> str:
    rows = [row for table in measured for row in table.rows]
    bad = [row.measure for row in rows if row.grade == "bad"]
    odd = [row.measure for row in rows if row.grade == "odd"]
    if bad:
        text = f"{len(bad)} of {len(rows)} measures fail: {_enumerate(bad)}."
        return f"<p class='verdict bad'>{text}</p>\n"
    if odd:
        return f"<p class='verdict odd'>Nothing fails; unusual for noise: {_enumerate(odd)}.</p>\n"
    return "<p class='verdict good'>Nothing tells this cipher from noise.</p>\n"


def _enumerate(measures: Sequence[str]) -> str:
    shown = [measure.removesuffix(", %") for measure in measures[:_NAMED]]
    if len(measures) > _NAMED:
        shown.append(f"and {len(measures) - _NAMED} more")
    return escape("; ".join(shown))


def _pictures(case: Case) -> str:
    shown = ("plain", case.plain), ("cipher", case.cipher), ("decrypted", case.decrypted)
    figures = (
        f"<figure><img alt='{title}' src='{_data(plots.picture(image))}'>"
        f"<figcaption>{title}</figcaption></figure>\n"
        for title, image in shown
    )
    return f"<div class='pictures'>\n{''.join(figures)}</div>\n"


def _table(table: Table) -> str:
    with_plain = any(row.plain for row in table.rows)
    heads = ["", "plain", "cipher", "ideal", ""] if with_plain else ["", "measured", "ideal", ""]
    head = "".join(f"<th scope='col'>{text}</th>" for text in heads)
    body = "\n".join(_row(row, with_plain=with_plain) for row in table.rows)
    kind = "compared" if with_plain else "measured"
    return (
        f"<div class='scroll'><table class='{kind}'><caption>{table.question}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>\n"
    )


def _row(row: Row, *, with_plain: bool) -> str:
    numbers = [row.plain, row.value, row.ideal] if with_plain else [row.value, row.ideal]
    cells = "".join(f"<td class='number'>{escape(text)}</td>" for text in numbers)
    return (
        f"<tr><td>{escape(row.measure)}</td>{cells}"
        f"<td class='{row.grade}'>{escape(row.verdict)}</td></tr>"
    )


def _orbit(case: Case) -> str:
    if case.mu is None:
        return ""
    text = f"The key's mu = {case.mu!r} ({case.mu.hex()})"
    if case.d0 is not None:
        text += f", d0 = {case.d0!r} ({case.d0.hex()})"
    text += (
        ". Windows of order show as gaps above and as dips below 0; "
        "keys in them give a repeating stream."
    )
    return _chart(text, plots.logistic_diagram(case.mu))


def _chart(caption: str, png: bytes) -> str:
    text = escape(caption)
    return (
        f"<figure><img class='chart' alt='{text}' src='{_data(png)}'>"
        f"<figcaption>{text}</figcaption></figure>\n"
    )


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"
