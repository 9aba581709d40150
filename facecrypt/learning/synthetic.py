"""Pictures drawn by a generator: what a classifier of ciphers has to call plain.

They belong to nobody, so that what was learnt from them may be shipped, and there are as many as
wanted. Half of the kinds are hard on purpose: textures, halftones and tiny text are nearer to
noise than photographs are.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "synthetic", "worn"]

Picture = NDArray[np.uint8]
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_COMPLEX)
_LETTERS = "etaoin shrdlu cmfwyp vbgkjqxz ETAOINSHRDLU 0123456789 .,;:-()"
_BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) * 16 + 8


def synthetic(kind: str, side: int, rng: np.random.Generator) -> Picture:
    """Draw one picture.

    Parameters
    ----------
    kind : str
        One of :data:`KINDS`.
    side : int
        Height and width in pixels, at least 32.
    rng : numpy.random.Generator
        The same state gives the same picture.

    Returns
    -------
    (side, side, 3) uint8 array, RGB

    Examples
    --------
    >>> synthetic("fractal", 64, np.random.default_rng(0)).shape
    (64, 64, 3)
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, received {kind!r}")
    return np.ascontiguousarray(KINDS[kind](side, rng))


def worn(picture: Picture, rng: np.random.Generator) -> Picture:
    """What cameras, codecs and editors do to a picture: about half of the time, each of some.

    Parameters
    ----------
    picture : (H, W, 3) uint8 array

    Returns
    -------
    (H, W, 3) uint8 array
        A copy: enlarged, blurred or sharpened, brighter or darker, noisy as at high ISO, of few
        colours, through JPEG, gray.
    """
    out = picture.copy()
    if rng.random() < 0.2:
        out = _enlarged(out, rng)
    if rng.random() < 0.2:
        soft = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 2))
        out = soft if rng.random() < 0.5 else cv2.addWeighted(out, 2, soft, -1, 0)
    if rng.random() < 0.3:
        levels = 255 * (np.arange(256) / 255) ** rng.uniform(0.5, 2)
        out = levels.astype(np.uint8)[out]
    if rng.random() < 0.35:
        out = _noisy(out, rng)
    if rng.random() < 0.08:
        step = int(rng.choice([16, 32, 64]))
        out = out // step * step + step // 2
    if rng.random() < 0.35:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 97))]
        out = cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], cv2.IMREAD_COLOR)
    if rng.random() < 0.2:
        out = np.repeat(out.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    return out


def _enlarged(picture: Picture, rng: np.random.Generator) -> Picture:
    height, width = picture.shape[:2]
    factor = rng.uniform(1.2, 4)
    method = int(rng.choice([cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
    part = picture[: max(1, int(height / factor)), : max(1, int(width / factor))]
    return cv2.resize(part, (width, height), interpolation=method)


def _noisy(picture: Picture, rng: np.random.Generator) -> Picture:
    """Read noise and shot noise, in each channel or in all alike."""
    shape = picture.shape if rng.random() < 0.7 else (*picture.shape[:2], 1)
    spread = rng.exponential(10) + rng.uniform(0, 0.8) * np.sqrt(picture)
    return _bytes(picture + spread * rng.standard_normal(shape))


def _bytes(values: NDArray) -> Picture:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _colour(rng: np.random.Generator) -> NDArray:
    if rng.random() < 0.15:
        return rng.choice([0.0, 255.0], 3)
    colour = rng.uniform(0, 255, 3)
    return colour.mean() + rng.random() * (colour - colour.mean())


def _tuple(colour: NDArray) -> tuple[int, ...]:
    return tuple(int(v) for v in colour)


def _flat(side: int, rng: np.random.Generator) -> NDArray:
    values = [np.zeros(3), np.full(3, 255.0), rng.uniform(0, 255, 3)][int(rng.integers(3))]
    return np.tile(_bytes(values), (side, side, 1))


def _gradient(side: int, rng: np.random.Generator) -> NDArray:
    y, x = np.mgrid[0:side, 0:side] / side
    angle = rng.uniform(0, 2 * np.pi)
    ramp = x * np.cos(angle) + y * np.sin(angle)
    if rng.random() < 0.4:
        ramp = np.hypot(x - rng.random(), y - rng.random())
    ramp = (ramp - ramp.min()) / np.ptp(ramp)
    first, last = _colour(rng), _colour(rng)
    return _bytes(first + (last - first) * ramp[..., None])


def _fractal(side: int, rng: np.random.Generator) -> NDArray:
    """Noise whose amplitude falls as a power of the frequency: clouds to plaster."""
    low, high = _cloud(side, rng, rng.uniform(0.7, 2.2)), _colour(rng)
    base = low[..., None] * (high - _colour(rng)) + _colour(rng)
    hue = np.stack([_cloud(side, rng, 1.5) for _ in range(3)], axis=-1)
    return _bytes(base + rng.uniform(0, 60) * (hue - 0.5))


def _cloud(side: int, rng: np.random.Generator, power: float) -> NDArray:
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) / frequency**power
    spectrum[0, 0] = 0
    cloud = np.fft.irfft2(spectrum, (side, side))
    return (cloud - cloud.min()) / np.ptp(cloud)


def _leaves(side: int, rng: np.random.Generator) -> NDArray:
    """Dead leaves: discs of all sizes over each other, which have the statistics of photographs."""
    out = np.tile(_colour(rng), (side, side, 1)).astype(np.uint8)
    for _ in range(int(rng.integers(60, 400))):
        radius = int(min(side / 2, 2 / max(rng.random(), 0.02) ** 0.8))
        centre = (int(rng.integers(side)), int(rng.integers(side)))
        cv2.circle(out, centre, radius, _tuple(_colour(rng)), -1, cv2.LINE_AA)
    texture = _cloud(side, rng, rng.uniform(0.5, 1.5))[..., None] - 0.5
    return _bytes(out + rng.uniform(0, 120) * texture)


def _shapes(side: int, rng: np.random.Generator) -> NDArray:
    out = np.tile(_colour(rng), (side, side, 1)).astype(np.uint8)
    for _ in range(int(rng.integers(2, 25))):
        corners = rng.integers(-side // 4, side + side // 4, (int(rng.integers(3, 6)), 1, 2))
        if rng.random() < 0.5:
            cv2.fillPoly(out, [corners.astype(np.int32)], _tuple(_colour(rng)), cv2.LINE_AA)
        else:
            thick = int(rng.integers(1, 5))
            lines, colour = [corners.astype(np.int32)], _tuple(_colour(rng))
            cv2.polylines(out, lines, isClosed=True, color=colour, thickness=thick)
    return out


def _text(side: int, rng: np.random.Generator) -> NDArray:
    paper, ink = _colour(rng), _colour(rng)
    if rng.random() < 0.6:
        paper, ink = (np.full(3, 255.0), np.zeros(3))[:: int(rng.choice([1, -1]))]
    out = np.tile(paper, (side, side, 1)).astype(np.uint8)
    size, font = rng.uniform(0.25, 0.9), int(rng.choice(_FONTS))
    for y in range(4, side + 20, max(6, int(rng.uniform(18, 32) * size))):
        line = "".join(rng.choice(list(_LETTERS), 90))
        cv2.putText(out, line, (int(rng.integers(-9, 9)), y), font, size, _tuple(ink), 1)
    return out


def _screen(side: int, rng: np.random.Generator) -> NDArray:
    """Panels, frames, rules and lines of text on flat ground."""
    out = np.tile(rng.uniform(200, 256, 3) * rng.choice([0.15, 1]), (side, side, 1))
    out = out.astype(np.uint8)
    for _ in range(int(rng.integers(4, 14))):
        x, y = (int(v) for v in rng.integers(0, side, 2))
        corner = (x + int(rng.integers(8, side)), y + int(rng.integers(4, side // 2)))
        cv2.rectangle(out, (x, y), corner, _tuple(_colour(rng)), int(rng.choice([-1, 1, 2])))
        word = "".join(rng.choice(list(_LETTERS), 14))
        cv2.putText(out, word, (x + 3, y + 12), 0, 0.35, _tuple(_colour(rng)), 1)
    return out


def _strokes(side: int, rng: np.random.Generator) -> NDArray:
    """Thousands of short strokes of about one direction: grass, hair, fur."""
    out = np.tile(_colour(rng), (side, side, 1)).astype(np.uint8)
    main, spread, length = rng.uniform(0, np.pi), rng.uniform(0.05, 1), rng.uniform(4, 24)
    near, far = _colour(rng), _colour(rng)
    count = side * side // int(rng.integers(8, 30))
    starts, mixes = rng.integers(0, side, (count, 2)), rng.random((count, 1))
    angles = main + spread * rng.standard_normal(count)
    ends = starts + (length * np.stack([np.cos(angles), np.sin(angles)], axis=-1)).astype(int)
    for start, end, colour in zip(starts, ends, near + mixes * (far - near), strict=True):
        cv2.line(out, _tuple(start), _tuple(end), _tuple(colour), 1, cv2.LINE_AA)
    return out


def _gravel(side: int, rng: np.random.Generator) -> NDArray:
    """Stones of one to eight pixels, each shaded: Voronoi cells about random points."""
    seeds = np.full((side, side), 255, np.uint8)
    count = max(4, int((side / rng.uniform(1.5, 8)) ** 2))
    seeds[rng.integers(0, side, count), rng.integers(0, side, count)] = 0
    distance, label = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    stones = _colour(rng) + rng.uniform(20, 90) * rng.standard_normal((label.max() + 1, 1))
    return _bytes(stones[label] - rng.uniform(0, 15) * distance[..., None])


def _waves(side: int, rng: np.random.Generator) -> NDArray:
    """Gratings, weaves and checks of two pixels' period and more."""
    y, x = np.mgrid[0:side, 0:side]
    total = np.zeros((side, side))
    for _ in range(int(rng.integers(1, 4))):
        period, angle = 2 + rng.exponential(8), rng.uniform(0, np.pi)
        total += np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / period)
    if rng.random() < 0.4:
        total = np.sign(total)
    total = (total - total.min()) / max(np.ptp(total), 1e-9)
    first, last = _colour(rng), _colour(rng)
    return _bytes(first + (last - first) * total[..., None])


def _halftone(side: int, rng: np.random.Generator) -> NDArray:
    """Another picture in two levels a channel: an ordered screen or spread errors."""
    kind = str(rng.choice(["gradient", "fractal", "leaves"]))
    picture = synthetic(kind, side, rng).astype(np.float64)
    if rng.random() < 0.5:
        picture = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.5:
        screen = np.tile(_BAYER, (side // 4 + 1,) * 2)[:side, :side, None]
        return _bytes(255.0 * (picture > screen))
    for y in range(side):  # Errors spread down and along the row's diagonal; all columns at once.
        level = np.where(picture[y] > 127.5, 255.0, 0.0)
        error, picture[y] = picture[y] - level, level
        if y + 1 < side:
            picture[y + 1] += error / 2
            picture[y + 1] += np.roll(error, 1, axis=0) / 4 + np.roll(error, -1, axis=0) / 4
    return _bytes(picture)


def _codes(side: int, rng: np.random.Generator) -> NDArray:
    """Black and white modules, as of matrix codes and bar codes."""
    module = int(rng.integers(3, 9))
    cells = rng.integers(0, 2, (side // module + 1,) * 2, dtype=np.uint8) * 255
    if rng.random() < 0.4:
        cells[:] = cells[0]
    out = cv2.resize(cells, None, fx=module, fy=module, interpolation=cv2.INTER_NEAREST)
    return np.repeat(out[:side, :side, None], 3, axis=2)


KINDS: dict[str, Callable[[int, np.random.Generator], NDArray]] = {
    "codes": _codes,
    "flat": _flat,
    "fractal": _fractal,
    "gradient": _gradient,
    "gravel": _gravel,
    "halftone": _halftone,
    "leaves": _leaves,
    "screen": _screen,
    "shapes": _shapes,
    "strokes": _strokes,
    "text": _text,
    "waves": _waves,
}
