"""A pool of Ray actors that loses nothing when actors die.

Each actor has one batch at a time, and none before it has said that it is ready: an
actor that waits for a free processor holds no work. The batch of one that dies goes to
others, picture by picture, so that a picture which kills its worker is found out.
"""

import contextlib
import warnings
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from facecrypt.errors import BackendUnavailableError
from facecrypt.integrations._ray_worker import Outcome, Task
from facecrypt.jobs.summary import Result

__all__ = ["Pool"]

# How often a picture may be alone with a worker that dies.
DEATHS = 3
# Seconds without any answer after which the user is told what may be the cause.
PATIENCE = 60.0


class Pool:
    """Actors, and the calls they are busy with.

    Parameters
    ----------
    ray : module
    hire : callable
        Starts an actor with the methods of :class:`Worker`.
    size : int
        How many actors.
    """

    def __init__(self, ray: Any, hire: Callable[[], Any], size: int):
        self._ray, self._hire, self._size = ray, hire, size
        self._calls: dict[Any, tuple[Any, list[Task] | None]] = {}
        self._idle: list[Any] = []
        self._again: deque[list[Task]] = deque()
        self._deaths: Counter[int] = Counter()
        self._stillborn = 0

    def run(self, batches: Iterable[list[Task]]) -> Generator[Outcome, None, None]:
        """Outcomes of all tasks, each once, in the order in which they come.

        Raises
        ------
        BackendUnavailableError
            Actors die before they are ready, again and again.
        Exception
            What an actor raised that could not get ready.
        """
        batches = iter(batches)
        for _ in range(self._size):
            self._start()
        try:
            while self._assign(batches):
                for call in self._wait():
                    yield from self._finish(call)
        finally:
            for actor in [*self._idle, *(actor for actor, _ in self._calls.values())]:
                self._dismiss(actor)

    def _start(self) -> None:
        actor = self._hire()
        self._calls[actor.ready.remote()] = actor, None

    def _dismiss(self, actor: Any) -> None:
        with contextlib.suppress(self._ray.exceptions.RayError):
            self._ray.kill(actor)

    def _assign(self, batches: Iterator[list[Task]]) -> bool:
        """Give idle actors work; whether any work is left, given out or not."""
        while self._idle:
            batch = self._again.popleft() if self._again else next(batches, None)
            if batch is None:
                return any(tasks is not None for _, tasks in self._calls.values())
            actor = self._idle.pop()
            self._calls[actor.run.remote(batch)] = actor, batch
        return True

    def _wait(self) -> list[Any]:
        calls = list(self._calls)
        if self._ray.wait(calls, timeout=PATIENCE)[0]:
            # All that are done by now: with a thousand calls out, asking for each takes too long.
            return self._ray.wait(calls, num_returns=len(calls), timeout=0)[0]
        if all(tasks is None for _, tasks in self._calls.values()):
            warnings.warn(
                f"no worker has started in {PATIENCE:.0f} s: others use the processors of the "
                "cluster, or a machine is gone; 'ray status' shows which",
                stacklevel=2,
            )
        return []

    def _finish(self, call: Any) -> Iterator[Outcome]:
        errors = self._ray.exceptions
        actor, tasks = self._calls.pop(call)
        try:
            outcomes = self._ray.get(call)
        except errors.RayTaskError as error:
            self._idle.append(actor)
            raise (error.cause if isinstance(error.cause, Exception) else error) from None
        except errors.RayError as error:
            self._dismiss(actor)
            yield from self._bury(tasks, error)
            self._start()
        else:
            self._stillborn = 0
            self._idle.append(actor)
            yield from outcomes or ()

    def _bury(self, tasks: list[Task] | None, error: Exception) -> Iterator[Outcome]:
        """Put the work of a dead actor back; what has killed too many is an outcome."""
        if tasks is None:
            self._stillborn += 1
            if self._stillborn > 2 * self._size:
                reason = str(error).strip().splitlines()[-1]
                raise BackendUnavailableError(
                    "workers die before they are ready; install the same facecrypt and detector "
                    f"on every machine of the cluster. The last one: {reason}"
                ) from error
            return
        if len(tasks) > 1:
            self._again.extend([task] for task in tasks)
            return
        (task,) = tasks
        self._deaths[task.number] += 1
        if self._deaths[task.number] < DEATHS:
            self._again.append(tasks)
        else:
            item = task.item
            reason = f"{item.source}: {DEATHS} workers died of it, perhaps for want of memory"
            result = Result(item.source, item.output, error=RuntimeError(reason))
            yield Outcome(task.number, result)
