"""Checkpoints of a training run: one file, whole or absent, in the run's folder."""

import io
import pickle
import warnings
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from facecrypt.errors import ModelError
from facecrypt.files import PathLike, atomic_write, media_error

__all__ = ["NAME", "Checkpoint", "load", "path_of", "save"]

NAME = "checkpoint.pt"


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
    return run / NAME if run.is_dir() else run


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in place of the one before, in one step."""
    data = io.BytesIO()
    torch.save(vars(checkpoint), data)
    atomic_write(path, data.getbuffer(), overwrite=True)


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
    try:
        # torch warns of some files before it refuses them.
        with path.open("rb") as file, warnings.catch_warnings(action="ignore"):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        raise media_error(path, error) from error
    # torch has no class of its own for a damaged file; these are what it lets through.
    except (RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise ModelError(f"{path} is damaged or no checkpoint of a training run") from error
    names = {field.name for field in fields(Checkpoint)}
    if not isinstance(content, dict) or set(content) != names:
        raise ModelError(f"{path} is no checkpoint of a training run")
    checkpoint = Checkpoint(**content)
    if checkpoint.settings.get("net") != net:
        raise ModelError(
            f"{path} must be of {net}, and is of {checkpoint.settings.get('net')}; "
            "name the runs in the order P-Net, R-Net, O-Net"
        )
    return checkpoint
