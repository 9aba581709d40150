"""The table of schemes in README.md, their speed against a copy of the same memory.

    python bench/bench_schemes.py [--pictures 50000] [--rounds 15]

prints Markdown. A batch of 32 x 32 x 3 noise, one thread, output memory that is there already;
in each round the copy and all schemes have their turn, in an order of its own, and the ratio of a
round is of the copies that came in it. The figure is the median of the rounds. `python -m bench
schemes` has more: instruction sets, decryption, and others' code.
"""

import argparse
import os
import random
import time
from collections.abc import Callable
from statistics import median

import numpy as np

SHAPE = (32, 32, 3)
# Convolutions, some 600 operations a sample: fewer pictures say as much.
SLOW, FEW = ("coupling-cnn", "chaos-cnn"), 500
PAPERS = {
    "block-shuffle": "Tanaka 2018, its baseline",
    "cat-map": "Arnold's map",
    "chaos-blocks": "Subhashini et al.",
    "chaos-cnn": "Subhashini et al.; the network is ours",
    "combined-cat-map": "Tanaka 2018, its baseline",
    "coupling-cnn": "Subhashini et al.; the network is ours",
    "ele": "Madono et al. 2020",
    "etc": "Chuman et al. 2019",
    "fiie": "Research on Face Image Encryption Algorithm Based on Deep Learning",
    "le": "Tanaka 2018",
    "logistic-pixel": "Ahmad and Shin 2022",
    "pbe": "Sirichotedumrong et al. 2019",
}
# As docs/schemes.md has it.
KEEPS = {
    "block-shuffle": "place of blocks, their histograms, edges",
    "cat-map": "colours, pixel (0, 0)",
    "chaos-blocks": "nothing but sizes",
    "chaos-cnn": "nothing but sizes",
    "combined-cat-map": "colours",
    "coupling-cnn": "flat areas stay flat",
    "ele": "nothing but sizes",
    "etc": "smoothness within blocks: JPEG still compresses",
    "fiie": "all outside the regions",
    "le": "place of every block",
    "logistic-pixel": "place of every pixel",
    "pbe": "place of every pixel",
}


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    ratios = measured(rows(options.pictures), options.rounds)
    from facecrypt.cli_schemes import CHOSEN_PICTURES

    print("| scheme | paper | what it keeps for learning | speed / memcpy | chosen pictures |")
    print("|---|---|---|---|---|")
    for name, ratio in ratios.items():
        chosen = CHOSEN_PICTURES.get(name, "no attack here")
        print(f"| `{name}` | {PAPERS[name]} | {KEEPS[name]} | {ratio:.2g} | {chosen} |")


def rows(count: int) -> dict[str, tuple[Callable[[], object], int]]:
    """What to run by name, and on how many pictures; the copy is first."""
    # The kernels count cores when they are imported, and so work in one thread.
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    from facecrypt import schemes
    from facecrypt.regions import Region

    os.sched_setaffinity(0, cores)  # pinned, it would wait for whoever else has that core

    images = np.random.default_rng(0).integers(0, 256, (count, *SHAPE), np.uint8)
    out = np.empty_like(images)
    found: dict[str, tuple[Callable[[], object], int]] = {}
    found["memcpy"] = (lambda: np.copyto(out, images), count)
    for name in schemes.names():
        scheme = schemes.get(name)
        key = scheme.random_key(SHAPE, np.random.default_rng(0))
        whole = ([Region(0, 0, 32, 32)],) if name == "fiie" else ()
        few = min(count, FEW) if name in SLOW else count

        def run(scheme=scheme, key=key, whole=whole, few=few) -> None:  # type: ignore[no-untyped-def]
            scheme.encrypt(images[:few], key, *whole, out=out[:few])

        run()
        assert (scheme.decrypt(out[:few], key, *whole) == images[:few]).all(), name
        found[name] = (run, few)
    return found


def measured(suite: dict[str, tuple[Callable[[], object], int]], rounds: int) -> dict[str, float]:
    """Speed of each against the copy: medians over the rounds."""
    ratios: dict[str, list[float]] = {name: [] for name in suite if name != "memcpy"}
    for number in range(rounds):
        order = random.Random(number).sample(list(suite), len(suite))
        seconds = {}
        for name in order:
            run, count = suite[name]
            started = time.process_time()
            run()
            seconds[name] = (time.process_time() - started) / count
        for name, values in ratios.items():
            values.append(seconds["memcpy"] / seconds[name])
    return {name: median(values) for name, values in ratios.items()}


if __name__ == "__main__":
    main()
