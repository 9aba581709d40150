"""The three networks of the cascade as onnxruntime sessions."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from facecrypt.errors import BackendUnavailableError, ModelError

__all__ = ["DEVICES", "Networks", "load"]

DEVICES = ("auto", "cpu", "cuda")
MODELS = Path(__file__).with_name("models")
OUTPUTS = {
    "pnet": ("logit", "box"),
    "rnet": ("logit", "box"),
    "onet": ("logit", "box", "landmarks"),
}


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
    try:
        import onnxruntime
    except ImportError as error:
        raise BackendUnavailableError(
            "finding faces needs onnxruntime: pip install 'facecrypt[cpu]', "
            "or 'facecrypt[gpu]' for NVIDIA cards"
        ) from error
    directory = MODELS if directory is None else directory
    if device == "cpu":
        return _sessions(onnxruntime, directory, "cpu")
    problem = "this onnxruntime has no CUDA provider"
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        networks = _sessions(onnxruntime, directory, "cuda")
        problem = _cuda_problem(networks)
        if problem is None:
            return networks
    if device == "cuda":
        raise BackendUnavailableError(
            f"device='cuda' does not work here: {problem}; it needs an NVIDIA driver and "
            "pip install 'facecrypt[gpu]'"
        )
    return _sessions(onnxruntime, directory, "cpu")


def _sessions(onnxruntime: Any, directory: Path, device: str) -> Networks:
    return Networks(*(_open(onnxruntime, directory, name, device) for name in OUTPUTS), device)


def _open(onnxruntime: Any, directory: Path, name: str, device: str) -> Any:
    path = directory / f"{name}.onnx"
    options = onnxruntime.SessionOptions()
    # Throughput comes from many pictures at once: one thread a call, so that a pool of
    # callers does not fight over the cores.
    options.intra_op_num_threads = 1
    # Every picture has its own sizes; an arena would keep the largest of each for ever.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    providers = ["CPUExecutionProvider"]
    if device == "cuda":
        providers.insert(0, "CUDAExecutionProvider")
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=providers)
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror}") from error
    # onnxruntime has a class for every kind of damage, and no public name for them.
    except Exception as error:
        raise ModelError(f"{path} is damaged or no ONNX model: {error}") from error
    inputs = [item.name for item in session.get_inputs()]
    outputs = [item.name for item in session.get_outputs()]
    if inputs != ["pixels"] or not set(OUTPUTS[name]) <= set(outputs):
        raise ModelError(
            f"{path} must take 'pixels' and give {', '.join(OUTPUTS[name])} "
            f"(see facecrypt/models/README.md); it takes {inputs} and gives {outputs}"
        )
    return session


def _cuda_problem(networks: Networks) -> str | None:
    """Why the sessions do not run on the card: onnxruntime itself falls back in silence."""
    if networks.pnet.get_providers()[0] != "CUDAExecutionProvider":
        return "onnxruntime could not load its CUDA provider"
    try:
        networks.pnet.run(None, {"pixels": np.zeros((1, 12, 12, 3), np.float32)})
    except Exception as error:
        return str(error)
    return None
