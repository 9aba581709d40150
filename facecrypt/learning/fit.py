"""Training of one network on the ciphers of one scheme.

Every random choice of an epoch follows from the seed and the number of the epoch. So there is no
state of a generator to save: a run that was stopped and taken up again has, on a CPU, the same
weights to the last bit as one that never stopped.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil, isfinite
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from facecrypt.errors import FacecryptError
from facecrypt.learning.augment import Moves, allow_after, draw_moves, move
from facecrypt.learning.data import Pictures
from facecrypt.learning.encrypted import Encryption
from facecrypt.learning.networks import build, penalty
from facecrypt.learning.networks.fast import Fast
from facecrypt.learning.scale import scaled
from facecrypt.learning.settings import Epoch, Settings

__all__ = ["Progress", "Trainer", "answers", "load_weights", "network_for", "predict"]

_MOMENTUM, _DECAY = 0.9, 5e-4
_WATCH = 20  # steps between looks at the loss: each look waits for the card
_TEST_BATCH = 512
_FITTED = 5000  # pictures from which a network is prepared

Progress = Callable[[int, int, float], None]
"""Called with the step, the number of steps in the epoch and the mean loss so far."""


class Trainer:
    """A network, its optimiser, and ciphers to learn from.

    Parameters
    ----------
    pictures : Pictures
        Plain. They are encrypted here, and the network sees nothing else.
    encryption : Encryption
    settings : Settings
    device : torch.device
    ciphers : Path
        Folder for ciphers made ahead of time, where no augmentation comes before them.

    Raises
    ------
    ValueError
        Pictures, scheme, network and augmentation do not fit each other.
    """

    def __init__(
        self,
        pictures: Pictures,
        encryption: Encryption,
        settings: Settings,
        *,
        device: torch.device,
        ciphers: Path,
    ):
        self.settings = settings
        self.done = 0
        self._device = device
        images = pictures.train
        self._late: Encryption | None = encryption
        if settings.augment != "before":
            if settings.augment == "after":
                allow_after(encryption.scheme)
            images, self._late = encryption.ahead(images, ciphers), None
        # On a card the data set lies there as a whole; on the host it stays where it is.
        self._images: Any = torch.tensor(images, device=device) if _fast(device) else images
        self._labels = torch.from_numpy(pictures.train_labels).to(device)
        self._test = encryption(pictures.test)
        self._test_labels = pictures.test_labels
        with _seeded([settings.seed], device):
            self.model = network_for(
                settings, self._test.shape, len(pictures.classes), encryption.block
            ).to(device)
        self.model.to(memory_format=torch.channels_last)  # twice as fast, on a processor too
        if isinstance(self.model, Fast):
            some = self._batch(np.arange(min(len(images), _FITTED)), None)
            self.model.fit(scaled(some))
        self._optimiser = torch.optim.SGD(
            [weights for weights in self.model.parameters() if weights.requires_grad],
            lr=settings.lr,
            momentum=_MOMENTUM,
            nesterov=True,
            weight_decay=_DECAY,
        )

    def state(self) -> dict[str, Any]:
        """Tensors and numbers from which :meth:`restore` continues."""
        return {
            "done": self.done,
            "model": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue where :meth:`state` was called.

        Raises
        ------
        ValueError
            It is the state of something else.
        """
        try:
            load_weights(self.model, state["model"])
            self._optimiser.load_state_dict(state["optimiser"])
            self.done = int(state["done"])
        # What torch raises for a state that is not one.
        except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(f"the state of another network: {error}") from error

    def epoch(self, progress: Progress | None = None) -> Epoch:
        """Train on every picture once, then look at the test pictures.

        Raises
        ------
        FacecryptError
            The loss is no longer a number.
        """
        started = time.perf_counter()
        with _seeded([self.settings.seed, self.done], self._device):
            loss, right = self._pass(progress or _silent)
        predicted = predict(self.model, self._test, self._device)
        self.done += 1
        return Epoch(
            loss,
            right,
            float((predicted == self._test_labels).mean()),
            time.perf_counter() - started,
        )

    def _pass(self, progress: Progress) -> tuple[float, float]:
        rng = np.random.default_rng([self.settings.seed, self.done])
        count = len(self._labels)
        steps = ceil(count / self.settings.batch)
        total = torch.zeros((), device=self._device)
        right = torch.zeros((), dtype=torch.int64, device=self._device)
        seen = 0
        self.model.train()
        # Equal parts, so that no batch is too small for its statistics.
        for step, index in enumerate(np.array_split(rng.permutation(count), steps)):
            self._set_rate((self.done + step / steps) / self.settings.epochs)
            labels = self._labels[torch.from_numpy(index).to(self._device)]
            loss, hits = self._step(self._batch(index, self._moves(len(index), rng)), labels)
            total += loss * len(index)
            right += hits
            seen += len(index)
            if (step + 1) % _WATCH == 0 or step + 1 == steps:
                mean = float(total) / seen
                self._check(mean, step)
                progress(step + 1, steps, mean)
        return mean, int(right) / count

    def _step(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        self._optimiser.zero_grad(set_to_none=True)
        logits = _logits(self.model, images)
        smoothing = self.settings.smoothing
        loss = cross_entropy(logits, labels, label_smoothing=smoothing) + penalty(self.model)
        loss.backward()
        self._optimiser.step()
        return loss.detach(), (logits.detach().argmax(1) == labels).sum()

    def _moves(self, count: int, rng: np.random.Generator) -> Moves | None:
        return None if self.settings.augment == "none" else draw_moves(count, rng)

    def _batch(self, index: NDArray[np.int64], moves: Moves | None) -> Tensor:
        """Pictures of an epoch as the network sees them: uint8 (N, H, W, 3)."""
        if isinstance(self._images, Tensor):
            images = self._images[torch.from_numpy(index).to(self._device)]
        else:
            images = torch.from_numpy(self._images[index])
        if moves is not None:
            images = move(images, moves)
        return images if self._late is None else self._late(images)

    def _set_rate(self, done: float) -> None:
        for group in self._optimiser.param_groups:
            group["lr"] = self.settings.rate(done)

    def _check(self, loss: float, step: int) -> None:
        if not isfinite(loss):
            raise FacecryptError(
                f"the loss became {loss} in epoch {self.done + 1}, by step {step + 1}; nothing "
                f"can be learnt any more. Try a lower rate than {self.settings.lr} (--lr)"
            )


def load_weights(model: nn.Module, weights: Any) -> None:
    """Give a network the weights of one like it.

    Raises
    ------
    ValueError
        They are of another network, say of this one as an earlier version had it.
    """
    try:
        model.load_state_dict(weights)
    # Torch names every weight that differs, in as many lines.
    except (AttributeError, RuntimeError, TypeError) as error:
        first = str(error).splitlines()[-1].strip()
        raise ValueError(f"weights that do not fit this network: {first}") from error


def network_for(settings: Settings, shape: tuple[int, ...], classes: int, block: int) -> nn.Module:
    """The network of a run, with fresh weights, for ciphers (N, H, W, 3) of this shape.

    Raises
    ------
    ValueError
        There is none for it: they are not square, or the network does not fit them.
    """
    _, height, width, _ = shape
    if height != width:
        raise ValueError(f"networks take square pictures, received {height} x {width}")
    return build(settings.network, classes=classes, size=settings.size, side=height, block=block)


def predict(model: nn.Module, images: NDArray[np.uint8], device: torch.device) -> NDArray[np.int64]:
    """The class that the network finds most likely: the largest of its :func:`answers`."""
    return answers(model, images, device).argmax(1)


def answers(
    model: nn.Module, images: NDArray[np.uint8], device: torch.device
) -> NDArray[np.float32]:
    """The logits of a network.

    Parameters
    ----------
    model : torch.nn.Module
        On `device`; it is left in evaluation mode.
    images : (N, H, W, 3) uint8 array

    Returns
    -------
    (N, classes) float32 array
    """
    model.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), _TEST_BATCH):
            batch = torch.tensor(images[start : start + _TEST_BATCH], device=device)
            found.append(_logits(model, batch).cpu().numpy())
    return np.concatenate(found)


def _logits(model: nn.Module, images: Tensor) -> Tensor:
    x = scaled(images)
    with torch.autocast(images.device.type, torch.bfloat16, enabled=_fast(images.device)):
        return model(x).float()


def _fast(device: torch.device) -> bool:
    """Whether it is a card: then bfloat16, and the data set in its memory."""
    return device.type == "cuda"


def _silent(step: int, steps: int, loss: float) -> None:
    """No progress is shown."""


@contextmanager
def _seeded(words: list[int], device: torch.device) -> Iterator[None]:
    """Torch's generators seeded for a while; the caller's own states come back."""
    (seed,) = np.random.SeedSequence(words).generate_state(1, np.uint64)
    with torch.random.fork_rng([device] if _fast(device) else []):
        torch.manual_seed(int(seed))
        yield
