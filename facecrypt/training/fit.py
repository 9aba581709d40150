"""Training one of the three networks on prepared samples."""

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import torch
from torch import nn

from facecrypt.errors import RESUME, MediaError, ModelError
from facecrypt.files import PathLike
from facecrypt.jobs.inputs import make_folder
from facecrypt.torch_runs import CHECKPOINT, choose_device, save, use_threads
from facecrypt.training.batches import Batch, batches, shares, steps
from facecrypt.training.checkpoints import Checkpoint, load
from facecrypt.training.layout import SIZES, Samples, open_samples
from facecrypt.training.losses import WEIGHTS, losses
from facecrypt.training.networks import network
from facecrypt.training.settings import Settings

__all__ = ["LOG", "Epoch", "Progress", "train"]

LOG = "log.json"


class Epoch(NamedTuple):
    """What the log says of an epoch: means over its batches, the last learning rate, seconds."""

    epoch: int
    total: float
    face: float
    box: float
    landmarks: float
    lr: float
    seconds: float


Progress = Callable[[Epoch, int], None]
"""Called after each epoch with its figures and the number of epochs."""


def train(
    samples_dir: PathLike,
    net: str,
    out: PathLike,
    *,
    epochs: int = 30,
    batch: int = 384,
    lr: float = 1e-3,
    seed: int = 0,
    device: str = "auto",
    resume: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """Train P-, R- or O-Net with Adam; the learning rate falls along half a cosine to 0.

    Parameters
    ----------
    samples_dir : path
        What :func:`facecrypt.training.prepare.prepare` wrote.
    net : {"pnet", "rnet", "onet"}
    out : path
        Folder of the run, made where it is missing: ``checkpoint.pt``, replaced after each epoch,
        and ``log.json``, a list of :class:`Epoch` as objects.
    epochs : int
        Each shows as many samples as there are.
    batch : int
        Samples a step.
    lr : float
        The learning rate of the first step.
    seed : int
        Of weights, order and augmentation.
    device : {"auto", "cpu", "cuda"}
    resume : bool
        Go on from the checkpoint in `out`. On a CPU with the same number of threads the result
        is that of a run that never stopped, bit for bit.
    threads : int, optional
        Of torch on the CPU; None leaves its own choice.
    progress : callable, optional
        See :data:`Progress`.

    Returns
    -------
    Path
        The checkpoint.

    Raises
    ------
    ValueError
        A parameter out of range, too few samples, or a run that was begun with other settings.
    MediaError
        Samples or checkpoint cannot be read or written, or `out` holds a run and not `resume`.
    ModelError
        The loss is no longer a number, or the checkpoint is damaged.
    BackendUnavailableError
        CUDA was asked for and torch has none.
    """
    settings = Settings(net, epochs, batch, lr, seed)
    chosen = choose_device(device)
    path = Path(out) / CHECKPOINT
    with use_threads(threads):
        run = _Run(settings, open_samples(samples_dir, SIZES[net]), chosen)
        if resume:
            run.restore(load(path, net), path)
        elif path.exists():
            raise MediaError(f"{path}: already exists", hint=RESUME)
        make_folder(path.parent)
        while len(run.log) < epochs:
            entry = run.epoch()
            save(path.parent, vars(run.checkpoint()), LOG, json.dumps(run.log, indent=1) + "\n")
            if progress is not None:
                progress(entry, epochs)
    return path


class _Run:
    """A network on its way."""

    def __init__(self, settings: Settings, samples: Samples, device: torch.device):
        self.settings, self.samples, self.device = settings, samples, device
        self.log: list[dict] = []
        # What must be the same when the run goes on.
        self.begun_with = asdict(settings) | {
            "samples": {
                kind: len(getattr(samples, kind)) for kind in shares(samples, settings.batch)
            }
        }
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.model: nn.Module = network(settings.net).to(device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), settings.lr)

    def restore(self, checkpoint: Checkpoint, path: Path) -> None:
        if checkpoint.settings != self.begun_with:
            raise ValueError(
                f"the run of {path} was begun with {checkpoint.settings}, received "
                f"{self.begun_with}; give the same, or train into another folder"
            )
        try:
            self.model.load_state_dict(checkpoint.model)
            self.optimizer.load_state_dict(checkpoint.optimizer)
        # What torch raises for a state that is not one.
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ModelError(
                f"{path} is damaged: {error}; remove the folder and train again"
            ) from error
        self.log = list(checkpoint.log)

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(
            self.begun_with, self.log, self.model.state_dict(), self.optimizer.state_dict()
        )

    def epoch(self) -> Epoch:
        """The next epoch."""
        start, sums, number = perf_counter(), [0.0] * 4, len(self.log)
        size, seed = self.settings.batch, self.settings.seed
        count = steps(self.samples, size)
        parts = batches(self.samples, size, seed=seed, epoch=number)
        for step, batch in enumerate(parts, number * count):
            lr = self._set_rate(step / (count * self.settings.epochs))
            found = self._step(batch)
            if not math.isfinite(found[0]):
                raise ModelError(
                    f"the loss of {self.settings.net} is {found[0]} in epoch {number + 1}; the "
                    "checkpoint of the epoch before is kept; begin anew with a smaller lr (--lr)"
                )
            sums = [total + part for total, part in zip(sums, found, strict=True)]
        means = (total / count for total in sums)
        entry = Epoch(number + 1, *means, lr=lr, seconds=round(perf_counter() - start, 3))
        self.log.append(entry._asdict())
        return entry

    def _set_rate(self, done: float) -> float:
        lr = self.settings.rate(done)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return lr

    def _step(self, batch: Batch) -> list[float]:
        """One step; the total loss and its parts."""
        targets = type(batch.targets)(*(value.to(self.device) for value in batch.targets))
        parts = losses(self.model(batch.pixels.to(self.device)), targets)
        total = parts.total(WEIGHTS[self.settings.net])
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()
        return torch.stack([total.detach(), *(part.detach() for part in parts)]).tolist()
