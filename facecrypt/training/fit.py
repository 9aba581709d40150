"""Training one of the three networks on prepared samples."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import torch
from torch import nn

from facecrypt.errors import BackendUnavailableError, MediaError, ModelError
from facecrypt.files import PathLike, atomic_write, media_error
from facecrypt.training.batches import Batch, batches, shares, steps
from facecrypt.training.checkpoints import NAME, Checkpoint, load, save
from facecrypt.training.layout import SIZES, Samples, open_samples
from facecrypt.training.losses import WEIGHTS, losses
from facecrypt.training.networks import network

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
    settings = {"net": net, "epochs": epochs, "batch": batch, "lr": lr, "seed": seed}
    _check(settings, threads)
    samples = open_samples(samples_dir, SIZES[net])
    settings["samples"] = {kind: len(getattr(samples, kind)) for kind in shares(samples, batch)}
    path = Path(out) / NAME
    run = _Run(settings, samples, _device(device))
    if resume:
        run.restore(load(path, net), path)
    elif path.exists():
        raise MediaError(f"{path}: already exists; resume=True (--resume) continues that run")
    _make(Path(out))
    with _threads(threads):
        for number in range(len(run.log), epochs):
            entry = run.epoch(number)
            save(path, run.checkpoint())
            text = json.dumps(run.log, indent=1) + "\n"
            atomic_write(path.with_name(LOG), text.encode(), overwrite=True)
            if progress is not None:
                progress(entry, epochs)
    return path


class _Run:
    """A network on its way."""

    def __init__(self, settings: dict, samples: Samples, device: torch.device):
        self.settings, self.samples, self.device = settings, samples, device
        self.log: list[dict] = []
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["seed"])
            self.model: nn.Module = network(settings["net"]).to(device)
        self.optimizer = torch.optim.Adam(self.model.parameters(), settings["lr"])

    def restore(self, checkpoint: Checkpoint, path: Path) -> None:
        if checkpoint.settings != self.settings:
            raise ValueError(
                f"the run of {path} was begun with {checkpoint.settings}, received "
                f"{self.settings}; give the same, or train into another folder"
            )
        self.model.load_state_dict(checkpoint.model)
        self.optimizer.load_state_dict(checkpoint.optimizer)
        self.log = list(checkpoint.log)

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(
            self.settings, self.log, self.model.state_dict(), self.optimizer.state_dict()
        )

    def epoch(self, number: int) -> Epoch:
        start, sums = perf_counter(), [0.0] * 4
        size, seed = self.settings["batch"], self.settings["seed"]
        count = steps(self.samples, size)
        parts = batches(self.samples, size, seed=seed, epoch=number)
        for step, batch in enumerate(parts, number * count):
            lr = self._rate(step / (count * self.settings["epochs"]))
            found = self._step(batch)
            if not math.isfinite(found[0]):
                raise ModelError(
                    f"the loss of {self.settings['net']} is {found[0]} in epoch {number + 1}; the "
                    "checkpoint of the epoch before is kept; begin anew with a smaller lr (--lr)"
                )
            sums = [total + part for total, part in zip(sums, found, strict=True)]
        means = (total / count for total in sums)
        entry = Epoch(number + 1, *means, lr=lr, seconds=round(perf_counter() - start, 3))
        self.log.append(entry._asdict())
        return entry

    def _rate(self, done: float) -> float:
        lr = self.settings["lr"] * (1 + math.cos(math.pi * done)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return lr

    def _step(self, batch: Batch) -> list[float]:
        """One step; the total loss and its parts."""
        targets = type(batch.targets)(*(value.to(self.device) for value in batch.targets))
        parts = losses(self.model(batch.pixels.to(self.device)), targets)
        total = parts.total(WEIGHTS[self.settings["net"]])
        self.optimizer.zero_grad()
        total.backward()
        self.optimizer.step()
        return torch.stack([total.detach(), *(part.detach() for part in parts)]).tolist()


def _check(settings: dict, threads: int | None) -> None:
    given = settings | {"threads": 1 if threads is None else threads}
    for name, least in {"epochs": 1, "batch": 1, "seed": 0, "threads": 1}.items():
        if not isinstance(given[name], int):
            raise TypeError(f"{name} must be an int, received {type(given[name]).__name__}")
        if given[name] < least:
            raise ValueError(f"{name} must be at least {least}, received {given[name]}")
    if settings["net"] not in SIZES:
        raise ValueError(f"net must be one of {', '.join(SIZES)}, received {settings['net']!r}")
    if not 0 < settings["lr"] < math.inf:
        raise ValueError(f"lr must be a positive number, received {settings['lr']!r}")


def _device(name: str) -> torch.device:
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu or cuda, received {name!r}")
    if name == "cuda" and not torch.cuda.is_available():
        raise BackendUnavailableError(
            "device='cuda' does not work here: this torch finds no CUDA; install a build with "
            "CUDA and an NVIDIA driver, or take device='cpu'"
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise media_error(folder, error) from error


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """Torch's number of threads, put back afterwards: it belongs to the whole process."""
    before = torch.get_num_threads()
    try:
        if count is not None:
            torch.set_num_threads(count)
        yield
    finally:
        torch.set_num_threads(before)
