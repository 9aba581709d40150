"""What one process of a Ray cluster does: take pictures from a shared folder to a shared folder."""

import errno
import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from facecrypt.detector import Detector
from facecrypt.errors import MediaError
from facecrypt.jobs.boxes import Boxes
from facecrypt.jobs.inputs import Input, prepare
from facecrypt.jobs.pool import forget_frames
from facecrypt.jobs.sealing import FileEncryptor
from facecrypt.jobs.summary import Result

__all__ = ["Outcome", "Task", "Worker"]


class Task(NamedTuple):
    """One picture to encrypt.

    ``number`` is its place among the inputs, ``regions`` what :class:`FileEncryptor` takes.
    ``fresh``: it had no output when the run began, so that one found later is of this run.
    """

    number: int
    item: Input
    regions: Boxes | None
    fresh: bool


class Outcome(NamedTuple):
    """What became of a task, small enough to be sent with the answer of the worker."""

    number: int
    result: Result


class Worker:
    """An actor: holds the detector, encrypts what it is sent.

    Parameters
    ----------
    job : FileEncryptor
        Without its detector.
    detector : callable, optional
        Makes it, in this process.
    marker : Path
        A file that the driver has put into the output folder.
    """

    def __init__(
        self, job: FileEncryptor, detector: Callable[[], Detector] | None, marker: Path
    ) -> None:
        self._job, self._make, self._marker = job, detector, marker

    def ready(self) -> None:
        """Get ready, or say why this machine cannot help.

        Raises
        ------
        MediaError
            The output folder of this machine is not that of the driver.
        BackendUnavailableError, ModelError, ValueError
            The detector cannot be made here.
        """
        if not self._marker.exists():
            # Made here, the folder would take the outputs, and nobody would find them.
            raise MediaError(
                f"{self._marker.parent}: is not the same folder on {platform.node()}; mount the "
                "shared folder under the same path on every machine of the cluster"
            )
        if self._make is not None:
            options = replace(self._job.options, detector=self._make())
            self._job = replace(self._job, options=options)

    def run(self, tasks: Sequence[Task]) -> list[Outcome]:
        """Encrypt pictures; their errors are outcomes."""
        return [self._one(task) for task in tasks]

    def _one(self, task: Task) -> Outcome:
        try:
            prepare(task.item)
            result = self._encrypt(task)
        except Exception as error:
            forget_frames(error)
            result = Result(task.item.source, task.item.output, error=_portable(error))
        return Outcome(task.number, replace(result, skipped=result.skipped and not task.fresh))

    def _encrypt(self, task: Task) -> Result:
        if not task.fresh:
            return self._job(task.item, task.regions)
        job = replace(self._job, resume=True)
        try:
            return job(task.item, task.regions)
        except MediaError as error:
            if error.errno != errno.EEXIST:
                raise
        # A worker that was believed dead has finished it meanwhile: check its output instead.
        return job(task.item, task.regions)


def _portable(error: Exception) -> Exception:
    """The error if the driver is sure to know its class, else its text."""
    if type(error).__module__ in ("builtins", "facecrypt.errors"):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")
