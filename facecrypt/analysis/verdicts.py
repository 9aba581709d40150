"""Every measure of a case beside what it should be, and in words what that means.

A verdict is a test against noise. A report makes dozens of them, and noise fails one in twenty at
the usual 5 %: only what noise does less than once in ten thousand times counts against a cipher.
"""

from collections.abc import Iterator
from math import erfc, isfinite, isnan, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.analysis.cases import Case
from facecrypt.analysis.compare import (
    ALPHA,
    WINDOW,
    DifferenceBounds,
    difference_bounds,
    mse,
    psnr,
    ssim,
)
from facecrypt.analysis.metrics import (
    DIRECTIONS,
    adjacent_correlation,
    chi_square_test,
    entropy,
    expected_entropy,
    neighbours,
)
from facecrypt.analysis.samples import levels, pick
from facecrypt.analysis.study import Change, differential, encryption_time

__all__ = ["Row", "Table", "tables"]

_ODD, _BAD = 1e-3, 1e-4
_KEY_BITS = 128  # NIST SP 800-57: security strength acceptable through 2030 and beyond
_PLACES = {"h": "to the right", "v": "below", "d": "below right", "a": "below left"}


class Row(NamedTuple):
    """One line of a table; all but `grade` are text to be shown.

    Attributes
    ----------
    measure, plain, value, ideal, verdict : str
    grade : {"good", "odd", "bad", ""}
    """

    measure: str
    plain: str
    value: str
    ideal: str
    verdict: str
    grade: str


class Table(NamedTuple):
    """Measures that answer one question.

    Attributes
    ----------
    question : str
    rows : list of Row
    """

    question: str
    rows: list[Row]


def tables(case: Case) -> list[Table]:
    """Measure a case. Runs its cipher some forty times where it has one."""
    found = [
        Table("Does the cipher look like noise?", [_entropy(case), _chi_square(case)]),
        Table("Are neighbouring pixels still alike?", [_correlation(case, d) for d in DIRECTIONS]),
        Table("How far is the cipher from the picture?", list(_distance(case))),
        Table("Does the picture come back?", list(_return(case))),
        Table("What does one changed bit of the picture change?", list(_differential(case))),
        Table("What does the least change of the key change?", list(_key(case))),
        Table("How fast is it?", list(_speed(case))),
    ]
    return [table for table in found if table.rows]


def _entropy(case: Case) -> Row:
    samples, values = pick(case.plain, case.mask).size, levels(case.plain.dtype)
    ideal = expected_entropy(samples, values)
    got = entropy(case.cipher, mask=case.mask)
    # The variance of 2 N ln(2) H is that of chi-square, 2 (K - 1); for few samples it is less.
    deviation = sqrt((values - 1) / 2) / (samples * np.log(2))
    verdict, grade = _judge(_two_sided((got - ideal) / deviation))
    plain = f"{entropy(case.plain, mask=case.mask):.5f}"
    return Row(
        "entropy, bits a sample",
        plain,
        f"{got:.5f}",
        f"{ideal:.5f} ± {2 * deviation:.5f}",
        verdict,
        grade,
    )


def _chi_square(case: Case) -> Row:
    before, after = (chi_square_test(a, mask=case.mask) for a in (case.plain, case.cipher))
    values = levels(case.plain.dtype)
    ideal = f"{values - 1}, below {after.critical:.1f}"
    if pick(case.plain, case.mask).size < 5 * values:
        verdict, grade = "too few samples for this test", ""
    else:
        # Noise is never quite even: too small a statistic is no noise either.
        verdict, grade = _judge(2 * min(after.p_value, 1 - after.p_value))
    return Row(
        "chi-square of the histogram",
        f"{before.statistic:,.1f}",
        f"{after.statistic:,.1f}",
        ideal,
        verdict,
        grade,
    )


def _correlation(case: Case, direction: str) -> Row:
    plains, ciphers = _channels(case.plain), _channels(case.cipher)
    pairs = neighbours(ciphers[0], direction, case.mask)[0].size
    before = [adjacent_correlation(c, direction, mask=case.mask) for c in plains]
    after = [adjacent_correlation(c, direction, mask=case.mask) for c in ciphers]
    worst = max(after, key=lambda r: 2.0 if isnan(r) else abs(r))
    if pairs < 2:
        verdict, grade, ideal = "too few pairs", "", "0"
    else:
        ideal = f"0 ± {2 / sqrt(pairs):.4f}"
        if isnan(worst):
            verdict, grade = "constant: not noise", "bad"
        else:
            # The worst of several channels is extreme more often than one channel.
            verdict, grade = _judge(len(after) * _two_sided(worst * sqrt(pairs)))
    most = max(before, key=lambda r: -1.0 if isnan(r) else abs(r))
    name = f"correlation with the pixel {_PLACES[direction]}"
    return Row(name, _signed(most), _signed(worst), ideal, verdict, grade)


def _distance(case: Case) -> Iterator[Row]:
    top = levels(case.plain.dtype) - 1
    plain = pick(case.plain, case.mask)
    # A uniform sample lies on average so far from a given one: squared bias and variance.
    mean, spread = float(plain.mean()), float(plain.var())
    expected = (mean - top / 2) ** 2 + spread + ((top + 1) ** 2 - 1) / 12
    ideal = 10 * np.log10(top * top / expected)
    got = psnr(case.plain, case.cipher, mask=case.mask)
    near = abs(got - ideal) < 0.5
    text = "as far as noise" if near else f"{'nearer' if got > ideal else 'farther'} than noise"
    grade = "good" if near else "bad"
    yield Row("PSNR to the picture, dB", "", f"{got:.2f}", f"{ideal:.2f}", text, grade)
    if min(case.plain.shape[:2]) < WINDOW:
        return
    similar = ssim(case.plain, case.cipher, mask=case.mask)
    if not isnan(similar):
        # No praise for a low value: pictures whose outlines are plain to see have some, too.
        low = abs(similar) < 0.05
        text = "low, as of noise; a coarse measure" if low else "structure of the picture remains"
        yield Row("SSIM to the picture", "", f"{similar:.4f}", "0", text, "" if low else "bad")


def _return(case: Case) -> Iterator[Row]:
    exact = np.array_equal(case.plain, case.decrypted)
    error = mse(case.plain, case.decrypted)
    text, grade = ("bit for bit", "good") if exact else ("not the picture", "bad")
    yield Row("mean squared error after decryption", "", f"{error:g}", "0", text, grade)
    if case.mask is not None and not case.mask.all():
        changed = int(np.count_nonzero(case.plain[~case.mask] != case.cipher[~case.mask]))
        text, grade = ("untouched", "good") if not changed else ("changed", "bad")
        yield Row("samples changed outside the regions", "", f"{changed}", "0", text, grade)


def _differential(case: Case) -> Iterator[Row]:
    if case.encrypt is None:
        return
    outcome = differential(case.encrypt, case.plain, mask=case.mask)
    change = Change(float(outcome.npcr.mean()), float(outcome.uaci.mean()))
    bounds = _bounds(case)
    ideals = (
        f"{bounds.npcr_mean:.4f}, above {bounds.npcr_low:.4f}",
        f"{bounds.uaci_mean:.4f}, {bounds.uaci_low:.4f} to {bounds.uaci_high:.4f}",
    )
    chances = _chances(change, bounds)
    for name, value, ideal, p_value in zip(("NPCR", "UACI"), change, ideals, chances, strict=True):
        verdict, grade = _judge(p_value)
        if grade == "bad":
            verdict = "a change does not spread: chosen pictures break this"
        elif outcome.fresh:
            verdict += "; each encryption draws a fresh key"
        yield Row(f"{name}, %", "", f"{value:.4f}", ideal, verdict, grade)


def _key(case: Case) -> Iterator[Row]:
    bounds = _bounds(case)
    ideal = f"{bounds.npcr_mean:.4f}, {bounds.uaci_mean:.4f}"
    for name, change in case.sensitivity.items():
        # The worse of two is extreme twice as often as one.
        verdict, grade = _judge(2 * min(_chances(change, bounds)))
        value = f"{change.npcr:.4f}, {change.uaci:.4f}"
        yield Row(f"NPCR and UACI, {name}, %", "", value, ideal, verdict, grade)
    if case.key_space_bits is not None:
        bits = case.key_space_bits
        good = bits >= _KEY_BITS
        text = "cannot be searched" if good else "can be searched"
        value = f"{bits:,.1f}".removesuffix(".0")
        ideal = f"at least {_KEY_BITS}"
        yield Row("key space, bits", "", value, ideal, text, "good" if good else "bad")


def _bounds(case: Case) -> DifferenceBounds:
    return difference_bounds(pick(case.plain, case.mask).size, levels(case.plain.dtype))


def _chances(change: Change, bounds: DifferenceBounds) -> tuple[float, float]:
    """How often noise is so far from the mean, for NPCR and UACI."""
    normal = NormalDist()
    npcr = (change.npcr - bounds.npcr_mean) / (bounds.npcr_mean - bounds.npcr_low)
    uaci = (change.uaci - bounds.uaci_mean) / (bounds.uaci_high - bounds.uaci_mean)
    return (
        _two_sided(npcr * normal.inv_cdf(1 - ALPHA)),
        _two_sided(uaci * normal.inv_cdf(1 - ALPHA / 2)),
    )


def _speed(case: Case) -> Iterator[Row]:
    if case.encrypt is None:
        return
    took = encryption_time(case.encrypt, case.plain)
    rate = took.size / took.seconds / 1e6
    ratio = took.seconds / took.memcpy
    yield Row(
        "encryption, ms", "", f"{took.seconds * 1e3:.3g}", "", f"{rate:,.0f} MB/s of picture", ""
    )
    yield Row(
        "times a copy of the bytes", "", f"{ratio:,.0f}", "1", "median of 9, on this machine", ""
    )


def _judge(p_value: float) -> tuple[str, str]:
    if p_value >= _ODD:
        return "as noise", "good"
    if p_value >= _BAD:
        return f"unusual: noise does this 1 time in {1 / p_value:.0f}", "odd"
    return "not noise", "bad"


def _two_sided(z: float) -> float:
    return erfc(abs(z) / sqrt(2)) if isfinite(z) else 0.0


def _channels(a: NDArray) -> list[NDArray]:
    return [a] if a.ndim == 2 else [a[..., channel] for channel in range(a.shape[2])]


def _signed(r: float) -> str:
    return "constant" if isnan(r) else f"{r:+.4f}"
