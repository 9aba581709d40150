"""A pool of threads that takes pictures from file to file, and one summary.

Reading, detecting, sealing, encoding and writing all release the GIL, so a worker
is a thread that takes one picture from file to file: while one detects, others
read and write. Memory is bounded by the number of workers.
"""

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event

from facecrypt.backends.checks import at_least
from facecrypt.files import PathLike
from facecrypt.jobs.inputs import Input, find_inputs, make_folder, prepare
from facecrypt.jobs.summary import Result, Summary
from facecrypt.leftovers import remove_stale
from facecrypt.machine import cores

__all__ = ["Progress", "forget_frames", "run_batch"]

Progress = Callable[[Result, int], None]


def run_batch(
    paths: PathLike | Iterable[PathLike],
    out_dir: PathLike | None,
    one: Callable[[Input], Result],
    workers: int | None,
    progress: Progress | None,
    *,
    find: Callable[..., tuple[list[Input], Mapping[str, int]]] = find_inputs,
    stop: Event | None = None,
) -> Summary:
    """Run `one` on what `find` makes of the paths, in a pool of threads; its errors are results.

    Without `out_dir` each output takes the place of its input. On Ctrl-C `stop` is set, by which
    work that takes long may end before it is done.
    """
    if workers is not None:
        at_least(workers, "workers", 1)
    results_in = None if out_dir is None else Path(out_dir)
    inputs, ignored = find(paths, results_in)
    if inputs and results_in is not None:
        make_folder(results_in)
    for folder in {item.output.parent for item in inputs}:
        remove_stale(folder)
    started = time.perf_counter()
    results: dict[Input, Result] = {}

    def work(item: Input) -> Result:
        try:
            prepare(item)
            return one(item)
        except Exception as error:
            # Whatever a damaged picture does to a decoder, the other pictures go on.
            forget_frames(error)
            return Result(item.source, item.output, error=error)

    def collect(futures: Iterable[Future]) -> None:
        for future in futures:
            result = future.result()
            results[pending.pop(future)] = result
            if progress is not None:
                progress(result, len(inputs))

    size = min(workers or cores(), max(len(inputs), 1))
    pending: dict[Future, Input] = {}
    pool = ThreadPoolExecutor(size, thread_name_prefix="facecrypt")
    try:
        for item in inputs:
            if len(pending) >= 2 * size:
                collect(wait(pending, return_when=FIRST_COMPLETED).done)
            pending[pool.submit(work, item)] = item
        while pending:
            collect(wait(pending, return_when=FIRST_COMPLETED).done)
    finally:
        if stop is not None:
            stop.set()
        # On Ctrl-C: start nothing more, let the pictures in work finish, then go.
        pool.shutdown(wait=True, cancel_futures=True)
    ordered = tuple(results[item] for item in inputs)
    return Summary(ordered, time.perf_counter() - started, ignored)


def forget_frames(error: BaseException | None) -> None:
    """Let go of the variables an error saw: a thousand failures would hold a thousand pictures."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
