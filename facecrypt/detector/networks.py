"""The three networks of the cascade: their files, what they take and give, where they run."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from facecrypt.errors import BackendUnavailableError, ModelError
from facecrypt.models.sessions import MODELS, import_runtime, open_model, preload_cuda

__all__ = ["DEVICES", "OUTPUTS", "SIDES", "Networks", "load"]

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
    """Open ``pnet.onnx``, ``rnet.onnx`` and ``onet.onnx``.

    Parameters
    ----------
    directory : Path or None
        Where they lie; None for the ones that come with the package.
    device : {"auto", "cpu", "cuda"}

    Raises
    ------
    BackendUnavailableError
        onnxruntime is not installed, or CUDA was asked for and does not work.
    ModelError
        A file is missing, damaged, or a network with other inputs or outputs.
    """
    onnxruntime = import_runtime("finding faces")
    directory = MODELS if directory is None else directory
    # First, so that a damaged model says so whatever it was to run on.
    networks = _sessions(onnxruntime, directory, "cpu")
    if device == "cpu":
        return networks
    found, problem = _on_cuda(onnxruntime, directory)
    if found is not None:
        return found
    if device == "cuda":
        raise BackendUnavailableError(
            f"device='cuda' does not work here: {problem}; it needs an NVIDIA driver and "
            "pip install 'facecrypt[gpu]'"
        )
    return networks


def _sessions(onnxruntime: Any, directory: Path, device: str) -> Networks:
    pnet, rnet, onet = (
        open_model(onnxruntime, directory / f"{name}.onnx", outputs, device)
        for name, outputs in OUTPUTS.items()
    )
    return Networks(pnet, rnet, onet, device)


def _on_cuda(onnxruntime: Any, directory: Path) -> tuple[Networks | None, str]:
    """The networks on the card, or None and the reason.

    Each runs there once, for onnxruntime does not say which provider it could not load.
    """
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return None, "this onnxruntime has no CUDA provider"
    preload_cuda(onnxruntime)
    try:
        networks = _sessions(onnxruntime, directory, "cuda")
        for session, side in zip(networks[:3], SIDES.values(), strict=True):
            if session.get_providers()[0] != "CUDAExecutionProvider":
                return None, "onnxruntime could not load its CUDA provider"
            session.run(None, {"pixels": np.zeros((1, 3, side, side), np.float32)})
    except ModelError as error:  # on the processor it was sound
        return None, str(error.__cause__)
    except Exception as error:
        return None, str(error)
    return networks, ""
