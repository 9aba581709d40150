"""Checkpoints of a training run: one file, whole or absent, in the run's folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from facecrypt import torch_runs
from facecrypt.errors import ModelError
from facecrypt.files import PathLike
from facecrypt.torch_runs import CHECKPOINT

__all__ = ["Checkpoint", "load", "path_of"]

_KINDS = {"settings": dict, "log": list, "model": dict, "optimizer": dict}


@dataclass(frozen=True)
class Checkpoint:
    """All that a run needs to go on as if it had never stopped.

    Attributes
    ----------
    settings : dict
        ``net``, ``epochs``, ``batch``, ``lr``, ``seed`` and, by class, ``samples``: what must be
        the same when the run goes on.
    log : list of dict
        One an epoch that is done.
    model, optimizer : dict
        Their ``state_dict()``, on the CPU or wherever they were trained.
    """

    settings: dict[str, Any]
    log: list[dict[str, Any]]
    model: dict[str, Any]
    optimizer: dict[str, Any]


def path_of(run: PathLike) -> Path:
    """The checkpoint of a run's folder; a file is taken as it is."""
    run = Path(run)
    return run / CHECKPOINT if run.is_dir() else run


def load(run: PathLike, net: str) -> Checkpoint:
    """Read a checkpoint; its tensors come to the CPU.

    Parameters
    ----------
    run : path
        Of the file, or of the folder that holds it.
    net : {"pnet", "rnet", "onet"}
        Which network it must be of.

    Raises
    ------
    MediaError
        It cannot be read.
    ModelError
        It is damaged, no checkpoint, or of another network. Nothing in the file is executed.
    """
    path = path_of(run)
    content = torch_runs.load(path, torch.device("cpu"))
    if content.keys() != _KINDS.keys() or not all(
        isinstance(content[name], kind) for name, kind in _KINDS.items()
    ):
        raise ModelError(f"{path} is no checkpoint of a training run")
    checkpoint = Checkpoint(**content)
    if checkpoint.settings.get("net") != net:
        raise ModelError(
            f"{path} must be of {net}, and is of {checkpoint.settings.get('net')}; "
            "name the runs in the order P-Net, R-Net, O-Net"
        )
    return checkpoint
