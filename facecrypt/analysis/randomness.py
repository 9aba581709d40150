"""Keystreams through dieharder, a battery of randomness tests that others keep.

dieharder (Robert G. Brown, GPL) is run as a program of its own, found on the PATH: Debian, Ubuntu,
Fedora and Homebrew have it under that name. It wants more bytes than one orbit of the logistic map
may give, so the streams here go on with key after key.
"""

import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from facecrypt.chaos.keystreams import MAX_OUTPUTS, LogisticKey, logistic_sequence, seal_stream_xor
from facecrypt.errors import BackendUnavailableError

__all__ = ["QUICK", "Outcome", "dieharder", "keystream", "sealing_stream"]

# Tests that dieharder itself calls good, a minute and a half in all: birthdays, ranks of 6x8
# matrices, ones in bytes (overlapping and not), parking lot, runs, craps, three of NIST's suite,
# byte distribution, fill tree, monobit.
QUICK = (0, 3, 8, 9, 10, 15, 16, 100, 101, 102, 205, 208, 209)
_SEALED = 16 << 20  # bytes of one subkey: four chunks
_FLAGS = ("test_name", "ntuple", "pvalues", "assessment")


class Outcome(NamedTuple):
    """One p-value of the battery.

    Attributes
    ----------
    test : str
    ntuple : int
        Parameter of the test, such as the number of bits it looks at together.
    p_value : float
        Uniform in 0 to 1 for noise.
    assessment : {"passed", "weak", "failed"}
        dieharder's word: weak below 0.005 or above 0.995, failed within 1e-6 of either end.
    """

    test: str
    ntuple: int
    p_value: float
    assessment: str


def dieharder(stream: Iterable[NDArray[np.uint8]], tests: Sequence[int] = QUICK) -> list[Outcome]:
    """Run tests of dieharder, each on the next part of a stream.

    Parameters
    ----------
    stream : iterable of contiguous uint8 arrays
        Such as :func:`keystream`; never-ending, or long enough.
    tests : sequence of int
        Numbers as ``dieharder -l`` lists them.

    Returns
    -------
    list of Outcome
        Of noise one in a hundred is weak: run that test again on other keys.

    Raises
    ------
    BackendUnavailableError
        dieharder is not installed.
    ValueError
        The stream ended, or there is no such test.

    Examples
    --------
    ::

        for outcome in dieharder(keystream("eq4"), [100]):
            print(outcome)
    """
    program = shutil.which("dieharder")
    if program is None:
        raise BackendUnavailableError(
            "the randomness battery needs the program dieharder; "
            "apt install dieharder, dnf install dieharder or brew install dieharder"
        )
    source = iter(stream)
    return [outcome for test in tests for outcome in _one(program, source, test)]


def keystream(quantiser: str = "eq4", seed: int = 0) -> Iterator[NDArray[np.uint8]]:
    """The published stream without end: 2**20 bytes of each of many random strong keys.

    Parameters
    ----------
    quantiser : str
        As in :func:`facecrypt.logistic_sequence`.
    seed : int
        Of the keys.

    Yields
    ------
    (2**20,) uint8 array
    """
    rng = np.random.default_rng(seed)
    while True:
        key = LogisticKey.random(rng)
        yield logistic_sequence(key.mu, key.d0, MAX_OUTPUTS, quantiser=quantiser)


def sealing_stream(seed: int = 0) -> Iterator[NDArray[np.uint8]]:
    """The logistic stream of the sealing format without end, without the cipher on top of it.

    Parameters
    ----------
    seed : int
        Of the subkeys, of which each gives 16 MiB.

    Yields
    ------
    (2**24,) uint8 array
    """
    rng = np.random.default_rng(seed)
    nothing = np.zeros(_SEALED, np.uint8)
    while True:
        yield seal_stream_xor(nothing, rng.bytes(32))


def _one(program: str, source: Iterator[NDArray[np.uint8]], test: int) -> list[Outcome]:
    # Generator 200 reads raw bytes from standard input.
    command = [program, "-g", "200", "-d", str(test), "-c", ",", "-k", "2"]
    command += [word for flag in _FLAGS for word in ("-D", flag)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        # It takes what it needs and hangs up; its output is far smaller than a pipe holds.
        with suppress(BrokenPipeError):
            for part in source:
                process.stdin.write(part.data)
        with suppress(BrokenPipeError):
            process.stdin.close()
        text = process.stdout.read().decode("ascii", "replace")
    outcomes = [_parsed(line) for line in text.splitlines() if line.count(",") == len(_FLAGS) - 1]
    if not outcomes:
        raise ValueError(
            f"dieharder has no outcome of test {test}: there is no such test, or the stream ended"
        )
    return outcomes


def _parsed(line: str) -> Outcome:
    test, ntuple, p_value, assessment = (word.strip() for word in line.split(","))
    return Outcome(test, int(ntuple), float(p_value), assessment.lower())
