"""Where a run takes place."""

import platform
import re
from pathlib import Path

import torch

from facecrypt.errors import BackendUnavailableError

__all__ = ["choose_device", "hardware"]


def choose_device(name: str) -> torch.device:
    """``auto``, ``cpu`` or ``cuda``.

    Raises
    ------
    BackendUnavailableError
        ``cuda``, and torch finds no card.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise BackendUnavailableError(
            "torch finds no NVIDIA card; install its build with CUDA and a driver, or take "
            "--device cpu"
        )
    # With its number: tensors name theirs, and a device without one is not equal to it.
    return (
        torch.device("cuda", torch.cuda.current_device()) if name == "cuda" else torch.device(name)
    )


def hardware(device: torch.device) -> str:
    """Its name, and of a processor how many threads torch uses."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{_processor()}, {threads} thread{'' if threads == 1 else 's'}"


def _processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()
