"""What training has in common, whatever is trained: where it runs, and what it leaves on the disk.

Needs torch. :mod:`facecrypt.learning` and :mod:`facecrypt.training` stand on it.
"""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from facecrypt.errors import BackendUnavailableError, ModelError
from facecrypt.files import atomic_write, media_error
from facecrypt.machine import processor

__all__ = ["CHECKPOINT", "choose_device", "hardware", "load", "save", "use_threads"]

CHECKPOINT = "checkpoint.pt"
"""Name of the checkpoint in the folder of a run."""


def choose_device(name: str) -> torch.device:
    """``auto``, ``cpu`` or ``cuda``.

    Raises
    ------
    ValueError
        It is none of these.
    BackendUnavailableError
        ``cuda``, and torch finds no card.

    Examples
    --------
    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device must be auto, cpu or cuda, received {name!r}")
    found = name != "cpu" and torch.cuda.is_available()
    if name == "cuda" and not found:
        raise BackendUnavailableError(
            "torch finds no NVIDIA card; install its build with CUDA and a driver, or take "
            "device='cpu' (--device cpu)"
        )
    # With its number: tensors name theirs, and a device without one is not equal to it.
    return torch.device("cuda", torch.cuda.current_device()) if found else torch.device("cpu")


def hardware(device: torch.device) -> str:
    """Its name, and of a processor how many threads torch uses."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    count = torch.get_num_threads()
    return f"{processor()}, {count} thread{'' if count == 1 else 's'}"


@contextmanager
def use_threads(count: int | None) -> Iterator[None]:
    """Torch's number of threads, put back afterwards: it belongs to the whole process.

    Parameters
    ----------
    count : int or None
        None leaves torch's own choice.

    Raises
    ------
    TypeError, ValueError
        It is no int, or below 1.

    Examples
    --------
    >>> with use_threads(1):
    ...     torch.get_num_threads()
    1
    """
    if count is not None:
        if not isinstance(count, int):
            raise TypeError(f"threads must be an int, received {type(count).__name__}")
        if count < 1:
            raise ValueError(f"threads must be at least 1, received {count}")
    before = torch.get_num_threads()
    try:
        if count is not None:
            torch.set_num_threads(count)
        yield
    finally:
        torch.set_num_threads(before)


def save(folder: Path, values: Mapping[str, Any], log: str, text: str) -> None:
    """Write the checkpoint of a run and then its log, each in one step.

    Parameters
    ----------
    folder : Path
        Of the run; it must be there.
    values : mapping
        What :func:`load` gives back: tensors, numbers, texts, and lists and dicts of them.
    log : str
        Name of the log. The checkpoint must hold all that the log says, for a process that is
        killed between the two leaves a log that is one epoch behind.
    text : str
        What the log says.
    """
    data = io.BytesIO()
    torch.save(dict(values), data)
    atomic_write(folder / CHECKPOINT, data.getbuffer(), overwrite=True)
    atomic_write(folder / log, text.encode(), overwrite=True)


def load(path: Path, device: torch.device) -> dict[str, Any]:
    """Read a checkpoint; its tensors come to the device, and nothing in it is executed.

    Raises
    ------
    MediaError
        It cannot be read.
    ModelError
        It is damaged, or no checkpoint.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise media_error(path, error) from error
    # torch warns of some files before it refuses them.
    with file, warnings.catch_warnings(action="ignore"):
        try:
            values = torch.load(file, map_location=device, weights_only=True)
        # A damaged file makes torch raise nearly anything: an OSError for the end that is
        # missing, an AssertionError, a struct.error.
        except Exception as error:
            raise ModelError(f"{path} is damaged or no checkpoint of a training run") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path} is no checkpoint of a training run")
    return values
