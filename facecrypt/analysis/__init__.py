"""Measurements: of pictures, of pairs of pictures, of ciphers, and the report of them all.

The measures find bad ciphers. They prove no good one: see ``docs/analysis.md``.
"""

from facecrypt.analysis.cases import Case, SchemeLike, study_scheme, study_sealing
from facecrypt.analysis.compare import (
    DifferenceBounds,
    difference_bounds,
    mse,
    npcr,
    psnr,
    ssim,
    uaci,
)
from facecrypt.analysis.metrics import (
    ChiSquareTest,
    adjacent_correlation,
    chi_square,
    chi_square_test,
    entropy,
    expected_entropy,
    histogram,
)
from facecrypt.analysis.report import write_report
from facecrypt.analysis.run import analyze_files
from facecrypt.analysis.samples import region_mask
from facecrypt.analysis.study import (
    Change,
    Differential,
    Timing,
    bit_neighbours,
    differential,
    encryption_time,
    key_sensitivity,
    logistic_neighbours,
)

__all__ = [
    "Case",
    "Change",
    "ChiSquareTest",
    "DifferenceBounds",
    "Differential",
    "SchemeLike",
    "Timing",
    "adjacent_correlation",
    "analyze_files",
    "bit_neighbours",
    "chi_square",
    "chi_square_test",
    "difference_bounds",
    "differential",
    "encryption_time",
    "entropy",
    "expected_entropy",
    "histogram",
    "key_sensitivity",
    "logistic_neighbours",
    "mse",
    "npcr",
    "psnr",
    "region_mask",
    "ssim",
    "study_scheme",
    "study_sealing",
    "uaci",
    "write_report",
]
