"""ONNX models as onnxruntime sessions."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from facecrypt import _native
from facecrypt.errors import BackendUnavailableError, ModelError

__all__ = [
    "MODELS",
    "TELEMETRY",
    "Model",
    "add_kernels",
    "import_runtime",
    "open_model",
    "preload_cuda",
    "refuse_telemetry",
    "runtime",
]

MODELS = Path(__file__).parent
# The variable that onnxruntime reads once, when it is imported, and what of it means "off".
TELEMETRY = "ORT_DISABLE_TELEMETRY"
# Log odds are below a thousand, and shares of a box's side below ten.
_MOST = 100_000
_DISABLED = ("1", "true", "yes", "y", "on")


def import_runtime(purpose: str) -> Any:
    """The module onnxruntime, or a :class:`BackendUnavailableError` that says what needs it."""
    try:
        onnxruntime = runtime()
    except ImportError as error:
        raise BackendUnavailableError(
            f"{purpose} needs onnxruntime: pip install 'facecrypt[cpu]', "
            "or 'facecrypt[gpu]' for NVIDIA cards"
        ) from error
    if not hasattr(onnxruntime, "InferenceSession"):
        # Uninstalling onnxruntime-gpu takes files of onnxruntime with it, and the other way round.
        raise BackendUnavailableError(
            f"{purpose} needs onnxruntime, and files of the one installed are missing; "
            "'facecrypt doctor' says how to install it again"
        )
    return onnxruntime


def runtime() -> ModuleType:
    """The module onnxruntime; nothing else of ours may import it, for it must not report first."""
    refuse_telemetry()
    with _uninterrupted():
        import onnxruntime

    return onnxruntime


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off: compiled modules that are being loaded make an ImportError of it."""
    before = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if "onnxruntime" in sys.modules or not main or not callable(before):
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            before(*came[0])


def refuse_telemetry() -> str:
    """Keep onnxruntime from reporting to its makers.

    Returns
    -------
    str
        What stands in the way; empty where nothing does.
    """
    said = os.environ.get(TELEMETRY, "")
    if said.lower() in _DISABLED:
        return ""
    if said:
        return f"{TELEMETRY} is {said!r}"
    if sys.modules.get("onnxruntime") is not None:
        return "onnxruntime was imported before facecrypt could switch it off"
    os.environ[TELEMETRY] = "1"
    return ""


class Model:
    """A session whose errors name the file, and whose outputs are numbers.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
    path : Path
        The file.
    """

    def __init__(self, session: Any, path: Path) -> None:
        self._session, self.path = session, path

    def get_providers(self) -> list[str]:
        """What onnxruntime runs it on, the first before the others."""
        return self._session.get_providers()

    def run(
        self, outputs: Sequence[str] | None, feeds: Mapping[str, np.ndarray]
    ) -> list[np.ndarray]:
        """What the model gives, as of a session.

        Raises
        ------
        ModelError
            It does not run, or some of that is NaN, infinite or huge: compared with a threshold
            NaN would mean "no face", and a huge box lies in no picture.
        """
        try:
            found = self._session.run(outputs, feeds)
        except MemoryError:
            raise
        # onnxruntime has a class for every kind of failure, and no public name for them.
        except Exception as error:
            raise ModelError(f"{self.path} does not run: {error}") from error
        # NaN is not less than anything.
        if not all((np.abs(values) < _MOST).all() for values in found):
            raise ModelError(
                f"{self.path} gives NaN, infinity or numbers beyond {_MOST:,}: it is damaged, and "
                "would miss what it is to find"
            )
        return found


def open_model(
    onnxruntime: Any, path: Path, wanted: tuple[str, ...], device: str, *, takes: str = "pixels"
) -> Model:
    """A model that takes ``pixels``, or `takes`, and gives the `wanted` outputs.

    Raises
    ------
    ModelError
        The file is missing, damaged, or of a network with other inputs or outputs.
    """
    options = onnxruntime.SessionOptions()
    # Throughput comes from many pictures at once: one thread a call, so that a pool of
    # callers does not fight over the cores.
    options.intra_op_num_threads = 1
    # onnxruntime would keep a plan of its memory for every size of picture it has seen.
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    providers = ["CPUExecutionProvider"]
    if device == "cuda":
        providers.insert(0, "CUDAExecutionProvider")
    else:
        add_kernels(options)
    try:
        session = onnxruntime.InferenceSession(
            path.read_bytes(),
            options,
            providers=providers,
            enable_fallback=0,  # or a failing card becomes the processor, with a line on stdout
        )
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror}") from error
    # onnxruntime has a class for every kind of damage, and no public name for them.
    except Exception as error:
        raise ModelError(f"{path} is damaged or no ONNX model: {error}") from error
    inputs = [item.name for item in session.get_inputs()]
    outputs = [item.name for item in session.get_outputs()]
    if inputs != [takes] or not set(wanted) <= set(outputs):
        raise ModelError(
            f"{path} must take {takes!r} and give {', '.join(wanted)} "
            f"(see facecrypt/models/README.md); it takes {inputs} and gives {outputs}"
        )
    return Model(session, path)


def add_kernels(options: Any) -> str:
    """Let sessions with these options run operators of the domain ``facecrypt`` by our kernels.

    Returns
    -------
    str
        Why not; then onnxruntime runs what the model says the operators are, which is slower. Empty
        where it went well.
    """
    try:
        options.register_custom_ops_library(_native.__file__)
    # onnxruntime has a class for every kind of failure, and no public name for them.
    except Exception as error:
        return str(error)
    return ""


def preload_cuda(onnxruntime: Any) -> None:
    """Load CUDA and cuDNN from the wheels of NVIDIA, where they are not on the search path."""
    if hasattr(onnxruntime, "preload_dlls"):  # since 1.21
        # It prints what it misses, on a standard output that may be a pipe to elsewhere.
        with redirect_stdout(StringIO()):
            onnxruntime.preload_dlls()
