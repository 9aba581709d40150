"""The figures of a report, as PNG bytes. Needs matplotlib, the extra ``report``.

Figures are drawn on Agg canvases of their own rather than through pyplot, whose global state is
neither thread-safe nor freed by itself.
"""

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from facecrypt.analysis.metrics import DIRECTIONS, histogram, neighbours
from facecrypt.analysis.samples import levels
from facecrypt.errors import BackendUnavailableError
from facecrypt.media.png import encode_png

if TYPE_CHECKING:
    from facecrypt.analysis.cases import Case

__all__ = [
    "adjacent_scatter",
    "as_png",
    "check_available",
    "histograms",
    "logistic_diagram",
    "new_figure",
    "picture",
]

_SIDE = 320  # pixels: three pictures of noise of this size are 1.2 MB of base64
_PAIRS = 2000
_INK, _COLOURS = "#444444", ("#d62728", "#2ca02c", "#1f77b4", "#777777")
_TITLES = {"h": "right", "v": "below", "d": "below right", "a": "below left"}


def check_available() -> None:
    """Refuse to begin without matplotlib.

    Raises
    ------
    BackendUnavailableError
        Naming what to install.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise BackendUnavailableError(
            "the figures of a report need matplotlib; pip install 'facecrypt[report]'"
        ) from error


def picture(image: NDArray) -> bytes:
    """A picture, small enough to be shown.

    Parameters
    ----------
    image : (H, W) or (H, W, C) array, uint8 or uint16
        Of wide samples the high byte is shown, of more than 3 channels the first 3, and of
        larger pictures every k-th pixel: averages would turn noise gray.

    Returns
    -------
    bytes
        PNG of at most 320 x 320 pixels.
    """
    step = -(-max(image.shape[:2]) // _SIDE)
    small = image[::step, ::step]
    if small.dtype == np.uint16:
        small = (small >> 8).astype(np.uint8)
    if small.ndim == 3:
        small = small[..., :3] if small.shape[2] >= 3 else small[..., 0]
    return encode_png(np.ascontiguousarray(small))


def histograms(case: "Case") -> bytes:
    """Histograms of plain, cipher and decrypted picture, one curve a channel.

    Parameters
    ----------
    case : Case

    Returns
    -------
    bytes
        PNG.

    Raises
    ------
    BackendUnavailableError
        matplotlib is not installed. So do all figures.
    """
    figure = new_figure(9.6, 2.4)
    drawn = ("plain", case.plain), ("cipher", case.cipher), ("decrypted", case.decrypted)
    for place, (title, image) in enumerate(drawn, 1):
        axes = figure.add_subplot(1, 3, place)
        channels = image.reshape(*image.shape[:2], -1)
        for index in range(channels.shape[2]):
            counts = histogram(channels[..., index], mask=case.mask)
            # 65536 bins of a small picture would be hairs.
            counts = counts.reshape(256, -1).sum(axis=1)
            colour = _INK if channels.shape[2] < 3 else _COLOURS[index % 4]
            axes.stairs(counts, np.linspace(0, levels(image.dtype), 257), color=colour)
        axes.set_title(title)
        axes.set_xlabel("value")
        axes.set_ylim(bottom=0)
        if place == 1:
            axes.set_ylabel("samples")
    return as_png(figure)


def adjacent_scatter(case: "Case", *, seed: int = 0) -> bytes:
    """Values of neighbouring pixels against each other, plain above and cipher below.

    Parameters
    ----------
    case : Case
    seed : int
        Of the sample of 2000 pairs a panel, from the second channel of colour pictures.

    Returns
    -------
    bytes
        PNG.
    """
    figure = new_figure(9.6, 4.9)
    rng = np.random.default_rng(seed)
    top = levels(case.plain.dtype)
    for row, (title, image) in enumerate((("plain", case.plain), ("cipher", case.cipher))):
        channel = image if image.ndim == 2 else image[..., min(1, image.shape[2] - 1)]
        for column, direction in enumerate(DIRECTIONS):
            axes = figure.add_subplot(2, 4, 4 * row + column + 1)
            first, second = (a.reshape(-1) for a in neighbours(channel, direction, case.mask))
            if first.size:
                chosen = rng.integers(0, first.size, min(_PAIRS, first.size))
                axes.plot(first[chosen], second[chosen], ",", color=_COLOURS[2])
            axes.set(xlim=(0, top), ylim=(0, top), aspect="equal", xticks=(), yticks=())
            if row == 0:
                axes.set_title(_TITLES[direction])
            if column == 0:
                axes.set_ylabel(title)
    return as_png(figure)


def logistic_diagram(mu: float) -> bytes:
    """Bifurcations and Lyapunov exponent of the logistic map, with a key's mu marked.

    Parameters
    ----------
    mu : float

    Returns
    -------
    bytes
        PNG.

    Notes
    -----
    For 960 values of mu from 2.8 to 4, 600 states after 400 discarded; the exponent is the
    mean of ``ln |mu (1 - 2 d)|``, above 0 where orbits nearby part.
    """
    rates, density, exponent = _orbits()
    figure = new_figure(9.6, 4.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    shade = np.log1p(density.T)
    box = (rates[0], rates[-1], 0, 1)
    upper.imshow(
        shade, origin="lower", aspect="auto", extent=box, cmap="Greys", vmax=shade.max() / 2
    )
    upper.set_ylabel("states d")
    upper.set_title("logistic map")
    lower.plot(rates, exponent, color=_INK, linewidth=0.7)
    lower.axhline(0, color="#999999", linewidth=0.7)
    lower.set(xlabel="mu", ylabel="Lyapunov", ylim=(-1.5, 0.8))
    for axes in (upper, lower):
        axes.axvline(mu, color=_COLOURS[0], linewidth=1.2)
    upper.annotate(
        f"mu = {mu:g}",
        (mu, 0.04),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        color=_COLOURS[0],
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
    )
    return as_png(figure)


def _orbits() -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """(960,) mu, (960, 320) visits of each cell, and (960,) Lyapunov exponent."""
    rates = np.linspace(2.8, 4.0, 960)
    state = np.full(rates.size, 0.3)
    counts = np.zeros((rates.size, 320), np.int64)
    total = np.zeros(rates.size)
    column = np.arange(rates.size)
    for turn in range(1000):
        state = (rates * state) * (1.0 - state)
        if turn >= 400:
            counts[column, np.minimum((state * 320).astype(np.int64), 319)] += 1
            # At the fixed points of superstable cycles the slope is 0.
            total += np.log(np.maximum(np.abs(rates * (1.0 - 2.0 * state)), 1e-300))
    return rates, counts, total / 600


def new_figure(width: float, height: float) -> Any:
    """An empty matplotlib figure of so many inches, on a canvas of its own.

    Raises
    ------
    BackendUnavailableError
        matplotlib is not installed.
    """
    check_available()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def as_png(figure: Any) -> bytes:
    """A figure of :func:`new_figure`, drawn, at 100 pixels an inch."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=100, metadata={"Software": None})
    return buffer.getvalue()
