"""The networks: their files, what they take and give, where they run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from facecrypt.errors import BackendUnavailableError, ModelError
from facecrypt.models.sessions import MODELS, Model, import_runtime, open_model, preload_cuda

__all__ = ["DEVICES", "OUTPUTS", "SIDES", "Networks", "load", "open_networks"]

DEVICES = ("auto", "cpu", "cuda")
OUTPUTS = {
    "pnet": ("logit", "box"),
    "rnet": ("logit", "box"),
    "onet": ("logit", "box", "landmarks"),
}
# Of the square that each looks at; P-Net takes larger pictures too.
SIDES = {"pnet": 12, "rnet": 24, "onet": 48}
# How many values each output has for a place that is looked at.
_VALUES = {"logit": 1, "box": 4, "landmarks": 10, "size": 2, "offset": 2}


class Networks(NamedTuple):
    """One model for each stage, and the device they run on."""

    pnet: Model
    rnet: Model
    onet: Model
    device: str


def load(directory: Path | None, device: str) -> Networks:
    """Open ``pnet.onnx``, ``rnet.onnx`` and ``onet.onnx``, as :func:`open_networks` does."""
    (pnet, rnet, onet), device = open_networks(directory, OUTPUTS, SIDES, device)
    return Networks(pnet, rnet, onet, device)


def open_networks(
    directory: Path | None,
    outputs: Mapping[str, tuple[str, ...]],
    sides: Mapping[str, int],
    device: str,
) -> tuple[list[Model], str]:
    """Open networks, all on one device; each runs once.

    Parameters
    ----------
    directory : Path or None
        Where the ONNX files lie; None for the ones that come with the package.
    outputs : dict of str to tuple of str
        By the name of the file, less its suffix: what the network gives.
    sides : dict of str to int
        Of a square that each takes, by the same names.
    device : {"auto", "cpu", "cuda"}

    Returns
    -------
    list of Model, str
        The networks, and "cpu" or "cuda".

    Raises
    ------
    ValueError
        There is no such device.
    BackendUnavailableError
        onnxruntime is not installed, or CUDA was asked for and does not work.
    ModelError
        A file is missing, damaged, or a network with other inputs or outputs.
    """
    if device not in DEVICES:
        raise ValueError(f"device must be one of {', '.join(DEVICES)}, received {device!r}")
    onnxruntime = import_runtime("finding faces")
    directory = MODELS if directory is None else directory
    # First, so that a damaged model says so whatever it was to run on.
    models = _opened(onnxruntime, directory, outputs, "cpu")
    for model, name in zip(models, outputs, strict=True):
        _try(model, outputs[name], sides[name])
    if device == "cpu":
        return models, "cpu"
    found, problem = _on_cuda(onnxruntime, directory, outputs, sides)
    if found is not None:
        return found, "cuda"
    if device == "cuda":
        raise BackendUnavailableError(
            f"device='cuda' does not work here: {problem}; it needs an NVIDIA driver and "
            "pip install 'facecrypt[gpu]'"
        )
    return models, "cpu"


def _try(model: Model, outputs: tuple[str, ...], side: int) -> None:
    """ModelError where a network does not give for a black square what it is to give."""
    found = model.run(outputs, {"pixels": np.zeros((1, 3, side, side), np.float32)})
    places = found[0].shape[2:]
    for name, values in zip(outputs, found, strict=True):
        wanted = 1, _VALUES[name], *places
        if values.shape != wanted:
            raise ModelError(
                f"{model.path} must give {name} of shape {wanted} for {side} x {side} pixels (see "
                f"facecrypt/models/README.md); it gives {values.shape}"
            )


def _opened(
    onnxruntime: Any, directory: Path, outputs: Mapping[str, tuple[str, ...]], device: str
) -> list[Model]:
    return [
        open_model(onnxruntime, directory / f"{name}.onnx", wanted, device)
        for name, wanted in outputs.items()
    ]


def _on_cuda(
    onnxruntime: Any,
    directory: Path,
    outputs: Mapping[str, tuple[str, ...]],
    sides: Mapping[str, int],
) -> tuple[list[Model] | None, str]:
    """The networks on the card, or None and the reason.

    Each runs there once, for onnxruntime does not say which provider it could not load.
    """
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return None, "this onnxruntime has no CUDA provider"
    preload_cuda(onnxruntime)
    try:
        models = _opened(onnxruntime, directory, outputs, "cuda")
        for model, name in zip(models, outputs, strict=True):
            if model.get_providers()[0] != "CUDAExecutionProvider":
                return None, "onnxruntime could not load its CUDA provider"
            _try(model, outputs[name], sides[name])
    except ModelError as error:  # on the processor it was sound
        return None, str(error.__cause__ or error)
    except Exception as error:
        return None, str(error)
    return models, ""
