"""The documented name of :mod:`facecrypt.analysis.guess`."""

from facecrypt.analysis.guess import CELL, MARGIN, WINDOW, Guess, guess, mirrored, probability_map

__all__ = ["CELL", "MARGIN", "WINDOW", "Guess", "guess", "mirrored", "probability_map"]
