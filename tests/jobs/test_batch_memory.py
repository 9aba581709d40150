"""Memory of a batch is bounded by the number of workers."""

import threading
from pathlib import Path

import pytest

from facecrypt.jobs.inputs import Input
from facecrypt.jobs.pool import run_batch
from facecrypt.jobs.summary import Result


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_at_most_two_pictures_a_worker_are_pending(workers, tmp_path):
    handed, collected, most, passes, overrun = 0, 0, 0, 0, threading.Event()

    class Counted(list):
        def __iter__(self):
            nonlocal handed, most, passes
            passes += 1
            for item in list.__iter__(self):
                if passes != 2:  # the folders are looked at first, the results last
                    yield item
                    continue
                # All handed out before this one are in the pool until they are collected.
                most = max(most, handed - collected)
                if most > 2 * workers:
                    overrun.set()
                handed += 1
                yield item

    def find(paths, out):
        items = [Input(Path(f"{n}.png"), Path(f"{n}.png"), out / f"{n}.png") for n in range(20)]
        return Counted(items), {}

    def one(item):
        # Time for a pool without a bound to take more; with one, nothing sets it.
        overrun.wait(0.1)
        return Result(item.source, item.output)

    def progress(result, total):
        nonlocal collected
        collected += 1

    summary = run_batch([], tmp_path, one, workers, progress, find=find)
    assert len(summary.results) == 20
    assert 0 < most <= 2 * workers
