"""What P-Net, or P- and R-Net, pass on to the next network: its hard examples."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facecrypt.detector.cascade import AreaSampler
from facecrypt.detector.networks import OUTPUTS, Networks
from facecrypt.detector.presets import DEFAULT
from facecrypt.detector.stages import Stages
from facecrypt.files import PathLike
from facecrypt.models.sessions import MODELS, import_runtime, open_model

__all__ = ["open_stages", "passed_on"]


def open_stages(models: PathLike | None, size: int) -> Stages:
    """The networks before that of 24 or 48 pixels, on the CPU.

    Parameters
    ----------
    models : path or None
        Folder with ``pnet.onnx`` and, for 48, ``rnet.onnx``; None: those that come with
        the package.
    size : {24, 48}

    Raises
    ------
    ModelError
        One of them is missing or damaged.
    BackendUnavailableError
        onnxruntime is missing.
    """
    runtime = import_runtime("looking for hard examples")
    folder = MODELS if models is None else Path(models)
    pnet, rnet = (
        open_model(runtime, folder / f"{name}.onnx", OUTPUTS[name], "cpu") if size > least else None
        for name, least in (("pnet", 12), ("rnet", 24))
    )
    return Stages(Networks(pnet, rnet, None, "cpu"), DEFAULT)


def passed_on(stages: Stages, image: NDArray[np.uint8]) -> NDArray[np.int32]:
    """What the next network will be shown of a picture.

    Parameters
    ----------
    stages : Stages
        As :func:`open_stages` gives them.
    image : (H, W, 3) uint8 array

    Returns
    -------
    (N, 4) int32 array
        Half-open boxes of whole pixels, squares but for rounding, best score first. Those that
        reach outside the picture are left out.
    """
    sampler = AreaSampler(image)
    boxes = stages.propose(sampler)
    if stages.networks.rnet is not None:
        boxes = stages.refine(sampler, boxes)
    # The pixels that the detector cuts out; its first one is number 1.
    whole = np.trunc(boxes).astype(np.int64) - [1, 1, 0, 0]
    height, width = sampler.shape
    fits = (whole >= 0).all(axis=1) & (whole[:, 2] <= width) & (whole[:, 3] <= height)
    return whole[fits & (whole[:, :2] < whole[:, 2:]).all(axis=1)].astype(np.int32)
