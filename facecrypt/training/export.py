"""Trained networks as the ONNX files that ``MTCNN(models=...)`` loads."""

from pathlib import Path

from facecrypt.errors import BackendUnavailableError, ModelError
from facecrypt.files import PathLike, atomic_write
from facecrypt.jobs.inputs import make_folder
from facecrypt.training.checkpoints import load
from facecrypt.training.networks import network

__all__ = ["export"]


def export(pnet: PathLike, rnet: PathLike | None, onet: PathLike | None, out: PathLike) -> Path:
    """Write ``pnet.onnx``, ``rnet.onnx`` and ``onet.onnx``.

    The graphs are built from the weights, not traced, by what built the shipped files.

    Parameters
    ----------
    pnet, rnet, onet : path or None
        Folders of :func:`facecrypt.training.fit.train`, or their checkpoints. None for R- and
        O-Net: not yet trained, and no file; the samples of R-Net need P-Net alone.
    out : path
        A folder, made where it is missing; files that are there are not replaced.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    ModelError
        A checkpoint is damaged or of another network.
    MediaError
        A checkpoint cannot be read, or a file not written.
    BackendUnavailableError
        onnx is not installed.

    Notes
    -----
    An O-Net that was trained without landmarks gives some all the same; they mean nothing.
    """
    runs = {"pnet": pnet, "rnet": rnet, "onet": onet}
    files = {name: _onnx(name, run) for name, run in runs.items() if run is not None}
    out = Path(out)
    make_folder(out)
    for name, data in files.items():
        atomic_write(out / f"{name}.onnx", data)
    return out


def _onnx(name: str, run: PathLike) -> bytes:
    try:
        from facecrypt.training.graphs import build
    except ImportError as error:
        raise BackendUnavailableError(
            "exporting needs onnx: pip install 'facecrypt[learn]'"
        ) from error
    weights, model = load(run, name).model, network(name)
    try:
        model.load_state_dict(weights)
    except (RuntimeError, TypeError) as error:
        raise ModelError(f"the weights of {run} are not those of {name}: {error}") from error
    return build(name, {key: value.numpy() for key, value in model.state_dict().items()})
