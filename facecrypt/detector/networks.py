"""The networks: their files, what they take and give, where they run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from facecrypt.errors import BackendUnavailableError, ModelError
from facecrypt.models.sessions import MODELS, import_runtime, open_model, preload_cuda

__all__ = ["DEVICES", "OUTPUTS", "SIDES", "Networks", "load", "open_networks"]

DEVICES = ("auto", "cpu", "cuda")
OUTPUTS = {
    "pnet": ("logit", "box"),
    "rnet": ("logit", "box"),
    "onet": ("logit", "box", "landmarks"),
}
# Of the square that each looks at; P-Net takes larger pictures too.
SIDES = {"pnet": 12, "rnet": 24, "onet": 48}


class Networks(NamedTuple):
    """One onnxruntime session for each stage, and the device they run on."""

    pnet: Any
    rnet: Any
    onet: Any
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
) -> tuple[list[Any], str]:
    """Open networks, all on one device.

    Parameters
    ----------
    directory : Path or None
        Where the ONNX files lie; None for the ones that come with the package.
    outputs : dict of str to tuple of str
        By the name of the file, less its suffix: what the network gives.
    sides : dict of str to int
        Of a square that each takes.
    device : {"auto", "cpu", "cuda"}

    Returns
    -------
    list of sessions, str
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
    sessions = _sessions(onnxruntime, directory, outputs, "cpu")
    if device == "cpu":
        return sessions, "cpu"
    found, problem = _on_cuda(onnxruntime, directory, outputs, sides)
    if found is not None:
        return found, "cuda"
    if device == "cuda":
        raise BackendUnavailableError(
            f"device='cuda' does not work here: {problem}; it needs an NVIDIA driver and "
            "pip install 'facecrypt[gpu]'"
        )
    return sessions, "cpu"


def _sessions(
    onnxruntime: Any, directory: Path, outputs: Mapping[str, tuple[str, ...]], device: str
) -> list[Any]:
    return [
        open_model(onnxruntime, directory / f"{name}.onnx", wanted, device)
        for name, wanted in outputs.items()
    ]


def _on_cuda(
    onnxruntime: Any,
    directory: Path,
    outputs: Mapping[str, tuple[str, ...]],
    sides: Mapping[str, int],
) -> tuple[list[Any] | None, str]:
    """The networks on the card, or None and the reason.

    Each runs there once, for onnxruntime does not say which provider it could not load.
    """
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return None, "this onnxruntime has no CUDA provider"
    preload_cuda(onnxruntime)
    try:
        sessions = _sessions(onnxruntime, directory, outputs, "cuda")
        for session, side in zip(sessions, sides.values(), strict=True):
            if session.get_providers()[0] != "CUDAExecutionProvider":
                return None, "onnxruntime could not load its CUDA provider"
            session.run(None, {"pixels": np.zeros((1, 3, side, side), np.float32)})
    except ModelError as error:  # on the processor it was sound
        return None, str(error.__cause__)
    except Exception as error:
        return None, str(error)
    return sessions, ""
